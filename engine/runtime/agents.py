# SPDX-License-Identifier: Apache-2.0
"""Where organisations let agents (受託者) act for them, and where one carries on what another was.

    offered ── a representative of the organisation, who sees which fields the agent will see, by which law
    accepted ─ a representative of the agent; from then on, or from the day it begins, the agent acts
    ended ──── by either of them or an operator, at once; or by its own last day

Who gets what then, and whose answers count: docs/adr/0028.
"""

import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from engine.core.errors import Code, EngineError, Problem, register
from engine.core.patience import day_in_japan, midnight_of
from engine.core.text import Text
from engine.core.views import View
from engine.identity.sessions import Session
from engine.ports import (
    AuditEntry,
    BusUnavailable,
    Clock,
    Ids,
    OperatorStore,
    StoreConflict,
    StoreUnavailable,
)
from engine.registry.acting import Grant, Scope, Succession
from engine.registry.acting_store import ActingStore
from engine.registry.corporate_numbers import CorporateNumbers, successor
from engine.registry.directory import Directories, Directory
from engine.registry.model import Kind, Organisation, RegistryStore, Stage, State, Subscription
from engine.registry.municipalities import areas_around
from engine.runtime.catalogue import Catalogue
from engine.runtime.handover import Handover
from engine.runtime.key_desk import Asker
from engine.runtime.onboarding import Persons, role_of
from engine.runtime.onboarding_views import ProcedureFields, Taker
from engine.runtime.record import Act, Record

LONGEST: Final = timedelta(days=5 * 366)
_GRANTS: Final = UUID("1d5b7a5e-7e0b-5c52-8f5b-0a2f6b1c9d28")
_STATES: Final[Mapping[str, Text]] = {
    "offered": Text(ja="受託者の承諾待ち", en="The agent has to accept it"),
    "to-begin": Text(ja="開始前", en="It has not begun"),
    "live": Text(ja="委託中", en="The agent acts"),
    "ended": Text(ja="終了", en="It is over"),
}
# An agent is no third party (27条5項1号); who entrusts answers for it.
_LAW: Final[Mapping[bool, Text]] = {
    True: Text(
        ja="個人情報保護法66条1項・2項1号（委託先の安全管理措置）。委託元は委託先を監督する責任を負います",
        en="Act on the Protection of Personal Information, art. 66(1), (2)(i): the agent secures the data"
        " as the public body must, and the body sees to it",
    ),
    False: Text(
        ja="個人情報保護法25条（委託先の監督）、27条5項1号。委託元は委託先を監督する責任を負います",
        en="Act on the Protection of Personal Information, art. 25 (supervision of the agent), 27(5)(i)",
    ),
}

log = logging.getLogger(__name__)

register(
    {
        "invalid-agent": Code(
            422,
            "受託者は、登録済みで接続試験に合格した別の機関・事業者でなければなりません",
            "An agent is another organisation that is registered and has passed the rehearsal",
        ),
        "invalid-grant-scope": Code(
            422,
            "委託できるのは、自らが接続登録している手続と区域だけです",
            "Only procedures and areas that the organisation takes itself can be entrusted",
        ),
        "invalid-grant-time": Code(
            422,
            "委託の期間が正しくありません（開始より後、5年以内に終わること）",
            "A grant ends after it begins, and within five years",
        ),
        "invalid-succession": Code(
            422,
            "国税庁の公表情報では、この法人はその法人番号を承継していません",
            "The published register does not name this organisation as the successor",
        ),
        "illegal-successor": Code(
            409,
            "承継する機関・事業者は、稼働中で有効な暗号鍵を持たなければなりません",
            "The successor has to be live, with a valid key to seal for",
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a representative wants to entrust. Without `begins_on` it begins when it is accepted.

    The last day belongs to it; days are days in Japan.
    """

    agent: str
    procedures: tuple[Scope, ...]
    begins_on: date | None
    last_on: date


class GrantView(View):
    """A grant: who acts for whom, with which fields by which law (委託), from when to when."""

    id: UUID
    principal: Taker
    agent: Taker
    state: str
    state_text: Text
    procedures: tuple[ProcedureFields, ...]
    law: Text
    begins_at: datetime
    ends_at: datetime
    offered_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    ended_because: str | None


class SuccessionView(View):
    """That one organisation carries on another; until `overlap_until` both may answer."""

    predecessor: Taker
    successor: Taker
    declared_at: datetime
    overlap_until: datetime
    reason: str


class Agents:
    """Grants and successions, for representatives and for operators."""

    def __init__(
        self,
        *,
        acting: ActingStore,
        registry: RegistryStore,
        directories: Directories,
        catalogue: Catalogue,
        numbers: CorporateNumbers,
        gate: Persons,
        handover: Handover,
        operators: OperatorStore,
        record: Record,
        clock: Clock,
        ids: Ids,
        is_sandbox: bool,
    ) -> None:
        self._acting = acting
        self._registry = registry
        self._directories = directories
        self._catalogue = catalogue
        self._numbers = numbers
        self._gate = gate
        self._handover = handover
        self._operators = operators
        self._record = record
        self._clock = clock
        self._ids = ids
        self._is_sandbox = is_sandbox

    # --- grants ---

    async def grants(self, number: str) -> tuple[GrantView, ...]:
        """Return those that the organisation gave or was given, the newest first, ended ones too."""
        directory = await self._directories.current()
        return tuple(self._view(one, directory) for one in await self._acting.grants(number))

    async def offer(self, session: Session, number: str, offer: Offer, *, key: str) -> GrantView:
        """Offer a grant; the same key offers it once.

        Raises:
            EngineError: `no-such-organisation`, `invalid-agent`, `invalid-grant-scope`,
                `invalid-grant-time`, `already-granted`, `idempotency-mismatch`.
        """
        now = self._clock.now()
        today = day_in_japan(now)
        begins_on = max(offer.begins_on or today, today)
        if begins_on > today + LONGEST or not begins_on <= offer.last_on <= begins_on + LONGEST:
            raise EngineError("invalid-grant-time", pointer="/lastOn")
        grant = Grant(
            id=uuid5(_GRANTS, f"{session.person} {number} {key}"),
            principal=number,
            agent=offer.agent,
            procedures=tuple(dict.fromkeys(offer.procedures)),
            begins_at=max(midnight_of(begins_on), now),
            ends_at=midnight_of(offer.last_on + timedelta(days=1)),
            offered_by=f"person:{session.person}",
            offered_at=now,
        )
        await self._check(grant)
        await self._note(Asker(grant.offered_by, number), "offer-grant", grant)
        await self._acting.offer(grant)
        return await self._seen(grant.id)

    async def accept(self, session: Session, number: str, grant: UUID) -> GrantView:
        """Take it on, for the agent; what its principal has not fetched comes along.

        Raises:
            EngineError: `no-such-grant`, `already-ended-grant`.
        """
        known = await self._acting.grant(grant)
        if known.agent != number:
            raise EngineError("no-such-grant")
        asker = Asker(f"person:{session.person}", number)
        await self._note(asker, "accept-grant", known)
        now = self._clock.now()
        accepted = await self._acting.accept(grant, by=asker.name, at=now)
        if accepted.is_live(now):
            await self._at_once(self._handover.begun(accepted))
        self._directories.look_again()
        return await self._seen(grant)

    async def end(self, session: Session, number: str, grant: UUID, *, because: str) -> GrantView:
        """End it at once, for the organisation or for the agent; raises `no-such-grant`."""
        known = await self._acting.grant(grant)
        directory = await self._directories.current()
        mine = {number, *directory.acting.former(number)}
        if not mine & {known.principal, known.agent}:
            raise EngineError("no-such-grant")
        asker = Asker(f"person:{session.person}", number)
        await self._note(asker, "end-grant", known)
        return await self._end(known, by=asker.name, because=because)

    async def end_as_operator(self, act: Act, grant: UUID) -> GrantView:
        """End it at once, with the reason; raises `no-such-grant`, `idempotency-mismatch`."""
        known = await self._acting.grant(grant)
        entry = self._record.entry(act, "end-grant", organisation=known.principal, details=_details(known))
        await self._record.write(act, [entry])
        return await self._end(known, by=act.name, because=act.reason)

    # --- successions ---

    async def succession(self, number: str) -> SuccessionView | None:
        """Return who carries on the organisation, if anybody does."""
        found = await self._acting.succession(number)
        return _succession(found, await self._directories.current()) if found else None

    async def succeed(
        self, session: Session, number: str, predecessor: str, *, overlap: timedelta
    ) -> SuccessionView:
        """Carry on, from now on, what the predecessor was; the published register has to say so.

        Raises:
            EngineError: `no-such-organisation`, `invalid-succession`, `illegal-successor`,
                `already-succeeded`, `illegal-succession`, `no-such-corporation`,
                `unavailable-corporate-numbers`.
        """
        if (await successor(self._numbers, predecessor)).number != number or predecessor == number:
            raise EngineError("invalid-succession", pointer="/predecessor")
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            operator=f"person:{session.person}",
            act="declare-succession",
            organisation=predecessor,
            details={"successor": number},
        )
        reason = "国税庁法人番号公表サイトの承継先法人番号"
        await self._check_heir(predecessor, number)
        await self._operators.record([entry])
        return await self._succeed(predecessor, number, by=entry.operator, reason=reason, overlap=overlap)

    async def succeed_as_operator(
        self, act: Act, predecessor: str, number: str, *, overlap: timedelta
    ) -> SuccessionView:
        """Say it for them, with the reason: also where the register names no successor (市町村合併).

        Raises:
            EngineError: as `succeed`, but for the register; `not-allowed-own-application`.
        """
        for one in (predecessor, number):
            if act.operator in {person for person, *_ in await self._gate.holders(role_of(one))}:
                raise EngineError("not-allowed-own-application")
        details = {"successor": number}
        entry = self._record.entry(act, "declare-succession", organisation=predecessor, details=details)
        known = await self._acting.succession(predecessor)
        if known is None or known.declared_by != act.name or known.successor != number:
            await self._check_heir(predecessor, number)
            await self._record.write(act, [entry])
            return await self._succeed(predecessor, number, by=act.name, reason=act.reason, overlap=overlap)
        if await self._record.write(act, [entry]) is None:
            raise EngineError("already-succeeded")
        return _succession(known, await self._directories.current())

    # --- how ---

    async def _check(self, grant: Grant) -> None:
        principal = await self._registry.organisation(grant.principal)
        agent = await self._registry.organisation(grant.agent)
        if principal is None:
            raise EngineError("no-such-organisation")
        if agent is None or agent.number == principal.number or not self._may_act(agent):
            raise EngineError("invalid-agent", pointer="/agent")
        taken = await self._registry.subscriptions(grant.principal)
        for place, scope in enumerate(grant.procedures):
            if not _is_taken(scope, taken):
                where = f"/procedures/{place}/slug"
                raise EngineError("invalid-grant-scope", problems=(Problem(where, "invalid-grant-scope"),))

    def _may_act(self, agent: Organisation) -> bool:
        return agent.state is State.ACTIVE and (self._is_sandbox or agent.stage is not Stage.SANDBOX)

    async def _check_heir(self, predecessor: str, number: str) -> None:
        heir = await self._registry.organisation(number)
        if heir is None or await self._registry.organisation(predecessor) is None:
            raise EngineError("no-such-organisation")
        directory = await self._directories.current()
        try:
            directory.recipient_key(number)
        except EngineError:
            raise EngineError("illegal-successor") from None
        if heir.state is not State.ACTIVE or not (self._is_sandbox or heir.stage is Stage.LIVE):
            raise EngineError("illegal-successor")

    async def _end(self, grant: Grant, *, by: str, because: str) -> GrantView:
        ended = await self._acting.end(grant.id, by=by, at=self._clock.now(), because=because)
        self._directories.look_again()
        if ended.accepted_at is not None:
            await self._at_once(self._handover.ended(ended))
        return await self._seen(grant.id)

    async def _succeed(
        self, predecessor: str, number: str, *, by: str, reason: str, overlap: timedelta
    ) -> SuccessionView:
        now = self._clock.now()
        one = Succession(
            predecessor=predecessor,
            successor=number,
            declared_by=by,
            declared_at=now,
            reason=reason,
            overlap_until=now + overlap,
        )
        await self._acting.succeed(one)
        await self._at_once(self._handover.succeeded(one))
        self._directories.look_again()
        return _succession(one, await self._directories.current())

    async def _at_once(self, work: Awaitable[Any]) -> None:
        """Do it now; what cannot be done now is done by the worker."""
        try:
            await work
        except (StoreUnavailable, StoreConflict, BusUnavailable, EngineError) as error:
            log.warning("handover.later", extra={"error": type(error).__name__})

    async def _seen(self, grant: UUID) -> GrantView:
        return self._view(await self._acting.grant(grant), await self._directories.current())

    async def _note(self, asker: Asker, act: str, grant: Grant) -> None:
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            operator=asker.name,
            act=act,
            organisation=grant.principal,
            details=_details(grant),
        )
        await self._operators.record([entry])
        log.info(act.replace("-", "."), extra={"grant": str(grant.id), "organisation": asker.number})

    def _view(self, grant: Grant, directory: Directory) -> GrantView:
        state = _state(grant, self._clock.now())
        principal = directory.organisation(grant.principal)
        return GrantView(
            id=grant.id,
            principal=_named(grant.principal, directory),
            agent=_named(grant.agent, directory),
            state=state,
            state_text=_STATES[state],
            procedures=tuple(
                ProcedureFields.of(*self._catalogue.procedure(slug), area=area, directory=directory)
                for slug, area in grant.procedures
            ),
            law=_LAW[principal is not None and principal.kind is not Kind.COMPANY],
            begins_at=grant.begins_at,
            ends_at=grant.ends_at,
            offered_at=grant.offered_at,
            accepted_at=grant.accepted_at,
            ended_at=grant.ended_at,
            ended_because=grant.ended_because,
        )


def _is_taken(scope: Scope, taken: Sequence[Subscription]) -> bool:
    slug, area = scope
    around = {*areas_around(area), None} if area else None
    return any(one.slug == slug and (around is None or one.area in around) for one in taken)


def _state(grant: Grant, now: datetime) -> str:
    if not grant.is_open(now):
        return "ended"
    if grant.accepted_at is None:
        return "offered"
    return "live" if grant.is_live(now) else "to-begin"


def _details(grant: Grant) -> dict[str, str]:
    return {"grant": str(grant.id), "agent": grant.agent}


def _named(number: str, directory: Directory) -> Taker:
    return Taker(number=number, name=directory.name(number) or Text(ja=number, en=number))


def _succession(one: Succession, directory: Directory) -> SuccessionView:
    return SuccessionView(
        predecessor=_named(one.predecessor, directory),
        successor=_named(one.successor, directory),
        declared_at=one.declared_at,
        overlap_until=one.overlap_until,
        reason=one.reason,
    )
