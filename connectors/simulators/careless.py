# SPDX-License-Identifier: Apache-2.0
"""A connector without the SDK that does just enough, and a dial for each way of not doing it.

It is what the conformance suite is proven with: left alone it passes, and each carelessness (不注意)
fails exactly the check that is there for it. It keeps what it knows in one file, and works for nobody.
"""

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from joserfc import jwe, jws
from joserfc.jwk import ECKey

from connectors.sdk.keys import OwnKeys
from connectors.sdk.pull import PullTransport
from connectors.sdk.transport import EngineUnavailable, Incoming, NotTaken, Outgoing
from engine.border import payloads as p
from engine.border.envelope import kind_of, seal_event
from engine.border.jwk import RecipientKey, decoded
from engine.border.payloads import Payload
from engine.border.sealing import Sealer
from engine.ports import Clock

_HEAD: Final = ("id", "type", "subject", "source", "sequence")
_MEMBERS: Final = {
    "submit": {"procedure", "attempt", "fields", "planned", "dueOn", "basis", "evidenceRef"},
    "amend": {"attempt", "revision", "fields", "basis"},
    "withdraw": {"attempt", "revision", "reason", "basis"},
    "answer": {"questionId", "answer"},
}
_JWE: Final = jwe.JWERegistry(algorithms=["ECDH-ES+A256KW", "A256GCM"], strict_check_header=False)
_JWS: Final = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
_DAYS: Final = 7
_CLOSE: Final = timedelta(minutes=5)
_MANY: Final = 30


@dataclass(frozen=True, slots=True)
class Carelessness:
    """What it does not do as it should; without anything it does all of it."""

    answers_anew: bool = False
    """Takes an order that comes again for another one."""
    files_overtaken: bool = False
    """Files a submission that was withdrawn before it came."""
    takes_late: bool = False
    """Corrects what was withdrawn."""
    waits_for_every_number: bool = False
    """Leaves an order alone while numbers before it are missing."""
    refuses_other_times: bool = False
    """Leaves alone what was written more than five minutes from now."""
    believes_anybody: bool = False
    """Does not verify the signature."""
    answers_unread: bool = False
    """Answers what was sealed for somebody else."""
    trusts_the_envelope: bool = False
    """Does not compare the envelope with the seal."""
    takes_any_type: bool = False
    """Takes an order of an unknown type for a submission."""
    passes_over_members: bool = False
    """Does not look at the schema of the payload."""
    keeps_engine_keys: bool = False
    """Asks for the engine's keys once."""
    keeps_own_key: bool = False
    """Does not hold the key it has registered."""
    never_amends: bool = False
    never_withdraws: bool = False
    asks_and_stops: bool = False
    """Asks, and does nothing with the answer."""
    drops_what_is_too_much: bool = False
    """Loses what comes when it has much to do."""
    forgets: bool = False
    """Keeps nothing over a restart."""
    misdescribes_documents: bool = False
    sends_garbage: bool = False
    repeats_itself: bool = False


@dataclass(slots=True)
class Memory:
    """What it knows: the highest number of each reference, and what it said to each order."""

    seen: dict[str, int] = field(default_factory=dict)
    withdrawn: list[str] = field(default_factory=list)
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def kept_in(cls, path: Path) -> "Memory":
        """Return what was kept."""
        return cls(**json.loads(path.read_text())) if path.exists() else cls()

    def keep(self, path: Path) -> None:
        """Keep it."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({one.name: getattr(self, one.name) for one in fields(self)}))
        draft.replace(path)


class CarelessConnector:
    """Takes orders over the pull channel and answers them, as carefully as it is told to."""

    def __init__(
        self,
        number: str,
        home: Path,
        *,
        engine: str,
        clock: Clock,
        careless: Carelessness,
        asks: bool = False,
    ) -> None:
        """`asks` makes it ask before it accepts, as some do."""
        self._careless = careless
        self._asks = asks or careless.asks_and_stops
        self._clock = clock
        self._keys = OwnKeys.kept_in(home)
        self._path = home / "careless.json"
        self._memory = Memory() if careless.forgets else Memory.kept_in(self._path)
        self._door = PullTransport(engine, number=number, keys=self._keys, clock=clock)
        source = f"/organisations/{number}"
        self._sealer = Sealer(self._keys.signing, kid=self._keys.kid, source=source, clock=clock)
        self._jwks: dict[str, dict[str, Any]] = {}
        self._recipient: RecipientKey | None = None
        self._counted = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        try:
            while not stop.is_set():
                try:
                    if self._recipient is None:
                        await self._learn()
                    await self._once()
                except (EngineUnavailable, NotTaken):
                    await asyncio.sleep(0.2)
        finally:
            await self._door.close()

    async def _once(self) -> None:
        taken = await self._door.take(wait_seconds=1)
        replies: list[Outgoing] = []
        for one in taken:
            replies += await self._answered(json.loads(one.event), many=len(taken) > _MANY)
        self._memory.keep(self._path)
        for start in range(0, len(replies), 100):
            some = replies[start : start + 100]
            if self._careless.sends_garbage:
                await self._door.send([Outgoing(one.id, _garbled(one.event)) for one in some[:1]])
            await self._door.send(some)
            if self._careless.repeats_itself:
                await self._door.send(some)
        await self._acknowledge(taken)

    async def _acknowledge(self, taken: list[Incoming]) -> None:
        await self._door.acknowledge_named([str(json.loads(one.event)["id"]) for one in taken])

    async def _learn(self) -> None:
        keys = (await self._door.keys())["keys"]
        self._jwks = {one["kid"]: one for one in keys if one["use"] == "sig"}
        self._recipient = next(RecipientKey.from_jwk(one) for one in keys if one["use"] == "enc")

    async def _answered(self, event: dict[str, Any], *, many: bool) -> list[Outgoing]:
        if many and self._careless.drops_what_is_too_much:
            self._counted += 1
            if self._counted % 5 == 0:
                return []
        payload = await self._opened(event)
        if payload is None or not self._is_acceptable(event, payload):
            return []
        order, reference, number = event["id"], event["subject"], event["sequence"]
        if order in self._memory.answers and not self._careless.answers_anew:
            return self._sealed(event, self._memory.answers[order])
        kind = kind_of(event["type"])
        if order not in self._memory.answers and self._is_overtaken(kind, reference, number):
            return []
        self._memory.seen[reference] = max(number, self._memory.seen.get(reference, 0))
        said = self._said(kind, event, payload, again=len(self._memory.answers.get(order, ())))
        self._memory.answers.setdefault(order, []).extend(said)
        return self._sealed(event, said)

    async def _opened(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """Return what is in the seal; None where it is not to be read."""
        head = json.loads(decoded(event["data"].partition(".")[0].encode()))
        kid = head["kid"]
        newest = list(self._keys.decryption)[0] if self._careless.keeps_own_key else None  # noqa: RUF015
        key = self._keys.decryption.get(kid)
        if key is None or (self._careless.keeps_own_key and len(self._keys.decryption) > 1 and kid == newest):
            return {"fields": {}} if self._careless.answers_unread and key is None else None
        opened = jwe.decrypt_compact(event["data"], ECKey.import_key(key), registry=_JWE)
        inner = jws.extract_compact(opened.plaintext or b"")
        if not await self._is_theirs(inner.headers()["kid"], opened.plaintext or b""):
            return None
        if not self._careless.trusts_the_envelope and any(
            inner.headers()[name] != event[name] for name in _HEAD
        ):
            return None
        found: dict[str, Any] = json.loads(inner.payload)
        return found

    async def _is_theirs(self, kid: str, signed: bytes) -> bool:
        if self._careless.believes_anybody:
            return True
        if kid not in self._jwks and not self._careless.keeps_engine_keys:
            await self._learn()
        jwk = self._jwks.get(kid)
        if jwk is None:
            return False
        jws.deserialize_compact(signed, ECKey.import_key(jwk), registry=_JWS)
        return True

    def _is_acceptable(self, event: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
        known = _MEMBERS.get(kind_of(event["type"]))
        if known is None:
            return self._careless.takes_any_type
        if not set(payload) <= known and not self._careless.passes_over_members:
            return False
        if self._careless.refuses_other_times:
            return abs(datetime.fromisoformat(event["time"]) - self._clock.now()) < _CLOSE
        return True

    def _is_overtaken(self, kind: str, reference: str, number: int) -> bool:
        seen = self._memory.seen.get(reference, 0)
        if self._careless.waits_for_every_number and number > seen + 1 and seen > 0:
            return True
        if number > seen:
            return False
        if kind == "submit":
            return not self._careless.files_overtaken
        return not (kind == "amend" and self._careless.takes_late)

    def _said(
        self, kind: str, event: Mapping[str, Any], payload: Mapping[str, Any], *, again: int
    ) -> list[dict[str, Any]]:
        order = event["id"]
        receipt = f"C-{order[2:10]}-{again}"
        said: dict[str, Any] = {"orderId": order, "receipt": receipt}
        match kind:
            case "amend":
                return [] if self._careless.never_amends else [_reply("amended", said, again)]
            case "withdraw":
                return [] if self._careless.never_withdraws else [_reply("withdrawn", said, again)]
            case "answer":
                return [] if self._careless.asks_and_stops else [_reply("completed", said, again)]
            case _ if self._asks and payload.get("attempt") is not None:
                return [_reply("asked", self._question(order), again)]
            case _:
                papers = {"documents": [self._paper(order)]}
                return [_reply("accepted", said, again), _reply("completed", said | papers, again + 1)]

    def _question(self, order: str) -> dict[str, Any]:
        until = self._clock.now().date() + timedelta(days=_DAYS)
        return {
            "orderId": order,
            "questionId": "sure",
            "text": {"ja": "よろしいですか", "en": "Are you sure?"},
            "answerSchema": {"type": "boolean", "title": "はい"},
            "until": until.isoformat(),
        }

    def _paper(self, order: str) -> dict[str, Any]:
        one = p.EXAMPLES_BY_MODEL[p.Document]
        return {**one, "documentId": f"d-{order[2:10]}"}

    def _sealed(self, event: Mapping[str, Any], said: list[dict[str, Any]]) -> list[Outgoing]:
        if self._recipient is None:
            return []
        made = []
        for one in said:
            payload = _payload(one["kind"], one["payload"])
            if self._careless.misdescribes_documents:
                payload = _misdescribed(payload)
            wire = seal_event(
                payload,
                id=one["id"],
                subject=event["subject"],
                sequence=one["number"],
                time=self._clock.now(),
                sealer=self._sealer,
                recipient=self._recipient,
            )
            made.append(Outgoing(one["id"], wire))
        return made


def _reply(kind: str, payload: dict[str, Any], again: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "id": f"{payload['orderId']}.{secrets.token_hex(4)}",
        "number": again + 1,
        "payload": payload,
    }


_REPLIES: Final[Mapping[str, type[Payload]]] = {
    "amended": p.ReplyAmended,
    "withdrawn": p.ReplyWithdrawn,
    "accepted": p.ReplyAccepted,
    "completed": p.ReplyCompleted,
    "asked": p.ReplyAsked,
}


def _payload(kind: str, said: Mapping[str, Any]) -> Payload:
    return _REPLIES[kind].model_validate_json(json.dumps(said))


def _misdescribed(payload: Payload) -> Payload:
    """Return the payload with documents that are not of the size they say."""
    documents = getattr(payload, "documents", ())
    if not documents:
        return payload
    spoilt = tuple(one.model_copy(update={"size_bytes": one.size_bytes + 1}) for one in documents)
    return payload.model_copy(update={"documents": spoilt})


def _garbled(event: bytes) -> bytes:
    found = json.loads(event)
    found["data"] = found["data"][: len(found["data"]) // 2]
    return json.dumps(found).encode()
