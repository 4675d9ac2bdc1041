# SPDX-License-Identifier: Apache-2.0
"""How a function becomes an HTTP operation: its signature says what it takes and gives.

`body` and `query` are pydantic models, every other parameter after the call is a part of the path;
the annotation of what it returns is the answer. Routing, checking and the OpenAPI document all come
from the one `Operation` that the decorator makes. Checks run in this order: who, how often, path,
headers, in whose place, query, body; the function sees only what passed them all.
"""

import asyncio
import hashlib
import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from engine.border.wire import MAX_PROBLEMS, pointer
from engine.core.errors import CODES, EngineError, Problem
from engine.core.text import Text
from engine.identity.sessions import Session
from engine.runtime.counter import Request
from engine.telemetry import Metrics
from engine.web.doors import Doors
from engine.web.reading import JSON, idempotency_key, if_match, parsed, query_of, read_body
from engine.web.security import Admitted, Buckets, Origins, WebSettings, Who, admit
from engine.web.standing import Also, standing
from engine.web.streams import Streams

Answer = BaseModel | web.StreamResponse | None
Handler = Callable[..., Awaitable[Answer]]
Version = Literal["no", "may", "must"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What all requests of one application share."""

    doors: Doors
    settings: WebSettings
    origins: Origins
    streams: Streams
    metrics: Metrics
    addresses: Buckets
    subjects: Buckets
    openapi: bytes


CONTEXT: Final = web.AppKey("context", Context)
ADDRESS: Final = web.RequestKey("address", str)  # under which name the caller's address is counted
NAMED: Final = web.RequestKey("named", dict[str, str])  # ids for the log line, filled once they are checked


@dataclass(slots=True, kw_only=True)
class Call:
    """One request that passed the checks before its function. `headers` go with the answer."""

    request: web.Request
    context: Context
    admitted: Admitted
    key: str = ""
    body_hash: bytes = b""
    version: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def doors(self) -> Doors:
        """Where the work is done."""
        return self.context.doors

    @property
    def session(self) -> Session:
        """The session of the person who asks."""
        if self.admitted.session is None:
            raise EngineError("not-signed-in")
        return self.admitted.session

    @property
    def person(self) -> UUID:
        """Whose cases it is about: who asks, or for whom."""
        return self.session.subject

    @property
    def organisation(self) -> str:
        """Which organisation asks."""
        if self.admitted.organisation is None:
            raise EngineError("not-signed-in-organisation")
        return self.admitted.organisation

    @property
    def change(self) -> Request:
        """The request as one that changes a case: under its key, about the version that was read."""
        session = self.session
        return Request(session.subject, self.key, self.body_hash, self.version, session.acting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path: everything there is to know about it. `refusals` are the codes of its own."""

    id: str
    group: str
    method: str
    path: str
    who: Who
    words: Text
    handler: Handler
    status: int
    cost: int
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    parts: Mapping[str, TypeAdapter[Any]]
    returns: type[BaseModel] | None
    takes: tuple[str, ...]
    part: type[BaseModel] | None
    gives: str
    idempotent: bool
    version: Version
    conditional: bool
    waits: bool
    recent: bool
    also: frozenset[Also]
    refusals: tuple[str, ...]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Return the answer.

        Raises:
            EngineError: whatever is wrong with the request, or what its function refuses.
        """
        context = request.app[CONTEXT]
        admitted = await admit(request, self.who, doors=context.doors, origins=context.origins)
        if admitted.subject is not None:
            request[NAMED]["subject"] = admitted.subject
            context.subjects.take(admitted.subject, self.cost, asyncio.get_running_loop().time())
        elif self.cost > 1:
            context.addresses.take(request[ADDRESS], self.cost, asyncio.get_running_loop().time())
        if self.recent and admitted.session is not None:
            context.doors.gate.require_recent(admitted.session, context.settings.proof_lasts)
        arguments = self._read_path(request)
        call = Call(request=request, context=context, admitted=admitted)
        self._read_headers(call)
        if self.who is Who.CITIZEN:
            call.admitted = await self._in_whose_place(call, arguments.get("case"))
        if self.query is not None:
            arguments["query"] = query_of(self.query, request)
        elif request.query:
            problems = tuple(Problem(pointer((name,)), "unknown") for name in request.query)
            raise EngineError("invalid-query", problems=problems[:MAX_PROBLEMS])
        await self._read_body(call, arguments)
        return self._written(call, await self._bounded(call, arguments))

    async def _in_whose_place(self, call: Call, case: UUID | None) -> Admitted:
        """Return who was let in, with whom they act for."""
        acting = await standing(
            call.request,
            call.session,
            doors=call.doors,
            operation=self.id,
            also=self.also,
            case=case,
        )
        return replace(call.admitted, session=acting)

    def _read_path(self, request: web.Request) -> dict[str, Any]:
        arguments = {}
        for name, adapter in self.parts.items():
            try:
                arguments[name] = adapter.validate_python(request.match_info[name])
            except ValidationError:
                raise EngineError("no-such-resource", pointer=f"/{name}") from None
            request[NAMED][name] = str(arguments[name])
        return arguments

    def _read_headers(self, call: Call) -> None:
        if self.idempotent:
            call.key = idempotency_key(call.request)
        if self.version != "no":
            call.version = if_match(call.request)
        if self.version == "must" and call.version is None:
            raise EngineError("version-required", pointer="/If-Match")

    async def _read_body(self, call: Call, arguments: dict[str, Any]) -> None:
        raw = b""
        if self.body is not None:
            raw = await read_body(call.request, self.takes)
            arguments["body"] = parsed(self.body, raw)
        elif not self.takes and call.request.can_read_body:
            raise EngineError("body-too-large", most=0)
        asked = f"{call.request.method} {call.request.path}\n".encode()
        call.body_hash = hashlib.sha256(asked + raw).digest()

    async def _bounded(self, call: Call, arguments: dict[str, Any]) -> Answer:
        try:
            async with asyncio.timeout(None if self.waits else call.context.settings.answer_seconds):
                return await self.handler(call, **arguments)
        except TimeoutError as error:
            raise EngineError("unavailable") from error

    def _written(self, call: Call, answer: Answer) -> web.StreamResponse:
        match answer:
            case web.StreamResponse():
                return answer
            case None:
                return web.Response(status=self.status, headers=call.headers)
            case _:
                body = answer.model_dump_json(by_alias=True).encode()
                return web.Response(
                    body=body, status=self.status, content_type=self.gives, headers=call.headers
                )


class Group:
    """Operations that belong together: one file, one chapter of the document."""

    def __init__(self, name: str, words: Text) -> None:
        self.name = name
        self.words = words
        self.operations: list[Operation] = []

    def operation(
        self,
        method: str,
        path: str,
        *,
        who: Who,
        words: Text,
        status: int = 200,
        cost: int = 1,
        takes: tuple[str, ...] = (),
        part: type[BaseModel] | None = None,
        gives: str = JSON,
        idempotent: bool = False,
        version: Version = "no",
        conditional: bool = False,
        waits: bool = False,
        recent: bool = False,
        also: tuple[Also, ...] = (),
        refusals: tuple[str, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Make the function an operation.

        `takes` names the media types of a body that the function reads itself, `part` what is in it,
        once or in an array. `waits` lifts the bound on its time. A `recent` one asks a person for a
        proof of now: it cannot be taken back, or reaches far. A `conditional` one answers 304 to a
        reader who has this version. `cost` is how many tokens of the caller's bucket it takes.
        `also` says who may ask for it beside the citizen: nobody, where it does not.
        """
        if unknown := [code for code in refusals if code not in CODES]:
            raise ValueError(f"{method} {path}: unknown codes {unknown}")
        if recent and who in {Who.OPEN, Who.ORGANISATION}:
            raise ValueError(f"{method} {path}: no person is there to prove anything")
        if also and who is not Who.CITIZEN:
            raise ValueError(f"{method} {path}: it is nobody's own")
        if Also.BY_CODE in also and "{case}" not in path:
            raise ValueError(f"{method} {path}: a code is for one case")

        def made(handler: Handler) -> Handler:
            hints = typing.get_type_hints(handler, include_extras=True)
            names = [*inspect.signature(handler).parameters][1:]
            parts = {name: TypeAdapter(hints[name]) for name in names if name not in {"body", "query"}}
            if any(f"{{{name}}}" not in path for name in parts) or path.count("{") != len(parts):
                raise ValueError(f"{method} {path}: its parts are not the function's parameters")
            returns = hints["return"]
            self.operations.append(
                Operation(
                    id=_camel(handler.__name__),
                    group=self.name,
                    method=method,
                    path=path,
                    who=who,
                    words=words,
                    handler=handler,
                    status=status,
                    cost=cost,
                    body=hints.get("body"),
                    query=hints.get("query"),
                    parts=parts,
                    returns=returns if isinstance(returns, type) and issubclass(returns, BaseModel) else None,
                    takes=takes or ((JSON,) if "body" in hints else ()),
                    part=part,
                    gives="" if returns is type(None) else gives,
                    idempotent=idempotent,
                    version=version,
                    conditional=conditional,
                    waits=waits,
                    recent=recent,
                    also=frozenset(also),
                    refusals=refusals,
                )
            )
            return handler

        return made


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
