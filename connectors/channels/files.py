# SPDX-License-Identifier: Apache-2.0
"""The file channel: a small office takes its orders out as tables and hands its replies in as tables.

It runs on the office's side, with the office's keys: nothing lies open on the server, neither on the
way out nor on the way in. Orders are acknowledged when the office says that it has them (`done`);
until then the same orders come out again, as the same bytes.
"""

import asyncio
import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from connectors.channels.replies_table import Fault, Wrong, reply_of
from connectors.channels.tables import Row, flattened, read, written
from connectors.sdk.desk import Work
from connectors.sdk.keys import EngineKeys, OwnKeys
from connectors.sdk.ledger import Ledger, Taken
from connectors.sdk.outbox import Outbox
from connectors.sdk.replies import Reply, Withdrawn
from connectors.sdk.transport import EngineDoor, Incoming, Transport
from connectors.sdk.work import NEVER_FILED
from engine.border.envelope import WITHDRAW, Opened, open_order
from engine.border.payloads import ForAnother, OrderAmend, OrderAnswer, OrderSubmit, OrderWithdraw
from engine.border.sealing import Opener, Sealer
from engine.core.errors import Code, EngineError, register
from engine.ports import Clock

Form = Literal["csv", "xml"]
Encoding = Literal["utf-8", "cp932"]

_FIRST: Final = (
    "orderId", "reference", "sequence", "order", "procedure", "attempt", "dueOn", "planned", "reason",
    "questionId", "basis",
)  # fmt: skip
_STATE: Final = "files.json"
log = logging.getLogger(__name__)
_ERRORS: Final = ("row", "column", "code", "ja", "en")

register(
    {
        "no-such-file-of-orders": Code(
            404, "この指図ファイルは作成されていません", "No file of orders goes by this name"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What became of a table of replies. `taken` rows are new ones; `repeated` had been handed in before."""

    taken: int
    repeated: int
    faults: tuple[Fault, ...]


class FileDesk:
    """Takes orders out and hands replies in, for one organisation."""

    def __init__(
        self,
        number: str,
        home: Path,
        *,
        keys: OwnKeys,
        ledger: Ledger,
        transport: Transport,
        door: EngineDoor,
        clock: Clock,
    ) -> None:
        self._home = home
        self._ledger = ledger
        self._transport = transport
        self._door = door
        self._clock = clock
        self._engine = EngineKeys()
        self._opener = Opener(keys.decryption, self._engine.verification)
        sealer = Sealer(keys.signing, kid=keys.kid, source=f"/organisations/{number}", clock=clock)
        self._outbox = Outbox(
            ledger=ledger, sealer=sealer, transport=transport, door=door, engine=self._engine
        )

    async def take_out(self, directory: Path, *, form: Form, encoding: Encoding = "utf-8") -> list[Path]:
        """Write what waits into files, one row one order, at most 100 orders at a time; return the files.

        Files that were not yet said to be `done` are written again as they were.

        Raises:
            EngineError: `invalid-table-encoding`; EngineUnavailable.
        """
        self._engine.learn(await self._door.keys())
        incoming, opened = self._readable(await self._transport.take(wait_seconds=0))
        verdicts = await asyncio.to_thread(self._ledger.take_in, opened, self._clock.now())
        answered = await asyncio.to_thread(self._work)
        pairs = [
            (one, order)
            for one, order, verdict in zip(incoming, opened, verdicts, strict=True)
            if verdict is not Taken.ALTERED
        ]
        states = {order.event.id: self._ledger.state(order.event.id) for _, order in pairs}
        over = answered | {name for name, state in states.items() if state == "superseded"}
        await self._transport.acknowledge([one for one, order in pairs if order.event.id in over])
        await self._send()
        done = {name for name, state in states.items() if state == "done"} - over
        rows = {order.event.id: _row(order) for _, order in pairs if order.event.id in done}
        return [
            self._write(directory, stem, [rows[name] for name in names], form, encoding)
            for stem, names in self._batches(list(rows)).items()
        ]

    async def done(self, file: Path) -> int:
        """Acknowledge the orders of a file: they do not come again. Return how many waited.

        Raises:
            EngineError: `no-such-file-of-orders`.
        """
        state = self._state()
        names = state.get(file.stem)
        if names is None:
            raise EngineError("no-such-file-of-orders", file=file.name)
        waiting = await self._transport.take(wait_seconds=0)
        mine = [one for one in waiting if _id_of(one) in set(names)]
        await self._transport.acknowledge(mine)
        self._keep({stem: kept for stem, kept in state.items() if stem != file.stem})
        return len(mine)

    async def hand_in(
        self, file: Path, *, form: Form, encoding: Encoding = "utf-8", partly: bool = False
    ) -> HandedIn:
        """Send the replies of a table: all of them or, `partly`, those without a fault.

        The same row again is the same reply, and is sent once. Faults are written beside the file.

        Raises:
            EngineError: `malformed-table`; EngineUnavailable: what was taken is sent with the next call.
        """
        replies, faults = self._read(file, form, encoding)
        taken = [0, 0]
        if partly or not faults:
            for row, reply in replies:
                taken[not self._ledger.answer(row["orderId"], reply, self._clock.now(), once=_name(row))] += 1
        _tell(file, faults)
        await self._send()
        return HandedIn(taken[0], taken[1], tuple(faults))

    def _readable(self, taken: Sequence[Incoming]) -> tuple[list[Incoming], list[Opened]]:
        """Return what can be opened; the rest waits for the engine's operators, in nobody's way."""
        incoming: list[Incoming] = []
        opened: list[Opened] = []
        for one in taken:
            try:
                opened.append(open_order(one.event, self._opener))
            except EngineError as error:
                log.error("order.unreadable", extra={"code": error.code})  # noqa: TRY400 - by its code
                continue
            incoming.append(one)
        return incoming, opened

    def _read(
        self, file: Path, form: Form, encoding: Encoding
    ) -> tuple[list[tuple[Row, Reply]], list[Fault]]:
        replies: list[tuple[Row, Reply]] = []
        faults: list[Fault] = []
        for place, row in enumerate(read(file.read_bytes(), form=form, encoding=encoding), start=1):
            if self._ledger.state(row.get("orderId", "")) != "done":
                faults.append(Fault(place, "orderId", "unknown-order"))
                continue
            try:
                replies.append((row, reply_of(row, file.parent)))
            except Wrong as wrong:
                faults.append(Fault(place, wrong.column, wrong.code))
        return replies, faults

    def _work(self) -> set[str]:
        """Close the orders that may come out now; return those that need not: they undo what never came."""
        answered: set[str] = set()
        while entries := self._ledger.begin(self._clock.now(), busy=(), limit=100):
            for entry in entries:
                work = Work(filed=True)
                if entry.type == WITHDRAW and not entry.filed:
                    work = Work((Withdrawn("not-filed", NEVER_FILED),))
                    answered.add(entry.id)
                self._ledger.keep(entry, work, self._clock.now())
        return answered

    async def _send(self) -> None:
        while await self._outbox.send_once():
            pass

    def _batches(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Return which orders belong into which file: as they did before, and the new ones together.

        A file keeps its name when some of its orders are called off: somebody may hold it.
        """
        state = self._state()
        known = {name for kept in state.values() for name in kept}
        if fresh := [name for name in names if name not in known]:
            state[_stem(fresh)] = fresh
        self._keep(state)
        waiting = set(names)
        left = {stem: [name for name in kept if name in waiting] for stem, kept in state.items()}
        return {stem: kept for stem, kept in left.items() if kept}

    def _write(self, directory: Path, stem: str, rows: Sequence[Row], form: Form, encoding: Encoding) -> Path:
        columns = [*_FIRST, *sorted({name for row in rows for name in row} - set(_FIRST))]
        path = directory / f"{stem}.{form}"
        _write_closed(path, written(rows, columns, form=form, encoding=encoding))
        return path

    def _state(self) -> dict[str, list[str]]:
        path = self._home / _STATE
        found: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def _keep(self, state: dict[str, list[str]]) -> None:
        _write_closed(self._home / _STATE, json.dumps(state).encode())


def _id_of(incoming: Incoming) -> str:
    """Return the id on the envelope."""
    return str(json.loads(incoming.event)["id"])


def _row(opened: Opened) -> Row:
    event, payload = opened.event, opened.payload
    row: Row = {"orderId": event.id, "reference": event.subject, "sequence": str(event.sequence)}
    if isinstance(payload, ForAnother):
        row["organisation"] = payload.organisation
    match payload:
        case OrderSubmit():
            row |= {
                "order": "submit",
                "procedure": payload.procedure,
                "attempt": str(payload.attempt),
                "dueOn": payload.due_on.isoformat() if payload.due_on else "",
                "planned": "true" if payload.planned else "false",
                "basis": payload.basis,
            }
            return row | flattened({"fields": payload.fields})
        case OrderAmend():
            row |= {"order": "amend", "attempt": str(payload.attempt), "basis": payload.basis}
            return row | flattened({"fields": payload.fields})
        case OrderWithdraw():
            row |= {"order": "withdraw", "attempt": str(payload.attempt), "basis": payload.basis}
            return row | {"reason": payload.reason}
        case OrderAnswer():
            return (
                row
                | {"order": "answer", "questionId": payload.question_id}
                | flattened({"answer": payload.answer})
            )
        case _:
            raise TypeError(f"{event.type} is no order")


def _stem(names: Sequence[str]) -> str:
    return "orders-" + hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]


def _name(row: Row) -> str:
    """Return under which name a row is answered once: what it says, whatever file it is in."""
    said = json.dumps({column: cell for column, cell in row.items() if cell}, sort_keys=True)
    return "row " + hashlib.sha256(said.encode()).hexdigest()


def _tell(file: Path, faults: Sequence[Fault]) -> None:
    """Write the faults beside the file, or take away those of the last time."""
    beside = file.with_name(f"{file.stem}.errors.csv")
    if not faults:
        beside.unlink(missing_ok=True)
        return
    rows = [
        {"row": str(one.row), "column": one.column, "code": one.code, "ja": one.words.ja, "en": one.words.en}
        for one in faults
    ]
    _write_closed(beside, written(rows, _ERRORS, form="csv"))


def _write_closed(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
