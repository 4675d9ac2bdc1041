# SPDX-License-Identifier: Apache-2.0
"""Why those of a family who do not inherit do not: everybody who was told gets an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from workflows.heirs_graph import LinkKind
from workflows.heirs_kinship import Kinship, Standing
from workflows.heirs_words import Rank, Why

_STANDINGS: Final = {
    Standing.DIED_BEFORE: Why.DIED_BEFORE,
    Standing.DIED_TOGETHER: Why.DIED_TOGETHER,
    Standing.UNWORTHY: Why.UNWORTHY,
    Standing.DISINHERITED: Why.DISINHERITED,
    Standing.RENOUNCED: Why.RENOUNCED,
    Standing.NOT_YET_THERE: Why.NOT_YET_THERE,
}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Says of each person who is no heir why. `rank` is the rank of the blood heirs there are."""

    kinship: Kinship
    rank: Rank | None

    def why(self, person: str) -> Why:
        """Return the first reason that holds."""
        asked: tuple[Callable[[str], Why | None], ...] = (
            self._as_spouse,
            self._as_descendant,
            self._as_ascendant,
            self._as_sibling,
            self._as_seeming_child,
        )
        return next((found for ask in asked if (found := ask(person))), Why.NOT_KIN)

    def _by_standing(self, person: str) -> Why | None:
        return _STANDINGS.get(self.kinship.standing(person))

    def _as_spouse(self, person: str) -> Why | None:
        mine = [one for other, one in self.kinship.marriages() if other == person]
        if any(self.kinship.is_marriage_on(one) for one in mine):
            return self._by_standing(person)
        if self._below(self.kinship.estate.id, person) or not mine:
            return None
        return Why.DIVORCED if any(one.registered for one in mine) else Why.NOT_REGISTERED

    def _as_descendant(self, person: str) -> Why | None:
        top = self.kinship.estate.id
        if not self._below(top, person):
            return None
        if standing := self._by_standing(person):
            return standing
        if blocked := self._blocked(person, top):
            return blocked
        return Why.BEFORE_ADOPTION

    def _as_ascendant(self, person: str) -> Why | None:
        if self.kinship.estate.id not in self.kinship.descent(person).sure:
            return None
        if standing := self._by_standing(person):
            return standing
        return Why.HIGHER_RANK if self.rank is Rank.CHILD else Why.NEARER_DEGREE

    def _as_sibling(self, person: str) -> Why | None:
        parents = self.kinship.parents(self.kinship.estate.id)
        if not any(self._below(parent, person) for parent in parents):
            return None
        if standing := self._by_standing(person):
            return standing
        if self.rank in {Rank.CHILD, Rank.ASCENDANT}:
            return Why.HIGHER_RANK
        if blocked := next((one for parent in parents if (one := self._blocked(person, parent))), None):
            return blocked
        siblings = {child for parent in parents for child in self.kinship.children(parent)}
        if siblings & set(self.kinship.parents(person)):
            return Why.BEFORE_ADOPTION
        return Why.ONE_GENERATION

    def _as_seeming_child(self, person: str) -> Why | None:
        """Return why one who was told as a child is none in law."""
        told = self.kinship.people[person].parents
        kinds = {link.kind for link in told if link.parent == self.kinship.estate.id}
        spouses = {other for other, one in self.kinship.marriages() if one.registered}
        if LinkKind.UNRECOGNISED in kinds:
            return Why.UNRECOGNISED
        if kinds & {LinkKind.ADOPTION, LinkKind.SPECIAL_ADOPTION}:
            return Why.ADOPTION_NOT_IN_TIME
        if kinds & {LinkKind.BIRTH, LinkKind.RECOGNISED}:
            return Why.LINE_ENDED
        if LinkKind.STEP in kinds or spouses & set(self.kinship.parents(person)):
            return Why.STEP_CHILD
        return None

    def _below(self, top: str, person: str) -> bool:
        """Say whether the person comes after `top` by links of law, whenever an adoption was."""
        return top in self.kinship.above(person)

    def _blocked(self, person: str, top: str) -> Why | None:
        """Return which of those between the person and `top` stands in the way."""
        between = {one for one in self.kinship.above(person) if self._below(top, one)}
        standings = {self.kinship.standing(one) for one in between if one != self.kinship.estate.id}
        if Standing.LIVING in standings:
            return Why.PARENT_INHERITS
        return Why.PARENT_RENOUNCED if Standing.RENOUNCED in standings else None
