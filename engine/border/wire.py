# SPDX-License-Identifier: Apache-2.0
"""What all models on the wire share: camelCase, nothing unknown, bounds, errors that point to the field."""

import math
import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from engine.core.errors import Code, EngineError, Problem, register
from engine.core.text import Text

MAX_PROBLEMS: Final = 20
_MAX_POINTER: Final = 200
_MAX_DEPTH, _MAX_NODES, _MAX_STRING = 8, 2000, 4000
_MAX_INTEGER: Final = 2**53 - 1  # what every JSON reader keeps exactly (RFC 8259, 6)
# Nothing that a terminal, a page or PostgreSQL takes for more than text; line breaks are text.
TEXT: Final = r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$"
_TEXT: Final = re.compile(TEXT[1:-1])
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")

register(
    {
        "malformed-envelope": Code(
            400, "封筒(CloudEvents)の形式が正しくありません", "The CloudEvents envelope is malformed"
        ),
        "invalid-payload": Code(422, "メッセージの内容に誤りがあります", "The payload has errors"),
        "invalid-payload-missing": Code(422, "必要な項目がありません", "A required member is missing"),
        "invalid-payload-unknown": Code(422, "定義されていない項目です", "There is no such member"),
    }
)


class Wire(BaseModel):
    """A model on the wire: frozen, exact types, camelCase, no member that we do not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )


def _date(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        if _DATE.fullmatch(value):  # pydantic would take "1700000000" too
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("wire_date", "a date is YYYY-MM-DD")


def _instant(value: object) -> object:
    if isinstance(value, str):
        try:
            if _INSTANT.fullmatch(value):
                return datetime.fromisoformat(value)
        except ValueError:
            pass
    elif isinstance(value, datetime) and value.utcoffset() == timedelta() and not value.microsecond:
        return value
    raise PydanticCustomError("wire_instant", "an instant is YYYY-MM-DDThh:mm:ssZ, in whole seconds")


def plain(value: JsonValue) -> JsonValue:
    """Return the value if it is small, shallow and can be kept as it is."""
    left = _MAX_NODES
    level: list[Any] = [value]
    for _ in range(_MAX_DEPTH):
        below: list[Any] = []
        for node in level:
            left -= 1
            match node:
                case str() if len(node) > _MAX_STRING or not _TEXT.fullmatch(node):
                    raise PydanticCustomError("wire_text", "too long, or control characters")
                case int() if abs(node) > _MAX_INTEGER:
                    raise PydanticCustomError("wire_number", "the number is too large")
                case float() if not math.isfinite(node):
                    raise PydanticCustomError("wire_number", "not a number")
                case list():
                    below += node
                case dict():
                    below += node.keys()
                    below += node.values()
        if left - len(below) < 0:
            raise PydanticCustomError("wire_size", "too many values")
        if not below:
            return value
        level = below
    raise PydanticCustomError("wire_depth", "nested too deeply")


class Title(Text):
    """A short text in both languages."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    ja: str = Field(min_length=1, max_length=200, pattern=TEXT)
    en: str = Field(min_length=1, max_length=200, pattern=TEXT)


class Statement(Text):
    """A few sentences in both languages."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    ja: str = Field(min_length=1, max_length=2000, pattern=TEXT)
    en: str = Field(min_length=1, max_length=2000, pattern=TEXT)


Date = Annotated[date, BeforeValidator(_date, json_schema_input_type=date)]
Instant = Annotated[datetime, BeforeValidator(_instant, json_schema_input_type=datetime)]
Json = Annotated[JsonValue, AfterValidator(plain)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([.-][a-z0-9]+)*$", max_length=80)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:~-]*$", max_length=64)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=TEXT)]


def refusal(code: str, error: ValidationError) -> EngineError:
    """Return our own error for pydantic's: where and what, never the content."""
    wrong = error.errors(include_input=False, include_url=False, include_context=False)[:MAX_PROBLEMS]
    return EngineError(
        code, problems=tuple(Problem(pointer(one["loc"]), _kind(code, one["type"])) for one in wrong)
    )


def pointer(steps: tuple[int | str, ...]) -> str:
    """Return the JSON pointer (RFC 6901) to a place, cut where a sender's own names grow too long."""
    escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    return "".join(f"/{step}" for step in escaped)[:_MAX_POINTER]


def _kind(code: str, kind: str) -> str:
    if code != "invalid-payload":
        return code
    return {"missing": "invalid-payload-missing", "extra_forbidden": "invalid-payload-unknown"}.get(
        kind, code
    )
