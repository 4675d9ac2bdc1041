# SPDX-License-Identifier: Apache-2.0
"""What was said is corrected (訂正), or the day of the event changes: everybody who was told hears of it.

Where the law asks for a signed application, what was signed is no longer what is said: the correction
is signed too, over the new contents of those filings, before anybody is told. The move itself revokes
the 署名用 certificate; until there is a new one, such a correction waits, and all else goes on.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue

from engine.core import messages as m
from engine.core.case import Case, Filing
from engine.core.errors import Code, EngineError, Problem, register
from engine.core.lifecycle import CaseState, FilingState, Way
from engine.core.participants import awaits_new_certificate
from engine.core.patience import day_in_japan
from engine.core.plan import Contents, Plan, as_submitted, corrected, unsaid
from engine.core.standing import Standing
from engine.identity.gate import Gate
from engine.identity.mandate import Mandate
from engine.identity.sessions import Session
from engine.ports import Clock, Store, StoredCase
from engine.registry.directory import Directories, Directory
from engine.runtime.catalogue import Catalogue
from engine.runtime.counter import MANDATE_LASTS, Counter, Done, Request, SignedMandate
from engine.runtime.mandates import digests, recipients_of
from engine.runtime.processor import Heard, Said

register(
    {
        "guarded-later": Code(
            409,
            "この訂正の後は、送信してはならない届出があります。案件を取りやめ、改めて申し込んでください",
            "After this correction some filings must not be sent: call the case off, and begin anew",
        ),
        "signature-needed": Code(
            409,
            "署名した届出の内容が変わるため、訂正にも署名が必要です",
            "What was signed changes: the correction has to be signed as well",
        ),
        "new-certificate-needed": Code(
            409,
            "異動の届出により署名用電子証明書は失効しています。窓口で新しい証明書の発行を受けてから訂正してください。"
            "ほかの手続はそのまま進みます",
            "The notice has revoked your signing certificate: get a new one at the counter, then correct"
            " this. Everything else goes on",
        ),
        "signed-by-another": Code(
            409,
            "この届出は別の当事者が署名しています。訂正はその方から受取先へ直接お申し出ください",
            "Somebody else of the case has signed this: they have to tell its receiver themselves",
        ),
        "nothing-to-sign": Code(409, "この訂正に署名は必要ありません", "This correction needs no signature"),
    }
)

# Where a filing can still tell its organisation something else.
_OVER: Final = frozenset(
    {
        FilingState.WITHDRAWN,
        FilingState.IRREVOCABLE,
        FilingState.CLOSED_REFUSED,
        FilingState.NOT_NEEDED,
        FilingState.CANCELLED,
    }
)
_REVOKED: Final = "status-revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Other facts, or another day of the event."""

    facts: Mapping[str, JsonValue] | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class _Changed:
    """What a correction comes to: new contents, what changes for which filing, what has to be signed."""

    contents: Contents
    changes: Mapping[UUID, m.Change]
    to_sign: frozenset[UUID]


class Corrections:
    """The desk at which cases are corrected."""

    def __init__(
        self,
        *,
        counter: Counter,
        store: Store,
        catalogue: Catalogue,
        directories: Directories,
        gate: Gate,
        clock: Clock,
    ) -> None:
        self._counter = counter
        self._store = store
        self._catalogue = catalogue
        self._directories = directories
        self._gate = gate
        self._clock = clock

    async def mandate(self, session: Session, case_id: UUID, correction: Correction) -> bytes:
        """Return what the citizen signs before this correction, canonical JSON.

        Raises:
            EngineError: `no-such-case`, `invalid-facts`, `guarded-later`; `nothing-to-sign`.
        """
        stored = await self._own(session.subject, case_id)
        changed = await self._changed(stored, correction, session.standing)
        if not changed.to_sign:
            raise EngineError("nothing-to-sign")
        plan, rules = changed.contents.plan, await self._counter.words(stored)
        offer = await self._gate.offer_mandate(
            session,
            case_id,
            recipients=recipients_of(plan, rules, changed.to_sign),
            expires_at=self._clock.now().replace(microsecond=0) + MANDATE_LASTS,
            digests=digests(plan, rules, changed.to_sign),
        )
        return offer.content

    async def correct(
        self,
        session: Session,
        request: Request,
        case_id: UUID,
        correction: Correction,
        *,
        signed: SignedMandate | None = None,
    ) -> Done:
        """Correct the case: a refused filing is filed anew, everybody who was told is told again.

        Raises:
            EngineError: `no-such-case`, `invalid-facts` with a pointer to each field, `guarded-later`;
                `signature-needed` with the filings; `new-certificate-needed`, `stale-mandate`, and what
                the gate refuses.
        """
        if seen := await self._counter.seen(request):
            return seen
        stored = await self._own(session.subject, case_id)
        evidence = mandate = None
        if signed is not None:
            mandate = Mandate.from_bytes(signed.mandate)
            evidence = await self._verified(session, stored, correction, signed)
            await self._counter.check_unheard(stored, evidence)
        return await self.say(request, case_id, correction, evidence=evidence, mandate=mandate)

    async def say(
        self,
        request: Request,
        case_id: UUID,
        correction: Correction,
        *,
        evidence: UUID | None,
        mandate: Mandate | None = None,
    ) -> Done:
        """Say a correction for which there is the evidence of a signature over a mandate, or none.

        Under the lock of the case the mandate has to say what goes out: another correction may have
        come in between.
        """
        stored = await self._own(request.person, case_id)
        directory, rules = await self._directories.current(), await self._counter.words(stored)

        def say(heard: Heard) -> Said:
            if heard.case is None or heard.case.owner != request.person:
                raise EngineError("no-such-case")
            assert heard.contents is not None  # noqa: S101 - reads_contents was asked for
            changed = self._after(heard.case, heard.contents, correction, directory, request.standing)
            if changed.to_sign and evidence is None:
                names = sorted(map(str, changed.to_sign))
                raise EngineError(
                    "signature-needed",
                    problems=tuple(Problem(f"/filings/{name}", "signature-needed") for name in names),
                )
            if mandate is not None and _is_stale(mandate, heard.case.id, changed, rules):
                raise EngineError("stale-mandate")
            if correction.day is not None:
                return Said(
                    m.ChangeDate(case_id, changed.changes, correction.day, evidence=evidence),
                    changed.contents,
                )
            return Said(m.Correct(case_id, changed.changes, evidence=evidence), changed.contents)

        return await self._counter.say(request, case_id, say, reads_contents=True)

    # --- how ---

    async def _own(self, person: UUID, case_id: UUID) -> StoredCase:
        stored = await self._store.case(case_id)
        if stored is None or stored.case.owner != person:
            raise EngineError("no-such-case")
        return stored

    async def _verified(
        self, session: Session, stored: StoredCase, correction: Correction, signed: SignedMandate
    ) -> UUID:
        """Return the evidence of the owner's signature over exactly this correction."""
        changed = await self._changed(stored, correction, session.standing)
        rules = await self._counter.words(stored)
        plan, mandate = changed.contents.plan, Mandate.from_bytes(signed.mandate)
        if _is_stale(mandate, stored.case.id, changed, rules):
            raise EngineError("stale-mandate")
        seats = [
            one for one in stored.case.participants.values() if one.signs and one.person == session.subject
        ]
        finder = self._counter.finder(session, plan, seats, signed)
        try:
            evidence = await self._gate.verify_mandate(
                session, signed.mandate, signature=signed.signature, accept=finder
            )
        except EngineError as error:
            if error.code == _REVOKED and awaits_new_certificate(stored.case, rules):
                raise EngineError("new-certificate-needed") from error
            raise
        return evidence.id

    async def _changed(self, stored: StoredCase, correction: Correction, standing: Standing) -> _Changed:
        directory = await self._directories.current()
        contents = await self._counter.contents(stored)
        return self._after(stored.case, contents, correction, directory, standing)

    def _after(
        self, case: Case, old: Contents, correction: Correction, directory: Directory, standing: Standing
    ) -> _Changed:
        """Return what the correction comes to by today's rules."""
        if correction.facts is None:
            told = self._catalogue.reread(case.event, old.facts)
        else:
            told = self._catalogue.read(case.event, correction.facts)
        if correction.day is not None:
            told = self._catalogue.redated(case.event, told, correction.day)
        today = day_in_japan(self._clock.now())
        new = self._catalogue.plan(
            case.event, told, case_id=case.id, directory=directory, today=today, standing=standing
        )
        _check_guards(old.plan, new.plan)
        plan, changed = corrected(old.plan, new.plan)
        said = as_submitted(old, case.filings)
        changes = {}
        for id_, names in changed.items():
            filing, entry = case.filings[id_], plan.entry(id_)
            fields = dict.fromkeys((*names, *unsaid(filing, plan, said))) if names else ()
            changes[id_] = m.Change(tuple(fields), entry.due.last_day, entry.not_before, entry.closes_on)
        to_sign = frozenset(
            id_ for id_, change in changes.items() if change.fields and _is_signed(case, case.filings[id_])
        )
        _check_signers(case, to_sign)
        return _Changed(Contents(facts=new.facts, plan=plan, submitted=said), changes, to_sign)


def _is_stale(mandate: Mandate, case_id: UUID, changed: _Changed, rules: Mapping[str, Any]) -> bool:
    """Say whether the mandate is about something else than this correction of this case."""
    plan, filings = changed.contents.plan, changed.to_sign
    told = recipients_of(plan, rules, filings), digests(plan, rules, filings)
    said = (mandate.case_id, mandate.recipients, mandate.digests, mandate.decision)
    return said != (case_id, *told, None)


def _check_signers(case: Case, filings: Collection[UUID]) -> None:
    """Refuse to change what another person of the case has signed; raises `signed-by-another`."""
    signers = {id_: case.rules[id_].signer for id_ in filings}
    others = [id_ for id_, at in signers.items() if at and case.participants[at].person != case.owner]
    if others:
        names = sorted(map(str, others))
        problems = tuple(Problem(f"/filings/{name}", "signed-by-another") for name in names)
        raise EngineError("signed-by-another", problems=problems)


def _is_signed(case: Case, filing: Filing) -> bool:
    """Say whether somebody has signed what this filing says, and it can still say something else."""
    has_signed = case.state in {CaseState.CONFIRMED, CaseState.RUNNING}
    return has_signed and filing.way is Way.SIGNED and filing.state not in _OVER


def _check_guards(old: Plan, new: Plan) -> None:
    """Refuse a correction after which something must not be sent that was agreed to be sent.

    Ways stay as they were agreed, so the case would go on telling organisations; it has to be called
    off, which undoes what was told, and told anew (支援措置).

    Raises:
        EngineError: `guarded-later`.
    """
    before = {entry.id for entry in old.entries if entry.guard}
    if any(entry.guard and entry.id not in before for entry in new.entries):
        raise EngineError("guarded-later")
