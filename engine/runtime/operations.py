# SPDX-License-Identifier: Apache-2.0
"""What operators can do, each a use case of its own: they see states, not contents, and mend.

Every act, and every look at one case, is written into the record before it is done; the same request
again is the same entry, and does the same again, which is harmless by the keys of each act. What
changes a case goes through the intake like everything else.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from engine.core import messages as m
from engine.core.errors import Code, EngineError, register
from engine.core.lifecycle import WITH_ORGANISATION, FilingState
from engine.ports import (
    Aside,
    CaseQuestion,
    Clock,
    FilingLine,
    FilingPlace,
    FilingQuestion,
    InboxEntry,
    OperatorStore,
    Store,
)
from engine.registry.directory import Directories
from engine.registry.model import RegistryStore
from engine.runtime import operator_views as v
from engine.runtime.counter import Done
from engine.runtime.intake import Intake
from engine.runtime.places import cursor, day_place, instant_place
from engine.runtime.processor import Heard, Result, Said, Work
from engine.runtime.reconciliation import Reconciliation
from engine.runtime.record import Act, Look, Record
from engine.runtime.redrive import Driven, Redrive, cases_of, still_waits
from engine.runtime.timeline import Timelines

MOST_AT_ONCE: Final = 200  # filings that one bulk sends again
_PAUSE: Final = "pause-organisation"
_RESUME: Final = "resume-organisation"
# Where the last order can be sent again (see `Retry` in core/decide.py).
_RETRIED: Final = WITH_ORGANISATION - {FilingState.ASKING}

register(
    {
        "no-such-parked": Code(404, "保留されたものが見つかりません", "Nothing is parked under this id"),
        "already-resolved": Code(409, "すでに処理されています", "An operator has resolved this already"),
    }
)


class ControlRoom:
    """Where operators watch and mend."""

    def __init__(
        self,
        *,
        operators: OperatorStore,
        store: Store,
        intake: Intake,
        registry: RegistryStore,
        directories: Directories,
        redrive: Redrive,
        timelines: Timelines,
        reconciliation: Reconciliation,
        record: Record,
        clock: Clock,
    ) -> None:
        self._operators = operators
        self._store = store
        self._intake = intake
        self._registry = registry
        self._directories = directories
        self._redrive = redrive
        self._timelines = timelines
        self._reconciliation = reconciliation
        self._record = record
        self._clock = clock

    # --- looking ---

    async def cases(
        self, question: CaseQuestion, *, after: str | None, limit: int
    ) -> tuple[list[v.OperatorCase], str | None]:
        """Return cases, newest first, and where the next begin; raises `malformed-operator-cursor`."""
        found, place = await self._operators.cases(question, after=instant_place(after), limit=limit)
        return [v.OperatorCase.model_validate(v.case_fields(line)) for line in found], cursor(place)

    async def filings(
        self, question: FilingQuestion, *, older_than_days: int | None, after: str | None, limit: int
    ) -> tuple[list[v.OperatorFiling], str | None]:
        """Return filings that wait, the earliest last day first; raises `malformed-operator-cursor`."""
        asked = self._older(question, older_than_days)
        found, place = await self._operators.filings(asked, after=day_place(after), limit=limit)
        directory = await self._directories.current()
        return [v.filing_view(line, directory) for line in found], cursor(place)

    async def case(self, look: Look, case_id: UUID) -> v.OperatorCaseView:
        """Return a case with its history, without contents; its owner sees that it was looked at.

        Raises:
            EngineError: `no-such-case`.
        """
        stored = await self._store.case(case_id)
        if stored is None:
            raise EngineError("no-such-case")
        await self._record.note(look, "look-case", case_id=case_id)
        return await self._timelines.view(stored)

    async def parked(self, *, after: str | None, limit: int) -> tuple[list[v.ParkedLine], str | None]:
        """Return what was put aside and waits for a person, oldest first."""
        found, place = await self._operators.aside(after=instant_place(after), limit=limit)
        return [_parked_line(one) for one in found], cursor(place)

    async def organisation(self, number: str) -> v.OrganisationView:
        """Return how an organisation stands, and what lies at it; raises `no-such-organisation`."""
        known = await self._registry.organisation(number)
        if known is None:
            raise EngineError("no-such-organisation")
        backlog = await self._operators.backlog(number)
        return v.OrganisationView(
            number=number,
            name=known.name,
            channel=known.channel.value,
            state=known.state.value,
            unacknowledged=backlog.unacknowledged,
            oldest=backlog.oldest,
            filings_open=dict(backlog.filings),
            flagged=backlog.flagged,
            since=backlog.since,
        )

    async def access(self, case_id: UUID) -> list[v.AccessLine]:
        """Return what staff did or looked at in a case, for its owner."""
        return [
            v.AccessLine(
                at=one.at,
                act=one.act,
                act_text=v.ACTS[one.act],
                filing=one.filing,
                reason=one.reason,
            )
            for one in await self._operators.audit_of_case(case_id)
        ]

    # --- mending one filing ---

    async def retry(self, act: Act, filing: UUID) -> Done:
        """Send the last order of a filing once more, the same with the same id.

        Raises:
            EngineError: `no-such-filing`, `illegal-move`, `already-closed`, `idempotency-mismatch`.
        """
        line = await self._line(filing)
        return await self._mend(act, line, "retry-filing", m.Retry(line.case_id, filing))

    async def park(self, act: Act, filing: UUID, *, why: str) -> Done:
        """Put a filing aside until it is resumed; raises as `retry`."""
        line = await self._line(filing)
        return await self._mend(
            act, line, "park-filing", m.Park(line.case_id, filing, why), details={"why": why}
        )

    async def resume(self, act: Act, filing: UUID) -> Done:
        """Let a parked filing go on; raises as `retry`."""
        line = await self._line(filing)
        return await self._mend(act, line, "resume-filing", m.Resume(line.case_id, filing))

    # --- mending many ---

    async def would_retry(self, organisation: str, *, older_than_days: int, at_most: int) -> v.RetryView:
        """Return which filings `retry_all` would send again now."""
        found = await self._waiting(organisation, older_than_days, at_most)
        lines = [
            v.RetryLine(filing=line.filing.id, case_id=line.case_id, outcome="would-retry", code=None)
            for line in found
        ]
        return v.RetryView(dry_run=True, filings=tuple(lines))

    async def retry_all(
        self, act: Act, organisation: str, *, older_than_days: int, at_most: int
    ) -> tuple[v.RetryView, bool]:
        """Send again what waits for an organisation longer than that, the most urgent first.

        Returns what became of each, and whether it is the same request again: that is about the same
        filings as the first time, whatever waits by now.

        Raises:
            EngineError: `idempotency-mismatch`.
        """
        found = await self._waiting(organisation, older_than_days, at_most)
        pairs = [[str(line.case_id), str(line.filing.id)] for line in found]
        main = self._record.entry(act, "retry-filings", organisation=organisation, details={"filings": pairs})
        each = [
            self._record.also(act, "retry-filing", case_id=line.case_id, filing=line.filing.id)
            for line in found
        ]
        before = await self._record.write(act, [main, *each])
        told = (before or main).details["filings"]
        results = await asyncio.gather(*(self._sent_again(act, UUID(c), UUID(f)) for c, f in told))
        return v.RetryView(dry_run=False, filings=tuple(results)), before is not None

    # --- what was put aside ---

    async def would_redrive(self, look: Look, parked: UUID) -> v.RedriveView:
        """Return what would become of a parked delivery; nothing happens.

        Raises:
            EngineError: `no-such-parked`, `unknown-sender`.
        """
        aside = await self._aside(parked)
        driven = await self._redrive.look(aside.parked)
        for case_id, filing in cases_of(driven):
            await self._record.note(look, "look-parked", case_id=case_id, filing=filing)
        return _redrive_view(aside, driven, dry_run=True)

    async def redrive(self, act: Act, parked: UUID) -> tuple[v.RedriveView, bool]:
        """Let a parked delivery go its way once more; what cannot be handled is put aside anew.

        Raises:
            EngineError: `no-such-parked`, `already-resolved`, `unknown-sender`, `unavailable…`.
        """
        aside = await self._aside(parked)
        seen = await self._redrive.look(aside.parked)
        replayed = await self._record_parked(act, "re-drive", aside, seen)
        if aside.resolution is not None:
            if replayed:
                return _redrive_view(aside, seen, dry_run=False), True
            raise EngineError("already-resolved")
        driven = await self._redrive.drive(aside.parked)
        if not still_waits(aside.parked, driven):
            await self._operators.resolve(parked, "re-driven", at=self._clock.now())
            aside = await self._aside(parked)
        return _redrive_view(aside, driven, dry_run=False), replayed

    async def discard(self, act: Act, parked: UUID) -> bool:
        """Give a parked delivery up; return whether that was said before under this key.

        Raises:
            EngineError: `no-such-parked`, `already-resolved`.
        """
        aside = await self._aside(parked)
        seen = [] if aside.parked.sender is None else await self._redrive.look(aside.parked)
        replayed = await self._record_parked(act, "discard", aside, seen)
        was_first = await self._operators.resolve(parked, "discarded", at=self._clock.now())
        if not was_first and not replayed:
            raise EngineError("already-resolved")
        return replayed

    # --- organisations and the whole ---

    async def pause(self, act: Act, number: str) -> tuple[v.OrganisationView, bool]:
        """Send the organisation nothing new; return how it stands, and whether that was said before.

        Raises:
            EngineError: `no-such-organisation`, `already-revoked-organisation`, `idempotency-mismatch`.
        """
        return await self._switch(act, number, _PAUSE)

    async def resume_organisation(self, act: Act, number: str) -> tuple[v.OrganisationView, bool]:
        """Send to the organisation again; raises as `pause`."""
        return await self._switch(act, number, _RESUME)

    async def reconcile(
        self, act: Act, *, limit: int, after: str | None
    ) -> tuple[v.ReconciliationView, bool]:
        """Compare journals with cases, and look for whatever was left lying; nothing is changed."""
        place = instant_place(after)
        before = await self._record.write(
            act, [self._record.entry(act, "reconcile", details={"limit": limit})]
        )
        checked, findings, place = await self._reconciliation.cases(after=place, limit=limit)
        findings += await self._reconciliation.around()
        entries, head, broken = await self._reconciliation.audit()
        view = v.ReconciliationView(
            cases=checked,
            findings=(*findings, *broken),
            audit_entries=entries,
            audit_hash=head.hex(),
            after=cursor(place),
        )
        return view, before is not None

    # --- how ---

    async def _switch(self, act: Act, number: str, name: str) -> tuple[v.OrganisationView, bool]:
        """Pause or resume. A repetition does it again, unless somebody has switched it since."""
        await self.organisation(number)
        before = await self._record.write(act, [self._record.entry(act, name, organisation=number)])
        last = await self._operators.last_act(number, (_PAUSE, _RESUME))
        if last is not None and (last.operator, last.request_key) == (act.name, act.key):
            await (self._registry.pause if name == _PAUSE else self._registry.resume)(number)
        return await self.organisation(number), before is not None

    async def _mend(
        self,
        act: Act,
        line: FilingLine,
        name: str,
        message: m.Message,
        *,
        details: Mapping[str, Any] | None = None,
    ) -> Done:
        filing = line.filing
        entry = self._record.entry(
            act,
            name,
            case_id=line.case_id,
            filing=filing.id,
            organisation=filing.organisation,
            details=details or {},
        )
        await self._record.write(act, [entry])
        result = await self._say(act, act.key, act.body_hash, message)
        if result.code is not None:
            raise EngineError(result.code, problems=result.problems)
        return Done(line.case_id, result.version, result.replayed)

    async def _say(self, act: Act, key: str, body_hash: bytes, message: m.Message) -> Result:
        def say(heard: Heard) -> Said:
            if heard.case is None:
                raise EngineError("no-such-case")
            return Said(message)

        entry = InboxEntry(act.name, key, body_hash, message.case_id)
        return await self._intake.submit(Work(entry=entry, actor=act.name, say=say, remembered=True))

    async def _sent_again(self, act: Act, case_id: UUID, filing: UUID) -> v.RetryLine:
        body_hash = hashlib.sha256(act.body_hash + filing.bytes).digest()
        result = await self._say(act, f"{act.key}/{filing}", body_hash, m.Retry(case_id, filing))
        outcome = "refused" if result.code else "applied"
        return v.RetryLine(filing=filing, case_id=case_id, outcome=outcome, code=result.code)

    async def _waiting(self, organisation: str, older_than_days: int, at_most: int) -> list[FilingLine]:
        """Return what could be sent again, the most urgent first."""
        asked = self._older(FilingQuestion(organisation=organisation), older_than_days)
        found: list[FilingLine] = []
        place: FilingPlace | None = None
        while True:
            lines, place = await self._operators.filings(asked, after=place, limit=MOST_AT_ONCE)
            found += [line for line in lines if line.filing.state in _RETRIED]
            if place is None or len(found) >= at_most:
                return found[:at_most]

    def _older(self, question: FilingQuestion, days: int | None) -> FilingQuestion:
        if days is None:
            return question
        fields = {name: getattr(question, name) for name in FilingQuestion.__dataclass_fields__}
        return FilingQuestion(**fields | {"since_before": self._clock.now() - timedelta(days=days)})

    async def _line(self, filing: UUID) -> FilingLine:
        line = await self._operators.filing(filing)
        if line is None:
            raise EngineError("no-such-filing")
        return line

    async def _aside(self, parked: UUID) -> Aside:
        aside = await self._operators.aside_one(parked)
        if aside is None:
            raise EngineError("no-such-parked")
        return aside

    async def _record_parked(self, act: Act, name: str, aside: Aside, seen: list[Driven]) -> bool:
        details = {"parked": str(aside.parked.id), "why": aside.parked.reason}
        main = self._record.entry(act, name, organisation=aside.parked.sender, details=details)
        each = [
            self._record.also(act, name, case_id=case_id, filing=filing) for case_id, filing in cases_of(seen)
        ]
        return await self._record.write(act, [main, *each]) is not None


def _parked_line(aside: Aside) -> v.ParkedLine:
    parked = aside.parked
    return v.ParkedLine(
        id=parked.id,
        where_from=parked.where_from,
        organisation=parked.sender,
        events=len(parked.events),
        reason=parked.reason,
        attempts=parked.attempts,
        parked_at=parked.parked_at,
    )


def _redrive_view(aside: Aside, driven: Sequence[Driven], *, dry_run: bool) -> v.RedriveView:
    events = [
        v.RedriveLine(
            event=one.event,
            outcome=one.outcome,
            code=one.code,
            case_id=one.located.case_id if one.located else None,
            filing=one.located.filing if one.located else None,
        )
        for one in driven
    ]
    resolved = aside.resolution is not None
    return v.RedriveView(id=aside.parked.id, dry_run=dry_run, resolved=resolved, events=tuple(events))
