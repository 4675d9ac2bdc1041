# SPDX-License-Identifier: Apache-2.0
"""How a request is read: bounded in bytes, time and depth, and one reading only of every text.

JSON that two readers could understand differently (RFC 8259, 4 and 9) is no JSON here: a name
twice, NaN, numbers too large for a double, half a surrogate pair.
"""

import asyncio
import base64
import binascii
import json
import math
import re
from typing import Annotated, Any, Final, NoReturn, TypeVar

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from engine.border.wire import MAX_PROBLEMS, Wire, pointer
from engine.core.errors import EngineError, Problem
from engine.web import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.web.fields import field_problems

JSON: Final = "application/json"
MAX_BODY_BYTES: Final = 1024 * 1024
_MAX_DEPTH: Final = 32
_BODY_SECONDS: Final = 30.0
_KEY: Final = re.compile(r"[!-~]{1,128}")
_ETAG: Final = re.compile(r'"([0-9]{1,9})"')
_DIGITS: Final = re.compile(r"[0-9]{1,12}")
KEY_PATTERN: Final = r"^[!-~]{1,128}$"
ETAG_PATTERN: Final = r'^"[0-9]{1,9}"$'
_BASE64: Final = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"

M = TypeVar("M", bound=BaseModel)


class Body(Wire):
    """What a citizen or organisation sends: exact types, camelCase, no member that we do not know."""


class Query(BaseModel):
    """The parameters behind the question mark; no parameter that we do not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True
    )


def _whole(value: object) -> object:
    """Return digits as a number; `5.0`, `+5` and full-width digits are none."""
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            raise PydanticCustomError("pattern", "digits only")
        return int(value)
    return value


def _integral(value: object) -> object:
    """Return 254.0 as 254: JSON knows one kind of number, and a schema takes both for an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


INTEGRAL: Final = BeforeValidator(_integral)


def _decoded(value: object) -> object:
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise PydanticCustomError("base64", "not Base64") from None
    return value


_Hundred = Annotated[int, Field(ge=1, le=100, description="How many at most")]
_Seconds = Annotated[int, Field(ge=0, le=30, description="How many seconds to wait")]
_Place = Annotated[int, Field(ge=0, le=999_999_999_999, description="The position to go on from")]
Limit = Annotated[_Hundred, BeforeValidator(_whole, json_schema_input_type=_Hundred)]
Seconds = Annotated[_Seconds, BeforeValidator(_whole, json_schema_input_type=_Seconds)]
Place = Annotated[_Place, BeforeValidator(_whole, json_schema_input_type=_Place)]


def base64_bytes(most: int) -> Any:
    """Return the type of bytes that travel as Base64 (RFC 4648, 4), at most so many."""
    schema = {
        "type": "string",
        "contentEncoding": "base64",
        "minLength": 4,
        "maxLength": most // 3 * 4,
        "pattern": _BASE64,
    }
    return Annotated[
        bytes, Field(min_length=1, max_length=most), BeforeValidator(_decoded), WithJsonSchema(schema)
    ]


async def read_body(request: web.Request, accepted: tuple[str, ...], *, most: int = MAX_BODY_BYTES) -> bytes:
    """Return the body.

    Raises:
        EngineError: `unsupported-media-type`, `body-too-large`, `request-too-slow`, `malformed-request`.
    """
    check_media_type(request, accepted)
    if (request.content_length or 0) > most:
        raise EngineError("body-too-large", most=most)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > most:
                    raise EngineError("body-too-large", most=most)
    except TimeoutError as error:
        raise EngineError("request-too-slow") from error
    except web.RequestPayloadError as error:
        raise EngineError("malformed-request") from error
    return bytes(body)


def check_media_type(request: web.Request, accepted: tuple[str, ...]) -> None:
    """Return if the body is of an accepted type, in UTF-8, not compressed; else `unsupported-media-type`."""
    plain = request.headers.get("Content-Encoding", "identity").lower() == "identity"
    try:
        charset = (request.charset or "utf-8").lower()
    except ValueError:
        charset = ""
    if "Content-Type" not in request.headers or request.content_type not in accepted:
        raise EngineError("unsupported-media-type", accepted=", ".join(accepted))
    if not plain or charset not in {"utf-8", "utf8"}:
        raise EngineError("unsupported-media-type", accepted="UTF-8, no Content-Encoding")


def parsed(model: type[M], raw: bytes) -> M:
    """Return the body as its model; raises `malformed-json`, or `invalid-body` with pointers."""
    strict_json(raw)
    try:
        return model.model_validate_json(raw, by_alias=True, by_name=False)
    except ValidationError as error:
        raise EngineError("invalid-body", problems=field_problems(error)) from None


def strict_json(raw: bytes) -> Any:
    """Return the JSON in these bytes if it can be read in one way only; raises `malformed-json`."""
    try:
        value = json.loads(
            raw.decode(), object_pairs_hook=_once, parse_constant=_refused, parse_float=_finite
        )
        _check_depth(value)
    except (ValueError, RecursionError):  # UnicodeError and JSONDecodeError are ValueErrors
        raise EngineError("malformed-json", pointer="") from None  # the cause would show what was inside
    return value


def query_of(model: type[M], request: web.Request) -> M:
    """Return the query as its model; raises `invalid-query`."""
    given = request.query
    twice = sorted({name for name in given if len(given.getall(name)) > 1})
    if twice:
        problems = tuple(Problem(pointer((name,)), "repeated") for name in twice[:MAX_PROBLEMS])
        raise EngineError("invalid-query", problems=problems)
    try:
        return model.model_validate(dict(given), by_alias=True, by_name=False)
    except ValidationError as error:
        raise EngineError("invalid-query", problems=field_problems(error)) from None


def idempotency_key(request: web.Request) -> str:
    """Return the key of the request; raises `malformed-idempotency-key`."""
    keys = request.headers.getall("Idempotency-Key", [])
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise EngineError("malformed-idempotency-key", pointer="/Idempotency-Key")
    return keys[0]


def if_match(request: web.Request) -> int | None:
    """Return the version that the caller read, None when it is not said; raises `malformed-version`."""
    tags = request.headers.getall("If-Match", [])
    if not tags:
        return None
    match = _ETAG.fullmatch(tags[0])
    if match is None or len(tags) > 1:
        raise EngineError("malformed-version", pointer="/If-Match")
    return int(match[1])


def is_known(request: web.Request, version: int | str) -> bool:
    """Say whether the caller has this version already (If-None-Match: weak comparison, RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    return "*" in tags or f'"{version}"' in tags


def last_event_id(request: web.Request) -> int:
    """Return the version after which a stream goes on, 0 from the beginning."""
    text = request.headers.get("Last-Event-ID", "0")
    if not _DIGITS.fullmatch(text):
        raise EngineError("malformed-last-event-id", pointer="/Last-Event-ID")
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name twice")
    return members


def _refused(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("too large")
    return number


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_MAX_DEPTH):
        below: list[Any] = []
        for node in level:
            match node:
                case str():
                    node.encode()  # half a surrogate pair raises
                case list():
                    below += node
                case dict():
                    below += node.keys()
                    below += node.values()
        if not below:
            return
        level = below
    raise ValueError("too deep")
