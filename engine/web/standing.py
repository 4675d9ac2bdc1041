# SPDX-License-Identifier: Apache-2.0
"""In whose place a request comes: the person's own, or as a header says, staff's or a representative's.

What may be done in another's place is declared on the operation (`also`); everything else is the
person's own.
"""

from enum import StrEnum
from typing import Final
from uuid import UUID

from aiohttp import web

from engine.core.errors import EngineError
from engine.identity.sessions import Session
from engine.web.doors import Doors

ASSISTED: Final = "Todoke-Assisted"  # the visit to the counter in which staff acts
REPRESENTATION: Final = "Todoke-Representation"  # the representation under which somebody acts
# The headers, and how one is refused that names nothing.
_REFUSED: Final = {ASSISTED: "no-such-assistance", REPRESENTATION: "no-such-representation"}
UUID_PATTERN: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class Also(StrEnum):
    """Who may ask for it beside the person."""

    ASSISTED = "assisted"
    REPRESENTED = "represented"
    BY_CODE = "by-code"


async def standing(
    request: web.Request,
    session: Session,
    *,
    doors: Doors,
    operation: str,
    also: frozenset[Also],
    case: UUID | None,
) -> Session:
    """Return the session with whom it acts for.

    Raises:
        EngineError: `ambiguous-standing`, `not-allowed-on-behalf`, `not-allowed-by-code`, and what the
            visit or the representation refuses.
    """
    said = [(name, value) for name in _REFUSED for value in request.headers.getall(name, [])]
    if session.only_case is not None:
        if Also.BY_CODE not in also or said:
            raise EngineError("not-allowed-by-code")
        if case != session.only_case:
            raise EngineError("no-such-case")
        return session
    if not said:
        return session
    if len(said) > 1:
        raise EngineError("ambiguous-standing")
    ((name, value),) = said
    if (Also.ASSISTED if name == ASSISTED else Also.REPRESENTED) not in also:
        raise EngineError("not-allowed-on-behalf")
    id_ = _known(name, value)
    if name == ASSISTED:
        looks = request.method == "GET"
        return await doors.assistance.acting(session, id_, operation=operation, looks=looks, case=case)
    return await doors.representations.acting(session, id_, operation=operation, case=case)


def _known(header: str, value: str) -> UUID:
    """Return what the header names; what is no UUID was never given out."""
    try:
        return UUID(value)
    except ValueError:
        raise EngineError(_REFUSED[header], pointer=f"/{header}") from None
