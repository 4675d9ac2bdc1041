# SPDX-License-Identifier: Apache-2.0
"""How a person comes in, stays, adds a card, gets a role and signs."""

import logging
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from connectors.simulators.jpki import Resident
from connectors.simulators.jpki.rehearsal import AUDIENCE, answer, sign_in
from engine.core.errors import EngineError
from engine.identity.challenges import Purpose
from engine.identity.profiles import Use
from engine.identity.signing import anybody
from engine.identity.verdict import Standing
from tests.unit.identity_desk import CASE, HANAKO, START, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_person_comes_in_with_a_card(desk: Desk) -> None:
    card = desk.card()

    token = await sign_in(desk.gate, card)
    session = await desk.gate.session(token.token)

    assert session.person == token.person
    assert session.authenticated_at == START
    assert session.roles == frozenset()
    assert session.credential.serial == f"{card.login_certificate.serial_number:x}"


async def test_the_same_card_is_the_same_person(desk: Desk) -> None:
    card = desk.card()

    first, second = await sign_in(desk.gate, card), await sign_in(desk.gate, card)

    assert first.person == second.person
    assert first.token != second.token


async def test_the_same_name_birth_date_and_address_is_another_person(desk: Desk) -> None:
    first, second = await sign_in(desk.gate, desk.card(HANAKO)), await sign_in(desk.gate, desk.card(HANAKO))

    assert first.person != second.person


async def test_the_same_number_under_another_root_is_another_person(desk: Desk) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    from connectors.simulators.jpki.authority import make_authority
    from connectors.simulators.jpki.card import SoftwareCard, private_der
    from connectors.simulators.jpki.keys import new_key
    from tests.unit.identity_desk import KEYS

    first = desk.card(generation=1)
    key = new_key()
    twin = make_authority(KEYS, Use.LOGIN, 2).issue(
        HANAKO, key.public_key(), serial=first.login_certificate.serial_number, at=START
    )
    chip = first.chip.model_copy(
        update={"login_key": private_der(key), "login_certificate": twin.public_bytes(Encoding.DER)},
        deep=True,
    )

    persons = [(await sign_in(desk.gate, card)).person for card in (first, SoftwareCard(chip))]

    assert persons[0] != persons[1]


async def test_the_text_to_be_signed_is_readable_and_names_site_and_purpose(desk: Desk) -> None:
    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)

    assert "ログイン" in challenge.text
    assert f"site: {AUDIENCE}" in challenge.text
    assert "purpose: login" in challenge.text
    assert challenge.expires_at == START + timedelta(seconds=120)
    assert len(challenge.nonce) == 32


async def test_a_session_ends_after_half_an_hour_without_use(desk: Desk) -> None:
    token = await sign_in(desk.gate, desk.card())

    for _ in range(3):
        desk.clock.pass_by(minutes=29)
        await desk.gate.session(token.token)
    desk.clock.pass_by(minutes=30)

    with pytest.raises(EngineError, match="not-signed-in"):
        await desk.gate.session(token.token)


async def test_a_session_ends_after_eight_hours_however_much_it_is_used(desk: Desk) -> None:
    token = await sign_in(desk.gate, desk.card())

    for _ in range(31):
        desk.clock.pass_by(minutes=15)
        await desk.gate.session(token.token)
    desk.clock.pass_by(minutes=15)

    with pytest.raises(EngineError, match="not-signed-in"):
        await desk.gate.session(token.token)


async def test_a_session_does_not_outlive_the_certificate(desk: Desk) -> None:
    card = desk.card()
    desk.clock.at = card.login_certificate.not_valid_after_utc - timedelta(minutes=5)

    token = await sign_in(desk.gate, card)

    assert token.expires_at == card.login_certificate.not_valid_after_utc


async def test_who_leaves_is_out(desk: Desk) -> None:
    token = await sign_in(desk.gate, desk.card())

    await desk.gate.logout(token.token)
    await desk.gate.logout(token.token)

    with pytest.raises(EngineError, match="not-signed-in"):
        await desk.gate.session(token.token)


async def test_every_session_of_a_person_can_be_ended_at_once(desk: Desk) -> None:
    card = desk.card()
    tokens = [await sign_in(desk.gate, card) for _ in range(2)]
    other = await sign_in(desk.gate, desk.card())

    assert await desk.gate.logout_everywhere(tokens[0].person) == 2

    for token in tokens:
        with pytest.raises(EngineError, match="not-signed-in"):
            await desk.gate.session(token.token)
    assert (await desk.gate.session(other.token)).person == other.person


async def test_a_role_is_held_from_grant_to_withdrawal(desk: Desk) -> None:
    session = await desk.signed_in(desk.card())
    token = await sign_in(desk.gate, desk.card())

    await desk.gate.grant_operator(session.person, by="host")
    await desk.gate.grant(token.person, "organisation:3000020132217", by="host")
    await desk.gate.grant(token.person, "counter", by="host")
    await desk.gate.withdraw(token.person, "counter", by="host")

    assert await desk.store.roles(session.person) == {"operator"}
    assert (await desk.gate.session(token.token)).roles == {"organisation:3000020132217"}


async def test_a_role_needs_a_person_and_a_name(desk: Desk) -> None:
    session = await desk.signed_in(desk.card())

    with pytest.raises(EngineError, match="no-such-person"):
        await desk.gate.grant_operator(UUID(int=1), by="host")
    with pytest.raises(EngineError, match="invalid-role"):
        await desk.gate.grant(session.person, "operator ", by="host")


async def test_a_renewed_card_is_linked_in_a_live_session(desk: Desk) -> None:
    old, new = desk.card(), desk.card()
    session = await desk.signed_in(old)
    challenge = await desk.gate.challenge(Purpose.LINK, AUDIENCE, session=session)

    certificate, signature = answer(new, challenge)
    await desk.gate.link(session, challenge.id, certificate=certificate, signature=signature)

    assert (await sign_in(desk.gate, new)).person == session.person


async def test_a_card_that_is_somebody_cannot_be_linked(desk: Desk) -> None:
    theirs = desk.card()
    session, other = await desk.signed_in(desk.card()), await desk.signed_in(theirs)
    challenge = await desk.gate.challenge(Purpose.LINK, AUDIENCE, session=session)

    certificate, signature = answer(theirs, challenge)
    with pytest.raises(EngineError, match="already-linked-credential"):
        await desk.gate.link(session, challenge.id, certificate=certificate, signature=signature)

    assert (await desk.signed_in(theirs)).person == other.person


async def test_a_card_is_linked_only_to_whom_the_challenge_was_given(desk: Desk) -> None:
    session, other = await desk.signed_in(desk.card()), await desk.signed_in(desk.card())
    challenge = await desk.gate.challenge(Purpose.LINK, AUDIENCE, session=session)

    certificate, signature = answer(desk.card(), challenge)

    with pytest.raises(EngineError, match="invalid-challenge-purpose"):
        await desk.gate.link(other, challenge.id, certificate=certificate, signature=signature)
    with pytest.raises(EngineError, match="not-signed-in"):
        await desk.gate.challenge(Purpose.LINK, AUDIENCE)


async def test_a_signed_mandate_becomes_evidence(desk: Desk) -> None:
    card = desk.card(Resident("電子　花子", date(1990, 1, 2), "東京都清瀬市試験町１"))
    session = await desk.signed_in(card)
    offer = await desk.offer(session)

    evidence = await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )

    assert (evidence.person, evidence.case_id) == (session.person, CASE)
    assert (evidence.attributes.name, evidence.attributes.birth.date) == ("電子　花子", date(1990, 1, 2))
    assert (evidence.attributes.sex, evidence.attributes.address) == ("2", "東京都清瀬市試験町１")
    assert evidence.signed_at == START
    assert evidence.verdicts.proven is not None
    assert (evidence.verdicts.proven.source, evidence.verdicts.status.standing) == ("tsa", Standing.GOOD)


async def test_the_signing_certificate_becomes_the_persons_at_first_use(desk: Desk) -> None:
    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)

    await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )

    assert {credential.kind.value for credential in await desk.store.credentials(session.person)} == {
        use.value for use in Use
    }


async def test_a_later_revocation_does_not_undo_a_signature(desk: Desk) -> None:
    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)
    evidence = await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )

    desk.clock.pass_by(days=2)
    desk.world.revoke(Use.SIGNATURE, card.signature_certificate)
    desk.clock.pass_by(days=3000)
    verdicts = await desk.gate.judge_again(evidence.id)

    assert verdicts.status.standing is Standing.REVOKED
    assert verdicts.refusal() is None


async def test_a_revocation_dated_before_the_signature_undoes_it(desk: Desk) -> None:
    """The register was slow: the revocation became visible only after the signature."""
    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)
    evidence = await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )

    desk.world.revoke(Use.SIGNATURE, card.signature_certificate, at=START - timedelta(hours=1))
    desk.clock.pass_by(days=2)
    verdicts = await desk.gate.judge_again(evidence.id)

    assert verdicts.refusal() == "status-revoked"


async def test_after_an_outage_the_same_signature_may_come_again(desk: Desk) -> None:
    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)
    signature = desk.signed(card, offer.content)
    desk.world.is_down = True

    with pytest.raises(EngineError) as refused:
        await desk.gate.verify_mandate(session, offer.content, signature=signature, accept=anybody)
    desk.world.is_down = False
    evidence = await desk.gate.verify_mandate(session, offer.content, signature=signature, accept=anybody)

    assert refused.value.status == 503
    assert evidence.verdicts.refusal() is None


@pytest.mark.parametrize("changes", [{"id": UUID(int=5)}, {"signed_at": START - timedelta(days=1)}])
async def test_evidence_that_was_changed_in_the_store_is_no_evidence(
    desk: Desk, changes: dict[str, Any]
) -> None:
    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)
    evidence = await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )
    row = await desk.store.evidence(evidence.id)
    assert row is not None
    forged = replace(row, **changes)
    later = await desk.offer(session)
    await desk.store.keep_evidence(forged, challenge=later.mandate.id, at=START)

    with pytest.raises(EngineError, match="no-such-evidence"):
        await desk.gate.judge_again(forged.id)


async def test_evidence_nobody_kept_is_not_judged(desk: Desk) -> None:
    with pytest.raises(EngineError, match="no-such-evidence"):
        await desk.gate.judge_again(UUID(int=6))


async def test_what_is_over_is_forgotten(desk: Desk) -> None:
    await sign_in(desk.gate, desk.card())
    desk.clock.pass_by(days=1)

    assert await desk.gate.forget() == 2
    assert await desk.gate.forget() == 0


async def test_tokens_names_and_certificates_do_not_get_into_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    card = desk.card()

    token = await sign_in(desk.gate, card)
    session = await desk.gate.session(token.token)
    offer = await desk.offer(session)
    await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )

    told = " ".join(str(vars(record)) for record in caplog.records)
    assert "session.began" in told
    assert "evidence.kept" in told
    assert token.token not in told + repr(token)
    assert "花子" not in told
    assert f"{card.login_certificate.serial_number:x}" not in told


async def test_another_gate_with_another_key_does_not_know_the_token(desk: Desk) -> None:
    from engine.identity.examiner import Examiner
    from engine.identity.gate import Gate
    from engine.identity.status import RevocationService
    from engine.identity.timestamps import ClockTimestamper

    token = await sign_in(desk.gate, desk.card())
    other = Gate(
        store=desk.store,
        examiner=Examiner(desk.world.trust(), RevocationService(desk.world.fetch)),
        timestamper=ClockTimestamper(),
        clock=desk.clock,
        ids=desk.ids,
        audience=AUDIENCE,
        session_key=b"another key of thirty-two bytes.",
        evidence_key=bytes(32),
    )

    with pytest.raises(EngineError, match="not-signed-in"):
        await other.session(token.token)
