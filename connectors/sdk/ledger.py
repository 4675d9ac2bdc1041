# SPDX-License-Identifier: Apache-2.0
"""The connector's memory: one SQLite file in which orders, effects and replies are kept together.

What makes an effect happen once is `keep`: it closes the order, writes the effects and the replies
in one transaction, and does nothing at all when the order is already closed. What makes a reply
arrive is that it stays here until the engine has taken it. The file holds personal data.
"""

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Any, Final

from pydantic import JsonValue

from connectors.sdk.desk import Notes, Work
from connectors.sdk.replies import Completed, Refused, Reply, Withdrawn, draft
from engine.border.envelope import AMEND, PAYLOADS, SUBMIT, WITHDRAW, Opened, OrderEvent, kind_of
from engine.border.payloads import OrderAmend, OrderSubmit, for_whom
from engine.border.statement import Said

_SCHEMA: Final = """
create table if not exists orders (
  id text primary key, reference text not null, sequence integer not null, type text not null,
  payload text not null, body_hash blob not null, traceparent text,
  state text not null check (state in ('waiting', 'begun', 'done', 'superseded')),
  try_after text not null, attempts integer not null default 0, said_at text, organisation text
) strict;
create index if not exists orders_open on orders (reference, sequence) where state in ('waiting', 'begun');
create index if not exists orders_of on orders (reference, sequence);
create table if not exists filings (
  reference text primary key, last_order text not null, filed integer not null,
  replies integer not null, notes text not null, follow_up_at text
) strict;
create table if not exists effects (
  name text primary key, reference text not null, taken_at text not null
) strict;
create table if not exists replies (
  position integer primary key, id text not null unique, order_id text not null,
  reference text not null, sequence integer not null, type text not null, payload text not null,
  made_at text not null, state text not null check (state in ('waiting', 'taken', 'refused')),
  outcome text
) strict;
create index if not exists replies_waiting on replies (position) where state = 'waiting';
create index if not exists replies_to on replies (order_id);
create table if not exists uploads (
  reply_id text not null, position integer not null, content blob not null,
  primary key (reply_id, position)
) strict;
"""
_TYPES: Final = {model: name for name, model in PAYLOADS.items()}
_ENDS: Final = (Completed, Refused, Withdrawn)  # after these nobody waits for a follow-up any more
_READY: Final = """
select * from orders o
where o.state in ('waiting', 'begun') and o.try_after <= :now
  and o.reference not in (select value from json_each(:busy))
  and not exists (select 1 from orders e where e.reference = o.reference
                  and e.state in ('waiting', 'begun') and e.sequence < o.sequence)
  and (o.type in (:submit, :withdraw) or exists (select 1 from orders s
       where s.reference = o.reference and s.type = :submit and s.state = 'done'))
order by o.rowid limit :limit
"""


class Taken(Enum):
    """What became of an order that arrived."""

    NEW = "new"
    REPEATED = "repeated"
    SUPERSEDED = "superseded"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Entry:
    """An order in the ledger; `filed` says whether the connector ever carried the filing out.

    `organisation` is for whom an agent has it.
    """

    id: str
    reference: str
    sequence: int
    type: str
    payload: str
    attempts: int
    filed: bool
    notes: Notes
    effects: frozenset[str]
    history: tuple[OrderSubmit | OrderAmend, ...]
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is so at the organisation about one filing: the fields by which it goes, since which effect."""

    reference: str
    procedure: str
    effect: str
    fields: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A filing whose connector wanted to be asked again at `at`."""

    entry: Entry
    at: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """A reply that the engine has not taken yet."""

    id: str
    reference: str
    sequence: int
    type: str
    payload: str
    made_at: datetime
    traceparent: str | None


class Ledger:
    """One file for one connector. Safe to use from several threads, and from a second process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    # --- orders ----------------------------------------------------------------------------------

    def take_in(self, orders: Sequence[Opened], now: datetime) -> list[Taken]:
        """Keep what arrived, so that it can be acknowledged; say what became of each.

        A repeated order brings back its replies, the same under the same ids. An order that a later
        Submit or Withdraw has overtaken is kept as superseded and never takes effect.
        """
        with self._transaction() as db:
            return [_taken(db, order, now) for order in orders]

    def begin(self, now: datetime, *, busy: Collection[str], limit: int) -> list[Entry]:
        """Return orders to work on now, at most one of a filing, and mark them as begun."""
        with self._transaction() as db:
            rows = db.execute(
                _READY,
                {
                    "now": _text(now),
                    "busy": json.dumps(list(busy)),
                    "limit": limit,
                    "submit": SUBMIT,
                    "withdraw": WITHDRAW,
                },
            ).fetchall()
            ready: dict[str, sqlite3.Row] = {}
            for row in rows:
                ready.setdefault(row["reference"], row)
            db.executemany(
                "update orders set state = 'begun', attempts = attempts + 1 where id = ?",
                [(row["id"],) for row in ready.values()],
            )
            return [_entry(db, row) for row in ready.values()]

    def keep(self, entry: Entry, work: Work, now: datetime) -> bool:
        """Close the order with everything that came of it; False when it was closed already."""
        with self._transaction() as db:
            closed = db.execute(
                "update orders set state = 'done' where id = ? and state in ('waiting', 'begun')", (entry.id,)
            )
            if closed.rowcount == 0:
                return False
            _write(db, entry, work, now)
            return True

    def put_off(self, entry: Entry, until: datetime, *, untouched: bool) -> None:
        """Try the order again later; `untouched` when the organisation certainly did not see it."""
        state = "waiting" if untouched else "begun"
        with self._transaction() as db:
            db.execute(
                "update orders set state = ?, try_after = ? where id = ? and state = 'begun'",
                (state, _text(until), entry.id),
            )

    # --- follow-ups and news -----------------------------------------------------------------------

    def follow_ups(self, now: datetime, *, busy: Collection[str], limit: int) -> list[FollowUp]:
        """Return the filings whose time has come and that have no order waiting."""
        with self._transaction() as db:
            rows = db.execute(
                "select * from filings f where follow_up_at <= ?"
                " and reference not in (select value from json_each(?))"
                " and not exists (select 1 from orders o where o.reference = f.reference"
                "   and o.state in ('waiting', 'begun')) order by follow_up_at limit ?",
                (_text(now), json.dumps(list(busy)), limit),
            ).fetchall()
            return [FollowUp(_last_entry(db, row["last_order"]), row["follow_up_at"]) for row in rows]

    def keep_follow_up(self, due: FollowUp, work: Work, now: datetime) -> bool:
        """Write down what came of a follow-up; False when it is no longer wanted."""
        with self._transaction() as db:
            claimed = db.execute(
                "update filings set follow_up_at = null where reference = ? and follow_up_at = ?"
                " and last_order = ?",
                (due.entry.reference, due.at, due.entry.id),
            )
            if claimed.rowcount == 0:
                return False
            _write(db, due.entry, work, now)
            return True

    def put_off_follow_up(self, due: FollowUp, until: datetime) -> None:
        """Ask again at another time."""
        with self._transaction() as db:
            db.execute(
                "update filings set follow_up_at = ? where reference = ? and follow_up_at = ?",
                (_text(until), due.entry.reference, due.at),
            )

    def news(self, reference: str, work: Work, now: datetime) -> None:
        """Keep replies that answer the last order of a filing.

        Raises:
            KeyError: no order for this reference was ever worked on.
        """
        with self._transaction() as db:
            row = db.execute("select last_order from filings where reference = ?", (reference,)).fetchone()
            if row is None:
                raise KeyError(reference)
            entry = _last_entry(db, row["last_order"])
            _write_replies(db, entry, work, now)

    def answer(self, order_id: str, reply: Reply, now: datetime, *, once: str) -> bool:
        """Keep a reply to exactly this order; False when one was kept under the same name before.

        Raises:
            KeyError: the order was never worked on.
        """
        with self._transaction() as db:
            row = db.execute("select * from orders where id = ? and state = 'done'", (order_id,)).fetchone()
            if row is None:
                raise KeyError(order_id)
            if db.execute("select 1 from effects where name = ?", (once,)).fetchone():
                return False
            entry = _entry(db, row)
            db.execute("insert into effects values (?, ?, ?)", (once, entry.reference, _text(now)))
            _write_replies(db, entry, Work((reply,)), now)
            return True

    def state(self, order_id: str) -> str | None:
        """Return how an order stands: `waiting`, `begun`, `done`, `superseded`; None if it never came."""
        with self._lock:
            found = self._db.execute("select state from orders where id = ?", (order_id,)).fetchone()
        return str(found["state"]) if found is not None else None

    # --- replies -----------------------------------------------------------------------------------

    def unsent(self, limit: int) -> list[Unsent]:
        """Return the oldest replies the engine has not taken, in the order they were made."""
        with self._lock:
            rows = self._db.execute(
                "select r.*, o.traceparent from replies r join orders o on o.id = r.order_id"
                " where r.state = 'waiting' order by r.position limit ?",
                (limit,),
            ).fetchall()
        return [
            Unsent(
                row["id"],
                row["reference"],
                row["sequence"],
                row["type"],
                row["payload"],
                datetime.fromisoformat(row["made_at"]),
                row["traceparent"],
            )
            for row in rows
        ]

    def uploads(self, reply_id: str) -> list[tuple[int, bytes]]:
        """Return the documents of a reply that are still to be uploaded, by their position in it."""
        with self._lock:
            return [
                (row["position"], row["content"])
                for row in self._db.execute(
                    "select position, content from uploads where reply_id = ? order by position", (reply_id,)
                )
            ]

    def uploaded(self, reply_id: str, position: int, ticket: str) -> str:
        """Put the ticket of a finished upload into its reply, for good; return the reply's content."""
        with self._transaction() as db:
            db.execute("delete from uploads where reply_id = ? and position = ?", (reply_id, position))
            (payload,) = db.execute(
                "update replies set payload = json_set(payload, ?, ?) where id = ? returning payload",
                (f"$.documents[{position}].ticket", ticket, reply_id),
            ).fetchone()
        return str(payload)

    def settle(self, outcomes: Sequence[tuple[str, str, bool]]) -> None:
        """Write down what the engine said to replies: id, outcome, whether it took it."""
        with self._transaction() as db:
            db.executemany(
                "update replies set state = ?, outcome = ? where id = ?",
                [("taken" if taken else "refused", outcome, name) for name, outcome, taken in outcomes],
            )

    def said(self) -> list[Said]:
        """Return every order and every reply that the engine decided on, as their envelopes said them."""
        with self._lock:
            orders = self._db.execute("select id, type, payload, said_at from orders").fetchall()
            replies = self._db.execute(
                "select id, type, order_id, made_at from replies where state <> 'waiting'"
            ).fetchall()
        return [
            *(
                Said(row["id"], kind_of(row["type"]), row["id"], _due_on(row), _instant(row["said_at"]))
                for row in orders
                if row["said_at"] is not None
            ),
            *(
                Said(row["id"], kind_of(row["type"]), row["order_id"], None, _instant(row["made_at"]))
                for row in replies
            ),
        ]

    def effects(self) -> list[tuple[str, str]]:
        """Return every effect that was taken, with its reference: what the organisation did."""
        with self._lock:
            return [
                (row["name"], row["reference"])
                for row in self._db.execute("select name, reference from effects order by rowid")
            ]

    def in_effect(self) -> list[Standing]:
        """Return what stands now: of each filing the last effect, unless that was its undoing.

        The fields are those that were known when it took effect. A correction that was answered and
        took no effect is not among them.
        """
        with self._lock:
            last = self._db.execute(
                "select e.name, o.* from effects e"
                " join orders o on o.id = substr(e.name, 1, instr(e.name, ' ') - 1)"
                " where e.rowid = (select max(rowid) from effects l where l.reference = e.reference)"
                " order by e.rowid"
            ).fetchall()
            return [_standing(self._db, row) for row in last if row["type"] != WITHDRAW]

    def documents_taken(self) -> int:
        """Return how many documents went out with replies that the engine has taken."""
        with self._lock:
            (count,) = self._db.execute(
                "select coalesce(sum(json_array_length(payload, '$.documents')), 0) from replies"
                " where state = 'taken'"
            ).fetchone()
        return int(count)

    def next_follow_up(self) -> datetime | None:
        """Return when the connector wants to be asked again, None if it waits for nothing."""
        with self._lock:
            (at,) = self._db.execute("select min(follow_up_at) from filings").fetchone()
        return datetime.fromisoformat(at) if at else None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")


def _text(instant: datetime) -> str:
    """Return an instant so that texts sort as instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _due_on(row: sqlite3.Row) -> date | None:
    return OrderSubmit.model_validate_json(row["payload"]).due_on if row["type"] == SUBMIT else None


def _instant(text: str) -> datetime:
    """Return an instant as it stands on the wire: in whole seconds."""
    return datetime.fromisoformat(text).replace(microsecond=0)


def _taken(db: sqlite3.Connection, order: Opened, now: datetime) -> Taken:
    event = order.event
    known = db.execute("select body_hash from orders where id = ?", (event.id,)).fetchone()
    if known is not None:
        if known["body_hash"] != order.body_hash:
            return Taken.ALTERED
        db.execute("update replies set state = 'waiting' where order_id = ?", (event.id,))
        return Taken.REPEATED
    kind = kind_of(event.type)
    overtaken = db.execute(
        "select 1 from orders where reference = ? and sequence > ? and type in (?, ?)",
        (event.subject, event.sequence, SUBMIT, WITHDRAW),
    ).fetchone()
    if kind in ("submit", "withdraw"):
        # What has begun is finished first: perhaps the organisation has it already.
        db.execute(
            "update orders set state = 'superseded'"
            " where reference = ? and sequence < ? and state = 'waiting'",
            (event.subject, event.sequence),
        )
    payload, organisation = for_whom(order.payload)
    db.execute(
        "insert into orders (id, reference, sequence, type, payload, body_hash, traceparent, state,"
        " try_after, said_at, organisation) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.id,
            event.subject,
            event.sequence,
            _TYPES[type(payload)],
            payload.wire().decode(),
            order.body_hash,
            event.traceparent if isinstance(event, OrderEvent) else None,
            "superseded" if overtaken else "waiting",
            _text(now),
            _text(event.time),
            organisation,
        ),
    )
    return Taken.SUPERSEDED if overtaken else Taken.NEW


def _last_entry(db: sqlite3.Connection, order_id: str) -> Entry:
    return _entry(db, db.execute("select * from orders where id = ?", (order_id,)).fetchone())


def _entry(db: sqlite3.Connection, row: sqlite3.Row) -> Entry:
    reference = row["reference"]
    filing = db.execute("select filed, notes from filings where reference = ?", (reference,)).fetchone()
    return Entry(
        row["id"],
        reference,
        row["sequence"],
        row["type"],
        row["payload"],
        row["attempts"],
        filed=bool(filing and filing["filed"]),
        notes=json.loads(filing["notes"]) if filing else {},
        effects=frozenset(
            name for (name,) in db.execute("select name from effects where reference = ?", (reference,))
        ),
        history=tuple(_history(db, reference, row)),
        organisation=row["organisation"],
    )


def _history(db: sqlite3.Connection, reference: str, row: sqlite3.Row) -> Iterator[OrderSubmit | OrderAmend]:
    """Yield what was submitted and then amended, in the engine's order, as far as it is in force."""
    for kind, payload in db.execute(
        "select type, payload from orders where reference = ? and (state = 'done' or id = ?)"
        " order by sequence",
        (reference, row["id"]),
    ):
        if kind == SUBMIT:
            yield OrderSubmit.model_validate_json(payload)
        elif kind == AMEND:
            yield OrderAmend.model_validate_json(payload)


def _standing(db: sqlite3.Connection, row: sqlite3.Row) -> Standing:
    procedure = ""
    fields: dict[str, JsonValue] = {}
    for (payload,) in db.execute(
        "select payload from orders where reference = ? and sequence <= ? and state = 'done'"
        " and type in (?, ?) order by sequence",
        (row["reference"], row["sequence"], SUBMIT, AMEND),
    ):
        said = json.loads(payload)
        if "procedure" in said:
            procedure, fields = said["procedure"], {}
        fields |= said["fields"]
    known: dict[str, JsonValue] = {name: value for name, value in fields.items() if value is not None}
    return Standing(row["reference"], procedure, row["name"].partition(" ")[2], known)


def _write(db: sqlite3.Connection, entry: Entry, work: Work, now: datetime) -> None:
    db.execute(
        "insert into filings values (?, ?, ?, 0, ?, ?) on conflict (reference) do update set"
        " last_order = excluded.last_order, filed = max(filed, excluded.filed), notes = excluded.notes,"
        " follow_up_at = iif(?, excluded.follow_up_at, coalesce(excluded.follow_up_at, follow_up_at))",
        (
            entry.reference,
            entry.id,
            int(work.filed),
            json.dumps(work.notes, ensure_ascii=False),
            _text(work.follow_up.at) if work.follow_up else None,
            entry.type == SUBMIT or any(isinstance(reply, _ENDS) for reply in work.replies),
        ),
    )
    db.executemany(
        "insert into effects values (?, ?, ?)",
        [(name, entry.reference, _text(now)) for name in work.effects],
    )
    _write_replies(db, entry, work, now)


def _write_replies(db: sqlite3.Connection, entry: Entry, work: Work, now: datetime) -> None:
    (before,) = db.execute("select count(*) from replies where order_id = ?", (entry.id,)).fetchone()
    for number, reply in enumerate(work.replies, start=before + 1):
        made = draft(reply, entry.id)
        name = f"{entry.id}.{number}"
        (sequence,) = db.execute(
            "update filings set replies = replies + 1 where reference = ? returning replies",
            (entry.reference,),
        ).fetchone()
        values: tuple[Any, ...] = (
            name,
            entry.id,
            entry.reference,
            sequence,
            _TYPES[type(made.payload)],
            made.payload.wire().decode(),
            _text(now),
        )
        db.execute(
            "insert into replies (id, order_id, reference, sequence, type, payload, made_at, state)"
            " values (?, ?, ?, ?, ?, ?, ?, 'waiting')",
            values,
        )
        db.executemany(
            "insert into uploads values (?, ?, ?)",
            [(name, position, content) for position, content in made.uploads],
        )
