# SPDX-License-Identifier: Apache-2.0
"""What everybody outside the engine saw and did: the witness against which the engine is judged."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.border.payloads import Payload
from engine.ports import MessageKey
from engine.runtime.counter import Done


@dataclass(frozen=True, slots=True)
class SeenOrder:
    """An order as an office opened it."""

    office: str
    id: str
    reference: str
    sequence: int
    kind: str
    body_hash: bytes
    payload: Payload
    trace: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """An order was carried out in an office's own system. `overtaken`: a later one was there already."""

    office: str
    order: str
    reference: str
    overtaken: bool


@dataclass(frozen=True, slots=True)
class Issued:
    """A document that an office sent with a reply."""

    office: str
    order: str
    document: str
    reference: str
    content: bytes
    reply: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of an office."""

    office: str
    reference: str
    question: str
    reply: str


@dataclass(slots=True)
class Request:
    """What a citizen or an operator asked the engine to do, and the answer that came, if one came."""

    person: UUID
    key: str
    what: str
    case_id: UUID | None
    done: Done | None = None
    code: str | None = None

    @property
    def is_answered(self) -> bool:
        return self.done is not None or self.code is not None


@dataclass(slots=True)
class History:
    """Everything that was seen, in order."""

    tally: Counter[str] = field(default_factory=Counter)
    orders: list[SeenOrder] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    issued: list[Issued] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    arrived: set[tuple[str, str]] = field(default_factory=set)  # replies that reached the engine's queue
    replies: dict[str, tuple[str, str]] = field(default_factory=dict)  # reply id: office, kind
    requests: list[Request] = field(default_factory=list)
    applied: Counter[MessageKey] = field(default_factory=Counter)
    told_citizen: set[tuple[UUID, str]] = field(default_factory=set)  # filing, question
    versions: dict[UUID, int] = field(default_factory=dict)
    routed: list[tuple[str, str]] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    forged: set[str] = field(default_factory=set)  # ids of replies that no office meant
    plans: dict[UUID, list[Mapping[UUID, Mapping[str, Any]]]] = field(default_factory=dict)
    steps: int = 0


class Scribe(logging.Handler):
    """Writes down every log record with all that is attached to it."""

    _PLAIN = frozenset(vars(logging.makeLogRecord({})))

    def __init__(self, history: History) -> None:
        super().__init__(logging.INFO)
        self._history = history

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: value for name, value in vars(record).items() if name not in self._PLAIN}
        text = f"{record.levelname} {record.getMessage()} {extra}"
        if record.exc_info and record.exc_info[1]:
            text += f" {record.exc_info[1]!r}"
        self._history.logs.append(text)
        self._history.tally[f"log {record.getMessage()}"] += 1
