# SPDX-License-Identifier: Apache-2.0
"""What a script says about one life event's demonstration. It says what people do, never how it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any, ClassVar, Final, Protocol

from connectors.simulators.jpki import Resident
from engine.client import CitizenClient
from engine.core.patience import JAPAN

PIN: Final = "1234"
PASSWORD: Final = "DEMO2026"  # noqa: S105 - of cards that open nothing but this rehearsal
Case = Mapping[str, Any]
Filing = Mapping[str, Any]
WITH_CITIZEN: Final = frozenset({"to-visit", "to-post", "to-do"})


class Turn(Enum):
    """What happens when most have been told."""

    NONE = "none"
    CHANGE_DATE = "change-date"
    CALL_OFF = "call-off"


class Stage(Protocol):
    """What a script finds on the stage."""

    @property
    def day(self) -> date:
        """The day of the event."""

    @property
    def turn(self) -> Turn:
        """The turn that was asked for."""

    def say(self, text: str) -> None:
        """Tell those who watch."""

    def advance_to(self, instant: datetime) -> None:
        """Turn the calendar."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a card, and how the demonstration calls them. `chooses`: at the decision of the case."""

    resident: Resident
    name: str
    name_en: str
    chooses: str | None = None


class Script:
    """One life event, as a synthetic household lives through it."""

    event: ClassVar[str]
    people: ClassVar[Mapping[str, Person]]
    """Who has a card, by their place in the facts; the first of them opens the case."""
    begins: ClassVar[timedelta]
    """How far from today the event's day lies, on the day on which the case is opened."""
    turns: ClassVar[frozenset[Turn]] = frozenset({Turn.NONE})
    revoked_by: ClassVar[str | None] = None
    """The notice at the counter that ends everybody's signing certificate (公的個人認証法12条)."""

    def facts(self, day: date) -> dict[str, Any]:
        """Return what the household tells of its event on that day."""
        raise NotImplementedError

    def is_left_lying(self, filing: Filing) -> bool:
        """Say whether the household lets it lie for now, though it is theirs to do."""
        return False

    def corrected(self, facts: Mapping[str, Any], filing: Filing) -> dict[str, Any]:
        """Return the facts without what a refused filing had wrong."""
        raise NotImplementedError(f"{filing['slug']} was refused, and nobody knows why")

    def days(self, case: Case) -> Sequence[datetime]:
        """Return the instants that this event waits for beyond those of its filings."""
        return ()

    async def turned(self, stage: Stage, client: CitizenClient, case: Case, *, ahead: datetime) -> bool:
        """Let things take the turn that was asked for before the calendar goes `ahead`; say if they did."""
        return False


def morning(day: date) -> datetime:
    """Return nine o'clock of a day in Japan."""
    return datetime.combine(day, time(9), JAPAN)


async def call_off(stage: Stage, client: CitizenClient, case: Case, *, ja: str, en: str) -> None:
    """Call the case off, in these words."""
    stage.say(f"\n{ja}。伝えたことを取り下げます  {en}: what was told is taken back\n")
    await client.say("POST", f"/v1/cases/{case['id']}/cancellation", key="demo-call-off")
