# SPDX-License-Identifier: Apache-2.0
"""What is answered about an estate (相続の内容): exact, frozen, ready to be shown or sent."""

from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel

from engine.core.text import Text
from workflows.heirs_words import Note, Rank, Why

Share = Annotated[Fraction, PlainSerializer(str, return_type=str)]  # "1/4" on the wire, never a decimal


class _Answer(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Ground(_Answer):
    """One ground on which somebody inherits. `represents`: in whose place, the child or sibling first."""

    rank: Rank
    share: Share
    represents: tuple[str, ...]
    reason: Text
    basis: str


class Heir(_Answer):
    """One statutory heir (法定相続人). Two grounds are two parts: an adopted grandchild whose parent died."""

    person: str
    share: Share
    grounds: tuple[Ground, ...]

    @property
    def rank(self) -> Rank:
        """The rank of the first ground; every ground of blood heirs has the same."""
        return self.grounds[0].rank

    @property
    def represents(self) -> tuple[str, ...]:
        """In whose place by the first ground, empty where the person inherits by themselves."""
        return self.grounds[0].represents

    @property
    def reason(self) -> Text:
        """Why, by every ground."""
        texts = [ground.reason for ground in self.grounds]
        return Text(ja="".join(one.ja for one in texts), en=" ".join(one.en for one in texts))


class Excluded(_Answer):
    """Somebody told who does not inherit, and why."""

    person: str
    why: Why
    reason: Text
    basis: str


class TaxCount(_Answer):
    """How many heirs the inheritance tax counts. `basic_deduction_yen` is None for deaths before 2015."""

    count: int
    adopted: int
    adopted_counted: int
    basic_deduction_yen: int | None
    reason: Text
    basis: str


class Remark(_Answer):
    """What people have to know beside the shares; `persons` are those it is about."""

    note: Note
    text: Text
    persons: tuple[str, ...] = ()


class Inheritance(_Answer):
    """Who inherits one estate by law, who does not, and how many the tax counts."""

    estate: str
    heirs: tuple[Heir, ...]
    excluded: tuple[Excluded, ...]
    tax: TaxCount
    remarks: tuple[Remark, ...]

    def share(self, person: str) -> Fraction:
        """Return the person's share, nothing for who does not inherit."""
        return next((one.share for one in self.heirs if one.person == person), Fraction(0))


class Holder(_Answer):
    """Who holds a part of the estate today. `through` are the heirs who died in between."""

    person: str
    share: Share
    through: tuple[str, ...]
