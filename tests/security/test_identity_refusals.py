# SPDX-License-Identifier: Apache-2.0
"""Every way in that is not the way in."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from connectors.simulators.jpki import SoftwareCard
from connectors.simulators.jpki.authority import Changes
from connectors.simulators.jpki.card import private_der
from connectors.simulators.jpki.keys import new_key
from connectors.simulators.jpki.rehearsal import AUDIENCE, answer, rehearsal_gate, sign_in
from connectors.simulators.jpki.world import JpkiWorld
from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.attributes import Attributes
from engine.identity.challenges import Purpose
from engine.identity.profiles import POLICIES, Environment, Use
from engine.identity.signing import anybody
from tests.unit.identity_desk import HANAKO, START, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def refusal(desk: Desk, card: SoftwareCard) -> str:
    with pytest.raises(EngineError) as refused:
        await sign_in(desk.gate, card)
    return refused.value.code


def off_profile(desk: Desk, use: Use, **off: object) -> SoftwareCard:
    """Return a card one of whose certificates is not as it should be."""
    changes = Changes(**off)  # type: ignore[arg-type] # the tests name real fields
    return with_certificate(desk, use, lambda key: desk.world.issue(use, HANAKO, key, changes=changes))


def with_certificate(
    desk: Desk, use: Use, issue: Callable[[rsa.RSAPublicKey], x509.Certificate]
) -> SoftwareCard:
    key = new_key()
    der = issue(key.public_key()).public_bytes(Encoding.DER)
    parts = {f"{use.value}_key": private_der(key), f"{use.value}_certificate": der}
    return SoftwareCard(desk.card().chip.model_copy(update=parts, deep=True))


# --- login ---


@pytest.mark.parametrize(
    ("off", "code"),
    [
        ({"policies": [POLICIES[Environment.PRODUCTION, Use.LOGIN]]}, "certificate-wrong-policy"),
        ({"policies": [POLICIES[Environment.DEVELOPMENT, Use.SIGNATURE]]}, "certificate-wrong-policy"),
        ({"policies_critical": False}, "certificate-wrong-policy"),
        ({"content_commitment": True}, "certificate-wrong-key-usage"),
        ({"is_authority": True}, "certificate-is-authority"),
        ({"not_before": START - timedelta(2), "not_after": START - timedelta(1)}, "certificate-expired"),
        ({"not_before": START + timedelta(hours=1)}, "certificate-not-yet-valid"),
    ],
)
async def test_a_login_certificate_off_the_profile_is_refused(
    desk: Desk, off: dict[str, object], code: str
) -> None:
    assert await refusal(desk, off_profile(desk, Use.LOGIN, **off)) == code
    assert desk.world.fetch.asked == []


async def test_a_login_certificate_from_the_signature_root_is_refused(desk: Desk) -> None:
    crossed = with_certificate(
        desk, Use.LOGIN, lambda key: desk.world.issue(Use.SIGNATURE, HANAKO, key, profile=Use.LOGIN)
    )

    assert await refusal(desk, crossed) == "chain-wrong-hierarchy"


async def test_the_signature_certificate_opens_no_door(desk: Desk) -> None:
    chip = desk.card().chip
    swapped = chip.model_copy(
        update={"login_key": chip.signature_key, "login_certificate": chip.signature_certificate}, deep=True
    )

    assert await refusal(desk, SoftwareCard(swapped)) == "chain-wrong-hierarchy"


async def test_a_card_of_another_authority_with_our_names_is_refused(desk: Desk) -> None:
    stranger = JpkiWorld(desk.clock).make_card(HANAKO)

    assert await refusal(desk, stranger) == "chain-unknown-issuer"


async def test_a_revoked_card_is_refused(desk: Desk) -> None:
    card = desk.card()
    desk.world.revoke(Use.LOGIN, card.login_certificate)

    assert await refusal(desk, card) == "status-revoked"


async def test_a_card_its_authority_never_issued_is_refused(desk: Desk) -> None:
    unknown = with_certificate(
        desk,
        Use.LOGIN,
        lambda key: desk.world.authorities[Use.LOGIN, 2].issue(HANAKO, key, serial=5, at=START),
    )

    assert await refusal(desk, unknown) == "status-unknown"


async def test_nobody_comes_in_while_revocation_cannot_be_checked(desk: Desk) -> None:
    card = desk.card()
    desk.world.is_down = True

    with pytest.raises(EngineError) as refused:
        await sign_in(desk.gate, card)

    assert (refused.value.code, refused.value.status) == ("status-unavailable", 503)


async def test_a_tampered_signature_is_refused(desk: Desk) -> None:
    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)
    certificate, signature = answer(desk.card(), challenge)
    bad = signature[:-1] + bytes([signature[-1] ^ 1])

    with pytest.raises(EngineError, match="signature-invalid"):
        await desk.gate.login(challenge.id, certificate=certificate, signature=bad)


@pytest.mark.parametrize("signature", [b"", b"\x00", b"\x00" * 256, b"\xff" * 256, b"\x01" * 4096])
async def test_what_is_no_signature_is_refused(desk: Desk, signature: bytes) -> None:
    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)

    with pytest.raises(EngineError, match="signature-invalid"):
        await desk.gate.login(
            challenge.id, certificate=desk.card().chip.login_certificate, signature=signature
        )


async def test_the_certificate_of_somebody_else_does_not_help(desk: Desk) -> None:
    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)
    _, signature = answer(desk.card(), challenge)

    with pytest.raises(EngineError, match="signature-invalid"):
        await desk.gate.login(
            challenge.id, certificate=desk.card().chip.login_certificate, signature=signature
        )


async def test_a_challenge_is_good_once(desk: Desk) -> None:
    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)
    certificate, signature = answer(desk.card(), challenge)
    await desk.gate.login(challenge.id, certificate=certificate, signature=signature)

    with pytest.raises(EngineError, match="already-used-challenge"):
        await desk.gate.login(challenge.id, certificate=certificate, signature=signature)


async def test_a_failed_answer_uses_the_challenge_up(desk: Desk) -> None:
    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)
    certificate, signature = answer(desk.card(), challenge)
    with pytest.raises(EngineError, match="signature-invalid"):
        await desk.gate.login(challenge.id, certificate=certificate, signature=b"guess")

    with pytest.raises(EngineError, match="already-used-challenge"):
        await desk.gate.login(challenge.id, certificate=certificate, signature=signature)


async def test_of_racing_answers_one_comes_in(desk: Desk) -> None:
    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)
    certificate, signature = answer(desk.card(), challenge)

    results = await asyncio.gather(
        *(desk.gate.login(challenge.id, certificate=certificate, signature=signature) for _ in range(5)),
        return_exceptions=True,
    )

    assert sum(isinstance(result, EngineError) for result in results) == 4


async def test_a_signed_challenge_does_not_answer_another_one(desk: Desk) -> None:
    first, second = [await desk.gate.challenge(Purpose.LOGIN, AUDIENCE) for _ in range(2)]
    certificate, signature = answer(desk.card(), first)

    with pytest.raises(EngineError, match="signature-invalid"):
        await desk.gate.login(second.id, certificate=certificate, signature=signature)


async def test_a_challenge_is_good_for_two_minutes(desk: Desk) -> None:
    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)
    certificate, signature = answer(desk.card(), challenge)
    desk.clock.pass_by(seconds=120)

    with pytest.raises(EngineError, match="invalid-challenge-expired"):
        await desk.gate.login(challenge.id, certificate=certificate, signature=signature)


async def test_a_challenge_nobody_made_is_unknown(desk: Desk) -> None:
    with pytest.raises(EngineError, match="no-such-challenge"):
        await desk.gate.login(desk.ids.new(), certificate=b"", signature=b"")


async def test_a_challenge_for_another_purpose_is_refused(desk: Desk) -> None:
    session = await desk.signed_in(desk.card())
    link = await desk.gate.challenge(Purpose.LINK, AUDIENCE, session=session)
    offer = await desk.offer(session)

    for challenge in (link.id, offer.mandate.id):
        with pytest.raises(EngineError, match="invalid-challenge-purpose"):
            await desk.gate.login(challenge, certificate=b"", signature=b"")
    with pytest.raises(EngineError, match="invalid-challenge-purpose"):
        await desk.gate.challenge(Purpose.MANDATE, AUDIENCE)


async def test_a_challenge_of_another_site_is_refused(desk: Desk) -> None:
    """Also when both sites keep their challenges in one store."""
    elsewhere = rehearsal_gate(desk.world, desk.ids, store=desk.store, audience="https://elsewhere.example")
    challenge = await elsewhere.challenge(Purpose.LOGIN, "https://elsewhere.example")
    certificate, signature = answer(desk.card(), challenge)

    with pytest.raises(EngineError, match="invalid-challenge-audience"):
        await desk.gate.login(challenge.id, certificate=certificate, signature=signature)
    with pytest.raises(EngineError, match="invalid-challenge-audience"):
        await desk.gate.challenge(Purpose.LOGIN, "https://elsewhere.example")


async def test_a_text_shown_by_another_site_signs_nobody_in_here(desk: Desk) -> None:
    """A site in the middle fetches our challenge and shows it under its own name."""
    from dataclasses import replace

    challenge = await desk.gate.challenge(Purpose.LOGIN, AUDIENCE)
    certificate, signature = answer(desk.card(), replace(challenge, audience="https://elsewhere.example"))

    with pytest.raises(EngineError, match="signature-invalid"):
        await desk.gate.login(challenge.id, certificate=certificate, signature=signature)


@pytest.mark.parametrize("token", ["", "x", "\ud800", "a" * 43, "a" * 100_000, "' or 1=1"])
async def test_a_token_nobody_got_opens_nothing(desk: Desk, token: str) -> None:
    await desk.signed_in(desk.card())

    with pytest.raises(EngineError) as refused:
        await desk.gate.session(token)

    assert (refused.value.code, refused.value.status) == ("not-signed-in", 401)


# --- mandates ---


class Signing(Desk):
    """A person who is signed in and has been offered a mandate."""

    async def begin(self, card: SoftwareCard | None = None) -> "Signing":
        self.own = card or self.card()
        self.session = await self.signed_in(self.own)
        self.offered = await self.offer(self.session)
        return self

    async def refusal(self, *, content: bytes | None = None, signature: bytes | None = None) -> str:
        content = content or self.offered.content
        with pytest.raises(EngineError) as refused:
            await self.gate.verify_mandate(
                self.session, content, signature=signature or self.signed(self.own, content), accept=anybody
            )
        return refused.value.code


@pytest.fixture
async def signing() -> Signing:
    return await Signing().begin()


async def test_a_changed_mandate_is_refused(signing: Signing) -> None:
    mandate = signing.offered.mandate
    more = mandate.recipients[0].model_copy(update={"fields": ("name", "sex")})
    changed = mandate.model_copy(update={"recipients": (more,)}).to_bytes()

    assert await signing.refusal(content=changed) == "invalid-mandate"


async def test_a_signature_over_other_bytes_is_refused(signing: Signing) -> None:
    over_other = signing.signed(signing.own, signing.offered.content + b" ")

    assert await signing.refusal(signature=over_other) == "signature-invalid"


async def test_a_mandate_is_signed_once(signing: Signing) -> None:
    content = signing.offered.content
    first = signing.signed(signing.own, content)
    await signing.gate.verify_mandate(signing.session, content, signature=first, accept=anybody)
    signing.clock.pass_by(seconds=1)

    assert await signing.refusal(signature=signing.signed(signing.own, content)) == "already-used-mandate"


async def test_the_same_signature_again_is_the_same_evidence_for_the_same_person_alone(
    signing: Signing,
) -> None:
    content, other = signing.offered.content, await signing.signed_in(signing.card())
    signature = signing.signed(signing.own, content)
    first = await signing.gate.verify_mandate(signing.session, content, signature=signature, accept=anybody)
    shown: list[Attributes] = []

    again = await signing.gate.verify_mandate(
        signing.session, content, signature=signature, accept=shown.append
    )

    assert (again.id, again.signed_at, again.attributes) == (first.id, first.signed_at, first.attributes)
    assert again.verdicts.refusal() is None
    assert shown == [first.attributes]
    with pytest.raises(EngineError, match="invalid-mandate"):
        await signing.gate.verify_mandate(other, content, signature=signature, accept=anybody)


async def test_a_signature_that_came_to_nothing_since_is_not_taken_up(signing: Signing) -> None:
    content = signing.offered.content
    signature = signing.signed(signing.own, content)
    await signing.gate.verify_mandate(signing.session, content, signature=signature, accept=anybody)
    signing.world.revoke(Use.SIGNATURE, signing.own.signature_certificate, at=START - timedelta(days=1))
    signing.clock.pass_by(days=1)
    await signing.gate.settle()

    assert await signing.refusal(signature=signature) == "status-revoked"


async def test_a_mandate_offered_to_somebody_else_is_refused(signing: Signing) -> None:
    other = await signing.signed_in(signing.card())
    offer = await signing.offer(other)

    assert await signing.refusal(content=offer.content) == "invalid-mandate"


async def test_a_mandate_nobody_offered_is_refused(signing: Signing) -> None:
    invented = signing.offered.mandate.model_copy(update={"id": signing.ids.new()}).to_bytes()

    assert await signing.refusal(content=invented) == "invalid-mandate"


async def test_an_offer_ends_after_an_hour(signing: Signing) -> None:
    signing.clock.pass_by(hours=1)

    assert await signing.refusal() == "invalid-mandate-expired"


async def test_a_certificate_that_is_another_persons_is_refused(signing: Signing) -> None:
    """Two people at one screen: the second card's signing key was used by its holder before."""
    theirs = signing.card()
    other = await Signing.begin(_sharing(signing), theirs)
    await other.gate.verify_mandate(
        other.session,
        other.offered.content,
        signature=other.signed(theirs, other.offered.content),
        accept=anybody,
    )

    borrowed = signing.signed(theirs, signing.offered.content)

    assert await signing.refusal(signature=borrowed) == "already-linked-credential"
    assert await signing.store.evidence(signing.offered.mandate.id) is None
    evidence = await signing.gate.verify_mandate(
        signing.session,
        signing.offered.content,
        signature=signing.signed(signing.own, signing.offered.content),
        accept=anybody,
    )
    assert evidence.person == signing.session.person


def _sharing(desk: Signing) -> Signing:
    other = Signing(desk.store)
    other.clock, other.ids, other.world, other.gate = desk.clock, desk.ids, desk.world, desk.gate
    return other


async def test_the_login_key_signs_no_mandate(signing: Signing) -> None:
    from engine.identity.card import JpkiCard

    reader = JpkiCard(signing.own)
    reader.verify_pin(Use.LOGIN, "1234")
    certificate = reader.read_certificate(Use.LOGIN)
    attributes = cades.to_be_signed(signing.offered.content, certificate, START)
    signature = cades.assemble(attributes, reader.sign(Use.LOGIN, attributes), certificate)

    assert await signing.refusal(signature=signature) == "chain-wrong-hierarchy"


@pytest.mark.parametrize(
    ("off", "code"),
    [
        ({"policies": [POLICIES[Environment.PRODUCTION, Use.SIGNATURE]]}, "certificate-wrong-policy"),
        ({"content_commitment": False}, "certificate-wrong-key-usage"),
        ({"not_before": START - timedelta(2), "not_after": START - timedelta(1)}, "certificate-expired"),
        ({"not_before": START + timedelta(hours=1)}, "certificate-not-yet-valid"),
        ({"attributes": []}, "certificate-attributes"),
    ],
)
async def test_a_signature_certificate_off_the_profile_is_refused(off: dict[str, object], code: str) -> None:
    desk = Signing()
    await desk.begin(off_profile(desk, Use.SIGNATURE, **off))

    assert await desk.refusal() == code


async def test_a_revoked_certificate_signs_nothing(signing: Signing) -> None:
    signing.world.revoke(Use.SIGNATURE, signing.own.signature_certificate)

    assert await signing.refusal() == "status-revoked"


async def test_a_signature_older_than_the_revocation_counts(signing: Signing) -> None:
    """The list is a moment younger than the signature, and in that moment somebody revoked."""
    signing.world.revoke(Use.SIGNATURE, signing.own.signature_certificate, at=START + timedelta(seconds=1))
    own_list = signing.world.crl

    def younger(digest: str, generation: int) -> bytes | None:
        signing.clock.pass_by(seconds=2)
        try:
            return own_list(digest, generation)
        finally:
            signing.clock.pass_by(seconds=-2)

    signing.world.crl = younger  # type: ignore[method-assign] # an authority with a clock of its own

    evidence = await signing.gate.verify_mandate(
        signing.session,
        signing.offered.content,
        signature=signing.signed(signing.own, signing.offered.content),
        accept=anybody,
    )

    assert evidence.verdicts.status.revoked_at == START + timedelta(seconds=1)


@pytest.mark.parametrize("off", [timedelta(minutes=-6), timedelta(minutes=6)])
async def test_a_signer_with_another_story_about_the_time_is_refused(
    signing: Signing, off: timedelta
) -> None:
    from connectors.simulators.jpki.rehearsal import sign_document

    signature = sign_document(signing.own, signing.offered.content, START + off)

    assert await signing.refusal(signature=signature) == "signature-wrong-attributes"


async def test_a_time_stamp_brought_along_is_refused(signing: Signing) -> None:
    signature = signing.signed(signing.own, signing.offered.content)
    token = cades.assemble(b"\x31\x00", b"", signing.own.chip.signature_certificate)

    assert await signing.refusal(signature=cades.with_time_stamp(signature, token)) == "signature-malformed"


async def test_without_a_proven_time_nothing_is_kept(signing: Signing) -> None:
    from engine.identity.fetch import Unreachable

    async def unreachable(url: str, body: bytes, *, content_type: str) -> bytes:
        raise Unreachable(url)

    signing.world.fetch.post = unreachable  # type: ignore[method-assign] # the CRL still answers by get

    assert await signing.refusal() == "signature-time-unproven"
