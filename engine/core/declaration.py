# SPDX-License-Identifier: Apache-2.0
"""The words in which a life event is declared: what the law and the contracts ask, as data.

`workflows/` writes it, with small pure functions of a household's facts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, JsonValue

from engine.core.deadline_rules import Rule
from engine.core.lifecycle import Way
from engine.core.text import Text

F = TypeVar("F", bound=BaseModel)

APPLICANT: Final = "applicant"  # the role of one who signs whatever is told of whom
# Ways on which an organisation has to be connected.
CONNECTED_WAYS: Final = frozenset({Way.ONLINE, Way.SIGNED})


class MisdeclaredEvent(Exception):
    """A life event contradicts itself; it is found when it is loaded, not when a citizen needs it."""


class Grade(Enum):
    """How sure the rule is: read in the law, taken from practice, or still to be checked."""

    SURE = "sure"
    LIKELY = "likely"
    CHECK = "check"


class Kind(Enum):
    """What an entry asks of anybody.

    A filing is to be made; what is automatic is done by another act; a no-op asks nothing, and says
    so; a branch is a decision or a judgment on which others hang; a search is for what nobody is sure
    exists.
    """

    FILING = "filing"
    AUTOMATIC = "automatic"
    NO_OP = "no-op"
    BRANCH = "branch"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Condition(Generic[F]):
    """When a procedure applies; `text` says it to the citizen."""

    text: Text
    test: Callable[[F], bool]


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom a procedure goes to, as the facts have it: an area's authority, or a company.

    `is_chosen` says that only the organisation with this number will do: nobody else's customer.
    """

    name: Text
    area: str | None = None
    number: str | None = None
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Receiver(Generic[F]):
    """A kind of receiver (`MUNI-OLD`, `PRIV-ELEC`), and who that is for these facts.

    `each` is for those that differ from subject to subject: every account has its own bank.
    """

    kind: str
    find: Callable[[F], Sought] | None = None
    each: Callable[[F, str], Sought] | None = None

    def sought(self, facts: F, subject: str) -> Sought:
        """Return whom the procedure goes to for this subject."""
        if self.each is not None:
            return self.each(facts, subject)
        if self.find is None:
            raise MisdeclaredEvent(f"the receiver {self.kind} cannot be found")
        return self.find(facts)


@dataclass(frozen=True, slots=True)
class FactField(Generic[F]):
    """One field that may be told to an organisation, and where it comes from.

    `told_as` is its name on the wire where that differs: a customer number is each company's own.
    `only_for` are the kinds of receivers that may get it, everybody where it names none.
    """

    name: str
    label: Text
    read: Callable[[F, str], JsonValue]
    told_as: str | None = None
    only_for: frozenset[str] | None = None

    @property
    def wire_name(self) -> str:
        """The name under which an organisation is told it."""
        return self.told_as or self.name


@dataclass(frozen=True, slots=True)
class Instead(Generic[F]):
    """Another deadline in the usual one's place, where it is so: a death abroad, time that a court gave."""

    text: Text
    test: Callable[[F, str], bool]
    deadline: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure(Generic[F]):
    """One entry of a life event (手続): all that the law or a contract says about it.

    `needs` names exactly the fields that its receiver is told. `ways` are tried in order: the
    first that is possible wins. `after` are the procedures that must be completed first: those of
    the same subject, if they have it. `rides_on` is the one whose filing carries this one with it;
    of several, the first that applies. `opens` names the fact before which it cannot be done.
    `after_here` are further ones that only these facts make: an order that people choose, case by case.
    `said_kind` is needed for what is neither a filing nor automatic. `until` is the last day on which
    the rule is in force, where it has one. `gate` names what has to be decided before it is filed.
    `instead` are other deadlines that some facts have, the first that holds. `at_once` says for which
    subjects nothing has to come first: who died had asked that this company be told.
    `same_as` are procedures of other life events that do the same for the same person, so that one is enough.
    `my_number` says who supplies the number where the receiver needs it: never Todoke. `subjects` are
    the persons or things it is about, one filing for each; nothing personal, a JSON pointer into the
    facts.
    """

    slug: str
    title: Text
    receiver: Receiver[F]
    ways: tuple[Way, ...]
    needs: tuple[str, ...]
    applies: Condition[F]
    deadline: Rule
    basis: str
    in_force: date
    grade: Grade
    until: date | None = None
    after: tuple[str, ...] = ()
    rides_on: str | tuple[str, ...] | None = None
    opens: str | None = None
    gate: str | None = None
    said_kind: Kind | None = None
    amendable: bool = True
    withdrawable: bool = True
    who: Text | None = None
    bring: tuple[Text, ...] = ()
    steps: tuple[Text, ...] = ()
    if_late: Text | None = None
    documents: tuple[str, ...] = ()
    my_number: Text | None = None
    same_as: tuple[str, ...] = ()
    subjects: Callable[[F], tuple[str, ...]] = field(default=lambda _: ("",))
    after_here: Callable[[F], tuple[str, ...]] = field(default=lambda _: ())
    instead: tuple[Instead[F], ...] = ()
    at_once: Callable[[F, str], bool] = field(default=lambda _facts, _subject: False)

    def ordered(self, facts: F) -> "Procedure[F]":
        """Return the procedure with all its predecessors for these facts."""
        here = self.after_here(facts)
        return replace(self, after=(*self.after, *here)) if here else self

    def deadline_for(self, facts: F, subject: str) -> Rule:
        """Return the deadline that these facts have."""
        return next((one.deadline for one in self.instead if one.test(facts, subject)), self.deadline)

    def is_in_force(self, day: date) -> bool:
        """Say whether the rule is the law for an event of this day."""
        return self.in_force <= day and (self.until is None or day <= self.until)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The procedures that can carry this one."""
        return (self.rides_on,) if isinstance(self.rides_on, str) else self.rides_on or ()

    @property
    def kind(self) -> Kind:
        """What the entry asks of anybody."""
        if self.said_kind is not None:
            return self.said_kind
        return Kind.AUTOMATIC if self.ways[0] is Way.AUTOMATIC else Kind.FILING


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard(Generic[F]):
    """What keeps filings from being sent where it holds, though they could be; people are told why.

    `over` are the procedures that it is over, all where it names none. What is automatic goes on by
    itself only with the kinds of receivers in `spares`. `told_at` are procedures at which people are told
    of it even where nothing would be sent: it concerns what they do on paper too.
    """

    name: str
    text: Text
    holds: Callable[[F], bool]
    over: frozenset[str] | None = None
    spares: frozenset[str] = frozenset()
    told_at: frozenset[str] = frozenset()

    def is_told(self, way: Way, one: Procedure[F]) -> bool:
        """Say whether people read of it at this procedure."""
        return one.slug in self.told_at or not self.lets(way, one)

    def lets(self, way: Way, one: Procedure[F]) -> bool:
        """Say whether the procedure may still be filed in this way."""
        if one.kind is Kind.NO_OP or (self.over is not None and one.slug not in self.over):
            return True
        if way is Way.AUTOMATIC:
            return one.receiver.kind in self.spares
        return way not in CONNECTED_WAYS


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that a person can give where something has to be decided.

    With one that does not take part, what waits for the decision is not this person's to do.
    """

    slug: str
    title: Text
    takes_part: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Generic[F]):
    """What some filings wait for: that each of these persons has decided, or that a day has passed.

    `deciders` are JSON pointers into the facts. `closes` names the day (of the event's `dates`) that
    decides for those who have said nothing: once it has passed the filings go on, and `text` warns of
    it. Where that day is not known, nobody is decided for.
    """

    name: str
    text: Text
    deciders: Callable[[F], tuple[str, ...]]
    choices: tuple[Choice, ...]
    closes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """A person whose signature the case needs before anything is sent (当事者): `at` points into the facts.

    The one who opened the case signs as one of them; the others sign by themselves, each with their
    own card. `role` is a word of the life event: `applicant`, `member`, `spouse`, `witness`, `heir`.
    `fields` (by their names on the wire) and `subjects` are what tells of the person, everything where
    `fields` is None: nobody but an applicant signs where only others are told of. One who does not
    sign takes part by deciding. `address` is where the person is registered before the event, as one
    line, and `address_at` points there. `conflicts` says that whoever acts for the person stands on both
    sides: a special representative decides (特別代理人, Civil Code art. 826, 860).
    """

    at: str
    role: str
    title: Text
    family: str
    given: str
    birth_date: date
    fields: frozenset[str] | None = None
    subjects: frozenset[str] = frozenset()
    signs: bool = True
    address: str | None = None
    address_at: str | None = None
    conflicts: bool = False
