# SPDX-License-Identifier: Apache-2.0
"""Representation (代理): recorded at a counter; seen and revoked by its two people.

The representative uses the citizen's own operations, naming the record in `Todoke-Representation`.
"""

from typing import Annotated, Final
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from engine.border.wire import Date
from engine.core.views import View
from engine.identity.assistance import Basis
from engine.identity.representation import Document, Kind, Scope
from engine.runtime.representation import RepresentationView, Shown
from engine.web.api.common import CITIZEN, Slug, both
from engine.web.api.counter import SeenPerson
from engine.web.api.operator import Because
from engine.web.operations import Call, Group
from engine.web.reading import Body
from engine.web.security import Who

REPRESENTATIONS: Final = Group("representations", both("代理", "Representation"))
_CHILD: Final[JsonValue] = {"family": "届出", "given": "太郎", "birthDate": "2019-08-05"}
ProcedureSlug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]{0,79}$")]


class NewRepresentation(Body):
    """What was shown at the counter: who acts for whom, what proves it, in what, from when, until when.

    `person` is the represented, as the document has them; without `represented` they are a new person.
    `basis` is how the representative was identified. A minor's ends with the minority by itself.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "representative": "3f0d9c0a-6a0a-4a55-9a53-9d1a6a2f7c11",
                    "person": _CHILD,
                    "kind": "parent",
                    "document": "family-register",
                    "issuedOn": "2026-11-02",
                    "basis": "driving-licence",
                    "events": ["moving"],
                    "beginsOn": "2026-11-09",
                }
            ]
        }
    )

    representative: UUID
    person: SeenPerson
    kind: Kind
    document: Document
    issued_on: Date
    basis: Basis
    events: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=20)]
    begins_on: Date
    procedures: Annotated[tuple[ProcedureSlug, ...], Field(max_length=300)] = ()
    represented: UUID | None = None
    ends_on: Date | None = None

    @property
    def shown(self) -> Shown:
        """What was shown."""
        return Shown(
            representative=self.representative,
            represented=self.represented,
            kind=self.kind,
            seen=self.person.seen,
            document=self.document,
            issued_on=self.issued_on,
            basis=self.basis,
            scope=Scope(self.events, self.procedures),
            begins_on=self.begins_on,
            ends_on=self.ends_on,
        )


class RepresentationList(View):
    """By which the person represents or is represented, the newest first."""

    representations: tuple[RepresentationView, ...]


@REPRESENTATIONS.operation(
    "POST",
    "/v1/counter/representations",
    who=Who.COUNTER,
    words=both("代理を記録する", "Record a representation"),
    status=201,
    cost=5,
    recent=True,
    refusals=("invalid-representation", "no-such-person", "not-allowed-own-case", "another-citizen"),
)
async def record_representation(call: Call, body: NewRepresentation) -> RepresentationView:
    """Record a power from the document that proves it."""
    return await call.doors.representations.record(call.session, body.shown)


@REPRESENTATIONS.operation(
    "POST",
    "/v1/counter/representations/{representation}/revocation",
    who=Who.COUNTER,
    words=both("代理を窓口で取り消す", "Revoke a representation at the counter"),
    status=204,
    recent=True,
    refusals=("no-such-representation",),
)
async def revoke_at_counter(call: Call, representation: UUID, body: Because) -> None:
    """Revoke it: the power has ended before its day."""
    await call.doors.representations.revoke_at_counter(call.session, representation, reason=body.reason)


@REPRESENTATIONS.operation(
    "GET",
    "/v1/representations",
    who=CITIZEN,
    words=both("自分に関わる代理の一覧", "Whom I represent, and who represents me"),
)
async def list_representations(call: Call) -> RepresentationList:
    """Return the person's representations."""
    return RepresentationList(representations=await call.doors.representations.of_person(call.person))


@REPRESENTATIONS.operation(
    "DELETE",
    "/v1/representations/{representation}",
    who=CITIZEN,
    words=both("代理を取り消す・辞める", "Revoke a representation, or give it up"),
    status=204,
    recent=True,
    refusals=("no-such-representation",),
)
async def revoke_representation(call: Call, representation: UUID) -> None:
    """Revoke it, as either of the two: gone with the next request."""
    await call.doors.representations.revoke(call.person, representation)
