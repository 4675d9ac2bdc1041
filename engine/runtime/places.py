# SPDX-License-Identifier: Apache-2.0
"""Places in operators' lists, as the text that leads to the next page."""

import base64
import binascii
from datetime import date, datetime
from uuid import UUID

from engine.core.errors import Code, EngineError, register

register(
    {
        "malformed-operator-cursor": Code(
            400, "続きの位置を表す値が正しくありません", "The cursor is not one that was given out"
        ),
    }
)


def cursor(place: tuple[date, UUID] | None) -> str | None:
    """Return a place as text, None for the end; a datetime is a date too."""
    if place is None:
        return None
    text = f"{place[0].isoformat()} {place[1]}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def instant_place(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Return the place in a list by instants; raises `malformed-operator-cursor`."""
    if cursor is None:
        return None
    text, id_ = _read(cursor)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise EngineError("malformed-operator-cursor", pointer="/after") from error
    if at.tzinfo is None:
        raise EngineError("malformed-operator-cursor", pointer="/after")
    return at, id_


def day_place(cursor: str | None) -> tuple[date, UUID] | None:
    """Return the place in a list by days; raises `malformed-operator-cursor`."""
    if cursor is None:
        return None
    text, id_ = _read(cursor)
    try:
        return date.fromisoformat(text), id_
    except ValueError as error:
        raise EngineError("malformed-operator-cursor", pointer="/after") from error


def _read(cursor: str) -> tuple[str, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, id_ = text.split(" ")
        return at, UUID(id_)
    except (binascii.Error, ValueError) as error:
        raise EngineError("malformed-operator-cursor", pointer="/after") from error
