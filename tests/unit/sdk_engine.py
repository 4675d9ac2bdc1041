# SPDX-License-Identifier: Apache-2.0
"""The engine's side of the border over HTTP, small and in sight of the test, with the real seals."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.sdk import Address, Amend, Answered, Connector, Desk, Fields, Submit, Text, Withdraw
from connectors.sdk import replies as said
from connectors.sdk.keys import OwnKeys
from connectors.sdk.ledger import Ledger
from connectors.sdk.pull import PullTransport
from connectors.sdk.replies import Answering
from connectors.sdk.runner import Runner
from connectors.sdk.transport import EngineDoor, Transport
from engine.border.envelope import (
    BATCH_MEDIA_TYPE,
    EVENT_MEDIA_TYPE,
    Opened,
    open_reply,
    parse_order,
    parse_reply,
    seal_event,
    unpacked,
)
from engine.border.jwk import RecipientKey, exported, key_set, public_key
from engine.border.names import order_id, reference
from engine.border.payloads import (
    OrderAmend,
    OrderAnswer,
    OrderSubmit,
    OrderWithdraw,
    Payload,
)
from engine.border.tokens import read_token
from engine.core.errors import EngineError
from tests.unit.border_desk import NUMBER, Moving, Side

AUDIENCE = "https://todoke.test"
PROCEDURE = "move.electricity"
_KEY = b"k" * 32
_KINDS = {OrderSubmit: "submit", OrderAmend: "amend", OrderWithdraw: "withdraw", OrderAnswer: "answer"}
ADDRESS = {
    "postalCode": "051-8511",
    "municipality": "012050",
    "prefecture": "北海道",
    "city": "室蘭市",
    "line": "幸町1番2号",
}
FIELDS: dict[str, Any] = {"newAddress": ADDRESS, "customerNumber": "0123456789"}


def ref(number: int, organisation: str = NUMBER) -> str:
    """Return the reference of the test's n-th filing."""
    return reference(_KEY, organisation=organisation, filing_id=UUID(int=number), route=0)


def submit(
    procedure: str = PROCEDURE, *, attempt: int = 1, fields: dict[str, Any] | None = None
) -> OrderSubmit:
    return OrderSubmit(
        procedure=procedure,
        attempt=attempt,
        fields=FIELDS if fields is None else fields,
        planned=True,
        basis="none",
    )


def amend(fields: dict[str, Any], *, revision: int = 1) -> OrderAmend:
    return OrderAmend(attempt=1, revision=revision, fields=fields, basis="none")


def withdraw() -> OrderWithdraw:
    return OrderWithdraw(attempt=1, revision=1, reason="cancelled", basis="none")


def answer(value: Any, question: str = "q1") -> OrderAnswer:
    return OrderAnswer(question_id=question, answer=value)


class FakeEngine:
    """Keeps orders until they are acknowledged, and what was replied; a test turns its faults on."""

    def __init__(self, clock: Moving, number: str = NUMBER) -> None:
        self.number = number
        self.side = Side("/engine", clock)
        self.pending: dict[str, bytes] = {}
        self.sent: dict[str, bytes] = {}
        self.replies: dict[str, Opened] = {}
        self.arrivals: list[str] = []
        self.batches: list[int] = []
        self.uploads: dict[str, tuple[str, bytes | None]] = {}
        self.faults: list[int] = []
        self.after_taking = 0
        self.slow_seconds = 0.0
        self.requests: list[str] = []
        self.replied = asyncio.Event()
        self.heard = asyncio.Event()  # something of ours was asked for
        self._came = asyncio.Event()
        self._recipient: RecipientKey | None = None
        self._public: Any = None

    def meets(self, keys: OwnKeys) -> None:
        """Register the organisation's keys."""
        signing, decryption = keys.public()["keys"]
        self._recipient = RecipientKey.from_jwk(decryption)
        self._public = public_key(signing, use="sig")
        self.side.known = {(f"/organisations/{self.number}", keys.kid): self._public}

    def order(self, payload: Payload, *, to: int = 1, sequence: int = 1) -> str:
        """Seal an order and put it where the organisation finds it; return its id."""
        assert self._recipient is not None
        name = ref(to, self.number)
        kind: Any = next(kind for model, kind in _KINDS.items() if isinstance(payload, model))
        made = order_id(_KEY, reference=name, kind=kind, attempt=1, revision=sequence)
        self.sent[made] = seal_event(
            payload,
            id=made,
            subject=name,
            sequence=sequence,
            time=self.side.sealer._clock.now(),
            sealer=self.side.sealer,
            recipient=self._recipient,
        )
        self.again(made)
        return made

    def again(self, order: str) -> None:
        """Send an order again: the same id, the same content."""
        self.pending[order] = self.sent[order]
        self._came.set()

    def said(self, to: int = 1) -> list[str]:
        """Return the types of what was replied about a filing, in the connector's order."""
        mine = [reply for reply in self.replies.values() if reply.event.subject == ref(to, self.number)]
        mine.sort(key=lambda reply: reply.event.sequence)
        return [reply.event.type.removeprefix("jp.todoke.reply.").removesuffix(".v1") for reply in mine]

    def last(self, to: int = 1) -> Any:
        """Return the newest reply about a filing."""
        mine = [reply for reply in self.replies.values() if reply.event.subject == ref(to, self.number)]
        return max(mine, key=lambda reply: reply.event.sequence).payload

    def took(self, event: bytes) -> dict[str, Any]:
        """Judge one reply as the engine does."""
        name = parse_reply(event).id
        self.arrivals.append(name)
        try:
            opened = open_reply(event, self.side.opener)
        except EngineError as error:
            return {"id": name, "outcome": "refused", "code": error.code}
        known = self.replies.setdefault(name, opened)
        if known.body_hash != opened.body_hash:
            return {"id": name, "outcome": "refused", "code": "idempotency-mismatch"}
        return {"id": name, "outcome": "applied" if known is opened else "duplicate", "code": None}

    # --- the HTTP contract -------------------------------------------------------------------------

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._faulty], client_max_size=32 * 1024 * 1024)
        app.router.add_get("/v1/keys", self._keys)
        app.router.add_get("/v1/organisation/orders", self._orders)
        app.router.add_post("/v1/organisation/orders/acks", self._acks)
        app.router.add_post("/v1/organisation/replies", self._replies)
        app.router.add_post("/v1/organisation/uploads", self._ticket)
        app.router.add_put("/v1/organisation/uploads/{ticket}", self._upload)
        return app

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path_qs}")
        self.heard.set()
        if self.faults:
            return _problem(self.faults.pop(0), "unavailable")
        if request.path != "/v1/keys" and not self._knows(request):
            return _problem(401, "not-signed-in")
        answer: web.StreamResponse = await handler(request)
        if self.after_taking:
            self.after_taking -= 1
            return _problem(503, "unavailable")
        return answer

    def _knows(self, request: web.Request) -> bool:
        token = read_token(request.headers["Authorization"].removeprefix("Bearer "))
        try:
            token.verified(self._public, audience=AUDIENCE, now=self.side.sealer._clock.now())
        except EngineError:
            return False
        return token.number == self.number

    async def _keys(self, request: web.Request) -> web.Response:
        jwks = [
            exported(self.side.signing.public_key(), use="sig"),
            exported(self.side.decryption.public_key(), use="enc"),
        ]
        return web.json_response(key_set(jwks))

    async def _orders(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.slow_seconds)
        after, limit = int(request.query.get("after", "0")), int(request.query["limit"])
        deadline = asyncio.get_running_loop().time() + float(request.query["wait"])
        while not (page := self._page(after, limit)):
            self._came.clear()
            left = deadline - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(max(0.0, left)):
                    await self._came.wait()
            except TimeoutError:
                break
        cursor = str(page[-1][0]) if page else str(after)
        return web.Response(
            body=b"[" + b",".join(event for _, event in page) + b"]",
            content_type=BATCH_MEDIA_TYPE,
            headers={"Todoke-After": cursor, "Todoke-Left-Behind": str(self._behind(after))},
        )

    def _page(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        places = {name: place for place, name in enumerate(self.sent, start=1)}
        waiting = sorted((places[name], event) for name, event in self.pending.items())
        return [(place, event) for place, event in waiting if place > after][:limit]

    def _behind(self, after: int) -> int:
        places = {name: place for place, name in enumerate(self.sent, start=1)}
        return sum(places[name] <= after for name in self.pending)

    async def _acks(self, request: web.Request) -> web.Response:
        ids = (await request.json())["orderIds"]
        gone = [self.pending.pop(name) for name in ids if name in self.pending]
        return web.json_response({"acknowledged": len(gone)})

    async def _replies(self, request: web.Request) -> web.Response:
        body = await request.read()
        events = unpacked(body) if request.content_type == BATCH_MEDIA_TYPE else (body,)
        assert request.content_type in (BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE)
        self.batches.append(len(events))
        results = [self.took(event) for event in events]
        self.replied.set()
        return web.json_response({"results": results})

    async def _ticket(self, request: web.Request) -> web.Response:
        announced = await request.json()
        ticket = f"t{len(self.uploads) + 1}"
        self.uploads[ticket] = (announced["sha256"], None)
        return web.json_response({"ticket": ticket, "expiresAt": "2026-12-01T00:00:00Z"}, status=201)

    async def _upload(self, request: web.Request) -> web.Response:
        ticket, content = request.match_info["ticket"], await request.read()
        sha256, _ = self.uploads[ticket]
        if hashlib.sha256(content).hexdigest() != sha256:
            return _problem(422, "invalid-upload-hash")
        self.uploads[ticket] = (sha256, content)
        return web.Response(status=204)


def _problem(status: int, code: str) -> web.Response:
    body = json.dumps({"code": code, "status": status})
    return web.Response(status=status, body=body.encode(), content_type="application/problem+json")


def sealed_for_nobody(event: bytes) -> bytes:
    """Return the order in the wrong envelope: nobody can open it."""
    return event.replace(parse_order(event).subject.encode(), b"r_" + b"z" * 26)


# --- an organisation under test ---------------------------------------------------------------------


class Wanted(Fields):
    new_address: Address
    customer_number: str


class Office(Connector):
    """Does what the test puts into `replies`; remembers how often it was asked."""

    number = NUMBER
    name = Text(ja="見本", en="Sample")
    procedures = {PROCEDURE: Wanted}  # noqa: RUF012

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.trouble: list[Exception] = []
        self.answers: Answering = said.Completed("R-1")
        self.seen: list[Any] = []

    def _work(self, kind: str, order: Any, desk: Desk) -> None:
        self.calls.append(kind)
        self.seen.append(order)
        if self.trouble:
            raise self.trouble.pop(0)
        desk.take_effect(order, kind)

    async def submit(self, order: Submit[Wanted], desk: Desk) -> Any:
        self._work("submit", order, desk)
        return self.answers

    def withdraw(self, order: Withdraw[Wanted], desk: Desk) -> Any:
        self._work("withdraw", order, desk)
        return said.Withdrawn("W-1")

    def amend(self, order: Amend[Wanted], desk: Desk) -> Any:
        self._work("amend", order, desk)
        return said.Amended("A-1")

    async def answered(self, order: Answered[Wanted], desk: Desk) -> Any:
        self._work("answered", order, desk)
        return [said.Accepted("R-1"), said.Completed("R-1")]

    def follow_up(self, order: Submit[Wanted], desk: Desk) -> Any:
        self._work("follow-up", order, desk)
        return said.Completed("R-1")


class Impatient(Random):
    """Waits as little as it may."""

    def uniform(self, a: float, b: float) -> float:
        return a


@dataclass
class World:
    """One engine, one connector, and the ledger between its lives."""

    path: Path
    engine: FakeEngine
    clock: Moving
    connector: Connector
    keys: OwnKeys
    base: str = ""
    runner: Runner = field(init=False)
    ledger: Ledger = field(init=False)
    line: PullTransport = field(init=False)
    retired: list[PullTransport] = field(default_factory=list)

    def start(self, transport: Transport | None = None, door: EngineDoor | None = None) -> None:
        """Start the connector's program, again on the same ledger after it was killed."""
        self.ledger = Ledger(self.path / "ledger.sqlite3")
        self.line = PullTransport(
            self.base, number=self.engine.number, keys=self.keys, clock=self.clock, audience=AUDIENCE
        )
        self.retired.append(self.line)
        self.runner = Runner(
            self.connector,
            transport=transport or self.line,
            door=door or self.line,
            keys=self.keys,
            ledger=self.ledger,
            clock=self.clock,
            random=Impatient(),
        )

    async def once(self) -> None:
        await self.runner.run_once()


@asynccontextmanager
async def world(
    path: Path, connector: Connector | None = None, clock: Moving | None = None
) -> AsyncIterator[World]:
    """Yield an engine and a connector that know each other's keys."""
    clock = clock or Moving()
    connector = connector or Office()
    engine = FakeEngine(clock, connector.number)
    keys = OwnKeys.kept_in(path)
    engine.meets(keys)
    async with TestServer(engine.app()) as server:
        made = World(path, engine, clock, connector, keys, str(server.make_url("")))
        made.start()
        try:
            yield made
        finally:
            for line in made.retired:
                await line.close()
            made.ledger.close()
