# SPDX-License-Identifier: Apache-2.0
"""Who fails too often waits; a second proof is of now and of the same person; operators see numbers only."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.simulators.jpki import SoftwareCard
from connectors.simulators.jpki.rehearsal import AUDIENCE, answer, sign_in
from engine.core.errors import EngineError
from engine.identity.challenges import Purpose
from engine.identity.guard import PER_ADDRESS, PER_CERTIFICATE, Caller
from engine.identity.inspection import warnings_of
from engine.identity.profiles import Use
from engine.identity.signing import anybody
from tests.unit.identity_desk import START, Desk

HERE, THERE = Caller("203.0.113.1"), Caller("203.0.113.2")
FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def attempt(desk: Desk, card: SoftwareCard, caller: Caller, *, wrong: bool = False) -> str | None:
    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)
    certificate, signature = answer(card, challenge)
    try:
        await desk.gate.login(
            challenge.id, certificate=certificate, signature=b"wrong" if wrong else signature, caller=caller
        )
    except EngineError as error:
        return error.code
    return None


# --- lock-out ---


async def test_a_certificate_with_wrong_signatures_is_locked_from_everywhere_for_a_while(desk: Desk) -> None:
    card, another = desk.card(), desk.card()
    for _ in range(PER_CERTIFICATE.failures):
        assert await attempt(desk, card, HERE, wrong=True) == "signature-invalid"

    assert await attempt(desk, card, THERE) == "too-many-failures"
    assert await attempt(desk, another, HERE) is None
    desk.clock.pass_by(minutes=15, seconds=1)
    assert await attempt(desk, card, THERE) is None


async def test_who_comes_in_begins_to_count_anew(desk: Desk) -> None:
    card = desk.card()
    for _ in range(2):
        for _ in range(PER_CERTIFICATE.failures - 1):
            await attempt(desk, card, HERE, wrong=True)
        assert await attempt(desk, card, HERE) is None


async def test_a_few_failures_now_and_then_lock_nobody_out(desk: Desk) -> None:
    card = desk.card()
    for _ in range(3 * PER_CERTIFICATE.failures):
        await attempt(desk, card, HERE, wrong=True)
        desk.clock.pass_by(minutes=16)

    assert await attempt(desk, card, HERE) is None


async def test_an_address_that_fails_with_card_after_card_is_locked_and_others_are_not(desk: Desk) -> None:
    card = desk.card()
    for _ in range(PER_ADDRESS.failures):
        with pytest.raises(EngineError):
            await desk.gate.login(desk.ids.new(), certificate=b"", signature=b"", caller=HERE)

    assert await attempt(desk, card, HERE) == "too-many-failures"
    assert await attempt(desk, card, THERE) is None
    desk.clock.pass_by(minutes=5, seconds=1)
    assert await attempt(desk, card, HERE) is None


async def test_an_outage_locks_nobody_out(desk: Desk) -> None:
    card = desk.card()
    desk.world.is_down = True
    for _ in range(PER_ADDRESS.failures + 1):
        assert await attempt(desk, card, HERE) == "status-unavailable"
    desk.world.is_down = False

    assert await attempt(desk, card, HERE) is None


async def test_a_copy_of_somebodys_certificate_with_other_faults_locks_them_out_of_nothing(
    desk: Desk,
) -> None:
    card = desk.card()
    for _ in range(PER_CERTIFICATE.failures + 1):
        with pytest.raises(EngineError, match="no-such-challenge"):
            await desk.gate.login(
                desk.ids.new(), certificate=card.chip.login_certificate, signature=b"", caller=HERE
            )

    assert await attempt(desk, card, THERE) is None


async def test_a_lock_ends_no_session_and_says_how_long(desk: Desk) -> None:
    card = desk.card()
    token = await desk.token(card)
    for _ in range(PER_CERTIFICATE.failures):
        await attempt(desk, card, HERE, wrong=True)

    assert await desk.gate.session(token)
    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)
    certificate, signature = answer(card, challenge)
    with pytest.raises(EngineError) as refused:
        await desk.gate.login(challenge.id, certificate=certificate, signature=signature, caller=HERE)
    assert (refused.value.status, refused.value.values["retry_after"]) == (429, 901)


async def test_neither_addresses_nor_certificates_are_kept(desk: Desk) -> None:
    card = desk.card()
    await attempt(desk, card, HERE, wrong=True)

    kept = repr(desk.store._failures)  # type: ignore[attr-defined] # the memory twin
    assert kept != "{}"
    assert HERE.address not in kept
    assert repr(card.chip.login_certificate[:20])[2:-1] not in kept


# --- a second proof ---


async def proven(desk: Desk, token: str, card: SoftwareCard) -> None:
    session = await desk.gate.session(token)
    challenge = await desk.gate.challenge(Purpose.STEP_UP, AUDIENCE, session=session)
    certificate, signature = answer(card, challenge)
    await desk.gate.step_up(token, challenge.id, certificate=certificate, signature=signature)


async def test_what_cannot_be_undone_needs_a_proof_of_now(desk: Desk) -> None:
    card = desk.card()
    token = await desk.token(card)
    desk.gate.require_recent(await desk.gate.session(token), FIVE_MINUTES)
    desk.clock.pass_by(minutes=5, seconds=1)
    with pytest.raises(EngineError) as refused:
        desk.gate.require_recent(await desk.gate.session(token), FIVE_MINUTES)
    assert (refused.value.code, refused.value.status) == ("login-too-old", 403)

    await proven(desk, token, card)

    desk.gate.require_recent(await desk.gate.session(token), FIVE_MINUTES)


async def test_a_second_proof_is_by_a_card_of_the_same_person(desk: Desk) -> None:
    token, stranger = await desk.token(desk.card()), desk.card()
    await desk.signed_in(stranger)

    with pytest.raises(EngineError, match="already-linked-credential"):
        await proven(desk, token, stranger)
    with pytest.raises(EngineError, match="already-linked-credential"):
        await proven(desk, token, desk.card())  # one that nobody has come with


async def test_a_second_proof_is_not_made_of_a_login_nor_of_another_persons_challenge(desk: Desk) -> None:
    card = desk.card()
    token, theirs = await desk.token(card), await desk.signed_in(desk.card())
    for challenge in (
        await desk.gate.challenge(Purpose.LOGIN, AUDIENCE),
        await desk.gate.challenge(Purpose.STEP_UP, AUDIENCE, session=theirs),
    ):
        certificate, signature = answer(card, challenge)
        with pytest.raises(EngineError, match="invalid-challenge-purpose"):
            await desk.gate.step_up(token, challenge.id, certificate=certificate, signature=signature)
    with pytest.raises(EngineError, match="not-signed-in"):
        await desk.gate.challenge(Purpose.STEP_UP, AUDIENCE)


async def test_a_revoked_card_proves_nothing_a_second_time(desk: Desk) -> None:
    card = desk.card()
    token = await desk.token(card)
    desk.world.revoke(Use.LOGIN, card.login_certificate)
    desk.clock.pass_by(minutes=16)  # the answer of the responder is over

    with pytest.raises(EngineError, match="status-revoked"):
        await proven(desk, token, card)


# --- what operators see ---


async def test_operators_see_what_was_refused_by_day_and_code_and_nobody(desk: Desk) -> None:
    card = desk.card()
    for _ in range(3):
        await attempt(desk, card, HERE, wrong=True)
    desk.clock.pass_by(days=1)
    desk.world.revoke(Use.LOGIN, card.login_certificate)
    assert await attempt(desk, card, HERE) == "status-revoked"

    view = await desk.gate.view()

    assert [(one.day.day, one.code, one.count) for one in view.refusals] == [
        (10, "status-revoked", 1),
        (9, "signature-invalid", 3),
    ]
    assert view.environment == "development"
    assert {root.use for root in view.roots} == {"login", "signature"}
    assert f"{card.login_certificate.serial_number:x}" not in repr(view)


async def test_operators_are_warned_before_a_root_ends_and_when_a_signature_is_undone(desk: Desk) -> None:
    trust = desk.world.trust()

    assert warnings_of(trust, START) == ()
    first_ends = datetime(2029, 3, 8, tzinfo=UTC)
    assert {w.split(":")[0] for w in warnings_of(trust, first_ends - timedelta(days=90))} == {
        "root-expires-soon"
    }
    assert {w.split(":")[0] for w in warnings_of(trust, first_ends + timedelta(days=2))} == {"root-expired"}
    last = warnings_of(trust, datetime(2042, 12, 1, tzinfo=UTC))
    assert {"no-later-root: login", "no-later-root: signature"} <= set(last)
    bare = tuple(replace(root, ocsp_url=None, crl_urls={}) for root in trust.roots)
    assert len([w for w in warnings_of(replace(trust, roots=bare), START) if "no-revocation" in w]) == 4
    assert warnings_of(replace(trust, tsa_url=None), START) == ("no-tsa",)

    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)
    await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )
    desk.world.revoke(Use.SIGNATURE, card.signature_certificate, at=START - timedelta(hours=1))
    desk.clock.pass_by(days=1)
    await desk.gate.settle()

    view = await desk.gate.view()
    assert view.evidence == {"waiting": 0, "settled": 0, "undone": 1}
    assert view.warnings == ("evidence-undone",)


async def test_the_counts_outlive_the_process_by_being_written_every_minute(desk: Desk) -> None:
    card = desk.card()
    await attempt(desk, card, HERE, wrong=True)
    await attempt(desk, card, HERE, wrong=True)
    assert [count for *_, count in await desk.store.refusals(since=START.date())] == [1]
    await desk.gate.forget()
    assert [count for *_, count in await desk.store.refusals(since=START.date())] == [2]


async def test_signing_in_still_works(desk: Desk) -> None:
    assert await sign_in(desk.gate, desk.card())
