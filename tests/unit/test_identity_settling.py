# SPDX-License-Identifier: Apache-2.0
"""A signature before, at and after a revocation: what it is worth today, tomorrow and in ten years.

Hanako signs on 9 November, 10:02:03 in Japan. What a municipality enters is in the list of the next day.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from asn1crypto import cms

from connectors.simulators.jpki import SoftwareCard
from connectors.simulators.jpki.rehearsal import rehearsal_gate
from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.evidence import Evidence
from engine.identity.fetch import Unreachable
from engine.identity.gate import Gate
from engine.identity.profiles import Use
from engine.identity.settling import Settled, proof_of, word_of_a_later_day
from engine.identity.signing import MandateOffer, anybody
from engine.identity.status import read_kept
from engine.identity.store import Proof
from engine.identity.trust import TrustStore
from engine.identity.verdict import Finding, ProvenTime, Standing, Status, Verdicts
from tests.unit.identity_desk import START, Desk

SECOND = timedelta(seconds=1)
NEXT_DAY = datetime(2026, 11, 9, 15, tzinfo=UTC)  # midnight in Japan


class Signed(Desk):
    """Somebody has signed at START."""

    async def begin(self) -> "Signed":
        self.own: SoftwareCard = self.card()
        session = await self.signed_in(self.own)
        self.offered: MandateOffer = await self.offer(session)
        self.evidence: Evidence = await self.gate.verify_mandate(
            session,
            self.offered.content,
            signature=self.signed(self.own, self.offered.content),
            accept=anybody,
        )
        return self

    def revoked(self, at: datetime) -> None:
        self.world.revoke(Use.SIGNATURE, self.own.signature_certificate, at=at)

    async def standing(self) -> Proof:
        row = await self.store.evidence(self.evidence.id)
        assert row is not None
        return row.standing

    async def refusal(self) -> str | None:
        return (await self.gate.judge_again(self.evidence.id)).refusal()


@pytest.fixture
async def desk() -> Signed:
    return await Signed().begin()


@pytest.mark.parametrize(
    ("revoked_at", "standing", "refusal"),
    [
        (None, Proof.SETTLED, None),
        (START - timedelta(days=1), Proof.UNDONE, "status-revoked"),
        (datetime(2026, 11, 8, 15, tzinfo=UTC), Proof.UNDONE, "status-revoked"),  # that day, by its date alone
        (START - SECOND, Proof.UNDONE, "status-revoked"),
        (START, Proof.UNDONE, "status-revoked"),
        (START + SECOND, Proof.SETTLED, None),
        (NEXT_DAY - SECOND, Proof.SETTLED, None),  # the same day, later
        (NEXT_DAY, Proof.SETTLED, None),
    ],
    ids=["never", "the day before", "that day's date", "a second before", "at", "a second after", "same day",
         "next day"],
)  # fmt: skip
async def test_a_signature_counts_if_it_existed_before_the_revocation(
    desk: Signed, revoked_at: datetime | None, standing: Proof, refusal: str | None
) -> None:
    if revoked_at is not None:
        desk.revoked(revoked_at)  # entered after Hanako signed: nobody could know
    desk.clock.pass_by(days=1)

    await desk.gate.settle()

    assert (await desk.standing(), await desk.refusal()) == (standing, refusal)


async def test_a_signature_waits_for_the_authoritys_word_of_a_later_day(desk: Signed) -> None:
    for hours in (0, 13):
        desk.clock.pass_by(hours=hours)
        assert await desk.gate.settle() == Settled()
    assert await desk.standing() is Proof.WAITING

    desk.clock.at = NEXT_DAY

    assert await desk.gate.settle() == Settled(settled=1)
    assert await desk.gate.settle() == Settled()


async def test_yesterdays_list_settles_nothing(desk: Signed) -> None:
    old = await desk.world.fetch.get(desk.world.fetch.asked[-1])  # of the day on which she signed
    assert old[:1] == b"\x30"
    desk.clock.at = NEXT_DAY

    class Stale:
        async def get(self, url: str) -> bytes:
            return old

        async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
            raise Unreachable(url)

    gate = gate_of(desk, Stale())

    assert await gate.settle() == Settled(waiting=1)
    assert await desk.standing() is Proof.WAITING


async def test_nobody_is_undone_because_nobody_answers(desk: Signed) -> None:
    desk.clock.pass_by(days=1)
    desk.world.is_down = True

    assert await desk.gate.settle() == Settled(waiting=1)
    assert await desk.refusal() == "status-unavailable"

    desk.world.is_down = False
    assert await desk.gate.settle() == Settled(settled=1)


async def test_a_bundle_that_does_not_open_holds_up_no_other(desk: Signed) -> None:
    row = await desk.store.evidence(desk.evidence.id)
    assert row is not None
    later = await desk.offer(await desk.signed_in(desk.own))
    forged = replace(row, id=UUID(int=5), signed_at=row.signed_at - SECOND)  # it is the first of them
    await desk.store.keep_evidence(forged, challenge=later.mandate.id, at=START)
    desk.clock.pass_by(days=1)

    assert await desk.gate.settle() == Settled(settled=1, waiting=1)
    assert await desk.standing() is Proof.SETTLED


async def test_a_settled_signature_needs_nobody_any_more(desk: Signed) -> None:
    """Revoked by the move, expired since, the authority gone, its roots replaced: it still counts."""
    desk.revoked(NEXT_DAY)
    desk.clock.pass_by(days=1)
    await desk.gate.settle()
    desk.clock.pass_by(days=3653)
    desk.world.is_down = True
    trust = desk.world.trust()
    newer = TrustStore(
        trust.environment, tuple(root for root in trust.roots if root.use is Use.LOGIN), (), None
    )

    verdicts = await gate_of(desk, desk.world.fetch, trust=newer).judge_again(desk.evidence.id)

    assert verdicts.refusal() is None
    assert verdicts.proven is not None
    assert (verdicts.proven.source, verdicts.proven.at) == ("tsa", START)
    assert verdicts.status.this_update is not None
    assert verdicts.status.this_update > START


async def test_what_revoked_the_certificate_later_is_not_even_looked_at(desk: Signed) -> None:
    desk.clock.pass_by(days=1)
    await desk.gate.settle()
    desk.revoked(START - timedelta(days=1))  # somebody enters a revocation for a day long ago
    desk.clock.pass_by(days=3)

    assert await desk.refusal() is None
    assert await desk.gate.settle() == Settled()


async def test_a_settled_signature_is_one_file_with_everything_in_it(desk: Signed) -> None:
    with pytest.raises(EngineError, match="evidence-not-settled"):
        await desk.gate.long_term(desk.evidence.id)
    desk.revoked(NEXT_DAY)
    desk.clock.pass_by(days=1)
    await desk.gate.settle()

    proof = await desk.gate.long_term(desk.evidence.id)

    data = cms.ContentInfo.load(proof.signature)["content"]
    assert proof.content == desk.offered.content
    assert cades.read_detached(proof.signature, proof.content).certificate == desk.own.signature_certificate
    assert cades.time_stamp_of(proof.signature) is not None
    assert len(data["certificates"]) == 3  # hers, her root's, the root of the time stamp
    kept, about_time = sorted(data["crls"], key=lambda choice: choice.name)
    assert (kept.name, about_time.name) == ("crl", "other")  # hers, and that of the time stamp's authority
    certificate = desk.own.signature_certificate
    root = desk.world.trust().issuer_of(certificate, Use.SIGNATURE)
    word = read_kept(kept.chosen.dump(), certificate, root)
    assert (word.standing, word.revoked_at) == (Standing.REVOKED, NEXT_DAY)


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_while_the_engines_clock_is_off_nothing_is_signed(minutes: float) -> None:
    """The time stamp says another time than we do: one of us is wrong, so nothing is proven."""
    desk = Desk()
    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)
    signature = desk.signed(card, offer.content)

    class Off:
        def now(self) -> datetime:
            return desk.clock.now() + timedelta(minutes=minutes)

    gate = rehearsal_gate(desk.world, desk.ids, store=desk.store, clock=Off())

    with pytest.raises(EngineError) as refused:
        await gate.verify_mandate(session, offer.content, signature=signature, accept=anybody)

    assert refused.value.code in {"signature-time-unproven", "signature-wrong-attributes"}
    evidence = await desk.gate.verify_mandate(
        session, offer.content, signature=signature, accept=anybody
    )  # the offer is still good
    assert evidence.signed_at == START


FINE = Finding()
PROVEN = ProvenTime(START, "tsa")


@pytest.mark.parametrize(
    ("status", "proof"),
    [
        (Status(Standing.GOOD, this_update=NEXT_DAY), Proof.SETTLED),
        (Status(Standing.GOOD, this_update=NEXT_DAY - SECOND), Proof.WAITING),
        (Status(Standing.GOOD), Proof.WAITING),
        (Status(Standing.UNKNOWN, this_update=NEXT_DAY), Proof.WAITING),
        (Status(Standing.UNAVAILABLE), Proof.WAITING),
        (Status(Standing.REVOKED, this_update=NEXT_DAY, revoked_at=START), Proof.UNDONE),
        (Status(Standing.REVOKED, this_update=START, revoked_at=START - SECOND), Proof.UNDONE),
        (Status(Standing.REVOKED, this_update=START, revoked_at=START + SECOND), Proof.WAITING),
        (Status(Standing.REVOKED, this_update=NEXT_DAY, revoked_at=START + SECOND), Proof.SETTLED),
        (Status(Standing.REVOKED, this_update=NEXT_DAY), Proof.UNDONE),  # no date: as if from the beginning
    ],
)
def test_only_the_authoritys_word_ends_the_waiting(status: Status, proof: Proof) -> None:
    assert proof_of(Verdicts(FINE, FINE, status, PROVEN), START) is proof


def test_a_proof_without_a_time_or_a_path_waits() -> None:
    good = Status(Standing.GOOD, this_update=NEXT_DAY)

    assert proof_of(Verdicts(FINE, FINE, good, None), START) is Proof.WAITING
    assert proof_of(Verdicts(FINE, Finding("chain-invalid"), good, PROVEN), START) is Proof.WAITING


@pytest.mark.parametrize(
    ("signed_at", "from_"),
    [
        (datetime(2026, 11, 9, 14, 59, 59, tzinfo=UTC), datetime(2026, 11, 9, 15, tzinfo=UTC)),
        (datetime(2026, 11, 9, 15, tzinfo=UTC), datetime(2026, 11, 10, 15, tzinfo=UTC)),
        (datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2026, 12, 31, 15, tzinfo=UTC)),
    ],
)
def test_a_later_day_begins_at_midnight_in_japan(signed_at: datetime, from_: datetime) -> None:
    assert word_of_a_later_day(signed_at) == from_


def gate_of(desk: Desk, fetch: object, *, trust: TrustStore | None = None) -> Gate:
    return rehearsal_gate(desk.world, desk.ids, store=desk.store, fetch=fetch, trust=trust)  # type: ignore[arg-type] # fakes
