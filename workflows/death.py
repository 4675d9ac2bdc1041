# SPDX-License-Identifier: Apache-2.0
"""Death (死亡): what the law and the contracts ask of those who are left.

Three groups of steps. To notify is free and begins at once. What the survivors claim in their own right
is free too. What disposes of the estate waits at the gate `acceptance` until each heir has decided.
"""

import unicodedata
from datetime import date
from typing import Final

from engine.core.declaration import APPLICANT, Choice, Gate, Guard, Signatory
from engine.core.life_event import LifeEvent
from workflows.common import both
from workflows.death_claims import CLAIMS
from workflows.death_companies import COMPANIES
from workflows.death_doubts import doubts
from workflows.death_estate import ESTATE
from workflows.death_facts import DeathFacts
from workflows.death_fields import FIELDS
from workflows.death_notices import NOTICES
from workflows.death_people import Related
from workflows.death_terms import DATE_NAMES, DELIBERATION_ENDS, GATE, NOTICE, dates, dates_of, heirs

__all__ = ["DEATH", "PROCEDURES", "DeathFacts"]

PROCEDURES: Final = (*NOTICES, *CLAIMS, *ESTATE, *COMPANIES)

# What is done by the heirs as such: their own law has to say who they are.
INHERITANCE: Final = frozenset(one.slug for one in ESTATE) | frozenset(
    one.slug for one in PROCEDURES if one.gate is not None
)
GATED: Final = frozenset(one.slug for one in PROCEDURES if one.gate is not None)
# What an heir does whom somebody has to represent, and where the two may stand on both sides (民法826条).
_ACTS_OF_HEIRS: Final = GATED | {"death.renunciation", "death.limited-acceptance"}

GUARDS: Final[tuple[Guard[DeathFacts], ...]] = (
    Guard(
        name="protected-person",
        text=both(
            "支援措置を受けている人がいるため、どこにも送りません。窓口で相談しながら、ご自身で一つずつ確かめてください",
            "Somebody is under protection, so nothing is sent to anybody. Ask the desk, and decide on each"
            " of these yourself",
        ),
        holds=lambda facts: facts.protected,
        # what the desk and the insurers of the same municipality do with the notice goes on by itself
        spares=frozenset({"MUNI", "MUNI-K", "WIDE", "J-LIS", "JPS", "NTA"}),
    ),
    Guard(
        name="pension-not-linked",
        text=both(
            "年金の記録に個人番号が結びついていないため、自動では止まりません。届け出てください",
            "The pension's office does not learn of the death by itself: notify it",
        ),
        holds=lambda facts: bool(facts.pension.receives) and not facts.pension.linked,
        over=frozenset({"death.pension-stop"}),
    ),
    Guard(
        name="foreign-decedent",
        text=both(
            "相続は亡くなった人の本国法によります（通則法36条）。相続人を自動では決められません。専門家に確かめてください",
            "The law of the nationality governs the estate: nobody's share is computed here. Ask a lawyer",
        ),
        holds=lambda facts: facts.is_foreign,
        over=INHERITANCE,
        told_at=INHERITANCE,
    ),
    Guard(
        name="no-heirs",
        text=both(
            "相続人が見当たりません。遺産は家庭裁判所が選ぶ相続財産清算人が扱います（民法951条〜959条）",
            "No heir is known: a liquidator whom the family court appoints handles the estate",
        ),
        holds=lambda facts: not facts.is_foreign and not facts.present_heirs,
        over=GATED,
        told_at=GATED,
    ),
    Guard(
        name="limited-acceptance",
        text=both(
            "限定承認では、遺産は清算の手続（民法927条〜937条）で処分します。一つずつ確かめてください",
            "With a limited acceptance the estate is liquidated first (art. 927 to 937): decide on each of"
            " these yourself",
        ),
        holds=lambda facts: facts.is_limited,
        over=GATED,
        told_at=GATED,
    ),
    Guard(
        name="conflict-of-interest",
        text=both(
            "未成年者又は被後見人の相続人と、その代理人の利益が反します。家庭裁判所が選ぶ特別代理人が行います（民法826条、860条）",
            "An heir who is a minor or a ward and who represents them stand on both sides: the family court"
            " names a special representative",
        ),
        holds=lambda facts: any(facts.conflicts(heir) for heir in facts.present_heirs),
        over=_ACTS_OF_HEIRS,
        told_at=_ACTS_OF_HEIRS,
    ),
    Guard(
        name="nobody-represents",
        text=both(
            "未成年者又は被後見人の相続人に法定代理人がいません。後見人が選ばれてから行います（民法838条、917条）",
            "An heir who is a minor or a ward has nobody to act for them: a guardian comes first",
        ),
        holds=lambda facts: any(
            facts.needs_representative(facts.people[heir.person])
            and facts.people[heir.person].representative is None
            and facts.people[heir.person].special_representative is None
            for heir in facts.present_heirs
        ),
        over=_ACTS_OF_HEIRS,
        told_at=_ACTS_OF_HEIRS,
    ),
)


# The heirs who have to say what they decide: all but those whose word a court has taken.
_deciders = heirs(lambda _, heir: heir.declared_on is None)


GATES: Final[tuple[Gate[DeathFacts], ...]] = (
    Gate(
        name=GATE,
        text=both(
            "遺産を処分すると相続を承認したことになり、放棄できなくなります（民法921条1号）。相続人それぞれが"
            "承認・限定承認・放棄を決めるまで、払戻し・名義変更・解約返戻金などの手続は進めません。何も決めないまま"
            "3か月が過ぎると、承認したものとみなされます（同条2号）",
            "Whoever disposes of the estate has accepted it and can no longer renounce. Until each heir has"
            " decided, nothing is paid out, transferred or cashed. Who decides nothing within three months"
            " is taken to have accepted",
        ),
        deciders=_deciders,
        choices=(
            Choice("accept", both("承認する（単純承認）", "Accept")),
            Choice("limited", both("遺産の範囲で承認する（限定承認）", "Accept within limits")),
            Choice("renounce", both("放棄する（相続放棄）", "Renounce"), takes_part=False),
        ),
        closes=DELIBERATION_ENDS,
    ),
)


def _signatories(facts: DeathFacts) -> tuple[Signatory, ...]:
    """Return the people of the case: the notifier, who signs, and the heirs, who only decide.

    Before anything is sent the notifier signs alone. The notice of death is one person's duty (戸籍法87条)
    and has to be filed within days: it cannot wait for heirs who are far away, undecided, or not yet
    found. An heir signs what that heir decides, and that alone: each decides about the estate for
    themselves (民法915条), nobody's signature here binds another, and nobody signs what does not concern
    them. For a minor or a ward the representative's card does, or that of the special one whom the court
    named. The deceased never signs: the certificates end with the death.
    """
    deciding = {int(at.rpartition("/")[2]) for at in _deciders(facts)}
    others = (_deciding(facts, number) for number in sorted(deciding - {0}))
    return (_notifying(facts.informant), *others)


def _notifying(one: Related) -> Signatory:
    return Signatory(
        at="/people/0",
        role=APPLICANT,
        title=both("届出人", "Who notifies the death"),
        family=one.name.family,
        given=one.name.given,
        birth_date=one.birth_date,
        subjects=frozenset({"/people/0"}),
        address=one.address.as_line if one.address else None,
        address_at="/people/0/address" if one.address else None,
    )


def _deciding(facts: DeathFacts, number: int) -> Signatory:
    """Return the seat of an heir, with the name on the card that decides: theirs, or the representative's."""
    acting = facts.acting_for(facts.people[number])
    at = f"/people/{number}"
    conflicts = any(facts.conflicts(heir) for heir in facts.present_heirs if heir.person == number)
    return Signatory(
        at=at,
        role="heir",
        title=both("相続人", "Heir"),
        family=acting.name.family,
        given=acting.name.given,
        birth_date=acting.birth_date,
        fields=frozenset(),
        subjects=frozenset({at}),
        signs=False,
        conflicts=conflicts,
    )


def _about(facts: DeathFacts) -> str:
    """Return who died and when, spaces and widths evened out: two relatives tell it alike."""
    one = facts.deceased
    name = "".join(unicodedata.normalize("NFKC", one.name.family + one.name.given).split())
    return f"{name} {one.birth_date.isoformat()} {facts.died_on.isoformat()}"


def _redated(facts: DeathFacts, day: date) -> DeathFacts:
    return facts.model_copy(update={"died_on": day})


DEATH: Final = LifeEvent(
    slug="death",
    title=both("死亡", "Death"),
    facts=DeathFacts,
    fields=FIELDS,
    dates=dates,
    dates_of=dates_of,
    date_names=DATE_NAMES,
    redated=_redated,
    procedures=PROCEDURES,
    doubts=doubts,
    guards=GUARDS,
    gates=GATES,
    signatories=_signatories,
    about=_about,
    deceased=lambda facts: (
        facts.deceased.name.family,
        facts.deceased.name.given,
        facts.deceased.birth_date,
    ),
    notices=NOTICE,
)
