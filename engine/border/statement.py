# SPDX-License-Identifier: Apache-2.0
"""The monthly statement (月次報告書) of an organisation: sent, accepted, refused, late.

Both sides compute it, each from what it kept itself, by what the envelopes said: ids, kinds, times,
last days. So the numbers, and the digests over the ids, are the same or somebody finds out why not.
The engine signs its own as a JWS that any library verifies with the keys of `/v1/keys`.
"""

import calendar
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from engine.border.jwk import exported, jose_key
from engine.core.errors import Code, EngineError, register

TYPE: Final = "todoke-statement+jws"
JAPAN: Final = timezone(timedelta(hours=9))
_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_ORDERS: Final = frozenset({"submit", "amend", "withdraw", "answer"})
_ACCEPTED: Final = frozenset({"accepted", "completed"})
_FINAL: Final = _ACCEPTED | {"refused"}
_MOST_CHARS: Final = 20_000

register(
    {
        "invalid-month": Code(
            422, "月は YYYY-MM で、今月まで指定できます", "A month is YYYY-MM, up to this one"
        ),
        "invalid-statement": Code(
            422, "報告書の署名を確認できません", "The statement is not signed by the engine, or is another's"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Said:
    """One message of either side, as its envelope said it. For an order, `order_id` is its own."""

    id: str
    kind: str
    order_id: str
    due_on: date | None
    at: datetime


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Count(_Part):
    """How many, and the SHA-256 of their ids, sorted, a line each: the same numbers of the same things."""

    count: int = Field(ge=0)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")

    @classmethod
    def of(cls, ids: Iterable[str]) -> Self:
        """Return it for these ids."""
        once = sorted(set(ids))
        return cls(
            count=len(once), digest=hashlib.sha256("".join(f"{id_}\n" for id_ in once).encode()).hexdigest()
        )


class Statement(_Part):
    """What went on between the engine and one organisation in one month, in Japan's time.

    `late` are submissions whose last day lay in the month, was over, and had no acceptance, completion
    or refusal by its end. `until` is how far the month had come: its end, or when it was computed.
    """

    number: str
    month: str
    until: datetime
    sent: Count
    accepted: Count
    refused: Count
    late: Count

    @property
    def counts(self) -> dict[str, Count]:
        """Return what two sides compare."""
        return {name: getattr(self, name) for name in ("sent", "accepted", "refused", "late")}

    def canonical(self) -> bytes:
        """Return it as the bytes that are signed: sorted names, no spaces."""
        plain = self.model_dump(mode="json", by_alias=True)
        return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()

    def signed(self, key: ec.EllipticCurvePrivateKey, *, kid: str) -> str:
        """Return it as a compact JWS."""
        head = {"alg": "ES256", "kid": kid, "typ": TYPE}
        return jws.serialize_compact(head, self.canonical(), jose_key(key), algorithms=["ES256"])


def month_of(text: str, *, now: datetime) -> tuple[datetime, datetime]:
    """Return when a month begins and ends in Japan; raises `invalid-month`, also for one to come."""
    match = _MONTH.fullmatch(text)
    if match is None:
        raise EngineError("invalid-month", pointer="/month")
    first = date(int(match[1]), int(match[2]), 1)
    days = calendar.monthrange(first.year, first.month)[1]
    start = datetime.combine(first, time(), JAPAN)
    if start > now:
        raise EngineError("invalid-month", pointer="/month")
    return start, start + timedelta(days=days)


def statement(number: str, month: str, said: Iterable[Said], *, now: datetime) -> Statement:
    """Return the statement of a month from everything that was said in it or about what was due in it.

    Raises:
        EngineError: `invalid-month`.
    """
    start, end = month_of(month, now=now)
    until = min(end, now.replace(microsecond=0))
    everything = list(said)
    inside = [one for one in everything if start <= one.at < until]
    first_final: dict[str, datetime] = {}
    for one in everything:
        if one.kind in _FINAL:
            first_final[one.order_id] = min(one.at, first_final.get(one.order_id, one.at))
    late = [
        one.id
        for one in everything
        if one.kind == "submit"
        and one.due_on is not None
        and start.date() <= one.due_on < end.date()
        and (over := _over(one.due_on)) <= until
        and first_final.get(one.id, until) >= over
    ]
    return Statement(
        number=number,
        month=month,
        until=until.astimezone(UTC),
        sent=Count.of(one.id for one in inside if one.kind in _ORDERS),
        accepted=Count.of(one.id for one in inside if one.kind in _ACCEPTED),
        refused=Count.of(one.id for one in inside if one.kind == "refused"),
        late=Count.of(late),
    )


def verified(text: str, keys: dict[str, ec.EllipticCurvePublicKey], *, number: str) -> Statement:
    """Return the statement in a JWS if one of these keys signed it for the number.

    Raises:
        EngineError: `invalid-statement`.
    """
    try:
        head: dict[str, Any] = jws.extract_compact(text[:_MOST_CHARS].encode()).headers()
        key = keys[head["kid"]]
        found = jws.deserialize_compact(
            text, ECKey.import_key(dict(exported(key, use="sig"))), algorithms=["ES256"]
        )
        said = Statement.model_validate_json(found.payload)
    except (JoseError, ValidationError, ValueError, KeyError):
        raise EngineError("invalid-statement") from None
    if head.get("typ") != TYPE or said.number != number:
        raise EngineError("invalid-statement")
    return said


def _over(day: date) -> datetime:
    """Return when a day is over in Japan."""
    return datetime.combine(day + timedelta(days=1), time(), JAPAN)
