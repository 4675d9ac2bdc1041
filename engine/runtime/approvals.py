# SPDX-License-Identifier: Apache-2.0
"""The operators' side of coming on board: four eyes on every application, and the way to live filings.

What an operator has to see before approving, and why nobody decides their own: docs/adr/0018.
"""

import logging
from collections.abc import Mapping
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.certification import Report, verified
from engine.core.errors import Code, EngineError, register
from engine.ports import AuditEntry, Clock, Ids, OperatorStore
from engine.registry.applications import Application, Applications, Decision, Kind, State
from engine.registry.corporate_numbers import CorporateNumbers
from engine.registry.directory import Directories
from engine.registry.model import Organisation, RegistryStore, Stage, Subscription
from engine.runtime import onboarding_views as v
from engine.runtime.case_keys import CaseKey
from engine.runtime.catalogue import Catalogue
from engine.runtime.onboarding import Persons, open_corporation, role_of, sealed_for
from engine.runtime.places import cursor, instant_place
from engine.runtime.record import Act, Record

log = logging.getLogger(__name__)

register(
    {
        "not-allowed-own-application": Code(
            403,
            "自分の申込みを自分で審査することはできません",
            "Nobody decides what they applied for themselves",
        ),
        "illegal-stage": Code(
            409, "この段階からは進められません", "The organisation has not come so far, or is further already"
        ),
    }
)


class Approvals:
    """Where operators decide who comes on board."""

    def __init__(
        self,
        *,
        applications: Applications,
        registry: RegistryStore,
        directories: Directories,
        catalogue: Catalogue,
        numbers: CorporateNumbers,
        gate: Persons,
        operators: OperatorStore,
        record: Record,
        names: CaseKey,
        certifiers: Mapping[str, ec.EllipticCurvePublicKey],
        clock: Clock,
        ids: Ids,
    ) -> None:
        """`certifiers` are the keys of the sandboxes whose reports count, by name."""
        self._certifiers = certifiers
        self._applications = applications
        self._registry = registry
        self._directories = directories
        self._numbers = numbers
        self._gate = gate
        self._operators = operators
        self._record = record
        self._names = names
        self._clock = clock
        self._ids = ids
        self._pages = v.ApplicationPages(catalogue, directories)

    async def waiting(
        self, state: State, *, after: str | None, limit: int
    ) -> tuple[list[v.ApplicationLine], str | None]:
        """Return applications in a state, the oldest first, and where the next begin."""
        found = await self._applications.in_state(state, after=instant_place(after), limit=limit)
        place = (found[-1].made_at, found[-1].id) if len(found) == limit else None
        return [v.ApplicationLine.of(one) for one in found], cursor(place)

    async def look(self, operator: UUID, application: UUID) -> v.OperatorApplicationView:
        """Return an application with the applicant's name; the look is recorded."""
        one = await self._get(application)
        now = self._clock.now()
        entry = AuditEntry(
            id=self._ids.new(),
            at=now,
            operator=f"operator:{operator}",
            act="look-application",
            organisation=one.number,
            details={"application": str(one.id)},
        )
        await self._operators.record([entry])
        return await self._operator_view(one)

    async def approve(self, act: Act, application: UUID, *, checked: str) -> v.OperatorApplicationView:
        """Let the organisation enter the sandbox with its representative, or have the subscriptions.

        The same operator may say it again: whatever a crash left undone is done then. What was done
        is not: perhaps somebody was taken away since.

        Raises:
            EngineError: `no-such-application`, `already-decided-application`,
                `not-allowed-own-application`, `invalid-organisation-closed`, `idempotency-mismatch`.
        """
        one = await self._get(application)
        await self._four_eyes(act, one)
        if one.state is State.APPLIED:
            await open_corporation(self._numbers, one.number)
        await self._decide(act, one, State.APPROVED, "approve-application", checked=checked)
        if one.carried_out_at is None:
            await self._carry_out(act, one)
        return await self._operator_view(await self._get(application))

    async def refuse(self, act: Act, application: UUID) -> v.OperatorApplicationView:
        """Refuse it with the reason, which the applicant reads; raises as `approve`."""
        one = await self._get(application)
        await self._four_eyes(act, one)
        await self._decide(act, one, State.REFUSED, "refuse-application")
        return await self._operator_view(await self._get(application))

    async def passed(self, number: str, report: str, *, by: str = "rehearsal") -> v.Standing:
        """Note that the connector of an organisation passed the rehearsal, with the signed report of it.

        A live organisation stays live; the newer report is kept.

        Raises:
            EngineError: `no-such-organisation`, `invalid-certification`, `stale-certification`.
        """
        known = await self._stage(number)
        found = verified(report, self._certifiers, number=number)
        await self._check_current(number, found)
        now = self._clock.now()
        kept = {"jws": report, "passed": len(found.findings), "endedAt": found.ended_at.isoformat()}
        await self._applications.certify(number, kept, by=by, at=now)
        if known is not Stage.LIVE:
            await self._registry.advance(number, Stage.CERTIFIED, at=now)
        return await self.standing(number)

    async def certify(self, act: Act, number: str, *, report: str) -> v.Standing:
        """Take a report of another installation's sandbox; raises as `passed`, and `idempotency-mismatch`."""
        await self.standing(number)
        entry = self._record.entry(act, "certify-organisation", organisation=number)
        await self._record.write(act, [entry])
        return await self.passed(number, report, by=act.name)

    async def go_live(self, act: Act, number: str) -> v.Standing:
        """Let the filings of real cases through to an organisation that is certified.

        One whose every subscription is entrusted to agents needs no connector of its own: theirs are.

        Raises:
            EngineError: `no-such-organisation`, `illegal-stage`, `not-allowed-own-application`,
                `stale-certification`, `invalid-certification`, `idempotency-mismatch`.
        """
        known = await self._stage(number)
        if known is Stage.SANDBOX and not await self._is_carried(number):
            raise EngineError("illegal-stage")
        await self._no_representative(act, number)
        if known is Stage.CERTIFIED:
            kept = await self._applications.certification(number) or {}
            await self._check_current(
                number, verified(str(kept.get("jws", "")), self._certifiers, number=number)
            )
        await self._record.write(act, [self._record.entry(act, "organisation-live", organisation=number)])
        if known is not Stage.LIVE:
            await self._registry.advance(number, Stage.LIVE, at=self._clock.now())
            self._directories.look_again()
        return await self.standing(number)

    async def standing(self, number: str) -> v.Standing:
        """Return how far an organisation has come; raises `no-such-organisation`."""
        known = await self._registry.organisation(number)
        if known is None:
            raise EngineError("no-such-organisation")
        report = await self._applications.certification(number)
        return v.Standing(
            number=number,
            name=known.name,
            stage=known.stage,
            state=known.state,
            report=dict(report) if report is not None else None,
        )

    # --- how ---

    async def _check_current(self, number: str, report: Report) -> None:
        """Return if the report is about the organisation as it is registered; else `stale-certification`."""
        known = await self._registry.organisation(number)
        if known is None:
            raise EngineError("no-such-organisation")
        taken = await self._registry.subscriptions(number)
        report.check_current(
            channel=known.channel.value,
            subscriptions=[(one.slug, one.area) for one in taken],
            now=self._clock.now(),
        )

    async def _get(self, application: UUID) -> Application:
        one = await self._applications.application(application)
        if one is None:
            raise EngineError("no-such-application")
        return one

    async def _is_carried(self, number: str) -> bool:
        """Say whether certified agents take everything that the organisation has subscribed to."""
        self._directories.look_again()
        directory = await self._directories.current()
        taken = await self._registry.subscriptions(number)
        return bool(taken) and all(directory.taker(number, (one.slug, one.area)).is_agent for one in taken)

    async def _stage(self, number: str) -> Stage:
        return (await self.standing(number)).stage

    async def _four_eyes(self, act: Act, one: Application) -> None:
        if one.person == act.operator:
            raise EngineError("not-allowed-own-application")
        await self._no_representative(act, one.number)

    async def _no_representative(self, act: Act, number: str) -> None:
        if act.operator in {person for person, *_ in await self._gate.holders(role_of(number))}:
            raise EngineError("not-allowed-own-application")

    async def _decide(
        self, act: Act, one: Application, state: State, name: str, *, checked: str | None = None
    ) -> None:
        details = {"application": str(one.id)} | ({"checked": checked} if checked else {})
        await self._record.write(
            act, [self._record.entry(act, name, organisation=one.number, details=details)]
        )
        decision = Decision(
            state=state, at=self._clock.now(), by=act.name, reason=act.reason, checked=checked
        )
        if await self._applications.decide(one.id, decision, among=(State.APPLIED,)):
            log.info("application.decided", extra={"application": str(one.id), "state": state.value})
            return
        now = await self._get(one.id)
        if (now.state, now.decided_by) != (state, act.name):
            raise EngineError("already-decided-application")

    async def _carry_out(self, act: Act, one: Application) -> None:
        """Do what was approved. Each step may be done again."""
        if await self._registry.organisation(one.number) is None:
            await self._registry.put([_registered(one)])
        now = self._clock.now()
        await self._registry.subscribe(
            [
                Subscription(number=one.number, slug=wanted["slug"], area=wanted["area"], since=now)
                for wanted in one.asked["subscriptions"]
            ]
        )
        # Who is represented by now was granted the first before a crash, and may have taken them away.
        is_first = one.state is State.APPLIED or not await self._gate.holders(role_of(one.number))
        if one.kind is Kind.ORGANISATION and is_first:
            await self._gate.grant(one.person, role_of(one.number), by=act.name)
        await self._applications.carried_out(one.id, at=now)
        self._directories.look_again()

    async def _operator_view(self, one: Application) -> v.OperatorApplicationView:
        name = None
        if one.applicant_sealed is not None:
            name = self._names.open(sealed_for(one.id), one.applicant_sealed).decode()
        contents = await self._registry.contents()
        wanted = [(each["slug"], each["area"]) for each in one.asked["subscriptions"]]
        return v.OperatorApplicationView(
            **await self._pages.shown(one),
            person=one.person,
            applicant_name=name,
            evidence=one.evidence,
            decided_by=one.decided_by,
            checked=one.checked,
            representatives=len(await self._gate.holders(role_of(one.number))),
            registered=one.number in contents.organisations,
            conflicts=v.conflicts(one.number, wanted, contents),
        )


def _registered(one: Application) -> Organisation:
    asked = one.asked
    return Organisation.model_validate(
        {
            **{name: asked[name] for name in ("name", "kind", "channel", "endpoint", "areas")},
            "number": one.number,
            "stage": Stage.SANDBOX,
        }
    )
