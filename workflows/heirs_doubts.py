# SPDX-License-Identifier: Apache-2.0
"""What cannot be so in a family as it was told, each with its place: before anybody computes shares."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import combinations
from typing import Final

from engine.core.errors import Problem
from workflows.heirs_graph import (
    ADOPTIONS,
    Cause,
    Family,
    LinkKind,
    Marriage,
    ParentLink,
    Relative,
    death_of,
)

_NATURAL_PARENTS: Final = 2
# To all persons together. A person with four generations of ancestors told has 16 of them.
_MOST_LINES: Final = 2000


def family_doubts(family: Family, *, under: str = "") -> tuple[Problem, ...]:
    """Return what cannot be so; `under` is the pointer to the family where it is a part of other facts."""
    problems = tuple(_names(family)) or tuple(_contradictions(family))
    return tuple(Problem(under + one.pointer, one.code) for one in problems)


def _names(family: Family) -> Iterator[Problem]:
    """Yield who is there twice or not at all: nothing else can be asked before."""
    known: set[str] = set()
    for number, one in enumerate(family.people):
        if one.id in known:
            yield Problem(f"/people/{number}/id", "person-twice")
        known.add(one.id)
    for place, name in _named(family):
        if name not in known:
            yield Problem(place, "unknown-person")


def _named(family: Family) -> Iterator[tuple[str, str]]:
    yield "/decedent", family.decedent
    for number, one in enumerate(family.people):
        place = f"/people/{number}"
        for index, link in enumerate(one.parents):
            yield f"{place}/parents/{index}/parent", link.parent
        for index, estate in enumerate(one.renounced):
            yield f"{place}/renounced/{index}", estate
        for index, lost in enumerate(one.disqualified):
            yield f"{place}/disqualified/{index}/estate", lost.estate
    for number, marriage in enumerate(family.marriages):
        for index, name in enumerate(marriage.between):
            yield f"/marriages/{number}/between/{index}", name


def _contradictions(family: Family) -> Iterator[Problem]:
    people = {one.id: one for one in family.people}
    if people[family.decedent].died_on is None:
        number = [one.id for one in family.people].index(family.decedent)
        yield Problem(f"/people/{number}/diedOn", "death-needed")
    circles = frozenset(_in_circles(people))
    lines: dict[str, int] = {}
    if not circles and sum(_lines(name, people, lines) for name in people) > _MOST_LINES:
        yield Problem("/people", "family-too-tangled")
    for number, one in enumerate(family.people):
        place = f"/people/{number}"
        if one.id in circles:
            yield Problem(f"{place}/parents", "family-circle")
        if one.birth_date and one.died_on and one.died_on < one.birth_date:
            yield Problem(f"{place}/diedOn", "died-before-birth")
        yield from _about_parents(one, people, place)
        yield from _about_estates(one, people, family, place)
    yield from _about_marriages(family, people)


def _in_circles(people: Mapping[str, Relative]) -> Iterator[str]:
    """Yield who would be their own ancestor."""
    for name in people:
        ahead, seen = [link.parent for link in people[name].parents], set[str]()
        while ahead:
            one = ahead.pop()
            if one not in seen:
                seen.add(one)
                ahead += [link.parent for link in people[one].parents]
        if name in seen:
            yield name


def _lines(name: str, people: Mapping[str, Relative], known: dict[str, int]) -> int:
    """Return on how many ways the person is reached from the oldest; there are no circles."""
    if name not in known:
        ways = (_lines(link.parent, people, known) for link in people[name].parents)
        known[name] = max(1, sum(ways))
    return known[name]


def _about_parents(one: Relative, people: Mapping[str, Relative], place: str) -> Iterator[Problem]:
    natural = {
        link.parent for link in one.parents if link.kind not in ADOPTIONS and link.kind is not LinkKind.STEP
    }
    if len(natural) > _NATURAL_PARENTS:
        yield Problem(f"{place}/parents", "too-many-parents")
    if len({(link.parent, link.kind) for link in one.parents}) < len(one.parents):
        yield Problem(f"{place}/parents", "person-twice")
    for index, link in enumerate(one.parents):
        at, born = f"{place}/parents/{index}", people[link.parent].birth_date
        if born and one.birth_date and born >= one.birth_date and link.kind is not LinkKind.STEP:
            yield Problem(f"{at}/parent", "older-than-parent")  # nor may an adoptee be older (793条)
        yield from _about_days(one, link, at)


def _about_days(one: Relative, link: ParentLink, place: str) -> Iterator[Problem]:
    if link.since and link.until and link.until < link.since:
        yield Problem(f"{place}/until", "ends-before-it-begins")
    if link.kind not in ADOPTIONS and link.until:
        yield Problem(f"{place}/until", "contradicts-facts")  # no natural line is dissolved
    if link.kind in ADOPTIONS and link.since and one.birth_date and link.since < one.birth_date:
        yield Problem(f"{place}/since", "contradicts-facts")


def _about_estates(
    one: Relative, people: Mapping[str, Relative], family: Family, place: str
) -> Iterator[Problem]:
    for index, estate in enumerate(one.renounced):
        if death_of(people[estate]) is None:
            yield Problem(f"{place}/renounced/{index}", "estate-not-open")  # 915条: after the death only
    for index, lost in enumerate(one.disqualified):
        if lost.cause is Cause.DISINHERITED and not _has_reserved_share(one, lost.estate, people, family):
            yield Problem(f"{place}/disqualified/{index}/cause", "no-reserved-share")


def _has_reserved_share(one: Relative, estate: str, people: Mapping[str, Relative], family: Family) -> bool:
    """Say whether a reserved share (遺留分) could be theirs: spouses and the direct line (1042条)."""
    married = any(each.registered and each.other(one.id) == estate for each in family.marriages)
    return married or one.id in _above(estate, people) or estate in _above(one.id, people)


def _above(name: str, people: Mapping[str, Relative]) -> frozenset[str]:
    found: set[str] = set()
    ahead = [name]
    while ahead:
        for link in people[ahead.pop()].parents:
            if link.parent not in found and link.kind not in {LinkKind.STEP, LinkKind.UNRECOGNISED}:
                found.add(link.parent)
                ahead.append(link.parent)
    return frozenset(found)


def _about_marriages(family: Family, people: Mapping[str, Relative]) -> Iterator[Problem]:
    for number, one in enumerate(family.marriages):
        place, (first, second) = f"/marriages/{number}", one.between
        if first == second:
            yield Problem(f"{place}/between/1", "person-twice")
        if one.since and one.divorced_on and one.divorced_on < one.since:
            yield Problem(f"{place}/divorcedOn", "ends-before-it-begins")
        deaths = [day for name in one.between if (day := people[name].died_on)]
        if one.since and any(day < one.since for day in deaths):
            yield Problem(f"{place}/since", "married-after-death")
        if one.divorce_pending and one.has_ended:
            yield Problem(f"{place}/divorcePending", "contradicts-facts")
    registered = [(number, one) for number, one in enumerate(family.marriages) if one.registered]
    for (_, one), (number, other) in combinations(registered, 2):
        if set(one.between) & set(other.between) and _overlap(one, other, people):
            yield Problem(f"/marriages/{number}", "two-spouses-at-once")


def _overlap(one: Marriage, other: Marriage, people: Mapping[str, Relative]) -> bool:
    """Say whether both surely were marriages at one time: just before the one that ended first ended."""
    if _unknown_end(one) or _unknown_end(other):
        return False
    first, last = sorted((one, other), key=lambda each: _end(each, people))
    end, end_of_last = _end(first, people), _end(last, people)
    return end == end_of_last or (last.since is not None and last.since < end)


def _unknown_end(marriage: Marriage) -> bool:
    return marriage.divorced and marriage.divorced_on is None


def _end(marriage: Marriage, people: Mapping[str, Relative]) -> date:
    ends = [death.day for name in marriage.between if (death := death_of(people[name]))]
    if marriage.divorced_on:
        ends.append(marriage.divorced_on)
    return min(ends, default=date.max)
