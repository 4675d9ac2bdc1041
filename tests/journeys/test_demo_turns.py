# SPDX-License-Identifier: Apache-2.0
"""A family's move takes a turn when most have been told: at the end everybody holds what the case says."""

from datetime import date, timedelta
from pathlib import Path

from connectors.sdk.ledger import Standing
from engine.core.lifecycle import CaseState
from tests.journeys.demonstrations import killed_at, laid, resumed_to_its_end

_DAYS = ("movingDate", "startOn", "stopOn", "workOn")


def days_of(held: dict[str, Standing]) -> dict[str, set[str]]:
    """Return the days of the move that organisations hold, by the procedure."""
    days: dict[str, set[str]] = {}
    for one in held.values():
        days.setdefault(one.procedure, set()).update(
            str(one.fields[name]) for name in _DAYS if name in one.fields
        )
    return {procedure: some for procedure, some in days.items() if some}


async def test_a_changed_day_reaches_everybody_who_was_told(place: Path) -> None:
    out = laid(place)
    await killed_at("told again|PO box", place, out, "--change-date")  # as the corrections go out

    held = await resumed_to_its_end(place, out)

    days = days_of(held)
    waste = next(one for one in held.values() if one.procedure == "move.bulky-waste")
    planned = date.fromisoformat(str(waste.fields["collectOn"])) + timedelta(days=5)
    changed = (planned + timedelta(days=5)).isoformat()
    assert set().union(*days.values()) == {changed}
    assert {
        *("move.move-out-notice", "move.water", "move.electricity", "move.gas", "move.telephone"),
        *("move.isp", "move.newspaper", "move.nhk", "move.post-forwarding", "move.employer-address"),
    } == set(days)
    corrected = {one.procedure for one in held.values() if "correct" in one.effect}
    assert {"move.move-out-notice", "move.water", "move.gas", "move.isp", "move.newspaper"} <= corrected


async def test_a_move_that_is_called_off_is_taken_back_but_for_what_cannot_be(place: Path) -> None:
    out = laid(place)
    await killed_at("taken back|PO box", place, out, "--call-off")  # as the withdrawals go out

    held = await resumed_to_its_end(place, out, state=CaseState.COMPLETED_PARTLY)

    assert [one.procedure for one in held.values()] == ["move.bulky-waste"]
    assert "粗大ごみの収集（室蘭市（見本））: 取り消せませんでした" in (out / "said").read_text()
    assert "yours to do" in (out / "said").read_text()
