# SPDX-License-Identifier: Apache-2.0
"""A whole post office on memory twins, for the tests of the mailbox."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from engine.core.text import Text
from engine.ports import Delivery, Parcel
from mailbox.delivery import Post
from mailbox.intake import DocumentIntake, StagedDocument
from mailbox.letters import LetterStore
from mailbox.sealing import Keyring
from mailbox.service import Mailbox
from mailbox.store import MemoryLetterStore
from mailbox.uploads import Uploads
from mailbox.vault import MemoryVault, Sweeper

OWNER = UUID(int=0xA)
STRANGER = UUID(int=0xB)
CASE = UUID(int=0xC)
CITY = "1000020131016"
START = datetime(2026, 11, 9, 0, 0, tzinfo=UTC)


class StillClock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def pass_by(self, time: timedelta) -> None:
        self.at += time


class CountedIds:
    def __init__(self) -> None:
        self._last = 1 << 64

    def new(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)


class OneQueue:
    """The least that keeps the promises of the bus, with everything in sight of the test."""

    def __init__(self) -> None:
        self.waiting: list[Delivery] = []
        self.taken: list[Delivery] = []
        self.parked: list[tuple[Delivery, str]] = []
        self._number = 0

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            self.put((parcel.body,))

    def put(self, events: tuple[bytes, ...]) -> None:
        self._number += 1
        self.waiting.append(Delivery(str(self._number), events, None, redelivered=False, token=None))

    async def take(self, queue: str, *, limit: int, wait_seconds: float) -> list[Delivery]:
        taken, self.waiting = self.waiting, []
        self.taken += taken
        return taken

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        self.taken = [delivery for delivery in self.taken if delivery not in deliveries]

    async def park(self, delivery: Delivery, reason: str) -> None:
        self.parked.append((delivery, reason))
        self.taken.remove(delivery)

    async def close(self) -> None:
        self.waiting, self.taken = self.taken + self.waiting, []


class Office:
    """Everything between a reply with a document and the citizen who reads it."""

    def __init__(self, store: LetterStore | None = None) -> None:
        self.clock = StillClock()
        self.ids = CountedIds()
        self.bus = OneQueue()
        self.store = store or MemoryLetterStore()
        self.vault = MemoryVault()
        self.keyring = Keyring(bytes(range(32)))
        self.intake = DocumentIntake(self.vault, self.keyring, self.store)
        self.uploads = Uploads(self.store, self.intake, self.clock)
        self.mailbox = Mailbox(store=self.store, vault=self.vault, keyring=self.keyring, clock=self.clock)
        self.sweeper = Sweeper(self.vault, self.store, age=timedelta())
        self.post = self.new_post()

    def new_post(self) -> Post:
        return Post(bus=self.bus, store=self.store, vault=self.vault, keyring=self.keyring, ids=self.ids)

    def parcel(self, staged: StagedDocument, **changes: object) -> Parcel:
        fields: dict[str, object] = {
            "order_id": "o_7h2kq9m4x0000000000000000a",
            "document_id": "d-1",
            "owner": OWNER,
            "case_id": CASE,
            "filing": "move.move-out-notice",
            "organisation": CITY,
            "organisation_name": Text(ja="青葉市", en="Aoba City"),
            "title": Text(ja="転出証明書", en="Move-out certificate"),
            "kind": "certificate",
            "media_type": "application/pdf",
            "size_bytes": staged.size_bytes,
            "sha256": staged.sha256,
            "blob": staged.blob,
            "key_wrapped": staged.key_wrapped,
            "received_at": self.clock.now(),
        }
        return self.intake.parcel(fields | changes)

    async def send(self, content: bytes, **changes: object) -> StagedDocument:
        """Do what the reply consumer does: stage, promise, publish."""
        staged = await self.intake.stage(content)
        await self.store.promise([staged.blob])
        await self.bus.publish([self.parcel(staged, **changes)])
        return staged

    async def only_letter(self, owner: UUID = OWNER) -> UUID:
        (letter,) = (await self.mailbox.letters(owner)).letters
        return letter.id


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
