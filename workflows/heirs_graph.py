# SPDX-License-Identifier: Apache-2.0
"""A family as its members tell it (親族関係): persons, who is whose parent and how, who married whom.

Everything that follows from it is elsewhere; here are the words for it, and how it is read. Nobody
is told by name: an id is enough to say who is meant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Final, Self

from pydantic import Field, JsonValue, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from engine.core.errors import Code, EngineError, Problem, register
from workflows.common import BirthDate, Facts, YesNo

_MOST: Final = 200

register(
    {
        "invalid-family": Code(422, "親族関係の申告に誤りがあります", "The family as told has errors"),
        "unknown-person": Code(422, "そのような人は申告されていません", "Nobody with this id was told"),
        "person-twice": Code(422, "同じ人が2回あります", "The same person is there twice"),
        "family-circle": Code(
            422, "自分自身の祖先になっています", "Somebody would be an ancestor of themselves"
        ),
        "older-than-parent": Code(422, "親より先に生まれています", "Somebody is older than a parent"),
        "too-many-parents": Code(422, "実の親が3人以上います", "There are more than two natural parents"),
        "died-before-birth": Code(422, "生まれる前に亡くなっています", "The death is before the birth"),
        "two-spouses-at-once": Code(
            422, "同時に2人と婚姻しています", "Somebody is married to two persons at once"
        ),
        "married-after-death": Code(422, "亡くなった後に婚姻しています", "The marriage is after a death"),
        "estate-not-open": Code(
            422,
            "亡くなっていない人の相続は、放棄も失うこともできません",
            "Nobody can renounce or lose the estate of a living person",
        ),
        "no-reserved-share": Code(
            422,
            "遺留分のない人は廃除できません。遺言で定めてください（民法892条）",
            "Who has no reserved share cannot be disinherited: use a will (Civil Code, art. 892)",
        ),
        "death-needed": Code(422, "亡くなった日が必要です", "The day of the death is needed"),
        "adoption-date-needed": Code(
            422,
            "養子縁組の日と子の生まれた日が必要です（民法727条）",
            "The days of the adoption and of the birth are needed (Civil Code, art. 727)",
        ),
        "family-too-tangled": Code(
            422,
            "親族関係が複雑なため、専門家の判断が必要です",
            "The family is too tangled: a person has to decide",
        ),
        "ends-before-it-begins": Code(422, "終わりの日が始まりの日より前です", "It ends before it begins"),
    }
)

PersonId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
RecordedDay = BirthDate  # as far back as the registers have days of the present calendar
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class LinkKind(Enum):
    """How somebody is a parent, or only seems to be one."""

    BIRTH = "birth"  # 実親: the mother; the father by marriage
    RECOGNISED = "recognised"  # 認知した父
    UNRECOGNISED = "unrecognised"  # 認知していない父: no parent in law
    ADOPTION = "adoption"  # 普通養子縁組: the natural line goes on
    SPECIAL_ADOPTION = "special-adoption"  # 特別養子縁組: the natural line ends
    STEP = "step"  # 連れ子, not adopted: no parent in law


ADOPTIONS: Final = frozenset({LinkKind.ADOPTION, LinkKind.SPECIAL_ADOPTION})
NATURAL: Final = frozenset({LinkKind.BIRTH, LinkKind.RECOGNISED})


class Cause(Enum):
    """Why somebody has lost the right to an estate."""

    UNWORTHY = "unworthy"  # 相続欠格, Civil Code (民法) art. 891
    DISINHERITED = "disinherited"  # 推定相続人の廃除, art. 892 and 893


class ParentLink(Facts):
    """One parent of a person. An adoption has its days: `since`, `until` where it was dissolved (離縁)."""

    parent: PersonId
    kind: LinkKind = LinkKind.BIRTH
    since: RecordedDay | None = None
    until: RecordedDay | None = None


class LostRight(Facts):
    """Somebody lost the right to the estate of the person named."""

    estate: PersonId
    cause: Cause


class Relative(Facts):
    """One person of the family.

    `died_time` (HH:MM) tells deaths of one day apart; without it they are taken as of one moment
    (民法32条の2). `died_earlier`: dead before all the others, on a day that nobody knows. `renounced` are
    the persons whose estates this person renounced (相続放棄). `unborn` is a child that is expected.
    """

    id: PersonId
    birth_date: RecordedDay | None = None
    died_on: RecordedDay | None = None
    died_time: ClockTime | None = None
    died_earlier: YesNo = False
    parents: Annotated[tuple[ParentLink, ...], Field(max_length=8)] = ()
    renounced: Annotated[tuple[PersonId, ...], Field(max_length=_MOST)] = ()
    disqualified: Annotated[tuple[LostRight, ...], Field(max_length=_MOST)] = ()
    unborn: YesNo = False
    foreign_national: YesNo = False

    @model_validator(mode="after")
    def _one_life(self) -> Self:
        has_died = self.died_on is not None or self.died_earlier
        if self.unborn and (has_died or self.birth_date is not None):
            raise PydanticCustomError("contradicts-facts", "an unborn child has no days")
        if self.died_earlier and self.died_on is not None:
            raise PydanticCustomError("contradicts-facts", "the day of the death is known or it is not")
        if self.died_time is not None and self.died_on is None:
            raise PydanticCustomError("contradicts-facts", "a time of death needs its day")
        return self


class Marriage(Facts):
    """A marriage. Not `registered`: they live as a couple (内縁、事実婚).

    `divorce_pending` and `in_law_ended` (姻族関係終了届、復氏届) change nothing about an estate; who tells
    them is told so.
    """

    between: tuple[PersonId, PersonId]
    registered: YesNo = True
    since: RecordedDay | None = None
    divorced: YesNo = False
    divorced_on: RecordedDay | None = None
    divorce_pending: YesNo = False
    in_law_ended: YesNo = False

    @property
    def has_ended(self) -> bool:
        """Say whether they divorced."""
        return self.divorced or self.divorced_on is not None

    def other(self, person: str) -> str | None:
        """Return whom the person is married to by this marriage, None if it is not theirs."""
        first, second = self.between
        return {first: second, second: first}.get(person)


class Family(Facts):
    """A family around one who has died (被相続人). `has_will`: there is a will (遺言)."""

    decedent: PersonId
    people: Annotated[tuple[Relative, ...], Field(max_length=_MOST)]
    marriages: Annotated[tuple[Marriage, ...], Field(max_length=_MOST)] = ()
    has_will: YesNo = False

    def person(self, name: str) -> Relative:
        """Return a person; raises KeyError."""
        for one in self.people:
            if one.id == name:
                return one
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Moment:
    """When somebody died: a day, and the time where it is known."""

    day: date
    time: str | None = None

    def is_with(self, other: "Moment") -> bool:
        """Say whether both are taken as one moment: a day without times that tell (民法32条の2)."""
        told_apart = self.time is not None and other.time is not None and self.time != other.time
        return self.day == other.day and not told_apart

    def is_before(self, other: "Moment") -> bool:
        """Say whether it is surely earlier."""
        if self.day != other.day:
            return self.day < other.day
        return self.time is not None and other.time is not None and self.time < other.time


def death_of(person: Relative) -> Moment | None:
    """Return when the person died, None for the living."""
    if person.died_earlier:
        return Moment(date.min)
    return Moment(person.died_on, person.died_time) if person.died_on else None


def read_family(told: Mapping[str, JsonValue]) -> Family:
    """Return the family that was told as JSON, each part well-formed; whether it can be is not yet asked.

    Raises:
        EngineError: `invalid-family`, with a pointer and a code for each thing that is wrong.
    """
    try:
        return Family.model_validate(told)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False, include_context=False)
        problems = tuple(Problem(_pointer(one["loc"]), one["type"].replace("_", "-")) for one in wrong)
        raise EngineError("invalid-family", problems=problems) from None


def _pointer(place: tuple[int | str, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)
