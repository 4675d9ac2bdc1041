# SPDX-License-Identifier: Apache-2.0
"""One connector serves several organisations: each order says for which, and their books stay apart."""

from pathlib import Path
from typing import Any

from connectors.government.small_towns import SOBETSU, TOYAKO, TOYOURA, SmallTownsSimulator
from engine.border.payloads import for_another, for_whom
from tests.unit.sdk_engine import amend, submit, withdraw, world

MOVE_OUT = "move.move-out-notice"
FIELDS: dict[str, Any] = SmallTownsSimulator.examples[MOVE_OUT] | {"movingDate": "2099-12-01"}


async def test_each_town_is_answered_from_its_own_book(tmp_path: Path) -> None:
    async with world(tmp_path, SmallTownsSimulator()) as here:
        for place, town in enumerate((TOYOURA, SOBETSU, TOYAKO), start=1):
            order = submit(MOVE_OUT, fields=FIELDS)
            here.engine.order(for_another(order, town), to=place)

        await here.once()

        receipts = {str(one.payload.receipt)[:3] for one in here.engine.replies.values()}  # type: ignore[attr-defined] # all have one
        assert receipts == {"豊浦町", "壮瞥町", "洞爺湖"}
        assert here.engine.pending == {}
        events = {one.event.source for one in here.engine.replies.values()}
        assert events == {f"/organisations/{SmallTownsSimulator.number}"}


async def test_what_is_corrected_and_undone_is_so_for_the_same_town(tmp_path: Path) -> None:
    async with world(tmp_path, SmallTownsSimulator()) as here:
        here.engine.order(for_another(submit(MOVE_OUT, fields=FIELDS), SOBETSU))
        await here.once()
        here.engine.order(for_another(amend({"movingDate": "2099-12-24"}), SOBETSU), sequence=2)
        await here.once()
        here.engine.order(for_another(withdraw(), SOBETSU), sequence=3)
        await here.once()

        assert here.engine.said() == ["received", "completed", "amended", "withdrawn"]
        assert str(here.engine.last().receipt).startswith("壮瞥町")  # type: ignore[attr-defined] # it has one


async def test_a_town_that_never_entrusted_anything_is_not_served(tmp_path: Path) -> None:
    async with world(tmp_path, SmallTownsSimulator()) as here:
        here.engine.order(for_another(submit(MOVE_OUT, fields=FIELDS), "8000020012050"))

        await here.once()

        assert here.engine.said() == ["refused"]


async def test_the_same_order_for_another_town_is_another_order(tmp_path: Path) -> None:
    async with world(tmp_path, SmallTownsSimulator()) as here:
        order = submit(MOVE_OUT, fields=FIELDS)
        name = here.engine.order(for_another(order, SOBETSU))
        await here.once()

        assert here.engine.order(for_another(order, TOYAKO)) == name
        await here.once()

        assert here.engine.said() == ["received", "completed"]  # altered: turned away, and nobody is told


def test_an_order_says_the_same_to_an_agent_but_for_whom() -> None:
    order = submit(MOVE_OUT, fields=FIELDS)

    assert for_whom(for_another(order, SOBETSU)) == (order, SOBETSU)
    assert for_whom(order) == (order, None)
