# SPDX-License-Identifier: Apache-2.0
"""The comparison of the books: who holds something else than the case says is found, whatever they answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from connectors.private.mihon_news import MihonNewsSimulator
from connectors.simulators import samples
from connectors.simulators.behaviour import Behaviour, dialled
from connectors.simulators.books import Books, Line
from engine.core.errors import EngineError
from engine.demos.demo import Demo
from engine.demos.moving import Moving
from engine.progress import Progress
from engine.settings import Settings
from tests.unit.sdk_engine import World, amend, submit, withdraw, world

SLUG = "move.newspaper"
FIELDS = MihonNewsSimulator.examples[SLUG]
LATER = {"stopOn": "2026-12-09", "startOn": "2026-12-09"}


def case(state: str | None, **told: Any) -> dict[str, Any]:
    """Return a case, as its owner sees it, with one filing in this state; None for a case without it."""
    filing = {
        "slug": SLUG,
        "organisation": MihonNewsSimulator.number,
        "state": state,
        "way": "online",
        "told": [{"name": name, "value": value} for name, value in (FIELDS | told).items()],
        "title": {"ja": "新聞の住所変更"},
        "task": None,
    }
    return {"filings": [filing] if state else []}


@contextmanager
def books(here: World) -> Iterator[Books]:
    found = Books(here.path.parent)
    try:
        yield found
    finally:
        found.close()


def only(here: World, found: dict[str, Any]) -> Line:
    with books(here) as all_of_them:
        (line,) = all_of_them.compared(found)
    return line


async def filed(here: World) -> None:
    here.engine.order(submit(SLUG, fields=FIELDS), sequence=1)
    await here.once()


def place(tmp_path: Path) -> Path:
    home = tmp_path / "connectors" / "mihon-news"
    home.mkdir(parents=True)
    return home


@pytest.mark.parametrize(
    ("state", "agrees"),
    [
        ("completed", True),
        ("irrevocable", True),
        ("withdrawn", False),
        ("cancelled", False),
        ("revising", False),
        (None, False),
    ],
)
async def test_what_an_organisation_holds_agrees_with_a_case_that_says_so(
    state: str | None, tmp_path: Path, *, agrees: bool
) -> None:
    async with world(place(tmp_path), MihonNewsSimulator()) as here:
        await filed(here)

        line = only(here, case(state))

        assert (line.agrees, line.holds, line.day) == (agrees, "recorded", FIELDS["startOn"])


@pytest.mark.parametrize(("state", "agrees"), [("withdrawn", True), ("completed", False), ("to-do", False)])
async def test_what_was_struck_out_is_held_no_more(state: str, tmp_path: Path, *, agrees: bool) -> None:
    async with world(place(tmp_path), MihonNewsSimulator()) as here:
        await filed(here)
        here.engine.order(withdraw(), sequence=2)
        await here.once()

        assert only(here, case(state)) == Line(MihonNewsSimulator.number, SLUG, state, None)
        assert only(here, case(state)).agrees == agrees


async def test_a_correction_that_was_confirmed_and_forgotten_is_found(tmp_path: Path) -> None:
    forgetful = dialled(MihonNewsSimulator(), Behaviour(forget_corrections=True))
    async with world(place(tmp_path), forgetful) as here:
        await filed(here)
        here.engine.order(amend(LATER), sequence=2)
        await here.once()
        assert here.engine.said()[-1] == "amended"

        line = only(here, case("completed", **LATER))

        assert not line.agrees
        assert line.differs == tuple(
            f'{name}: "{samples.MOVES}" ≠ "2026-12-09"' for name in ("startOn", "stopOn")
        )


async def test_a_demonstration_fails_when_a_book_disagrees_and_passes_when_all_agree(tmp_path: Path) -> None:
    async with world(place(tmp_path), MihonNewsSimulator()) as here:
        await filed(here)
        settings = Settings.load(state=tmp_path, profile="test")
        said = StringIO()
        demo = Demo(settings, Moving(), out=tmp_path, progress=Progress(said))

        demo._compare(case("completed"))
        with pytest.raises(EngineError) as refused:
            demo._compare(case("completed", **LATER))

        demo._books.close()
        assert refused.value.code == "books-disagree"
        assert "1/1 一致" in said.getvalue()
        assert "0/1 一致" in said.getvalue()


async def test_two_filings_with_one_organisation_are_told_apart_by_what_they_say(tmp_path: Path) -> None:
    async with world(place(tmp_path), MihonNewsSimulator()) as here:
        other = FIELDS | {"phone": "03-0000-0000"}
        here.engine.order(submit(SLUG, fields=FIELDS), to=1)
        here.engine.order(submit(SLUG, fields=other), to=2)
        await here.once()
        found = case("completed", phone="03-0000-0000")
        found["filings"] += case("completed")["filings"]

        with books(here) as all_of_them:
            lines = all_of_them.compared(found)

        assert [line.agrees for line in lines] == [True, True]
