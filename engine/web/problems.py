# SPDX-License-Identifier: Apache-2.0
"""Every refusal as problem details (RFC 9457), in the language of the reader. Japanese is the default."""

import json
import re
from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Final
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from engine.core.errors import CODES, EngineError
from engine.telemetry import trace
from engine.web import codes as _codes  # noqa: F401 - registers the codes used here
from engine.web.fields import words

MEDIA_TYPE: Final = "application/problem+json"
_BASE: Final = "https://todoke.example/problems/"
_LANGUAGE: Final = re.compile(
    r"\s*(ja|en)(?:-[a-z0-9-]+)?\s*(?:;\s*q=([01](?:\.[0-9]{1,3})?))?\s*", re.IGNORECASE
)
_RETRY_SECONDS: Final = 5


class _Shown(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True)


class FieldProblem(_Shown):
    """One thing that is wrong: where, what, and in words."""

    pointer: str = Field(description="JSON pointer (RFC 6901) into the body; /name for a parameter")
    code: str
    detail: str


class ProblemDetails(_Shown):
    """Why a request was refused (RFC 9457). `code` is stable; words may change."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    trace_id: str
    errors: tuple[FieldProblem, ...] = ()


def problem(error: EngineError, *, language: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return the answer for a refusal."""
    known = CODES[error.code]
    title = known.en if language == "en" else known.ja
    body = ProblemDetails(
        type=_BASE + error.code,
        title=title,
        status=known.status,
        detail=_detail(error, title),
        code=error.code,
        trace_id=trace.get(),
        errors=tuple(
            FieldProblem(pointer=one.pointer, code=one.code, detail=getattr(words(one.code), language))
            for one in error.problems
        ),
    )
    return web.Response(
        body=body.model_dump_json(by_alias=True).encode(),
        status=known.status,
        content_type=MEDIA_TYPE,
        headers={"Content-Language": language, "Vary": "Accept-Language", **_extra(error), **(headers or {})},
    )


def translated(error: web.HTTPException) -> tuple[EngineError, Mapping[str, str]]:
    """Return our refusal for one that aiohttp made, and the headers that go with it."""
    match error.status:
        case HTTPStatus.NOT_FOUND:
            return EngineError("no-such-resource"), {}
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return EngineError("method-not-allowed"), {"Allow": error.headers.get("Allow", "")}
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return EngineError("body-too-large"), {}
        case HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
            return EngineError("unsupported-media-type"), {}
        case status if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return EngineError("malformed-request"), {}
        case _:
            return EngineError("internal-error"), {}


def preferred_language(accept: str | None) -> str:
    """Return `en` if the reader prefers it to Japanese, else `ja`."""
    wishes = {"ja": 0.0, "en": 0.0}
    for part in (accept or "").split(",")[:20]:
        match = _LANGUAGE.fullmatch(part)
        if match:
            name = match[1].lower()
            wishes[name] = max(wishes[name], float(match[2] or 1))
    return "en" if wishes["en"] > wishes["ja"] else "ja"


def example(code: str) -> dict[str, object]:
    """Return what the refusal looks like, in English."""
    return {
        "type": _BASE + code,
        "title": CODES[code].en,
        "status": CODES[code].status,
        "detail": CODES[code].en,
        "code": code,
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "errors": [],
    }


def all_problems() -> list[dict[str, object]]:
    """Return every code there is, as it is served."""
    return [
        {"code": name, "type": _BASE + name, "status": code.status, "title": {"ja": code.ja, "en": code.en}}
        for name, code in sorted(CODES.items())
    ]


def _detail(error: EngineError, title: str) -> str:
    """Return the title with the values that matter; what went wrong inside is not for outside."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return title
    told = {name: value for name, value in error.values.items() if isinstance(value, str | int | date | UUID)}
    return f"{title} ({json.dumps(told, ensure_ascii=False, default=str)[1:-1]})" if told else title


def _extra(error: EngineError) -> dict[str, str]:
    match error.status:
        case HTTPStatus.UNAUTHORIZED:
            return {"WWW-Authenticate": "Bearer"}
        case HTTPStatus.SERVICE_UNAVAILABLE | HTTPStatus.TOO_MANY_REQUESTS:
            return {"Retry-After": str(error.values.get("retry_after", _RETRY_SECONDS))}
        case _:
            return {}
