# SPDX-License-Identifier: Apache-2.0
"""What a letter (通知書) is, and where letters are kept.

A letter goes delivered → opened → downloaded and never back. In law it has arrived when it lies in
the box, not when it is opened, so each of the three has its own time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Literal, Protocol
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from engine.core.errors import Code, register
from engine.core.text import Text
from mailbox.vault import MAX_DOCUMENT_BYTES

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
Number = Annotated[str, Field(pattern=r"^[0-9]{13}$")]
MediaType = Annotated[str, Field(pattern=r"^[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+$", max_length=100)]

register(
    {
        "no-such-letter": Code(404, "通知書が見つかりません", "There is no such letter"),
        "unavailable-mailbox": Code(
            503,
            "私書箱を利用できません。しばらくしてからやり直してください",
            "The mailbox is not available; try again shortly",
        ),
    }
)


class Heading(BaseModel):
    """What the list shows of a letter; sealed under its owner's key at rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filing: Name
    organisation: Number
    organisation_name: Text
    title: Text
    kind: Name
    media_type: MediaType


class Deliver(Heading):
    """The order to put one document into one person's box. Engine-internal, never shown outside."""

    order_id: Name
    document_id: Name
    owner: UUID
    case_id: UUID
    size_bytes: int = Field(ge=0, le=MAX_DOCUMENT_BYTES)
    sha256: Sha256
    blob: Sha256
    key_wrapped: str = Field(max_length=200, repr=False)
    received_at: AwareDatetime

    @property
    def heading(self) -> Heading:
        """What of it the list of letters will show."""
        return Heading(**{name: getattr(self, name) for name in Heading.model_fields})


class Notice(BaseModel):
    """What a person is to be told without a document: a reminder of a last day (お知らせ)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    owner: UUID
    case_id: UUID
    filing: UUID
    slug: Name
    kind: Literal["reminder"]
    due_on: date | None
    at: AwareDatetime
    read_at: AwareDatetime | None = None


class Letter(BaseModel):
    """One delivered item, as its owner sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    case_id: UUID
    heading: Heading
    size_bytes: int
    sha256: Sha256
    received_at: datetime
    opened_at: datetime | None
    downloaded_at: datetime | None


class LetterEvent(Enum):
    """What can happen to a letter."""

    DELIVERED = "delivered"
    OPENED = "opened"
    DOWNLOADED = "downloaded"


@dataclass(frozen=True, slots=True)
class PersonKey:
    """The key of one person's box, wrapped. Without the row, nobody reads the letters again."""

    id: UUID
    person: UUID
    key_wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter at rest: what is private is sealed or wrapped."""

    id: UUID
    owner: UUID
    person_key: UUID
    case_id: UUID
    order_id: str
    document_id: str
    blob: str
    size_bytes: int
    sha256: str
    key_wrapped: bytes = field(repr=False)
    heading_sealed: bytes = field(repr=False)
    received_at: datetime
    opened_at: datetime | None = None
    downloaded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The letter that a (order id, document id) became."""

    letter: UUID
    owner: UUID
    sha256: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """Permission for one organisation to upload one document."""

    id: str
    organisation: str
    size_bytes: int
    sha256: str
    opened_at: datetime
    expires_at: datetime
    blob: str | None = None
    key_wrapped: str | None = field(default=None, repr=False)
    redeemed_at: datetime | None = None


# (order id, document id): what makes two deliveries the same one.
Pair = tuple[str, str]


class LetterStore(Protocol):
    """Where letters, their keys and upload tickets lie.

    Every door raises `unavailable-mailbox` when it cannot work; nothing was changed then, or all was.
    """

    async def ensure_person_keys(self, candidates: Sequence[PersonKey]) -> dict[UUID, PersonKey]:
        """Return the key of each person: the one that was there, else the candidate, now kept."""
        ...

    async def person_key(self, person: UUID) -> PersonKey | None:
        """Return the person's key, None if no letter ever came or the box was erased."""
        ...

    async def delivered(self, pairs: Sequence[Pair]) -> dict[Pair, Kept]:
        """Return the letters that these (order id, document id) pairs have become."""
        ...

    async def keep(self, rows: Sequence[LetterRow]) -> dict[Pair, Kept]:
        """Keep each letter whose pair is new, durably; return what each pair now is."""
        ...

    async def page(
        self, owner: UUID, *, before: tuple[datetime, UUID] | None, limit: int, case_id: UUID | None
    ) -> list[LetterRow]:
        """Return the owner's letters, newest first, after the given place."""
        ...

    async def letter(self, owner: UUID, letter: UUID) -> LetterRow | None:
        """Return the letter if it is this owner's."""
        ...

    async def mark(self, owner: UUID, letter: UUID, event: LetterEvent, at: datetime) -> LetterRow | None:
        """Write down what the owner did, and the first time of it; return the letter as it is now."""
        ...

    async def events(self, letter: UUID) -> list[tuple[LetterEvent, datetime]]:
        """Return what happened to the letter, in order."""
        ...

    async def keep_notices(self, notices: Sequence[Notice]) -> None:
        """Keep each notice, once for each id."""
        ...

    async def notices(self, owner: UUID, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Notice]:
        """Return the owner's notices, newest first, after the given place."""
        ...

    async def read_notice(self, owner: UUID, notice: UUID, at: datetime) -> bool:
        """Note the first time that the owner read a notice; False if there is none such."""
        ...

    async def delete(self, owner: UUID, letter: UUID) -> bool:
        """Destroy one letter with its key if it is this owner's; say whether it was there."""
        ...

    async def erase(self, person: UUID) -> int:
        """Destroy the person's key and letters; return how many letters there were."""
        ...

    async def promise(self, blobs: Sequence[str]) -> None:
        """Remember that a delivery of these blobs is under way."""
        ...

    async def fulfil(self, blobs: Sequence[str]) -> None:
        """Forget that a delivery of these blobs was under way: their documents are in the box."""
        ...

    async def named(self, blobs: list[str]) -> set[str]:
        """Return those of the blobs that a letter, a ticket or a promised delivery names."""
        ...

    async def add_ticket(self, ticket: Ticket) -> None:
        """Keep a new ticket."""
        ...

    async def ticket(self, ticket: str) -> Ticket | None:
        """Return the ticket."""
        ...

    async def waiting_tickets(self, organisation: str, now: datetime) -> int:
        """Return how many of the organisation's tickets still wait for their upload."""
        ...

    async def fill_ticket(self, ticket: str, *, blob: str, key_wrapped: str) -> bool:
        """Note where the upload lies; False if another upload was first."""
        ...

    async def redeem_ticket(self, ticket: str, at: datetime) -> None:
        """Note the first time the ticket was redeemed."""
        ...

    async def forget_tickets(self, *, opened_before: datetime) -> int:
        """Drop tickets opened before the given instant; return how many."""
        ...
