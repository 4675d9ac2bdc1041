# SPDX-License-Identifier: Apache-2.0
"""Birth (出生): what the law asks of parents, and what they can claim.

The birth notice counts the day of birth as its first day, the child allowance does not. Allowance and
lump sum hang on the birth itself, not on its registration: whoever notifies it away from home (里帰り)
claims at home at the same time.

Who signs. The notice is one parent's duty within days, and the allowance one parent's claim (戸籍法52条,
児童手当法7条): the parent who notifies opens the case and signs, without waiting for the other one. The
other one signs as well where their own employer is told something of them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from engine.core.declaration import APPLICANT, Guard, Signatory
from engine.core.life_event import LifeEvent
from workflows.birth_claims import CLAIMS
from workflows.birth_doubts import doubts
from workflows.birth_facts import BirthFacts
from workflows.birth_fields import FIELDS
from workflows.birth_registers import REGISTERS
from workflows.birth_terms import days_of, holder_of
from workflows.common import both

__all__ = ["BIRTH", "PROCEDURES", "BirthFacts"]

PROCEDURES: Final = (*REGISTERS, *CLAIMS)

_ADULT: Final = 18
_OPENS: Final = both("届け出る親", "The parent who notifies")
_OTHER: Final = both("もう一人の親", "The other parent")
_NOTICE: Final = frozenset({"birth.birth-notice"})
_BASIC_PLANE: Final = 0xFFFF  # what is beyond, selectors of variants included, cannot be typed everywhere
_SELECTORS: Final = range(0xFE00, 0xFE10)


def _is_at_register(facts: BirthFacts) -> bool:
    """Say whether it is filed where the parents' register is kept: online nowhere else takes it."""
    register = facts.family_register
    return bool(facts.desk and register and facts.desk.municipality == register.municipality)


def _has_filing_parent_with_card(facts: BirthFacts) -> bool:
    parent = facts.filing_parent
    return parent is not None and parent.has_card


def _is_typable(facts: BirthFacts) -> bool:
    written = [facts.mother.name, facts.father.name if facts.father else None]
    written += [child.name for child in facts.children]
    text = "".join(name.family + name.given for name in written if name)
    return all(ord(one) <= _BASIC_PLANE and ord(one) not in _SELECTORS for one in text)


def _is_minor(facts: BirthFacts) -> bool:
    parent = facts.filing_parent
    return parent is not None and facts.age(parent) < _ADULT


GUARDS: Final[tuple[Guard[BirthFacts], ...]] = (
    Guard(
        name="protected-person",
        text=both(
            "支援措置を受けている人がいるため、どこにも送りません。窓口で相談しながら、ご自身で一つずつ確かめてください",
            "Somebody is under protection, so nothing is sent to anybody. Ask the desk, and decide on each"
            " of these yourself",
        ),
        holds=lambda facts: facts.protected,
        # what the register's own desks do with the notice goes on by itself
        spares=frozenset({"MUNI", "MUNI-K"}),
    ),
    Guard(
        name="bereaved",
        text=both(
            "亡くなった子がいるため、企業には何も送りません",
            "A child was lost, so nothing is sent to any company",
        ),
        holds=lambda facts: not all(child.lives for child in facts.children),
        over=frozenset({"birth.private-optin"}),
    ),
    Guard(
        name="minor-parent",
        text=both(
            "未成年の親に代わって、その親権者が手続をします（民法833条、867条）",
            "For a parent under age their own parents act (Civil Code, arts. 833 and 867)",
        ),
        holds=_is_minor,
        over=frozenset({"birth.passport", "birth.daycare", "birth.private-optin"}),
    ),
    Guard(
        name="born-abroad",
        text=both(
            "国外で生まれた子の出生届は、オンラインでは届け出られません",
            "A birth abroad cannot be notified online",
        ),
        holds=lambda facts: facts.born_abroad is not None,
        over=_NOTICE,
    ),
    Guard(
        name="foreign-parent",
        text=both(
            "父母の一方が外国籍のとき、出生届はオンラインでは届け出られません",
            "Where a parent is a foreign national the birth cannot be notified online",
        ),
        holds=lambda facts: not all(parent.is_japanese for parent in facts.parents.values()),
        over=_NOTICE,
    ),
    Guard(
        name="not-at-register",
        text=both(
            "オンラインの出生届は、父母の本籍地でしか受け付けられません",
            "Online the birth is notified where the parents' register is kept, and nowhere else",
        ),
        holds=lambda facts: not _is_at_register(facts),
        over=_NOTICE,
    ),
    Guard(
        name="no-card-of-a-parent",
        text=both(
            "オンラインの出生届は、マイナンバーカードを持つ父又は母だけが届け出られます",
            "Online only a parent with a My Number Card notifies the birth",
        ),
        holds=lambda facts: not _has_filing_parent_with_card(facts),
        over=_NOTICE,
    ),
    Guard(
        name="name-not-typable",
        text=both(
            "入力できない文字が氏名にあるため、窓口で届け出ます",
            "A name has a character that cannot be typed, so the birth is notified at the counter",
        ),
        holds=lambda facts: not _is_typable(facts),
        over=_NOTICE,
    ),
)


def _signatories(facts: BirthFacts) -> tuple[Signatory, ...]:
    """Return the parent who notifies, and the other; nobody by name where somebody else notifies."""
    filing = facts.filing_parent
    if filing is None:
        return ()
    places = sorted(facts.parents, key=lambda place: facts.parents[place] is not filing)
    return tuple(_parent(facts, place, opens=facts.parents[place] is filing) for place in places)


def _parent(facts: BirthFacts, place: str, *, opens: bool) -> Signatory:
    one = facts.parents[place]
    return Signatory(
        at=place,
        role=APPLICANT if opens else "member",
        title=both("届け出る親", "The parent who notifies")
        if opens
        else both("もう一人の親", "The other parent"),
        family=one.name.family,
        given=one.name.given,
        birth_date=one.birth_date,
        fields=None if opens else frozenset({"supporterName"} if one is facts.supporter else ()),
        subjects=frozenset({place}),
        address=one.address.as_line if one.address else None,
        address_at=f"{place}/address" if one.address else None,
    )


def _dates(facts: BirthFacts) -> Mapping[str, date]:
    return facts.dates


def _redated(facts: BirthFacts, day: date) -> BirthFacts:
    """Return the facts with the birth on another day: of several children, each as far from it as before."""
    later = day - facts.birth_date
    moved = tuple(one.model_copy(update={"born_on": one.born_on + later}) for one in facts.children)
    return facts.model_copy(update={"children": moved})


BIRTH: Final = LifeEvent(
    slug="birth",
    title=both("出生", "Birth"),
    facts=BirthFacts,
    fields=FIELDS,
    dates=_dates,
    dates_of=days_of,
    redated=_redated,
    procedures=PROCEDURES,
    doubts=doubts,
    guards=GUARDS,
    signatories=_signatories,
    holder=holder_of,
    date_names=frozenset({"birth_date", "due_date", "judged_on", "leave_date"}),
)
