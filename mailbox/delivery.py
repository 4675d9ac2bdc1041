# SPDX-License-Identifier: Apache-2.0
"""The post: takes deliveries from the bus and puts each document into its owner's box, once.

A delivery is acknowledged when its letter is durable, not before; a second one finds the letter
there. What no repetition can mend (a damaged document, a forged delivery) is parked with its
reason; what can pass (a database away) is tried again, in order, until it does.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.core.errors import Code, EngineError, register
from engine.ports import Bus, BusUnavailable, Delivery, Ids
from mailbox.intake import DESTINATION, opened
from mailbox.letters import Deliver, Kept, LetterRow, LetterStore, Notice, Pair, PersonKey
from mailbox.sealing import Keyring
from mailbox.vault import Vault

_LIMIT: Final = 100
_LONGEST_PAUSE_SECONDS: Final = 30.0
_PASSING: Final = frozenset({"unavailable-mailbox", "unavailable-vault"})

log = logging.getLogger(__name__)

register(
    {
        "already-delivered-otherwise": Code(
            409,
            "同じ文書番号で、異なる内容又は宛先の文書が届きました",
            "A document with the same id had come with another content or owner",
        ),
        "wrong-document": Code(
            422, "文書の内容が通知と一致しません", "The stored document is not the one announced"
        ),
    }
)


@dataclass(slots=True)
class _Batch:
    """What is known about some deliveries while they are handled."""

    orders: list[tuple[Delivery, Deliver]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    reasons: dict[int, list[str]] = field(default_factory=dict)

    def refuse(self, delivery: Delivery, reason: str) -> None:
        self.reasons.setdefault(id(delivery), []).append(reason)


class Post:
    """Delivers what lies in the queue `letters`."""

    def __init__(self, *, bus: Bus, store: LetterStore, vault: Vault, keyring: Keyring, ids: Ids) -> None:
        self._bus = bus
        self._store = store
        self._vault = vault
        self._keyring = keyring
        self._ids = ids
        self._held: list[Delivery] = []

    async def run_once(self, *, wait_seconds: float = 1.0) -> int:
        """Handle what is in the queue; return how many letters arrived.

        Raises:
            EngineError: `unavailable-mailbox`, `unavailable-vault`: the deliveries are held and
                handled first by the next call.
            BusUnavailable: nothing was lost; unacknowledged deliveries come again.
        """
        if not self._held:
            self._held = await self._bus.take(DESTINATION, limit=_LIMIT, wait_seconds=wait_seconds)
        batch = _Batch()
        for delivery in self._held:
            self._open(delivery, batch)
        if batch.notices:
            await self._store.keep_notices(batch.notices)
        arrived = await self._keep(batch)
        handled, self._held = self._held, []
        await self._settle(handled, batch)
        return arrived

    async def run(self) -> None:
        """Deliver until cancelled, pausing longer and longer while something is out of reach."""
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            try:
                await self.run_once()
                pause = 0.0
            except (EngineError, BusUnavailable) as error:
                pause = min(max(1.0, pause * 2), _LONGEST_PAUSE_SECONDS)
                code = error.code if isinstance(error, EngineError) else "unavailable-bus"
                log.warning("post.waiting", extra={"code": code, "seconds": pause})

    def _open(self, delivery: Delivery, batch: _Batch) -> None:
        for event in delivery.events:
            try:
                match opened(event, self._keyring):
                    case Notice() as notice:
                        batch.notices.append(notice)
                    case order:
                        batch.orders.append((delivery, order))
            except EngineError as error:
                batch.refuse(delivery, error.code)

    async def _keep(self, batch: _Batch) -> int:
        before = await self._store.delivered([_pair(order) for _, order in batch.orders])
        fresh: list[tuple[Delivery, Deliver, bytes]] = []
        repeated: list[str] = []
        for delivery, order in batch.orders:
            try:
                if kept := before.get(_pair(order)):
                    _check_same(order, kept)
                    repeated.append(order.blob)
                else:
                    fresh.append((delivery, order, await self._verified_key(order)))
            except EngineError as error:
                if error.code in _PASSING:
                    raise
                batch.refuse(delivery, f"{error.code} {order.order_id}")
        if repeated:
            await self._store.fulfil(repeated)
        if not fresh:
            return 0
        rows = await self._rows([(order, data_key) for _, order, data_key in fresh])
        after = await self._store.keep(rows)
        for delivery, order, _ in fresh:
            try:
                _check_same(order, after[_pair(order)])
            except EngineError as error:
                batch.refuse(delivery, f"{error.code} {order.order_id}")
        arrived = {row.id for row in rows} & {kept.letter for kept in after.values()}
        for letter in sorted(arrived, key=str):
            log.info("letter.delivered", extra={"letter": str(letter)})
        return len(arrived)

    async def _verified_key(self, order: Deliver) -> bytes:
        """Return the key of the document after reading all of it: a letter is never an empty promise."""
        data_key = self._keyring.unwrap_from_transit(order.key_wrapped, order.blob)
        content = await self._vault.get(order.blob, data_key)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        if (digest, len(content)) != (order.sha256, order.size_bytes):
            raise EngineError("wrong-document", blob=order.blob)
        return data_key

    async def _rows(self, orders: Sequence[tuple[Deliver, bytes]]) -> list[LetterRow]:
        owners = {order.owner for order, _ in orders}
        keys = await self._store.ensure_person_keys(
            [PersonKey(self._ids.new(), owner, self._keyring.new_person_key(owner)) for owner in owners]
        )
        return [self._row(order, data_key, keys[order.owner]) for order, data_key in orders]

    def _row(self, order: Deliver, data_key: bytes, person_key: PersonKey) -> LetterRow:
        letter = self._ids.new()
        person = self._keyring.person(person_key.person, person_key.key_wrapped)
        return LetterRow(
            id=letter,
            owner=order.owner,
            person_key=person_key.id,
            case_id=order.case_id,
            order_id=order.order_id,
            document_id=order.document_id,
            blob=order.blob,
            size_bytes=order.size_bytes,
            sha256=order.sha256,
            key_wrapped=person.wrap(data_key, letter),
            heading_sealed=person.seal(order.heading.model_dump_json().encode(), letter),
            received_at=order.received_at,
        )

    async def _settle(self, deliveries: Sequence[Delivery], batch: _Batch) -> None:
        """Park what cannot be mended, acknowledge the rest.

        A parked delivery may hold good events too; they are in their boxes already, and stay
        single when it is driven again.
        """
        for delivery in deliveries:
            if reasons := batch.reasons.get(id(delivery)):
                log.error("letter.parked", extra={"delivery": delivery.id, "reasons": len(reasons)})
                await self._bus.park(delivery, "; ".join(reasons[:10]))
        if good := [delivery for delivery in deliveries if id(delivery) not in batch.reasons]:
            await self._bus.ack(good)


def _pair(order: Deliver) -> Pair:
    return order.order_id, order.document_id


def _check_same(order: Deliver, kept: Kept) -> None:
    if (order.owner, order.sha256) != (kept.owner, kept.sha256):
        raise EngineError("already-delivered-otherwise")
