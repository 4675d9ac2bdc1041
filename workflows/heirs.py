# SPDX-License-Identifier: Apache-2.0
"""A family graph becomes its statutory heirs with exact shares (法定相続人・法定相続分), each with a reason.

Where a human has to decide, it refuses with a code and computes nothing: a foreign decedent, the law
of earlier days, a spouse who is kin. What it says is the law without a will (民法902条).
"""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Final

from engine.core.errors import Code, EngineError, register
from workflows.heirs_claims import Claim, claims
from workflows.heirs_doubts import family_doubts
from workflows.heirs_excluded import Exclusion
from workflows.heirs_graph import ADOPTIONS, Family, LinkKind, Relative, death_of, read_family
from workflows.heirs_kinship import Kinship
from workflows.heirs_result import Excluded, Ground, Heir, Holder, Inheritance, Remark
from workflows.heirs_tax import tax_count
from workflows.heirs_words import BASIS, NOTES, REPRESENTS, WHY, Note, Rank, Why, reason

__all__ = ["Family", "Inheritance", "family_doubts", "inheritance", "present_holders", "read_family"]

# 昭和55年法律51号: today's shares, and among siblings one generation.
_PRESENT_LAW: Final = date(1981, 1, 1)
# 最大決平成25年9月4日, 平成25年法律94号: children of unmarried parents have the same share.
_EQUAL_CHILDREN: Final = date(2013, 9, 5)

register(
    {
        "foreign-decedent": Code(
            422,
            "被相続人が外国籍のため、本国法によります。専門家に相談してください（法の適用に関する通則法36条）",
            "The decedent was a foreign national, whose own law applies: ask a lawyer"
            " (Act on General Rules for Application of Laws, art. 36)",
        ),
        "earlier-law": Code(
            422,
            "当時の法律によるため、専門家に相談してください",
            "The law of that time applies: ask a lawyer",
        ),
    }
)


def inheritance(family: Family) -> Inheritance:
    """Return who inherits by law and who does not, each with the reason.

    Raises:
        EngineError: `invalid-family` with a pointer to each thing that cannot be so or is missing;
            `foreign-decedent`, `earlier-law`, `spouse-is-kin`: a human has to decide.
    """
    if problems := family_doubts(family):
        raise EngineError("invalid-family", problems=problems)
    return _of_estate(family, family.person(family.decedent))


def present_holders(family: Family) -> tuple[Holder, ...]:
    """Return who holds the estate today: the parts of heirs who died since went on to theirs (数次相続).

    A part whose holder left no heir stays with the dead.

    Raises:
        EngineError: as `inheritance`, for each estate on the way.
    """
    if problems := family_doubts(family):
        raise EngineError("invalid-family", problems=problems)
    held: dict[str, Fraction] = {family.decedent: Fraction(1)}
    through: dict[str, dict[str, None]] = {family.decedent: {}}
    for estate in sorted(filter(_died_on_a_day, family.people), key=_when):
        heirs = _of_estate(family, estate).heirs if estate.id in held else ()
        whole = held.pop(estate.id) if heirs else Fraction(0)
        way = through.get(estate.id, {}) | ({estate.id: None} if estate.id != family.decedent else {})
        for heir in heirs:
            held[heir.person] = held.get(heir.person, Fraction(0)) + whole * heir.share
            through[heir.person] = through.get(heir.person, {}) | way
    return tuple(Holder(person=one, share=share, through=tuple(through[one])) for one, share in held.items())


def _died_on_a_day(person: Relative) -> bool:
    return person.died_on is not None


def _when(person: Relative) -> tuple[date, str]:
    return person.died_on or date.min, person.died_time or ""


def _of_estate(family: Family, estate: Relative) -> Inheritance:
    kinship = _kinship(family, estate)
    found = claims(kinship)
    rank = next((one.rank for one in found if one.rank is not Rank.SPOUSE), None)
    if estate.died_on and estate.died_on < _EQUAL_CHILDREN and _has_unmarried_parents(kinship, found):
        raise EngineError("earlier-law", pointer=f"{kinship.place(estate.id)}/diedOn")
    heirs = tuple(_heirs(found, rank))
    exclusion = Exclusion(kinship, rank)
    inheriting = {one.person for one in heirs}
    out = [one.id for one in family.people if one.id not in inheriting and one.id != estate.id]
    excluded = tuple(_excluded(one, exclusion.why(one)) for one in out)
    return Inheritance(
        estate=estate.id,
        heirs=heirs,
        excluded=excluded,
        tax=tax_count(family, estate),
        remarks=tuple(_remarks(kinship, heirs, excluded)),
    )


def _kinship(family: Family, estate: Relative) -> Kinship:
    at = death_of(estate)
    place = f"/people/{family.people.index(estate)}"
    if at is None or estate.died_on is None:
        raise EngineError("invalid-family", pointer=f"{place}/diedOn")
    if estate.foreign_national:
        raise EngineError("foreign-decedent", pointer=f"{place}/foreignNational")
    if estate.died_on < _PRESENT_LAW:
        raise EngineError("earlier-law", pointer=f"{place}/diedOn")
    return Kinship(family, estate, at)


def _has_unmarried_parents(kinship: Kinship, found: tuple[Claim, ...]) -> bool:
    """Say whether a child of unmarried parents may be among several: its share was half once."""
    stems = {(one.represents or (one.person,))[0] for one in found if one.rank is Rank.CHILD}
    links = [link for stem in stems for link in kinship.between(stem, kinship.estate.id)]
    natural = {
        frozenset(link.parent for link in kinship.links[stem] if link.kind not in ADOPTIONS)
        for stem in stems
        if any(link.kind not in ADOPTIONS for link in kinship.between(stem, kinship.estate.id))
    }
    recognised = any(link.kind is LinkKind.RECOGNISED for link in links)
    return len(stems) > 1 and (recognised or len(natural) > 1)


def _heirs(found: tuple[Claim, ...], rank: Rank | None) -> Iterator[Heir]:
    spouse_is_there = any(one.rank is Rank.SPOUSE for one in found)
    for person in dict.fromkeys(one.person for one in found):
        mine = [one for one in found if one.person == person]
        yield Heir(
            person=person,
            share=sum((one.share for one in mine), Fraction(0)),
            grounds=tuple(_ground(one, rank, shared=spouse_is_there) for one in mine),
        )


def _ground(claim: Claim, rank: Rank | None, *, shared: bool) -> Ground:
    stands = bool(claim.represents)
    return Ground(
        rank=claim.rank,
        share=claim.share,
        represents=claim.represents,
        reason=reason(claim.rank, claim.share, beside=rank, shared=shared, half=claim.half, stands=stands),
        basis=f"{BASIS[claim.rank]}、{REPRESENTS[claim.rank]}" if stands else BASIS[claim.rank],
    )


def _excluded(person: str, why: Why) -> Excluded:
    text, basis = WHY[why]
    return Excluded(person=person, why=why, reason=text, basis=basis)


def _remarks(kinship: Kinship, heirs: tuple[Heir, ...], excluded: tuple[Excluded, ...]) -> Iterator[Remark]:
    family, spouse = kinship.family, [one for one in heirs if one.rank is Rank.SPOUSE]
    mine = [one for other, one in kinship.marriages() if spouse and other == spouse[0].person]
    about = {
        Note.WILL: () if not family.has_will else (kinship.estate.id,),
        Note.UNBORN: tuple(one.person for one in heirs if kinship.people[one.person].unborn),
        Note.SAME_DAY: tuple(one.person for one in excluded if _is_presumed(kinship, one)),
        Note.DIVORCE_PENDING: _whom(spouse, any(one.divorce_pending for one in mine)),
        Note.IN_LAW_ENDED: _whom(spouse, any(one.in_law_ended for one in mine)),
        Note.POSTHUMOUS_RECOGNITION: tuple(one.person for one in excluded if one.why is Why.UNRECOGNISED),
        Note.NOBODY: () if heirs else (kinship.estate.id,),
        Note.DIED_SINCE: tuple(one.person for one in heirs if death_of(kinship.people[one.person])),
    }
    for note, persons in about.items():
        if persons:
            yield Remark(note=note, text=NOTES[note], persons=persons)


def _whom(spouse: list[Heir], is_so: bool) -> tuple[str, ...]:  # noqa: FBT001 - a condition, not a mode
    return tuple(one.person for one in spouse) if is_so else ()


def _is_presumed(kinship: Kinship, one: Excluded) -> bool:
    """Say whether their deaths are of one day whose order nobody knows."""
    death = death_of(kinship.people[one.person])
    return one.why is Why.DIED_TOGETHER and death is not None and None in {death.time, kinship.at.time}
