# SPDX-License-Identifier: Apache-2.0
"""Every receiver of a move has a simulator that takes exactly what the procedure tells, and undoes it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk import Connector
from connectors.simulators.behaviour import Behaviour, dialled
from connectors.simulators.catalogue import SIMULATORS
from engine.core.declaration import CONNECTED_WAYS
from engine.core.numbers import is_area_code
from engine.registry.municipalities import areas_around
from tests.unit.sdk_engine import World, amend, answer, submit, withdraw, world
from workflows.moving import MOVING

EVERYBODY = {name: simulated.connector for name, simulated in SIMULATORS.items()}
# Those who take orders themselves; whoever acts for others does so once they entrust it (test_sdk_agents).
CONNECTORS = {name: one for name, one in EVERYBODY.items() if not one.acts_for}
RULES = {one.slug: one for one in MOVING.procedures}
TAKEN = [(name, slug) for name, one in CONNECTORS.items() for slug in one.procedures if slug in RULES]
LATER = {"newAddress": {"line": "一番町1", "building": "見本ビル2階"}}
# By law or by nature: what is entered, granted or registered stays.
STAYS = {
    "move.move-in-notice",
    "move.nhi-enrol",
    "move.child-allowance-claim",
    "move.garage-certificate",
    "move.car-registration",
    "move.real-estate-address",
}


def taking(name: str, slug: str) -> tuple[Connector, dict[str, Any]]:
    return CONNECTORS[name], dict(CONNECTORS[name].examples[slug])


async def carried_through(here: World, days: int = 40) -> None:
    """Let the organisation work, answer each question with the usual choice, and let its days pass."""
    for number in range(2, 8):
        await here.once()
        if here.engine.said()[-1:] == ["asked"]:
            asked = here.engine.last()
            said = answer(asked.answer_schema.one_of[0].const, asked.question_id)
            here.engine.order(said, sequence=number)
        elif here.engine.said()[-1:] not in (["completed"], ["refused"]):
            here.clock.move(timedelta(days=days))
        else:
            return


def test_every_procedure_that_can_be_sent_has_somebody_who_takes_it() -> None:
    can_be_sent = {one.slug for one in MOVING.procedures if set(one.ways) & CONNECTED_WAYS}

    assert can_be_sent - {slug for _, slug in TAKEN} == set()


def test_no_two_have_the_same_number_and_each_area_is_one() -> None:
    numbers = [connector.number for connector in EVERYBODY.values()]

    assert len(set(numbers)) == len(numbers)
    assert all(is_area_code(area) for connector in CONNECTORS.values() for area in connector.areas)


@pytest.mark.parametrize("slug", sorted({slug for _, slug in TAKEN}))
def test_in_muroran_and_in_chiyoda_a_procedure_has_one_taker(slug: str) -> None:
    for municipality in ("012050", "131016"):
        around = {*areas_around(municipality), None}
        takers = [
            name
            for name, connector in CONNECTORS.items()
            if slug in connector.procedures and around & set(connector.areas or [None])
        ]

        assert len(takers) <= 1


@pytest.mark.parametrize(("name", "slug"), TAKEN)
def test_a_simulator_reads_exactly_what_its_procedure_tells(name: str, slug: str) -> None:
    told = {MOVING.known_fields[need].wire_name for need in RULES[slug].needs}

    read = {field.alias or where for where, field in CONNECTORS[name].procedures[slug].model_fields.items()}

    assert read == told
    assert slug in CONNECTORS[name].examples


@pytest.mark.parametrize(("name", "slug"), TAKEN)
async def test_it_ends_done_with_what_was_told_in_its_books(name: str, slug: str, tmp_path: Path) -> None:
    connector, fields = taking(name, slug)
    async with world(tmp_path, connector) as here:
        if slug in {"move.move-in-notice", "move.nhi-enrol"}:
            here.clock.move(timedelta(days=40))
        here.engine.order(submit(slug, fields=fields), sequence=1)

        await carried_through(here)

        assert here.engine.said()[-1] == "completed"
        (standing,) = here.ledger.in_effect()
        assert (standing.procedure, standing.fields) == (slug, fields)
        assert here.ledger.unsent(1) == []
        promised = set(RULES[slug].documents)
        issued = {one.kind for reply in here.engine.replies.values() for one in _documents(reply)}
        assert issued <= promised | {"policy-certificate"}


@pytest.mark.parametrize(("name", "slug"), TAKEN)
async def test_a_correction_is_in_its_books_once_it_is_confirmed(
    name: str, slug: str, tmp_path: Path
) -> None:
    connector, fields = taking(name, slug)
    async with world(tmp_path, connector) as here:
        if slug in {"move.move-in-notice", "move.nhi-enrol"}:
            here.clock.move(timedelta(days=40))
        here.engine.order(submit(slug, fields=fields), sequence=1)
        await carried_through(here)

        change = changed(fields)
        here.engine.order(amend(change), sequence=20)
        await here.once()

        assert here.engine.said()[-1] == "amended"
        (standing,) = here.ledger.in_effect()
        assert standing.fields == fields | change


@pytest.mark.parametrize(("name", "slug"), TAKEN)
async def test_a_correction_before_it_is_done_leaves_nothing_waiting(
    name: str, slug: str, tmp_path: Path
) -> None:
    connector, fields = taking(name, slug)
    async with world(tmp_path, connector) as here:
        if slug in {"move.move-in-notice", "move.nhi-enrol"}:
            here.clock.move(timedelta(days=40))
        here.engine.order(submit(slug, fields=fields), sequence=1)
        await here.once()

        change = changed(fields)
        here.engine.order(amend(change), sequence=20)
        await here.once()
        here.clock.move(timedelta(days=40))
        await here.once()

        assert {"amended", "completed"} <= set(here.engine.said())
        (standing,) = here.ledger.in_effect()
        assert standing.fields == fields | change


@pytest.mark.parametrize(("name", "slug"), TAKEN)
async def test_what_is_withdrawn_is_out_of_its_books_and_what_cannot_be_is_still_there(
    name: str, slug: str, tmp_path: Path
) -> None:
    connector, fields = taking(name, slug)
    async with world(tmp_path, connector) as here:
        if slug in {"move.move-in-notice", "move.nhi-enrol"}:
            here.clock.move(timedelta(days=40))
        here.engine.order(submit(slug, fields=fields), sequence=1)
        await carried_through(here, days=3 if slug == "move.post-forwarding" else 40)

        here.engine.order(withdraw(), sequence=20)
        await here.once()

        said = here.engine.said()[-1]
        assert said == ("irrevocable" if slug in STAYS else "withdrawn")
        assert bool(here.ledger.in_effect()) == (said == "irrevocable")


async def test_who_only_says_that_it_corrected_is_found_in_its_books(tmp_path: Path) -> None:
    connector, fields = taking("mihon-news", "move.newspaper")
    async with world(tmp_path, dialled(connector, Behaviour(forget_corrections=True))) as here:
        here.engine.order(submit("move.newspaper", fields=fields), sequence=1)
        await here.once()
        here.engine.order(amend({"stopOn": "2026-12-09", "startOn": "2026-12-09"}), sequence=2)
        await here.once()

        assert here.engine.said()[-1] == "amended"
        (standing,) = here.ledger.in_effect()
        assert standing.fields["stopOn"] == fields["stopOn"]


def changed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return a small change of what is told: a later day, or another line of the address."""
    for name in ("workOn", "startOn", "stopOn", "movingDate", "collectOn"):
        if name in fields:
            return {name: "2026-12-24"}
    if "newAddress" in fields:
        return {"newAddress": fields["newAddress"] | LATER["newAddress"]}
    return {"doctor": "別の見本 医師"}


def _documents(reply: Any) -> tuple[Any, ...]:
    documents: tuple[Any, ...] = getattr(reply.payload, "documents", ())
    return documents
