# SPDX-License-Identifier: Apache-2.0
"""The conformance suite passes who does right, and names exactly what is wrong with everybody else."""

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.conformance.suite import Asked
from connectors.government.licence_ministry import LicenceMinistrySimulator
from connectors.private.mihon_mutual_life import MihonMutualLifeSimulator
from connectors.private.mihon_shop import MihonShopSimulator
from connectors.sdk import Connector
from connectors.sdk.keys import OwnKeys
from connectors.simulators.behaviour import Behaviour
from connectors.simulators.careless import CarelessConnector, Carelessness
from engine.border.jwk import thumbprint
from engine.core.errors import EngineError
from engine.core.numbers import corporate_number
from engine.registry.model import Stage
from engine.registry.seed import seed
from tests.integration.engine_ground import Ground, ground
from tests.integration.rehearsal_ground import POWER, Rehearsing, dialled, failed, stage

SHOP = MihonShopSimulator()
PATIENCE = 20  # so many rehearse at once here that an answer may take long
# Each carelessness, and the one check that is there for it.
CAUGHT = {
    "answers_anew": "same-order-twice",
    "files_overtaken": "withdraw-before-submit",
    "takes_late": "late-order",
    "waits_for_every_number": "sequence-gap",
    "refuses_other_times": "old-order",
    "believes_anybody": "bad-signature",
    "answers_unread": "wrong-key",
    "trusts_the_envelope": "altered-header",
    "takes_any_type": "unknown-type",
    "passes_over_members": "unknown-member",
    "keeps_engine_keys": "engine-key-change",
    "keeps_own_key": "own-key-change",
    "never_amends": "amend",
    "never_withdraws": "withdraw",
    "asks_and_stops": "question",
    "drops_what_is_too_much": "burst",
    "forgets": "restart",
    "misdescribes_documents": "documents",
    "sends_garbage": "replies-readable",
    "repeats_itself": "replies-once",
}
# The dial of the simulators: what is a way of working passes, what is a fault is named.
DIALLED = {
    "asks": (Behaviour(ask_first=True), []),
    "refuses": (Behaviour(refuse_first=True), []),
    "slow": (Behaviour(slow_days=2), []),
    "without-papers": (Behaviour(issue_documents=False), []),
    "irrevocable": (Behaviour(irrevocable=True), []),
    "down": (Behaviour(down_minutes=10), ["first-order"]),
    "loses": (Behaviour(lose_answer_once=True), ["first-order"]),
    "repeats": (Behaviour(duplicate_replies=True), ["replies-once"]),
    "bursts": (Behaviour(burst=5), ["replies-once"]),
    "malformed": (Behaviour(malformed_replies=True), ["replies-readable"]),
    "fast": (Behaviour(clock_minutes=10), ["clock"]),
    "behind": (Behaviour(clock_minutes=-10), ["clock"]),
}


def test_every_carelessness_has_its_check() -> None:
    assert CAUGHT.keys() == set(Carelessness.__dataclass_fields__)
    assert len(set(CAUGHT.values())) == len(CAUGHT)


def crowded(dsn: str, place: Path) -> AbstractAsyncContextManager[Ground]:
    """Run a sandbox in which many connectors at one address are too much for nobody."""
    return ground(dsn, place / "state", sandbox=True, requests_per_address=10_000)


async def careless(here: Ground, place: int, how: Carelessness) -> Rehearsing:
    """Register an organisation that works without the SDK, and return it."""
    number = corporate_number(f"9{place:011}")
    home = here.homes / number
    known = {
        "number": number,
        "name": {"ja": "見本", "en": "Sample"},
        "kind": "company",
        "channel": "pull",
        "endpoint": None,
        "areas": [],
        "subscriptions": [{"slug": "move.ecommerce", "area": None}],
        "keys": OwnKeys.kept_in(home).public()["keys"],
    }
    await seed(here.engine.registry, [known], clock=here.engine.clock)

    async def start(stop: asyncio.Event) -> None:
        connector = CarelessConnector(
            number, home, engine=here.engine.settings.origin, clock=here.engine.clock, careless=how
        )
        await connector.run(stop)

    return Rehearsing(here, number, start, home)


async def test_each_carelessness_fails_the_check_that_is_there_for_it_and_no_other(
    postgres_dsn: str, tmp_path: Path
) -> None:
    found: dict[str, list[str]] = {}

    async def rehearse(here: Ground, place: int, name: str) -> None:
        how = Carelessness(**({name: True} if name in CAUGHT else {}))
        one = await careless(here, place, how)
        await one.go()
        try:
            report = await one.rehearse(patience=PATIENCE, burst=40)
            found[name] = failed(report)
            for finding in report.findings:
                if finding.verdict in {"failed", "not-run"}:
                    print(
                        name, finding.check, finding.verdict, finding.sent, finding.came
                    )  # shown when it fails
        finally:
            await one.halt()

    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(crowded(postgres_dsn, tmp_path))
        async with asyncio.TaskGroup() as group:
            for place, name in enumerate(["nothing", *CAUGHT]):
                group.create_task(rehearse(here, place, name))

    assert found == {"nothing": []} | {name: [check] for name, check in CAUGHT.items()}


async def test_what_the_dial_turns_is_a_way_of_working_or_is_named(postgres_dsn: str, tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}

    async def rehearse(here: Ground, name: str, shop: Connector) -> None:
        async with dialled(here, shop, DIALLED[name][0]) as one:
            report = await one.rehearse(patience=PATIENCE)
        found[name] = failed(report)
        assert report.passed == (not found[name])

    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(crowded(postgres_dsn, tmp_path))
        async with asyncio.TaskGroup() as group:
            for place, name in enumerate(DIALLED):
                group.create_task(rehearse(here, name, another_shop(place)))

    assert found == {name: faults for name, (_, faults) in DIALLED.items()}


def another_shop(place: int) -> Connector:
    """Return one more shop like the first."""

    class Another(MihonShopSimulator):
        number = corporate_number(f"8{place:011}")

    return Another()


async def test_an_insurer_after_a_death_and_a_register_after_a_marriage_are_certified_side_by_side(
    postgres_dsn: str, tmp_path: Path
) -> None:
    takers = {
        "death.life-insurance-claim": MihonMutualLifeSimulator(),
        "marriage.licences": LicenceMinistrySimulator(),
    }
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(ground(postgres_dsn, tmp_path / "state", sandbox=True))
        several = {
            slug: await stack.enter_async_context(dialled(here, one, Behaviour()))
            for slug, one in takers.items()
        }
        for one in takers.values():
            await back_to_the_sandbox(here, one.number)

        reports = await asyncio.gather(*(one.rehearse(burst=5) for one in several.values()))

        for (slug, one), report in zip(takers.items(), reports, strict=True):
            assert (failed(report), report.passed) == ([], True)
            assert [finding.about for finding in report.findings if finding.check == "first-order"] == [slug]
            assert await stage(here, one.number) == Stage.CERTIFIED


async def test_a_report_lets_the_organisation_go_on_and_is_believed_only_as_it_was_signed(
    postgres_dsn: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(ground(postgres_dsn, tmp_path / "state", sandbox=True))
        power = await stack.enter_async_context(dialled(here, POWER, Behaviour()))
        await back_to_the_sandbox(here, POWER.number)
        report = await power.rehearse()
        approvals, number = here.engine.approvals, POWER.number
        key = here.engine.keys.signing
        signed = (await here.engine.suite.newest(number)).report or ""

        assert (await stage(here, number), report.passed) == (Stage.CERTIFIED, True)
        for wrong in (
            report.model_copy(update={"passed": False}).signed(key, kid=thumbprint(key.public_key())),
            report.signed(ec.generate_private_key(ec.SECP256R1()), kid=thumbprint(key.public_key())),
            signed[:-2],
        ):
            assert await refused(approvals.passed(number, wrong)) == "invalid-certification"
        assert await refused(approvals.passed(SHOP.number, signed)) == "no-such-organisation"
        for change in (
            {"channel": "amqp"},
            {"subscriptions": ()},
            {"suite": 0},
            {"schemas": "0" * 64},
            {"ended_at": report.ended_at - timedelta(days=200)},
        ):
            stale = report.model_copy(update=change).signed(key, kid=thumbprint(key.public_key()))
            assert await refused(approvals.passed(number, stale)) == "stale-certification"


async def test_what_was_broken_off_is_begun_again_and_one_run_is_open_at_a_time(
    postgres_dsn: str, tmp_path: Path
) -> None:
    async with ground(postgres_dsn, tmp_path / "state", sandbox=True, sends=False) as here:
        await here.register(POWER)
        suite, store, number = here.engine.suite, here.engine.rehearsals, POWER.number
        first = await suite.begin(number, Asked())

        assert await refused(suite.begin(number, Asked())) == "already-rehearsing"
        assert await refused(suite.confirm(number, "restart")) == "illegal-step"
        claimed = await store.claim(at=here.engine.clock.now(), seconds=-1)  # by a process that died
        assert claimed is not None
        again = await suite.begin(number, Asked())

        assert (claimed.id, again.id != first.id) == (first.id, True)


async def test_there_is_no_rehearsing_where_filings_are_real(postgres_dsn: str, tmp_path: Path) -> None:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as here:
        await here.register(POWER)

        assert await refused(here.engine.suite.begin(POWER.number, Asked())) == "no-sandbox"
        with pytest.raises(EngineError, match="no-test-clock"):
            here.engine.sandbox.advance(30)


async def refused(call: Awaitable[object]) -> str:
    with pytest.raises(EngineError) as caught:
        await call
    return caught.value.code


async def back_to_the_sandbox(here: Ground, number: str) -> None:
    await here.engine.pool.execute(
        "update engine.organisations set stage = 'sandbox' where number = $1", number
    )
    here.engine.directories.look_again()
