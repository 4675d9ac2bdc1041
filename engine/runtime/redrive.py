# SPDX-License-Identifier: Apache-2.0
"""Lets what was put aside go its way once more: replies to the desk, everything else to its queue.

Doing it twice is harmless: a reply keeps its id and falls out at the inbox, an order keeps its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from engine.border.envelope import open_reply
from engine.border.sealing import Opener
from engine.core.errors import Code, EngineError, register
from engine.ports import Bus, Located, Parcel, Parked, Store
from engine.registry.directory import Directories
from engine.runtime.consumer import BY_HTTP, ReplyDesk, parked_id

_HANDLED: Final = frozenset({"applied", "duplicate", "stale", "refused", "published"})

register(
    {
        "unknown-sender": Code(
            409,
            "差出人を確認できないため再処理できません",
            "Nobody vouches for its sender: it cannot be handled, only discarded",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Driven:
    """What would become, or became, of one event. `located` is the filing it is about, where known."""

    event: str
    outcome: str
    code: str | None = None
    located: Located | None = None

    @property
    def is_handled(self) -> bool:
        """Whether nobody has to look at it any more."""
        return self.outcome in _HANDLED


class Redrive:
    """Looks at parked deliveries without an effect, and sends them on."""

    def __init__(
        self, *, desk: ReplyDesk, opener: Opener, directories: Directories, store: Store, bus: Bus
    ) -> None:
        self._desk = desk
        self._opener = opener
        self._directories = directories
        self._store = store
        self._bus = bus

    async def look(self, parked: Parked) -> list[Driven]:
        """Return what would become of each event: `would-apply`, `duplicate`, `parked`, `would-publish`.

        Whether the case takes it is seen only when it is done.

        Raises:
            EngineError: `unknown-sender`.
        """
        if not _is_reply(parked):
            return [Driven(_name(number), "would-publish") for number in range(len(parked.events))]
        sender = _sender(parked)
        await self._directories.current()
        return [await self._seen(number, raw, sender) for number, raw in enumerate(parked.events)]

    async def drive(self, parked: Parked) -> list[Driven]:
        """Return what became of each event, once that is durable.

        Raises:
            EngineError: `unknown-sender`, `unavailable…`; BusUnavailable, StoreConflict, StoreUnavailable.
        """
        before = await self.look(parked)
        if not _is_reply(parked):
            await self._bus.publish([_parcel(parked, number) for number in range(len(parked.events))])
            return [Driven(one.event, "published") for one in before]
        results = await self._desk.take(
            _sender(parked), parked.events, where_from=parked.where_from, attempts=parked.attempts + 1
        )
        return [
            Driven(one.event, result.outcome, result.code, one.located)
            for one, result in zip(before, results, strict=True)
        ]

    async def _seen(self, number: int, raw: bytes, sender: str) -> Driven:
        try:
            event = open_reply(raw, self._opener).event
        except EngineError as error:
            return Driven(_name(number), "parked", error.code)
        if event.source != f"/organisations/{sender}":
            return Driven(_name(number), "parked", "reply-from-another")
        located = (await self._located(event.subject)).get(event.subject)
        if await self._store.seen((sender, event.id)):
            return Driven(_name(number), "duplicate", located=located)
        if located is None:
            return Driven(_name(number), "refused", "no-such-filing")
        return Driven(_name(number), "would-apply", located=located)

    async def _located(self, reference: str) -> Mapping[str, Located]:
        async with self._store.unit() as unit:
            return await unit.locate([reference])


def cases_of(driven: list[Driven]) -> list[tuple[UUID, UUID]]:
    """Return the (case, filing) pairs that events are about, each once."""
    pairs = {(one.located.case_id, one.located.filing) for one in driven if one.located}
    return sorted(pairs)


def still_waits(parked: Parked, driven: list[Driven]) -> bool:
    """Say whether a delivery still waits for a person after it was driven.

    What the desk could not handle it has put aside itself, each reply under an id of its own: then
    those wait, and this one only if it is one of them.
    """
    left = [raw for raw, one in zip(parked.events, driven, strict=True) if not one.is_handled]
    return parked.sender is not None and parked.id in {parked_id(raw, parked.sender) for raw in left}


def _is_reply(parked: Parked) -> bool:
    return parked.where_from in BY_HTTP or parked.where_from.startswith("replies")


def _sender(parked: Parked) -> str:
    if parked.sender is None:
        raise EngineError("unknown-sender")
    return parked.sender


def _parcel(parked: Parked, number: int) -> Parcel:
    return Parcel(f"{parked.id}-{number}", parked.where_from, parked.events[number], parked.sender)


def _name(number: int) -> str:
    """Return a name for an event: its own id is its sender's text, and is not shown."""
    return f"#{number + 1}"
