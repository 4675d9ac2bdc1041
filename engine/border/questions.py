# SPDX-License-Identifier: Apache-2.0
"""What an organisation may ask a citizen: a small, closed part of JSON Schema 2020-12, and its check.

A form has to be drawn from the schema and the answer checked against it on our side, so it has no
references, no patterns (a pattern can be made to run for hours), no conditions, and is small.

Taken: `type` (always, one of object, array, string, integer, number, boolean) with
    all        title, description, x-title {ja, en}
    string     minLength, maxLength, enum or oneOf [{const, title, x-title}], format "date"
    numbers    minimum, maximum
    array      items, minItems, maxItems (≤ 50), uniqueItems
    object     properties (1 to 20), required, additionalProperties false
Four levels deep, 100 schemas in all. Every string also has the general bound of 4,000 characters.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

from jsonschema import Draft202012Validator, FormatChecker
from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from engine.border.wire import MAX_PROBLEMS, TEXT, Line, Title, Wire, pointer
from engine.core.errors import EngineError, Problem

_MAX_DEPTH, _MAX_SCHEMAS = 4, 100
_KEYWORDS: Final[dict[str, frozenset[str]]] = {
    "string": frozenset({"min_length", "max_length", "enum", "one_of", "format"}),
    "integer": frozenset({"minimum", "maximum"}),
    "number": frozenset({"minimum", "maximum"}),
    "boolean": frozenset(),
    "array": frozenset({"items", "min_items", "max_items", "unique_items"}),
    "object": frozenset({"properties", "required", "additional_properties"}),
}
_EVERYWHERE: Final = frozenset({"type", "title", "description", "x_title"})
_BOUNDS: Final = (("min_length", "max_length"), ("minimum", "maximum"), ("min_items", "max_items"))

_Count = Annotated[int, Field(ge=0, le=4000)]
_Bound = Annotated[float, Field(ge=-(2**53) + 1, le=2**53 - 1, allow_inf_nan=False)]
_Property = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9]*$", max_length=64)]


class Choice(Wire):
    """One of the answers to choose from, with the words that are shown for it."""

    const: Line
    title: Line
    x_title: Title | None = Field(None, alias="x-title")


class AnswerSchema(Wire):
    """The shape of an answer, in the part of JSON Schema that Todoke takes."""

    model_config = ConfigDict(title="AnswerSchema")

    type: Literal["object", "array", "string", "integer", "number", "boolean"]
    title: Line | None = None
    description: str | None = Field(None, max_length=2000, pattern=TEXT)
    x_title: Title | None = Field(None, alias="x-title")
    min_length: _Count | None = None
    max_length: _Count | None = None
    enum: tuple[Line, ...] | None = Field(None, min_length=1, max_length=100)
    one_of: tuple[Choice, ...] | None = Field(None, min_length=1, max_length=100)
    format: Literal["date"] | None = None
    minimum: _Bound | None = None
    maximum: _Bound | None = None
    items: "AnswerSchema | None" = None
    min_items: _Count | None = None
    max_items: Annotated[int, Field(ge=1, le=50)] | None = None
    unique_items: bool | None = None
    properties: dict[_Property, "AnswerSchema"] | None = Field(None, min_length=1, max_length=20)
    required: tuple[_Property, ...] | None = Field(None, max_length=20)
    additional_properties: Literal[False] | None = None

    @model_validator(mode="after")
    def _is_taken(self) -> Self:
        said = {name for name in self.model_fields_set if getattr(self, name) is not None}
        if strange := said - _EVERYWHERE - _KEYWORDS[self.type]:
            raise PydanticCustomError("answer_keyword", f"not with this type: {', '.join(sorted(strange))}")
        for low, high in _BOUNDS:
            least, most = getattr(self, low), getattr(self, high)
            if least is not None and most is not None and least > most:
                raise PydanticCustomError("answer_bounds", f"{low} is over {high}")
        match self.type:
            case "array" if self.items is None or self.max_items is None:
                raise PydanticCustomError("answer_array", "an array has items and maxItems")
            case "object" if self.properties is None or self.additional_properties is None:
                raise PydanticCustomError("answer_object", "an object has properties and no others")
            case "object" if not set(self.required or ()) <= set(self.properties or {}):
                raise PydanticCustomError(
                    "answer_required", "a required property is not among the properties"
                )
            case "string" if self.enum and self.one_of:
                raise PydanticCustomError("answer_choice", "enum or oneOf, not both")
            case _:
                return self

    def parts(self) -> Iterator["AnswerSchema"]:
        """Return the schemas directly below this one."""
        if self.items:
            yield self.items
        yield from (self.properties or {}).values()

    def as_schema(self) -> dict[str, Any]:
        """Return it as it came: plain JSON Schema."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def small(schema: AnswerSchema) -> AnswerSchema:
    """Return the schema if it is small enough to be a form."""
    count, level = 0, [schema]
    for _ in range(_MAX_DEPTH):
        count += len(level)
        if count > _MAX_SCHEMAS:
            raise PydanticCustomError("answer_size", "too many schemas")
        level = [part for one in level for part in one.parts()]
        if not level:
            return schema
    raise PydanticCustomError("answer_depth", "nested too deeply")


def check_answer(schema: AnswerSchema, answer: JsonValue) -> None:
    """Return when the answer fits the question.

    Raises:
        EngineError: `invalid-answer`, with a pointer to each place that does not fit.
    """
    validator = Draft202012Validator(schema.as_schema(), format_checker=FormatChecker(["date"]))
    wrong = [tuple(error.absolute_path) for error in validator.iter_errors(answer)][:MAX_PROBLEMS]
    if wrong:
        problems = tuple(Problem(pointer(steps), "invalid-answer") for steps in wrong)
        raise EngineError("invalid-answer", problems=problems)
