# SPDX-License-Identifier: Apache-2.0
"""A list of organisations becomes a registry; doing it again changes only what changed."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.sdk.keys import OwnKeys
from connectors.simulators.catalogue import SIMULATORS, registration
from engine.border.jwk import exported
from engine.core.errors import EngineError
from engine.registry.model import Organisation, State
from engine.registry.seed import seed
from tests.unit.registry_office import DAY, MURORAN, POWER, Office

KEY = exported(ec.generate_private_key(ec.SECP256R1()).public_key(), use="enc")
SIGNING = exported(ec.generate_private_key(ec.SECP256R1()).public_key(), use="sig")


def listed(**changes: object) -> list[Any]:
    given = {
        "number": MURORAN,
        "name": {"ja": "室蘭市", "en": "Muroran City"},
        "kind": "municipality",
        "channel": "amqp",
        "areas": ["012050"],
        "subscriptions": [{"slug": "move.move-in-notice", "area": "012050"}, {"slug": "move.dog"}],
        "keys": [KEY, SIGNING],
    }
    found = json.loads(json.dumps([{**given, **changes}]))
    assert isinstance(found, list)
    return found


async def test_a_list_becomes_organisations_subscriptions_and_keys() -> None:
    office = Office()

    await seed(office.store, listed(), clock=office.clock)

    directory = await office.directory()
    city = directory.receiver("move.move-in-notice", "012050")
    assert city is not None
    assert type(city) is Organisation
    assert (city.number, city.name.ja) == (MURORAN, "室蘭市")
    assert directory.receiver("move.dog", None) == city
    assert directory.recipient_key(MURORAN).kid == KEY["kid"]
    assert directory.verification_key(f"/organisations/{MURORAN}", SIGNING["kid"]) is not None


@pytest.mark.parametrize(
    ("slug", "municipality", "taker"),
    [
        ("move.water", "012050", "muroran-water"),
        ("move.water", "131016", "tokyo-water"),  # registered for the prefecture
        ("move.water", "131024", "tokyo-water"),
        ("move.water", "271004", None),
        ("move.dog-registration", "131016", "chiyoda-city"),
        ("move.dog-registration", "131024", None),
        ("move.school-transfer", "131016", "chiyoda-schools"),
        ("move.garage-certificate", "131024", "tokyo-police"),
        ("move.car-registration", "012050", None),
        ("move.real-estate-address", "012050", "legal-affairs"),  # the whole country
        ("move.post-forwarding", "271004", "japan-post"),
    ],
)
async def test_simulated_organisations_are_found_where_they_serve(
    slug: str, municipality: str, taker: str | None, tmp_path: Path
) -> None:
    office = Office()
    known = [
        registration(simulated.connector, OwnKeys.kept_in(tmp_path / name), channel="pull")
        for name, simulated in SIMULATORS.items()
    ]

    await seed(office.store, known, clock=office.clock)

    found = (await office.directory()).receiver(slug, municipality)
    assert (found and found.number) == (taker and SIMULATORS[taker].connector.number)


async def test_doing_it_again_keeps_what_operators_and_time_have_done() -> None:
    office = Office()
    await seed(office.store, listed(), clock=office.clock)
    await office.store.pause(MURORAN)
    await office.store.revoke_key(MURORAN, SIGNING["kid"], at=office.clock.now())
    keys, subscriptions = await office.store.keys(MURORAN), await office.store.subscriptions(MURORAN)
    office.clock.move(DAY)

    await seed(office.store, listed(channel="pull"), clock=office.clock)

    city = await office.store.organisation(MURORAN)
    assert city is not None
    assert (city.channel.value, city.state) == ("pull", State.PAUSED)
    assert await office.store.keys(MURORAN) == keys
    assert await office.store.subscriptions(MURORAN) == subscriptions


async def test_a_new_key_is_added_beside_the_old_one() -> None:
    office = Office()
    await seed(office.store, listed(keys=[KEY]), clock=office.clock)

    await seed(office.store, listed(keys=[KEY, SIGNING]), clock=office.clock)

    assert {key.kid for key in await office.store.keys(MURORAN)} == {KEY["kid"], SIGNING["kid"]}


async def test_the_key_of_another_organisation_is_refused() -> None:
    office = Office()
    await seed(office.store, listed(), clock=office.clock)

    with pytest.raises(EngineError, match="already-registered-key"):
        await seed(office.store, listed(number=POWER), clock=office.clock)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"number": "1000020012050"}, "/0/number"),
        ({"areas": ["012051"]}, "/0/areas/0"),
        ({"kind": "club"}, "/0/kind"),
        ({"channel": "webhook"}, "/0"),
        ({"endpoint": "https://a.example/"}, "/0"),
        ({"channel": "webhook", "endpoint": "http://a.example/"}, "/0"),
        ({"channel": "webhook", "endpoint": "https://user@a.example/"}, "/0"),
        ({"channel": "webhook", "endpoint": "https://[a/"}, "/0"),
        ({"name": {"ja": "", "en": "x"}}, "/0/name/ja"),
        ({"subscriptions": [{"slug": "Move"}]}, "/0/subscriptions/0/slug"),
        ({"unknown": 1}, "/0/unknown"),
    ],
)
async def test_a_list_with_faults_is_refused_whole(change: dict[str, object], pointer: str) -> None:
    office = Office()

    with pytest.raises(EngineError) as refusal:
        await seed(office.store, listed(**change), clock=office.clock)

    assert refusal.value.code == "invalid-organisation"
    assert [problem.pointer for problem in refusal.value.problems] == [pointer]
    assert await office.store.version() == 0


@pytest.mark.parametrize(
    ("jwk", "code"),
    [
        ({**KEY, "use": None}, "invalid-key"),
        ({**KEY, "use": "sig"}, "invalid-key"),
        ({**KEY, "d": "secret"}, "invalid-key-private"),
        ({}, "invalid-key"),
    ],
)
async def test_a_key_that_is_none_is_refused(jwk: dict[str, object], code: str) -> None:
    office = Office()

    with pytest.raises(EngineError) as refusal:
        await seed(office.store, listed(keys=[jwk]), clock=office.clock)

    assert refusal.value.code == code
    assert await office.store.version() == 0


@pytest.mark.parametrize(
    "endpoint", ["https://a.example/orders?x=1", "http://127.0.0.1:8099/", "http://[::1]/x"]
)
async def test_webhooks_go_to_https_or_to_this_machine(endpoint: str) -> None:
    office = Office()

    await seed(office.store, listed(channel="webhook", endpoint=endpoint), clock=office.clock)

    city = await office.store.organisation(MURORAN)
    assert city is not None
    assert city.endpoint == endpoint
