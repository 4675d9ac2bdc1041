# SPDX-License-Identifier: Apache-2.0
"""What is said to a case, what happened in it, and what must be done about it.

Messages are what somebody says (`Confirm`), events are what happened (`FilingCompleted`), orders
are what must be done (`Submit`). None of them has personal data but in the members that are marked
so; those are sealed wherever they rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from engine.core.case import Filing, FilingRules, Participant, Waits
from engine.core.lifecycle import CaseState, FilingState, Way

# --- what replies carry ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """Which order a reply answers: its kind, and the attempt and revision it was made for."""

    kind: Literal["submit", "amend", "withdraw", "answer"]
    attempt: int
    revision: int


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document that came with a reply and lies in the vault. `title` is personal in its context."""

    document_id: str
    kind: str
    title: Mapping[str, str]
    media_type: str
    size_bytes: int
    sha256: str
    blob: str
    key_wrapped: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a correction changes for one filing: the names of fields, and its dates."""

    fields: tuple[str, ...]
    due_on: date | None
    not_before: date | None
    closes_on: date | None = None


# --- messages -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """Something said about one case."""

    case_id: UUID


@dataclass(frozen=True, slots=True)
class Open(Message):
    """Begin a case with this plan."""

    event: str
    owner: UUID
    catalogue: str
    filings: tuple[Filing, ...]
    rules: tuple[FilingRules, ...]
    participants: tuple[Participant, ...]
    draft_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sign(Message):
    """A participant signs, and the gate keeps the evidence.

    `acknowledged` are pointers to facts that the certificate has otherwise, which the signer was
    asked about and stands by.
    """

    participant: UUID
    person: UUID
    evidence: UUID
    acknowledged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirm(Sign):
    """The one who opened the case agrees to the plan, by the signature."""


@dataclass(frozen=True, slots=True)
class Join(Message):
    """Somebody who was invited takes the seat of a participant."""

    participant: UUID
    person: UUID
    seat: int


@dataclass(frozen=True, slots=True)
class Unseat(Message):
    """The owner takes an invitation back, and with it the seat of whoever came on it."""

    participant: UUID


@dataclass(frozen=True, slots=True)
class Decide(Message):
    """A participant decides what filings wait for, by a signature that is kept as evidence."""

    participant: UUID
    person: UUID
    choice: str
    evidence: UUID


@dataclass(frozen=True, slots=True)
class Answer(Message):
    """The citizen answers a question. `answer` is personal."""

    filing: UUID
    question: str
    answer: Any


@dataclass(frozen=True, slots=True)
class MarkDone(Message):
    """The citizen says that a visit, a letter or an own errand is done, or lets a refusal rest."""

    filing: UUID


@dataclass(frozen=True, slots=True)
class Correct(Message):
    """The facts changed: these filings have to say something else, some of it signed anew."""

    changes: Mapping[UUID, Change]
    evidence: UUID | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class ChangeDate(Correct):
    """The day of the event changed, and with it what is due when."""

    moving_date: date


@dataclass(frozen=True, slots=True)
class Cancel(Message):
    """The event does not take place: undo what can be undone."""


@dataclass(frozen=True, slots=True)
class Park(Message):
    """An operator puts a filing aside."""

    filing: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Resume(Message):
    """An operator lets a parked filing go on."""

    filing: UUID


@dataclass(frozen=True, slots=True)
class Retry(Message):
    """Send the last order of a filing once more, the same order with the same id."""

    filing: UUID


@dataclass(frozen=True, slots=True)
class HandOver(Message):
    """Somebody else takes the orders of a filing from now on, and knows nothing of it yet."""

    filing: UUID


@dataclass(frozen=True, slots=True)
class Tick(Message):
    """The instant has come that the case asked to be woken at."""


@dataclass(frozen=True, slots=True)
class Unreachable(Message):
    """The organisation could not be reached."""

    filing: UUID


@dataclass(frozen=True, slots=True)
class Reply(Message):
    """Something an organisation says about one filing."""

    filing: UUID
    order_id: str
    answered: Answered


@dataclass(frozen=True, slots=True)
class Received(Reply):
    """It arrived."""

    receipt: str | None = None
    promised_by: date | None = None


@dataclass(frozen=True, slots=True)
class Accepted(Reply):
    """It was taken."""

    receipt: str = ""
    documents: tuple[StoredDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class Completed(Reply):
    """It is done."""

    receipt: str = ""
    effective_on: date | None = None
    documents: tuple[StoredDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused(Reply):
    """It was not taken. `reason` is personal in its context."""

    code: str = ""
    reason: Mapping[str, str] = field(default_factory=dict)
    pointer: str | None = None
    correctable: bool = False


@dataclass(frozen=True, slots=True)
class Asked(Reply):
    """A question to the citizen. `text` and `schema` are personal in their context."""

    question: str = ""
    text: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Amended(Reply):
    """The correction is made."""

    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawn(Reply):
    """It is undone."""

    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Irrevocable(Reply):
    """It can no longer be undone."""

    receipt: str = ""


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened:
    """The case exists, with all its filings; as a draft it lasts until then, 30 days if it is not said."""

    case_id: UUID
    event: str
    owner: UUID
    catalogue: str
    filings: tuple[Filing, ...]
    rules: tuple[FilingRules, ...]
    participants: tuple[Participant, ...]
    draft_until: datetime | None = None
    type: Literal["case-opened"] = "case-opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMoved:
    """The case went on to another state. `trigger` is the row of the table."""

    trigger: str
    state: CaseState
    type: Literal["case-moved"] = "case-moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSigned:
    """A participant signed; the evidence is kept by the gate."""

    participant: UUID
    person: UUID
    evidence: UUID
    acknowledged: tuple[str, ...] = ()
    type: Literal["case-signed"] = "case-signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantJoined:
    """Somebody took the seat of a participant."""

    participant: UUID
    person: UUID
    type: Literal["participant-joined"] = "participant-joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantUnseated:
    """The seat is free again, for the next invitation."""

    participant: UUID
    seat: int
    type: Literal["participant-unseated"] = "participant-unseated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantDecided:
    """A participant decided what filings wait for; the evidence is kept by the gate."""

    participant: UUID
    person: UUID
    choice: str
    evidence: UUID
    type: Literal["participant-decided"] = "participant-decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsCorrected:
    """The citizen corrected the facts; `moving_date` is set when the day of the event changed.

    `changed` names the fields that say something else now, by filing; `evidence` is of the signature
    over what had been signed before.
    """

    filings: tuple[UUID, ...]
    moving_date: date | None = None
    changed: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)
    evidence: UUID | None = None
    type: Literal["facts-corrected"] = "facts-corrected"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingRescheduled:
    """The dates of a filing changed."""

    filing: UUID
    due_on: date | None
    not_before: date | None
    closes_on: date | None = None
    type: Literal["filing-rescheduled"] = "filing-rescheduled"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingMoved:
    """A filing went on to another state, for a reason that needs no more words than its trigger."""

    filing: UUID
    trigger: str
    state: FilingState
    waits: Waits | None = None
    way: Way | None = None
    type: Literal["filing-moved"] = "filing-moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingSubmitted:
    """A filing was handed over to its organisation, as this attempt."""

    filing: UUID
    state: FilingState
    waits: Waits
    attempt: int
    sequence: int
    type: Literal["filing-submitted"] = "filing-submitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingRevised:
    """The organisation is told that these fields changed."""

    filing: UUID
    state: FilingState
    waits: Waits
    revision: int
    sequence: int
    fields: tuple[str, ...]
    is_done: bool
    type: Literal["filing-revised"] = "filing-revised"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingWithdrawing:
    """The organisation is asked to undo the filing."""

    filing: UUID
    state: FilingState
    waits: Waits
    revision: int
    sequence: int
    reason: Literal["cancelled", "changed"]
    is_done: bool
    type: Literal["filing-withdrawing"] = "filing-withdrawing"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered:
    """The citizen's answer goes to the organisation. `answer` is personal."""

    filing: UUID
    state: FilingState
    waits: Waits
    revision: int
    sequence: int
    question: str
    answer: Any
    type: Literal["question-answered"] = "question-answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingReceived:
    """The organisation has it."""

    filing: UUID
    order_id: str
    state: FilingState
    waits: Waits | None
    receipt: str | None
    promised_by: date | None
    type: Literal["filing-received"] = "filing-received"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingAccepted:
    """The organisation took it."""

    filing: UUID
    order_id: str
    state: FilingState
    waits: Waits | None
    receipt: str
    documents: tuple[StoredDocument, ...]
    type: Literal["filing-accepted"] = "filing-accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingCompleted:
    """The organisation is done with it; `state` differs when a correction or an undoing is under way."""

    filing: UUID
    order_id: str
    state: FilingState
    waits: Waits | None
    receipt: str
    effective_on: date | None
    documents: tuple[StoredDocument, ...]
    type: Literal["filing-completed"] = "filing-completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingRefused:
    """The organisation did not take it. `reason` is personal in its context."""

    filing: UUID
    order_id: str
    state: FilingState
    waits: Waits | None
    code: str
    reason: Mapping[str, str]
    pointer: str | None
    correctable: bool
    type: Literal["filing-refused"] = "filing-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """The organisation asks the citizen. `text` and `schema` are personal in their context."""

    filing: UUID
    order_id: str
    state: FilingState
    waits: Waits
    question: str
    text: Mapping[str, str]
    schema: Mapping[str, Any]
    until: date
    type: Literal["question-asked"] = "question-asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingSettled:
    """A correction or an undoing came to its end: amended, withdrawn or irrevocable."""

    filing: UUID
    order_id: str
    trigger: str
    state: FilingState
    waits: Waits | None
    receipt: str
    type: Literal["filing-settled"] = "filing-settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsIssued:
    """Documents came with a reply that changes nothing any more: they are the citizen's all the same."""

    filing: UUID
    order_id: str
    documents: tuple[StoredDocument, ...]
    type: Literal["documents-issued"] = "documents-issued"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRepeated:
    """The last order of a filing goes out once more, the same order with the same id.

    `whole` says that it goes to somebody who was told nothing: then all of the attempt does.
    """

    filing: UUID
    waits: Waits | None
    whole: bool = False
    type: Literal["order-repeated"] = "order-repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingPostponed:
    """The organisation could not be reached; it is tried again at the instant waited for."""

    filing: UUID
    state: FilingState
    waits: Waits
    tries: int
    type: Literal["filing-postponed"] = "filing-postponed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingFlagged:
    """An operator or the citizen should look at a filing; None takes the flag away."""

    filing: UUID
    flag: str | None
    waits: Waits | None
    type: Literal["filing-flagged"] = "filing-flagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenReminded:
    """The citizen is reminded of the last day, so many days before; one that is missed tells nobody."""

    filing: UUID
    last_day: date
    days: int
    on: date
    is_missed: bool = False
    type: Literal["citizen-reminded"] = "citizen-reminded"


Event = (
    CaseOpened
    | CaseMoved
    | CaseSigned
    | ParticipantJoined
    | ParticipantUnseated
    | ParticipantDecided
    | FactsCorrected
    | FilingRescheduled
    | FilingMoved
    | FilingSubmitted
    | FilingRevised
    | FilingWithdrawing
    | QuestionAnswered
    | FilingReceived
    | FilingAccepted
    | FilingCompleted
    | FilingRefused
    | QuestionAsked
    | FilingSettled
    | DocumentsIssued
    | OrderRepeated
    | FilingPostponed
    | FilingFlagged
    | CitizenReminded
)
_events: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def event_json(event: Event) -> bytes:
    """Return the event as it stands in the journal."""
    return _events.dump_json(event)


def event_from_json(text: bytes) -> Event:
    """Return the event that stands in the journal."""
    return _events.validate_json(text)


# --- orders ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submit:
    """Hand the filing over to its organisation."""

    filing: UUID
    attempt: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Revise:
    """Tell the organisation the new values of these fields."""

    filing: UUID
    attempt: int
    revision: int
    sequence: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Ask the organisation to undo the filing."""

    filing: UUID
    attempt: int
    revision: int
    sequence: int
    reason: Literal["cancelled", "changed"]


@dataclass(frozen=True, slots=True)
class GiveAnswer:
    """Hand the citizen's answer over. `answer` is personal."""

    filing: UUID
    attempt: int
    revision: int
    sequence: int
    question: str
    answer: Any


@dataclass(frozen=True, slots=True)
class Deliver:
    """Put a document into the citizen's box."""

    filing: UUID
    order_id: str
    document: StoredDocument


@dataclass(frozen=True, slots=True)
class Repeat:
    """Send the last order of the filing once more; `whole`: to somebody who has none of the attempt."""

    filing: UUID
    at: datetime
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Notify:
    """Put a notice into the citizen's box: words without a document."""

    filing: UUID
    last_day: date
    days: int


Order = Submit | Revise | Withdraw | GiveAnswer | Deliver | Notify | Repeat
