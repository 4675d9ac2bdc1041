# SPDX-License-Identifier: Apache-2.0
"""Whether a changed message is still the same version: does the one side still read what the other writes?

An order is written by the engine of today and read by connectors of yesterday; a reply the other way
round. Both refuse what they do not know (docs/adr/0013). So in an order even a new member breaks
somebody, in a reply a new optional one does not. What breaks needs a new version, and both are served.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
Seen = frozenset[tuple[str, str]]  # definitions that are being compared: some contain themselves

_AT_MOST: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_AT_LEAST: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_SAME: Final = ("pattern", "format", "contentEncoding", "contentMediaType")


def breaks(event_type: str, before: Schema, now: Schema) -> list[str]:
    """Return why a message of the changed schema would not be understood, with each place; [] if it is."""
    if ".order." in event_type:
        return sorted(set(_refusals((now, now), (before, before), "", frozenset())))
    return sorted(set(_refusals((before, before), (now, now), "", frozenset())))


def _refusals(
    writer: tuple[Schema, Schema], reader: tuple[Schema, Schema], place: str, seen: Seen
) -> Iterator[str]:
    """Yield what a reader refuses of what a writer may say; each is (schema, the whole document)."""
    named = str(writer[0].get("$ref", "")), str(reader[0].get("$ref", ""))
    if all(named) and named in seen:
        return
    seen |= {named} if all(named) else frozenset()
    said, taken = _resolved(*writer), _resolved(*reader)
    for one in _branches(said):
        options = _branches(taken)
        found = [list(_plain((one, writer[1]), (option, reader[1]), place, seen)) for option in options]
        if all(found):
            yield from min(found, key=len)


def _plain(
    writer: tuple[Schema, Schema], reader: tuple[Schema, Schema], place: str, seen: Seen
) -> Iterator[str]:
    named = str(writer[0].get("$ref", "")), str(reader[0].get("$ref", ""))
    if all(named) and named in seen:
        return
    seen |= {named} if all(named) else frozenset()
    said, taken = _resolved(*writer), _resolved(*reader)
    where = place or "/"
    if "type" in taken and said.get("type") != taken["type"]:
        yield f"{where} is {said.get('type', 'anything')}, was read as {taken['type']}"
        return
    yield from _values(said, taken, where)
    yield from _members((said, writer[1]), (taken, reader[1]), place, seen)
    if "items" in taken:
        yield from _refusals(
            (said.get("items", {}), writer[1]), (taken["items"], reader[1]), f"{place}/*", seen
        )


def _values(said: Schema, taken: Schema, where: str) -> Iterator[str]:
    allowed = _allowed(taken)
    if allowed is not None:
        values = _allowed(said)
        if values is None:
            yield f"{where} was one of a few values, now is any"
        elif more := [value for value in values if value not in allowed]:
            yield f"{where} may be {', '.join(map(repr, more))}"
    for bound in _AT_MOST:
        if bound in taken and said.get(bound, float("inf")) > taken[bound]:
            yield f"{where} {bound} {taken[bound]} does not hold"
    for bound in _AT_LEAST:
        if bound in taken and said.get(bound, float("-inf")) < taken[bound]:
            yield f"{where} {bound} {taken[bound]} does not hold"
    for keyword in _SAME:
        if keyword in taken and said.get(keyword) != taken[keyword]:
            yield f"{where} has another {keyword}"


def _members(
    writer: tuple[Schema, Schema], reader: tuple[Schema, Schema], place: str, seen: Seen
) -> Iterator[str]:
    said, taken = writer[0], reader[0]
    known: Mapping[str, Any] = taken.get("properties", {})
    for name in taken.get("required", ()):
        if name not in said.get("required", ()):
            yield f"{place}/{name} may be missing"
    for name, part in said.get("properties", {}).items():
        if name in known:
            yield from _refusals((part, writer[1]), (known[name], reader[1]), f"{place}/{name}", seen)
        elif taken.get("additionalProperties") is False:
            yield f"{place}/{name} is not known"
    rest, others = said.get("additionalProperties"), taken.get("additionalProperties")
    if isinstance(rest, Mapping) and isinstance(others, Mapping):
        yield from _refusals((rest, writer[1]), (others, reader[1]), f"{place}/*", seen)


def _allowed(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return list(schema["enum"]) if "enum" in schema else None


def _branches(schema: Schema) -> list[Schema]:
    options: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or [schema]
    return options


def _resolved(schema: Schema, document: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema
