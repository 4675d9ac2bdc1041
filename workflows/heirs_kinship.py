# SPDX-License-Identifier: Apache-2.0
"""Who is kin to whom in law at one moment (法律上の親族): what adoption makes, keeps and ends.

Civil Code (民法) art. 727 to 729, 809, 817-2 to 817-11; representation asks it who descends from whom.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from functools import cached_property
from typing import Final

from engine.core.errors import Problem
from workflows.heirs_graph import (
    ADOPTIONS,
    Cause,
    Family,
    LinkKind,
    Marriage,
    Moment,
    ParentLink,
    Relative,
    death_of,
)

# Conceived before the death, born after it: counted as born (886条). 300 days as in art. 772.
_CONCEIVED: Final = timedelta(days=300)
_NO_LINE: Final = frozenset({LinkKind.UNRECOGNISED, LinkKind.STEP})


class Standing(Enum):
    """Where a person stands towards one estate, whatever the kinship."""

    LIVING = "living"
    DIED_BEFORE = "died-before"
    DIED_TOGETHER = "died-together"
    UNWORTHY = "unworthy"
    DISINHERITED = "disinherited"
    RENOUNCED = "renounced"
    NOT_YET_THERE = "not-yet-there"

    @property
    def is_represented(self) -> bool:
        """Say whether others step into the place: by death or loss of the right, never by renunciation."""
        return self in {
            Standing.DIED_BEFORE,
            Standing.DIED_TOGETHER,
            Standing.UNWORTHY,
            Standing.DISINHERITED,
        }


@dataclass(frozen=True, slots=True)
class Descent:
    """Who descends from somebody in law: `sure`, and those for whom a day is needed to say so."""

    sure: frozenset[str]
    open: Mapping[str, tuple[Problem, ...]]


@dataclass(frozen=True)
class Kinship:
    """The family as the law sees it when `estate` dies.

    `renouncing` is False where the law asks who would inherit had nobody renounced (相続税法15条2項).
    """

    family: Family
    estate: Relative
    at: Moment
    renouncing: bool = True

    @cached_property
    def people(self) -> Mapping[str, Relative]:
        """The persons by their ids."""
        return {one.id: one for one in self.family.people}

    @cached_property
    def links(self) -> Mapping[str, tuple[ParentLink, ...]]:
        """How each person has which parents in law."""
        return {one.id: tuple(self._legal(one)) for one in self.family.people}

    # --- parents and children ---

    def parents(self, person: str) -> tuple[str, ...]:
        """Return the parents in law, natural and adoptive."""
        return tuple(dict.fromkeys(link.parent for link in self.links[person]))

    def children(self, person: str) -> tuple[str, ...]:
        """Return the children in law."""
        return self._children.get(person, ())

    def above(self, person: str) -> frozenset[str]:
        """Return all from whom links of law lead down to the person, whenever an adoption was."""
        if person not in self._above:
            parents = self.parents(person)
            self._above[person] = frozenset(parents).union(*(self.above(one) for one in parents))
        return self._above[person]

    @cached_property
    def _above(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for child in self.people:
            for parent in self.parents(child):
                found[parent] = (*found.get(parent, ()), child)
        return found

    def between(self, child: str, parent: str) -> tuple[ParentLink, ...]:
        """Return how the one is the other's child."""
        return tuple(link for link in self.links[child] if link.parent == parent)

    def _legal(self, person: Relative) -> Iterator[ParentLink]:
        there = [link for link in person.parents if self._is_there(link)]
        special = [link for link in there if link.kind is LinkKind.SPECIAL_ADOPTION]
        for link in there:
            if link.kind is LinkKind.SPECIAL_ADOPTION or not self._is_cut(link, special):
                yield link

    def _is_there(self, link: ParentLink) -> bool:
        if link.kind in _NO_LINE:
            return False
        if link.kind not in ADOPTIONS:
            return True  # a recognition reaches back to the birth (784条)
        begun = link.since is None or link.since <= self.at.day
        return begun and (link.until is None or link.until > self.at.day)

    def _is_cut(self, link: ParentLink, special: list[ParentLink]) -> bool:
        """Say whether a special adoption has ended this line (817条の9): not that of the adopter's spouse."""
        return any(self._comes_before(link, one) for one in special) and not any(
            self._were_married(link.parent, one) for one in special
        )

    @staticmethod
    def _comes_before(link: ParentLink, adoption: ParentLink) -> bool:
        if link.kind not in ADOPTIONS or link.since is None or adoption.since is None:
            return True
        return link.since <= adoption.since

    def _were_married(self, person: str, adoption: ParentLink) -> bool:
        return any(
            one.registered
            and one.other(person) == adoption.parent
            and not (one.divorced_on and adoption.since and one.divorced_on <= adoption.since)
            for one in self.family.marriages
        )

    # --- lines ---

    def descent(self, top: str) -> Descent:
        """Return who descends from somebody in law.

        An adoptee's kin come into the line only if born or adopted after the adoption (727条).
        """
        if top not in self._descents:
            self._descents[top] = self._descent(top)
        return self._descents[top]

    @cached_property
    def _descents(self) -> dict[str, Descent]:
        return {}

    def _descent(self, top: str) -> Descent:
        sure: set[str] = set()
        unsure: dict[str, tuple[Problem, ...]] = {}
        seen: set[tuple[str, date | None]] = set()
        ahead: list[tuple[str, ParentLink | None]] = [(top, None)]
        while ahead:
            parent, came_by = ahead.pop()
            for child in self.children(parent):
                for link in self.between(child, parent):
                    missing = self._missing(came_by, link, child)
                    if missing:
                        unsure[child] = missing
                    elif self._follows(came_by, link, child):
                        sure.add(child)
                        step = (child, link.since if link.kind in ADOPTIONS else None)
                        if step not in seen:
                            seen.add(step)
                            ahead.append((child, link))
        return Descent(frozenset(sure), {one: why for one, why in unsure.items() if one not in sure})

    def _follows(self, came_by: ParentLink | None, link: ParentLink, child: str) -> bool:
        if came_by is None or came_by.kind not in ADOPTIONS:
            return True
        if self.people[child].unborn:
            return True
        begins = link.since if link.kind in ADOPTIONS else self.people[child].birth_date
        return begins is not None and came_by.since is not None and begins >= came_by.since

    def _missing(self, came_by: ParentLink | None, link: ParentLink, child: str) -> tuple[Problem, ...]:
        """Return which days have to be told before anybody can say whether the child is in the line."""
        if came_by is None or came_by.kind not in ADOPTIONS:
            return ()
        problems = []
        if came_by.since is None:
            problems.append(self._adoption_day(link.parent, came_by))
        if link.kind in ADOPTIONS and link.since is None:
            problems.append(self._adoption_day(child, link))
        born = self.people[child].birth_date is not None or self.people[child].unborn
        if link.kind not in ADOPTIONS and not born:
            problems.append(Problem(f"{self.place(child)}/birthDate", "adoption-date-needed"))
        return tuple(problems)

    def _adoption_day(self, child: str, link: ParentLink) -> Problem:
        number = self.people[child].parents.index(link)
        return Problem(f"{self.place(child)}/parents/{number}/since", "adoption-date-needed")

    def place(self, person: str) -> str:
        """Return the JSON pointer to a person."""
        return f"/people/{list(self.people).index(person)}"

    # --- one person towards the estate ---

    def standing(self, person: str) -> Standing:
        """Return where the person stands towards this estate."""
        one = self.people[person]
        if one.birth_date and self.at.day != date.min and one.birth_date > self.at.day + _CONCEIVED:
            return Standing.NOT_YET_THERE
        death = death_of(one)
        if death and death.is_with(self.at):
            return Standing.DIED_TOGETHER
        if death and death.is_before(self.at):
            return Standing.DIED_BEFORE
        for lost in one.disqualified:
            if lost.estate == self.estate.id:
                return Standing.UNWORTHY if lost.cause is Cause.UNWORTHY else Standing.DISINHERITED
        if self.renouncing and self.estate.id in one.renounced:
            return Standing.RENOUNCED
        return Standing.LIVING

    def marriages(self) -> Iterator[tuple[str, Marriage]]:
        """Yield whom the estate was ever married to, and how."""
        for one in self.family.marriages:
            other = one.other(self.estate.id)
            if other is not None:
                yield other, one

    def is_marriage_on(self, marriage: Marriage) -> bool:
        """Say whether it is a marriage in law that no divorce had ended before the death."""
        begun = marriage.since is None or marriage.since <= self.at.day
        ended = marriage.has_ended and (marriage.divorced_on is None or marriage.divorced_on <= self.at.day)
        return marriage.registered and begun and not ended
