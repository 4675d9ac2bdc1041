# SPDX-License-Identifier: Apache-2.0
"""Random families, and a second way to divide an estate, written apart from the first.

It pushes money down the tree person by person and lists every line of descent one by one, where the
product counts stems: both can be wrong, hardly in the same way.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

DIED = "2026-06-01"
BEFORE = "2020-01-01"
SINCE = "2026-07-01"
_DEATHS = st.sampled_from([None, None, BEFORE, BEFORE, DIED, SINCE])
_ELDERS_DEATHS = st.sampled_from([BEFORE, BEFORE, BEFORE, BEFORE, None, DIED])

Told = dict[str, Any]


@st.composite
def families(draw: st.DrawFn, *, adoptions: bool = True) -> Told:
    """Return a family as it is told: the later in the list, the younger; the spouse is no kin.

    Half of them are without children of the decedent, and most elders are dead, so that every rank is met.
    """
    size = draw(st.integers(2, 10))
    decedent = draw(st.integers(0, size - 1))
    is_childless = draw(st.booleans())
    people: list[Told] = []
    for number in range(size):
        elders = [f"p{one}" for one in range(number) if not (is_childless and one == decedent)]
        told = _born(draw, number, elders, adoptions=adoptions)
        fate = {"diedOn": DIED} if number == decedent else _fate(draw, decedent, is_elder=number < decedent)
        people.append(told | fate)
    family: Told = {"decedent": f"p{decedent}", "people": people}
    if draw(st.booleans()):
        people.append({"id": "spouse", **_fate(draw, decedent, is_elder=False)})
        family["marriages"] = [{"between": [f"p{decedent}", "spouse"]}]
    return family


def _born(draw: st.DrawFn, number: int, elders: list[str], *, adoptions: bool) -> Told:
    year = 1890 + 10 * number
    natural = draw(st.integers(0, 3)) if elders else 0
    chosen = (
        draw(
            st.lists(
                st.sampled_from(elders[-4:]), max_size=2, min_size=min(natural, len(elders), 2), unique=True
            )
        )
        if natural
        else []
    )
    links: list[Told] = [{"parent": one} for one in chosen]
    if elders and adoptions and draw(st.integers(0, 2)) == 0:
        since = f"{draw(st.integers(year + 1, 2015))}-01-01"
        links.append({"parent": draw(st.sampled_from(elders[-4:])), "kind": "adoption", "since": since})
    return {"id": f"p{number}", "birthDate": f"{year}-01-01", "parents": links}


def _fate(draw: st.DrawFn, decedent: int, *, is_elder: bool) -> Told:
    died = draw(_ELDERS_DEATHS if is_elder else _DEATHS)
    fate: Told = {"diedOn": died} if died else {}
    match draw(st.integers(0, 9)):
        case 8:
            fate["renounced"] = [f"p{decedent}"]
        case 9:
            fate["disqualified"] = [{"estate": f"p{decedent}", "cause": "unworthy"}]
    return fate


def pushed_down(family: Told) -> dict[str, Fraction]:
    """Return the shares by the second way, everything from the JSON alone."""
    return _Second(family).shares()


class _Second:
    def __init__(self, family: Told) -> None:
        self.people = {one["id"]: one for one in family["people"]}
        self.dead = family["decedent"]
        self.spouse = next((two for one in family.get("marriages", []) for two in one["between"][1:]), None)
        self.got: dict[str, Fraction] = {}

    def shares(self) -> dict[str, Fraction]:
        top = self.dead
        kids = [one for one in self.kids(top) if self.anybody(one, [top], depth=99)]
        rest = Fraction(1)
        elders = [] if kids else self.nearest([top])
        siblings = [] if kids or elders else [one for one in self.siblings() if self.stem(one)]
        if self.spouse and self.takes(self.spouse):
            part = (
                Fraction(1, 2)
                if kids
                else Fraction(2, 3)
                if elders
                else Fraction(3, 4)
                if siblings
                else Fraction(1)
            )
            self.give(self.spouse, part)
            rest -= part
        for one in kids:
            self.push(one, rest / len(kids), [top], depth=99)
        for one in elders:
            self.give(one, rest / len(elders))
        units = sum(self.common(one) for one in siblings)
        for one in siblings:
            self.push(one, rest * self.common(one) / units, self.shared(one), depth=1)
        return self.got

    def give(self, name: str, amount: Fraction) -> None:
        self.got[name] = self.got.get(name, Fraction(0)) + amount

    def push(self, name: str, amount: Fraction, tops: list[str], *, depth: int) -> None:
        if self.takes(name):
            self.give(name, amount)
            return
        heirs = [
            one
            for one in self.kids(name)
            if self.in_line(one, tops) and self.anybody(one, tops, depth=depth - 1)
        ]
        for one in heirs:
            self.push(one, amount / len(heirs), tops, depth=depth - 1)

    def anybody(self, name: str, tops: list[str], *, depth: int) -> bool:
        if self.takes(name):
            return True
        if depth == 0 or not self.is_stood_for(name):
            return False
        return any(
            self.in_line(one, tops) and self.anybody(one, tops, depth=depth - 1) for one in self.kids(name)
        )

    def stem(self, name: str) -> bool:
        return self.anybody(name, self.shared(name), depth=1)

    def takes(self, name: str) -> bool:
        one = self.people[name]
        return one.get("diedOn", "9999") > DIED and not one.get("renounced") and not one.get("disqualified")

    def is_stood_for(self, name: str) -> bool:
        one = self.people[name]
        return one.get("diedOn", "9999") <= DIED or bool(one.get("disqualified"))

    def kids(self, name: str) -> list[str]:
        return [
            one
            for one, told in self.people.items()
            if name in {link["parent"] for link in told.get("parents", [])}
        ]

    def parents(self, name: str) -> set[str]:
        return {link["parent"] for link in self.people[name].get("parents", [])}

    def siblings(self) -> list[str]:
        return [one for one in self.people if one != self.dead and self.shared(one)]

    def shared(self, name: str) -> list[str]:
        return sorted(self.parents(name) & self.parents(self.dead))

    def common(self, name: str) -> int:
        return min(2, len(self.shared(name)))

    def in_line(self, name: str, tops: list[str]) -> bool:
        return any(self.holds(line) for top in tops for line in self.lines(top, name))

    def lines(self, top: str, name: str) -> Iterator[list[tuple[str, str]]]:
        """Yield every way down: when each link began, and of which kind it is."""
        for link in self.people[name].get("parents", []):
            step = (link.get("since") or self.people[name]["birthDate"], link.get("kind", "birth"))
            if link["parent"] == top:
                yield [step]
            for line in self.lines(top, link["parent"]):
                yield [*line, step]

    @staticmethod
    def holds(line: list[tuple[str, str]]) -> bool:
        return all(later >= since for (since, kind), (later, _) in pairwise(line) if kind == "adoption")

    def nearest(self, level: list[str]) -> list[str]:
        while level:
            level = sorted({up for one in level for up in self.parents(one) if self.in_line(self.dead, [up])})
            if able := [one for one in level if self.takes(one)]:
                return able
        return []
