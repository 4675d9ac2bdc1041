# SPDX-License-Identifier: Apache-2.0
"""Takes replies out of the ledger to the engine, until it has taken every one."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from connectors.sdk.keys import EngineKeys
from connectors.sdk.ledger import Ledger, Unsent
from connectors.sdk.transport import EngineDoor, EngineUnavailable, NotTaken, Outgoing, Result, Transport
from engine.border.envelope import (
    MAX_BATCH_EVENTS,
    ReplyEvent,
    parse_payload,
    seal_event,
)
from engine.border.jwk import RecipientKey
from engine.border.sealing import Sealer

# The engine cannot read it yet: it changed its key, or does not know ours. Neither is for ever.
_KEYS_DIFFER: Final = frozenset({"seal-unknown-recipient", "seal-unknown-signer"})

log = logging.getLogger(__name__)


class Outbox:
    """The replies of one connector on their way."""

    def __init__(
        self, *, ledger: Ledger, sealer: Sealer, transport: Transport, door: EngineDoor, engine: EngineKeys
    ) -> None:
        self._ledger = ledger
        self._sealer = sealer
        self._transport = transport
        self._door = door
        self._engine = engine

    async def send_once(self) -> int:
        """Send up to 100 replies, oldest first; return how many the engine decided on.

        Raises:
            EngineUnavailable: what was not decided stays, and is sent again under the same ids.
        """
        waiting = await asyncio.to_thread(self._ledger.unsent, MAX_BATCH_EVENTS)
        if not waiting:
            return 0
        recipient = await self._recipient()
        outgoing = [self._sealed(reply, recipient) for reply in await self._uploaded(waiting)]
        if not outgoing:
            raise EngineUnavailable("uploads")
        results = await self._transport.send(outgoing)
        return await self._settle(outgoing, results)

    async def _recipient(self) -> RecipientKey:
        if self._engine.recipient is None:
            self._engine.learn(await self._door.keys())
        if self._engine.recipient is None:
            raise EngineUnavailable("no key to seal for")
        return self._engine.recipient

    async def _uploaded(self, waiting: Sequence[Unsent]) -> list[Unsent]:
        """Return the replies that can go: a reply that waits for its upload holds up its own filing only."""
        ready: list[Unsent] = []
        held: set[str] = set()
        for reply in waiting:
            if reply.reference in held:
                continue
            try:
                ready.append(await self._with_tickets(reply))
            except EngineUnavailable as error:
                log.warning("upload.postponed", extra={"reply_id": reply.id, "code": str(error)})
                held.add(reply.reference)
            except NotTaken as error:
                log.error("reply.refused", extra={"reply_id": reply.id, "code": error.code})  # noqa: TRY400
                await asyncio.to_thread(self._ledger.settle, [(reply.id, error.code, False)])
                held.add(reply.reference)
        return ready

    async def _with_tickets(self, reply: Unsent) -> Unsent:
        for position, content in await asyncio.to_thread(self._ledger.uploads, reply.id):
            ticket = await self._door.upload(content)
            payload = await asyncio.to_thread(self._ledger.uploaded, reply.id, position, ticket)
            reply = replace(reply, payload=payload)
        return reply

    def _sealed(self, reply: Unsent, recipient: RecipientKey) -> Outgoing:
        event = seal_event(
            parse_payload(reply.type, reply.payload.encode()),
            id=reply.id,
            subject=reply.reference,
            sequence=reply.sequence,
            time=reply.made_at,
            sealer=self._sealer,
            recipient=recipient,
        )
        if reply.traceparent is None:
            return Outgoing(reply.id, event)
        traced = ReplyEvent.model_validate_json(event).model_copy(update={"traceparent": reply.traceparent})
        return Outgoing(reply.id, traced.wire())

    async def _settle(self, outgoing: Sequence[Outgoing], results: Sequence[Result]) -> int:
        ours = {one.id for one in outgoing}
        decided = [r for r in results if r.id in ours and r.code not in _KEYS_DIFFER]
        await asyncio.to_thread(
            self._ledger.settle, [(r.id, r.code or r.outcome, r.outcome != "refused") for r in decided]
        )
        for result in decided:
            level = logging.ERROR if result.outcome in ("refused", "parked") else logging.INFO
            extra = {"reply_id": result.id, "outcome": result.outcome, "code": result.code}
            log.log(level, "reply.sent", extra=extra)
        if len(decided) < len(outgoing):
            self._engine.learn(await self._door.keys())
            raise EngineUnavailable("not all were decided")
        return len(decided)
