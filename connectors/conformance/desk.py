# SPDX-License-Identifier: Apache-2.0
"""Where a sandbox sorts what comes in: replies to rehearsals are judged, all others reach their cases."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from engine.border import payloads as p
from engine.border.envelope import Opened, kind_of, open_reply, parse_reply
from engine.border.sealing import Opener
from engine.core.errors import EngineError
from engine.keystore.port import TROUBLE
from engine.ports import Clock, Documents, Parcel, Rehearsals, RehearsedReply
from engine.registry.directory import Directories
from engine.runtime.consumer import Desk, ReplyResult

_WRONG_TIME: Final = "not-signed-in-organisation-time"


class Access(Protocol):
    """`OrganisationAccess`, or what stands in front of it."""

    async def number_of(self, authorization: str | None) -> str:
        """Return the number of who asks."""
        ...


class RehearsalDesk:
    """Takes replies as the real desk does; those to a rehearsal are opened, looked at and kept."""

    def __init__(
        self,
        inner: Desk,
        *,
        store: Rehearsals,
        opener: Opener,
        directories: Directories,
        documents: Documents,
        clock: Clock,
    ) -> None:
        self._inner = inner
        self._store = store
        self._opener = opener
        self._directories = directories
        self._documents = documents
        self._clock = clock

    async def take(
        self, organisation: str, events: Sequence[bytes], *, where_from: str = "web", attempts: int = 1
    ) -> list[ReplyResult]:
        """Return what became of each reply; a copy of one that was taken is taken again, and counted."""
        subjects = [_said(event, "subject") for event in events]
        runs = await self._store.runs_of(organisation, [one for one in subjects if one])
        others = [event for event, subject in zip(events, subjects, strict=True) if subject not in runs]
        results = iter(
            await self._inner.take(organisation, others, where_from=where_from, attempts=attempts)
            if others
            else []
        )
        await self._directories.current()
        told: list[ReplyResult] = []
        heard: dict[UUID, list[RehearsedReply]] = {}
        for event, subject in zip(events, subjects, strict=True):
            if subject not in runs:
                told.append(next(results))
                continue
            one = await self._heard(event, organisation)
            heard.setdefault(runs[subject], []).append(one)
            told.append(ReplyResult(one.reply_id, "parked" if one.problem else "applied", one.problem))
        for run, replies in heard.items():  # together: what got no 2xx comes again, and is then no copy
            await self._store.hear(run, replies)
        return told

    async def _heard(self, raw: bytes, organisation: str) -> RehearsedReply:
        try:
            opened = open_reply(raw, self._opener)
            _check_source(opened, organisation)
            await self._look_at_documents(opened, organisation)
        except EngineError as error:
            if error.code in TROUBLE:
                raise  # that is our trouble, not theirs
            where = error.problems[0].pointer if error.problems else ""
            return self._reply(raw, problem=f"{error.code} {where}".strip(), payload={})
        payload = opened.payload.model_dump(mode="json", by_alias=True, exclude_none=True)
        for document in payload.get("documents", ()):
            document.pop("inline", None)
        return self._reply(raw, problem=None, payload=payload)

    async def _look_at_documents(self, opened: Opened, organisation: str) -> None:
        for document in getattr(opened.payload, "documents", ()):
            if isinstance(document, p.Document) and document.ticket:
                await self._documents.redeem(document.ticket, organisation)

    def _reply(self, raw: bytes, *, problem: str | None, payload: dict[str, Any]) -> RehearsedReply:
        now = self._clock.now()
        try:
            event = parse_reply(raw)
        except EngineError:
            return RehearsedReply(
                reference=_said(raw, "subject"), reply_id=_said(raw, "id"), kind=_said(raw, "type"),
                order_id="", payload=payload, problem=problem, said_at=now, heard_at=now,
            )  # fmt: skip
        return RehearsedReply(
            reference=event.subject, reply_id=event.id, kind=kind_of(event.type),
            order_id=payload.get("orderId", ""), payload=payload, problem=problem,
            said_at=event.time, heard_at=now,
        )  # fmt: skip


class NotedAccess:
    """Lets organisations in as the real one does, and notes whose clock is wrong."""

    def __init__(
        self, inner: Access, *, store: Rehearsals, clock: Clock, number_in: Callable[[str], str]
    ) -> None:
        self._inner = inner
        self._store = store
        self._clock = clock
        self._number_in = number_in

    async def number_of(self, authorization: str | None) -> str:
        """Return the number of who asks; raises as the real one."""
        try:
            return await self._inner.number_of(authorization)
        except EngineError as error:
            if error.code == _WRONG_TIME:  # the signature was right: it is theirs
                number = self._number_in((authorization or "").partition(" ")[2])
                await self._store.wrong_clock(number, at=self._clock.now())
            raise


def parcel_of(order_id: str, number: str, event: bytes) -> Parcel:
    """Return an order on its way to the broker's queue of an organisation."""
    return Parcel(order_id, f"orders.{number}", event)


def _check_source(opened: Opened, organisation: str) -> None:
    if opened.event.source != f"/organisations/{organisation}":
        raise EngineError("reply-from-another")


def _said(raw: bytes, name: str) -> str:
    """Return what an event says of itself; nothing of it is proven."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    value = found.get(name) if isinstance(found, dict) else None
    return value[:200] if isinstance(value, str) else ""
