# SPDX-License-Identifier: Apache-2.0
"""How many heirs the inheritance tax counts (法定相続人の数), and the basic deduction that follows.

Inheritance Tax Act (相続税法) art. 15: renunciation is passed over, adopted children count up to a bound.
"""

from datetime import date
from typing import Final

from engine.core.text import Text
from workflows.common import both
from workflows.heirs_claims import Claim, claims
from workflows.heirs_graph import ADOPTIONS, NATURAL, Family, LinkKind, Relative, death_of
from workflows.heirs_kinship import Kinship
from workflows.heirs_result import TaxCount
from workflows.heirs_words import Rank

_FLOOR_YEN: Final = 30_000_000
_EACH_YEN: Final = 6_000_000
_SINCE: Final = date(2015, 1, 1)  # deaths before had another deduction (平成25年法律5号)
_BESIDE_A_NATURAL_CHILD: Final = 1
_ALONE: Final = 2
_TEXT: Final = both(
    "相続を放棄した人も数えます。養子は、実子がいれば1人、いなければ2人まで数えます。特別養子、配偶者の実子で"
    "養子となった人、代襲相続人は実子とみなします。税の負担を不当に減らす養子は数えません（相続税法63条）。",
    "Those who renounced are counted. Of adopted children one is counted beside a natural child, two without."
    " Special adoptees, adopted children of the spouse and those who represent count as natural. An adoption"
    " that unduly lowers the tax is not counted (Inheritance Tax Act, art. 63).",
)


def tax_count(family: Family, estate: Relative) -> TaxCount:
    """Return the number of heirs for the tax on this estate, and its basic deduction."""
    at = death_of(estate)
    if at is None:
        raise ValueError("only the estate of a dead person is taxed")
    kinship = Kinship(family, estate, at, renouncing=False)
    found = claims(kinship)
    heirs = dict.fromkeys(one.person for one in found)
    adopted = {one for one in heirs if _is_bounded(kinship, one, found)}
    has_natural = any(one.rank is Rank.CHILD and one.person not in adopted for one in found)
    counted = min(len(adopted), _BESIDE_A_NATURAL_CHILD if has_natural else _ALONE)
    count = len(heirs) - len(adopted) + counted
    return TaxCount(
        count=count,
        adopted=len(adopted),
        adopted_counted=counted,
        basic_deduction_yen=_FLOOR_YEN + _EACH_YEN * count if at.day >= _SINCE else None,
        reason=_words(count, len(adopted), counted),
        basis="相続税法15条、63条",
    )


def _is_bounded(kinship: Kinship, person: str, found: tuple[Claim, ...]) -> bool:
    """Say whether the person is an adopted child whom the law does not take for a natural one (15条3項)."""
    mine = [one for one in found if one.person == person]
    if any(one.rank is not Rank.CHILD or one.represents for one in mine):
        return False
    kinds = {link.kind for link in kinship.between(person, kinship.estate.id)}
    if kinds & NATURAL or LinkKind.SPECIAL_ADOPTION in kinds:
        return False
    return bool(kinds & ADOPTIONS) and not _is_of_the_spouse(kinship, person)


def _is_of_the_spouse(kinship: Kinship, person: str) -> bool:
    """Say whether it is the spouse's own child, also a spouse's who died: no divorced one's."""
    spouses = {other for other, one in kinship.marriages() if kinship.is_marriage_on(one)}
    links = kinship.people[person].parents
    return any(
        link.parent in spouses and link.kind in (NATURAL | {LinkKind.SPECIAL_ADOPTION}) for link in links
    )


def _words(count: int, adopted: int, counted: int) -> Text:
    numbers = both(f"法定相続人の数は{count}人です。", f"The number of heirs is {count}.")
    if counted < adopted:
        left = adopted - counted
        numbers = both(
            f"{numbers.ja}養子{adopted}人のうち{left}人は数えません。",
            f"{numbers.en} Of {adopted} adopted children {left} {'is' if left == 1 else 'are'} not counted.",
        )
    return both(f"{numbers.ja}{_TEXT.ja}", f"{numbers.en} {_TEXT.en}")
