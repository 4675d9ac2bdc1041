# SPDX-License-Identifier: Apache-2.0
"""Who takes which part of an estate (法定相続分): Civil Code (民法) art. 886 to 901, exactly.

Ranks are tried one after the other; inside a rank each living or represented stem (株) has its part,
and those who stand in for somebody divide that one's part among themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from engine.core.errors import Code, EngineError, register
from workflows.heirs_kinship import Kinship, Standing
from workflows.heirs_words import Rank

register(
    {
        "spouse-is-kin": Code(
            422,
            "配偶者が血族としても相続人になるため、専門家の判断が必要です",
            "The spouse would inherit as kin too: a person has to decide",
        ),
    }
)

_SPOUSES: Final[Mapping[Rank | None, Fraction]] = {  # 900条1号から3号
    Rank.CHILD: Fraction(1, 2),
    Rank.ASCENDANT: Fraction(2, 3),
    Rank.SIBLING: Fraction(3, 4),
    None: Fraction(1),
}
_WHOLE: Final = 2  # 900条4号ただし書: a half-blood sibling has half of it
_HALF: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One part of the estate. `represents`: in whose place, the child or sibling first.

    `half`: it is of a half-blood sibling beside full ones.
    """

    person: str
    rank: Rank
    share: Fraction
    represents: tuple[str, ...] = ()
    half: bool = False


@dataclass(frozen=True, slots=True)
class _Stem:
    """One child or sibling, or those who stand in the place: each with the part of it."""

    weight: int
    parts: tuple[tuple[str, Fraction, tuple[str, ...]], ...]


def claims(kinship: Kinship) -> tuple[Claim, ...]:
    """Return every part of the estate; empty where nobody inherits.

    Raises:
        EngineError: `spouse-is-kin`; `invalid-family`, where a day is missing on which it depends.
    """
    rank, stems = _blood(kinship)
    spouse = spouse_of(kinship)
    if spouse is None:
        return tuple(_shared(rank, stems, Fraction(1)))
    share = _SPOUSES[rank]
    found = (Claim(person=spouse, rank=Rank.SPOUSE, share=share), *_shared(rank, stems, 1 - share))
    if any(one.person == spouse for one in found[1:]):
        raise EngineError("spouse-is-kin", pointer=kinship.place(spouse))
    return found


def spouse_of(kinship: Kinship) -> str | None:
    """Return the spouse who inherits (890条), None if there is none."""
    for other, marriage in kinship.marriages():
        if kinship.is_marriage_on(marriage) and kinship.standing(other) is Standing.LIVING:
            return other
    return None


def _shared(rank: Rank | None, stems: tuple[_Stem, ...], whole: Fraction) -> Iterator[Claim]:
    if rank is None:
        return
    weights = sum(stem.weight for stem in stems)
    mixed = len({stem.weight for stem in stems}) > 1
    for stem in stems:
        for person, part, represents in stem.parts:
            yield Claim(
                person=person,
                rank=rank,
                share=whole * Fraction(stem.weight, weights) * part,
                represents=represents,
                half=mixed and stem.weight == _HALF,
            )


def _blood(kinship: Kinship) -> tuple[Rank | None, tuple[_Stem, ...]]:
    """Return the highest rank that is not empty, and its stems (887条, 889条)."""
    if stems := tuple(_children(kinship)):
        return Rank.CHILD, stems
    if stems := tuple(_ascendants(kinship)):
        return Rank.ASCENDANT, stems
    if stems := tuple(_siblings(kinship)):
        return Rank.SIBLING, stems
    return None, ()


def _children(kinship: Kinship) -> Iterator[_Stem]:
    for child in kinship.children(kinship.estate.id):
        if parts := _descending(kinship, child, (kinship.estate.id,), ()):
            yield _Stem(_WHOLE, parts)


def _descending(
    kinship: Kinship,
    person: str,
    tops: tuple[str, ...],
    above: tuple[str, ...],
    *,
    deepest: int | None = None,
) -> tuple[tuple[str, Fraction, tuple[str, ...]], ...]:
    """Return who takes a person's part: that person, or the children in the place, without end.

    A child stands in only as a descendant of one of `tops` (887条2項ただし書): the decedent, or of a
    sibling's child the parents in common (最判令和6年11月12日). `deepest` bounds the generations.
    """
    standing = kinship.standing(person)
    if standing is Standing.LIVING:
        return ((person, Fraction(1), above),)
    if not standing.is_represented or deepest == 0:
        return ()
    deeper = None if deepest is None else deepest - 1
    below = [
        parts
        for child in kinship.children(person)
        if _is_in_line(kinship, child, tops)
        and (parts := _descending(kinship, child, tops, (*above, person), deepest=deeper))
    ]
    return tuple((who, part / len(below), chain) for parts in below for who, part, chain in parts)


def _is_in_line(kinship: Kinship, person: str, tops: tuple[str, ...]) -> bool:
    lines = [kinship.descent(top) for top in tops]
    if any(person in line.sure for line in lines):
        return True
    for line in lines:
        if person in line.open and kinship.standing(person) is not Standing.RENOUNCED:
            raise EngineError("invalid-family", problems=line.open[person])
    return False


def _ascendants(kinship: Kinship) -> Iterator[_Stem]:
    """Yield the nearest of the ascendants who can inherit; nobody stands in for one (889条1項1号)."""
    generation: tuple[str, ...] = kinship.parents(kinship.estate.id)
    while generation:
        able = [one for one in generation if kinship.standing(one) is Standing.LIVING]
        if able:
            yield from (_Stem(_WHOLE, ((one, Fraction(1), ()),)) for one in able)
            return
        above = dict.fromkeys(parent for one in generation for parent in kinship.parents(one))
        generation = tuple(one for one in above if _is_in_line(kinship, kinship.estate.id, (one,)))


def _siblings(kinship: Kinship) -> Iterator[_Stem]:
    """Yield the siblings or their children, one generation (889条2項 borrows 887条2項 only)."""
    parents = kinship.parents(kinship.estate.id)
    found = dict.fromkeys(child for parent in parents for child in kinship.children(parent))
    for one in found:
        common = tuple(parent for parent in kinship.parents(one) if parent in parents)
        if one != kinship.estate.id and (parts := _descending(kinship, one, common, (), deepest=1)):
            yield _Stem(_WHOLE if len(common) > 1 else _HALF, parts)
