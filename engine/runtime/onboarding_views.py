# SPDX-License-Identifier: Apache-2.0
"""What an organisation sees before it takes a procedure, and what of an application who is shown."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from engine.core.declaration import CONNECTED_WAYS, Procedure
from engine.core.text import Text
from engine.core.views import View
from engine.registry.applications import Application, State
from engine.registry.directory import Directories, Directory
from engine.registry.model import Contents, Stage
from engine.registry.model import State as OrganisationState
from engine.registry.municipalities import areas_around
from engine.registry.nta import NOTICE
from engine.runtime.catalogue import AnyEvent, Catalogue

STATES: Final[Mapping[State, Text]] = {
    State.DRAFT: Text(ja="署名待ち", en="Waiting for your signature"),
    State.APPLIED: Text(ja="審査中", en="An operator looks at it"),
    State.APPROVED: Text(ja="承認", en="Approved"),
    State.REFUSED: Text(ja="不承認", en="Refused"),
    State.WITHDRAWN: Text(ja="取下げ", en="Withdrawn"),
}


class BroughtField(View):
    """One field that each filing brings. `restricted` ones go to certain kinds of receivers only."""

    name: str
    label: Text
    restricted: bool


class Taker(View):
    """An organisation that takes a procedure."""

    number: str
    name: Text


class ProcedureFields(View):
    """What taking a procedure means: exactly which fields come, under which law, who receives them today.

    `receiver_kind` says what sort of organisation the law or the contract names. Without `sent_online`
    the law keeps it at a counter: the organisation is named in the plan, and no filing comes.
    """

    event: str
    slug: str
    title: Text
    basis: str
    receiver_kind: str
    sent_online: bool
    applies: Text
    fields: tuple[BroughtField, ...]
    documents: tuple[str, ...]
    my_number: Text | None
    area: str | None
    receives_today: Taker | None

    @classmethod
    def of(
        cls, event: AnyEvent, procedure: Procedure[Any], *, area: str | None, directory: Directory
    ) -> Self:
        """Return it, with who receives such filings in this area today."""
        fields = {field.name: field for field in event.fields}
        taker = directory.receiver(procedure.slug, area)
        return cls(
            event=event.slug,
            slug=procedure.slug,
            title=procedure.title,
            basis=procedure.basis,
            receiver_kind=procedure.receiver.kind,
            sent_online=bool(CONNECTED_WAYS & set(procedure.ways)),
            applies=procedure.applies.text,
            fields=tuple(
                BroughtField(
                    name=fields[name].wire_name,
                    label=fields[name].label,
                    restricted=fields[name].only_for is not None,
                )
                for name in procedure.needs
            ),
            documents=procedure.documents,
            my_number=procedure.my_number,
            area=area,
            receives_today=Taker(number=taker.number, name=taker.name) if taker else None,
        )


class ApplicationView(View):
    """An application as the applicant sees it. `brings` is what each subscription would bring."""

    id: UUID
    number: str
    kind: str
    state: State
    state_text: Text
    name: Text
    seat: str
    channel: str
    areas: tuple[str, ...]
    brings: tuple[ProcedureFields, ...]
    made_at: datetime
    decided_at: datetime | None
    reason: str | None
    notice: str


class Conflict(View):
    """Another organisation that takes the same procedure, and how the two areas lie.

    `same`: the older one goes on receiving. `wider`: the applicant would take its own area away from
    the other. `narrower`: the other keeps its area.
    """

    slug: str
    area: str | None
    with_number: str
    with_name: Text
    with_area: str | None
    stage: str
    relation: str


class OperatorApplicationView(ApplicationView):
    """An application as an operator sees it, to be compared with the register extract or the letter."""

    person: UUID
    applicant_name: str | None
    evidence: UUID | None
    decided_by: str | None
    checked: str | None
    representatives: int
    registered: bool
    conflicts: tuple[Conflict, ...]


class ApplicationLine(View):
    """An application in an operator's list."""

    id: UUID
    number: str
    name: Text
    kind: str
    state: State
    made_at: datetime

    @classmethod
    def of(cls, one: Application) -> Self:
        """Return the line."""
        name = Text.model_validate(one.asked["name"])
        return cls(
            id=one.id, number=one.number, name=name, kind=one.kind.value, state=one.state, made_at=one.made_at
        )


class Standing(View):
    """How far an organisation has come on board."""

    number: str
    name: Text
    stage: Stage
    state: OrganisationState
    report: dict[str, Any] | None


def conflicts(
    number: str, wanted: Iterable[tuple[str, str | None]], contents: Contents
) -> tuple[Conflict, ...]:
    """Return who else takes what is asked for, or part of it, or more than it."""
    found = []
    for slug, area in wanted:
        for one in contents.subscriptions:
            relation = _relation(area, one.area) if one.slug == slug and one.number != number else None
            other = contents.organisations[one.number]
            if relation is None or other.state is OrganisationState.REVOKED:
                continue
            found.append(
                Conflict(
                    slug=slug,
                    area=area,
                    with_number=other.number,
                    with_name=other.name,
                    with_area=one.area,
                    stage=other.stage.value,
                    relation=relation,
                )
            )
    return tuple(found)


def _relation(mine: str | None, theirs: str | None) -> str | None:
    if mine == theirs:
        return "same"
    if theirs is None or (mine is not None and theirs in areas_around(mine)):
        return "wider"
    if mine is None or mine in areas_around(theirs):
        return "narrower"
    return None


class ApplicationPages:
    """Makes what is shown of applications."""

    def __init__(self, catalogue: Catalogue, directories: Directories) -> None:
        self._catalogue = catalogue
        self._directories = directories

    async def view(self, one: Application) -> ApplicationView:
        """Return an application as its applicant sees it."""
        return ApplicationView(**await self.shown(one))

    async def shown(self, one: Application) -> dict[str, Any]:
        """Return what everybody who may see it sees."""
        directory = await self._directories.current()
        return {
            "id": one.id,
            "number": one.number,
            "kind": one.kind.value,
            "state": one.state,
            "state_text": STATES[one.state],
            "name": Text.model_validate(one.asked["name"]),
            "seat": one.asked["seat"],
            "channel": one.asked["channel"],
            "areas": tuple(one.asked["areas"]),
            "brings": tuple(
                ProcedureFields.of(
                    *self._catalogue.procedure(wanted["slug"]), area=wanted["area"], directory=directory
                )
                for wanted in one.asked["subscriptions"]
            ),
            "made_at": one.made_at,
            "decided_at": one.decided_at,
            "reason": one.reason,
            "notice": NOTICE,
        }
