# SPDX-License-Identifier: Apache-2.0
"""The conformance suite as a service of the sandbox: an organisation begins a run and follows it."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import AwareDatetime, JsonValue

from connectors.conformance.desk import parcel_of
from connectors.conformance.press import Press, Sent, other_key
from connectors.conformance.run import HELD_SECONDS, Run
from connectors.conformance.script import perform
from engine.border.certification import SUITE, Finding, Rehearsed, Report, is_passed, schemas_digest
from engine.border.envelope import ENGINE
from engine.border.jwk import RecipientKey, exported, thumbprint
from engine.border.sealing import Sealer
from engine.core.errors import Code, EngineError, register
from engine.core.text import Text
from engine.core.views import View
from engine.ports import (
    Bus,
    BusUnavailable,
    Clock,
    Ids,
    Rehearsal,
    Rehearsals,
    StoreConflict,
    StoreUnavailable,
)
from engine.registry.model import Channel, RegistryStore
from engine.runtime.approvals import Approvals
from engine.runtime.bells import Bells
from engine.runtime.catalogue import Catalogue

_LOOK_SECONDS: Final = 0.5

STEPS: Final = {
    "restart": Text(
        ja="指図を送っています。コネクタを今すぐ強制終了し、起動し直してから確認してください",
        en="Orders are on their way. Kill your connector now, start it again, then confirm",
    ),
    "change-keys": Text(
        ja="新しい鍵を登録し（古い鍵は残す）、コネクタに読み込ませてから確認してください",
        en="Register new keys beside the old ones, let your connector use them, then confirm",
    ),
}

log = logging.getLogger(__name__)

register(
    {
        "no-sandbox": Code(
            404,
            "ここでは適合試験を行えません。サンドボックスで受けてください",
            "There is no rehearsing here; go to a sandbox",
        ),
        "no-such-rehearsal": Code(404, "適合試験はまだ行われていません", "There was no rehearsal yet"),
        "already-rehearsing": Code(
            409,
            "適合試験を実行中です。終わるまでお待ちください",
            "A rehearsal is under way; wait for its end",
        ),
        "illegal-step": Code(409, "今はその手順ではありません", "The rehearsal does not wait for this step"),
        "invalid-rehearsal": Code(
            422,
            "適合試験を始められません。鍵と、手続の接続登録が必要です",
            "It cannot begin: a key to seal for and a subscription are needed",
        ),
    }
)


class Step(View):
    """What the engineer is asked to do now, and then to confirm."""

    name: str
    text: Text


class RehearsalView(View):
    """A run as it stands. `report` is the signed one, once it has ended."""

    id: UUID
    number: str
    state: str
    step: Step | None
    findings: tuple[Finding, ...]
    begun_at: AwareDatetime
    ended_at: AwareDatetime | None
    report: str | None

    @classmethod
    def of(cls, one: Rehearsal) -> "RehearsalView":
        """Return it."""
        return cls(
            id=one.id,
            number=one.number,
            state=one.state,
            step=Step(name=one.step, text=STEPS[one.step]) if one.step else None,
            findings=tuple(Finding.model_validate(finding) for finding in one.findings),
            begun_at=one.begun_at,
            ended_at=one.ended_at,
            report=one.report,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a run is to be: how long an answer may take, and a step of the engineer's; how big the burst is."""

    patience_seconds: int = 60
    step_seconds: int = 900
    burst: int = 200

    def kept(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {
            "patienceSeconds": self.patience_seconds,
            "stepSeconds": self.step_seconds,
            "burst": self.burst,
        }


class Suite:
    """Rehearses organisations that are registered in this sandbox."""

    def __init__(
        self,
        *,
        is_sandbox: bool,
        store: Rehearsals,
        registry: RegistryStore,
        approvals: Approvals,
        bus: Bus,
        bells: Bells,
        catalogue: Catalogue,
        signing: ec.EllipticCurvePrivateKey,
        references_key: bytes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """`catalogue` has the example orders of each procedure."""
        self._is_sandbox = is_sandbox
        self._store = store
        self._registry = registry
        self._approvals = approvals
        self._bus = bus
        self._bells = bells
        self._catalogue = catalogue
        self._signing = signing
        self._references_key = references_key
        self._clock = clock
        self._ids = ids
        self._kid = thumbprint(signing.public_key())

    # --- the organisation's side ---

    async def begin(self, number: str, asked: Asked) -> RehearsalView:
        """Begin a run.

        Raises:
            EngineError: `no-sandbox`, `no-such-organisation`, `already-rehearsing`, `invalid-rehearsal`.
        """
        self._check_sandbox()
        if not await self.rehearsed(number):
            raise EngineError("invalid-rehearsal")
        try:
            await self.recipient(number)
        except EngineError:
            raise EngineError("invalid-rehearsal") from None
        if not await self._store.begin(self._ids.new(), number, asked.kept(), at=self._clock.now()):
            raise EngineError("already-rehearsing")
        return await self.newest(number)

    async def newest(self, number: str) -> RehearsalView:
        """Return the organisation's newest run; raises `no-sandbox`, `no-such-rehearsal`."""
        self._check_sandbox()
        found = await self._store.newest(number)
        if found is None:
            raise EngineError("no-such-rehearsal")
        return RehearsalView.of(found)

    async def confirm(self, number: str, step: str) -> RehearsalView:
        """Note that the engineer did what was asked; raises as `newest`, `illegal-step`."""
        self._check_sandbox()
        if not await self._store.confirm(number, step):
            raise EngineError("illegal-step")
        return await self.newest(number)

    async def keys(self) -> list[dict[str, str]]:
        """Return the public keys that the engine changes to in open runs."""
        if not self._is_sandbox:
            return []
        return [
            exported(self._other_key(run).public_key(), use="sig") for run in await self._store.other_keys()
        ]

    # --- the stage ---

    async def run(self) -> None:
        """Play what organisations begin, side by side, until cancelled; only in a sandbox."""
        if not self._is_sandbox:
            return
        await asyncio.to_thread(lambda: self._catalogue.examples)  # they take a second: nobody waits for it
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    claimed = await self._store.claim(at=self._clock.now(), seconds=HELD_SECONDS)
                except (StoreConflict, StoreUnavailable):
                    claimed = None
                if claimed is not None:
                    group.create_task(self._play(claimed))
                await asyncio.sleep(_LOOK_SECONDS)

    async def _play(self, rehearsal: Rehearsal) -> None:
        """Play one run to its end; one that the database or the broker breaks off can be begun again."""
        try:
            await self._played(rehearsal)
        except (EngineError, BusUnavailable, StoreConflict, StoreUnavailable) as error:
            log.warning(
                "rehearsal.broken-off", extra={"run": str(rehearsal.id), "error": type(error).__name__}
            )

    async def _played(self, rehearsal: Rehearsal) -> None:
        rehearsed = await self.rehearsed(rehearsal.number)
        run = await self.prepared(rehearsal, rehearsed)
        log.info("rehearsal.begun", extra={"run": str(rehearsal.id), "organisation": rehearsal.number})
        await perform(run)
        report = await self._report(rehearsal, rehearsed, run.findings)
        signed = report.signed(self._signing, kid=self._kid)
        state = "passed" if report.passed else "failed"
        if report.passed:
            await self._approvals.passed(rehearsal.number, signed)
        await self._store.end(rehearsal.id, state, report=signed, at=report.ended_at)
        log.info("rehearsal.ended", extra={"run": str(rehearsal.id), "state": state})

    async def prepared(self, rehearsal: Rehearsal, rehearsed: Sequence[tuple[str, str | None]]) -> Run:
        """Return the run of these subscriptions, before anything is sent."""
        return Run(
            rehearsal,
            examples={slug: self._fields(slug) for slug, _ in rehearsed},
            press=self._press(rehearsal, await self._entrusted(rehearsal.number)),
            line=self,
            store=self._store,
            clock=self._clock,
        )

    async def _report(
        self, rehearsal: Rehearsal, rehearsed: Sequence[tuple[str, str | None]], findings: Sequence[Finding]
    ) -> Report:
        return Report(
            number=rehearsal.number,
            channel=(await self._channel(rehearsal.number)).value,
            subscriptions=tuple(Rehearsed(slug=slug, area=area) for slug, area in rehearsed),
            suite=SUITE,
            schemas=schemas_digest(),
            passed=is_passed(findings),
            begun_at=_seconds(rehearsal.begun_at),
            ended_at=_seconds(self._clock.now()),
            findings=tuple(findings),
        )

    async def rehearsed(self, number: str) -> list[tuple[str, str | None]]:
        """Return its subscriptions of what is filed today, and what was entrusted to it.

        Raises:
            EngineError: `no-such-organisation`.
        """
        if await self._registry.organisation(number) is None:
            raise EngineError("no-such-organisation")
        found = await self._registry.subscriptions(number)
        taken = [(one.slug, one.area) for one in found]
        entrusted = [(slug, area) for slug, (area, _) in (await self._entrusted(number)).items()]
        examples = self._catalogue.examples
        return [scope for scope in dict.fromkeys(taken + entrusted) if scope[0] in examples]

    def _fields(self, slug: str) -> Mapping[str, JsonValue]:
        """Return the fields of the example in which most is told."""
        fields: Mapping[str, JsonValue] = self._catalogue.examples[slug].examples[0].order["fields"]
        return fields

    async def _entrusted(self, number: str) -> dict[str, tuple[str | None, str]]:
        """Return what an agent is to rehearse: for each procedure the area, and one who entrusted it."""
        now = self._clock.now()
        grants = [one for one in (await self._registry.contents()).grants if one.agent == number]
        return {
            slug: (area, one.principal) for one in grants if one.is_live(now) for slug, area in one.procedures
        }

    def _press(self, rehearsal: Rehearsal, entrusted: Mapping[str, tuple[str | None, str]]) -> Press:
        other = self._other_key(rehearsal.id)
        return Press(
            rehearsal.number,
            references_key=self._references_key,
            principals={slug: principal for slug, (_, principal) in entrusted.items()},
            sealer=self._sealer(self._signing),
            other=self._sealer(other),
            clock=self._clock,
        )

    def _sealer(self, key: ec.EllipticCurvePrivateKey) -> Sealer:
        return Sealer(key, kid=thumbprint(key.public_key()), source=ENGINE, clock=self._clock)

    def _other_key(self, run: UUID) -> ec.EllipticCurvePrivateKey:
        return other_key(self._references_key, run)

    async def _channel(self, number: str) -> Channel:
        known = await self._registry.organisation(number)
        if known is None:
            raise EngineError("no-such-organisation")
        return known.channel

    def _check_sandbox(self) -> None:
        if not self._is_sandbox:
            raise EngineError("no-sandbox")

    async def carry(self, run: Rehearsal, orders: Sequence[Sent]) -> None:
        """Bring orders to the organisation over the channel it has registered."""
        by_broker = await self._channel(run.number) is Channel.AMQP
        named = [(one.id, one.reference, one.event) for one in orders]
        await self._store.offer(run.id, run.number, named, feed=not by_broker)
        if by_broker:
            await self._bus.publish([parcel_of(one.id, run.number, one.event) for one in orders])
        self._bells.ring([("feed", run.number)])

    async def recipient(self, number: str) -> RecipientKey:
        """Return the newest key of the organisation to seal for: as it is now, for it may just have changed.

        Raises:
            EngineError: `no-recipient-key`.
        """
        now = self._clock.now()
        known = await self._registry.keys(number)
        valid = [one for one in known if one.use == "enc" and one.is_valid(now)]
        if not valid:
            raise EngineError("no-recipient-key", organisation=number)
        return RecipientKey(max(valid, key=lambda one: (one.not_before, one.kid)).public)


def _seconds(at: datetime) -> datetime:
    return at.replace(microsecond=0)
