# SPDX-License-Identifier: Apache-2.0
"""Who stamped the time is asked about too: a lost key proves nothing, a retired one what it proved before."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.fetch import Unreachable
from engine.identity.profiles import Environment
from engine.identity.proofs import judged
from engine.identity.settling import Settled
from engine.identity.signing import anybody
from engine.identity.status import RevocationService, read_kept
from engine.identity.timestamps import authority_of, stands
from engine.identity.trust import TrustStore, TsaRoot, write
from engine.identity.verdict import Standing, Status
from tests.unit.identity_desk import CASE, START, Desk

HOUR = timedelta(hours=1)
LOST, RETIRED = x509.ReasonFlags.key_compromise, x509.ReasonFlags.cessation_of_operation


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)
    await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )
    desk.person = session.person  # type: ignore[attr-defined] # for `taken`
    return desk


async def taken(desk: Desk) -> tuple[bytes, bytes]:
    (one,) = await desk.gate.own_signatures(desk.person, CASE)  # type: ignore[attr-defined] # as above
    assert one.proof is not None
    return one.content, one.proof.signature


@pytest.mark.parametrize(
    ("after", "reason", "settled"),
    [
        (HOUR, RETIRED, Settled(settled=1)),
        (-HOUR, RETIRED, Settled(waiting=1)),  # it stamped although it was no authority any more
        (HOUR, LOST, Settled(waiting=1)),
        (HOUR, None, Settled(waiting=1)),  # no reason given counts as the worst (RFC 3161, 4)
    ],
    ids=["retired later", "retired before", "lost", "no reason"],
)
async def test_a_signature_is_not_settled_on_the_word_of_a_clock_that_lost_its_key(
    desk: Desk, after: timedelta, reason: x509.ReasonFlags | None, settled: Settled
) -> None:
    desk.world.time_authority.revoke(START + after, reason)
    desk.clock.pass_by(days=1)

    assert await desk.gate.settle() == settled


async def test_the_word_goes_along_and_is_judged_without_a_network(desk: Desk) -> None:
    desk.clock.pass_by(days=1)
    await desk.gate.settle()
    content, signature = await taken(desk)
    desk.world.is_down = True
    trust = desk.world.trust()
    desk.world.time_authority.revoke(START, LOST)  # what comes later is not in the file

    assert judged(content, signature, signed_at=START, trust=trust).proven.source == "tsa"
    _, words = cades.lowered(signature)
    assert len(words) == 2


async def test_another_word_in_its_place_is_refused(desk: Desk) -> None:
    desk.clock.pass_by(days=1)
    await desk.gate.settle()
    content, signature = await taken(desk)
    bare, words = cades.lowered(signature)
    token = cades.time_stamp_of(bare)
    assert token is not None
    (root,) = desk.world.trust().tsa_authorities
    (own,) = [word for word in words if not is_about(word, authority_of(token), root)]
    desk.world.time_authority.revoke(START, LOST)
    revoked = await RevocationService(desk.world.fetch).status(authority_of(token), root, desk.clock.now())
    assert revoked.standing is Standing.REVOKED

    for other, code in ((revoked.evidence, "signature-time-unproven"), (own, "evidence-not-settled")):
        swapped = cades.long_term(bare, certificates=[], revocations=[own, other])
        with pytest.raises(EngineError, match=code):
            judged(content, swapped, signed_at=START, trust=desk.world.trust())


async def test_a_clock_whose_authority_does_not_answer_is_asked_again(desk: Desk) -> None:
    desk.clock.pass_by(days=1)
    real = desk.world.fetch.post

    async def away(url: str, body: bytes, *, content_type: str) -> bytes:
        if url.endswith("/tsa/ocsp"):
            raise Unreachable(url)
        return await real(url, body, content_type=content_type)

    desk.world.fetch.post = away  # type: ignore[method-assign]
    assert await desk.gate.settle() == Settled(waiting=1)
    desk.world.fetch.post = real  # type: ignore[method-assign]
    assert await desk.gate.settle() == Settled(settled=1)


async def test_a_list_of_the_clocks_authority_serves_as_well(desk: Desk, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Stamps")])
    root, leaf = certificates(key, name)
    crl = (
        x509.CertificateRevocationListBuilder().issuer_name(name).last_update(START)
        .next_update(START + HOUR)
        .add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(leaf.serial_number).revocation_date(START)
            .add_extension(x509.CRLReason(x509.ReasonFlags.superseded), critical=False).build()
        )
        .sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    )  # fmt: skip

    class Lists:
        async def get(self, url: str) -> bytes:
            assert (
                url == "https://lists.example/stamps.crl"
            )  # from the configuration, never from the certificate
            return crl

        async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
            raise Unreachable(url)

    pinned = TsaRoot(root, crl_urls={"*": "https://lists.example/stamps.crl"})
    trust = TrustStore(Environment.DEVELOPMENT, desk.world.trust().roots, (pinned,))
    write(tmp_path, trust)
    (loaded,) = TrustStore.load(tmp_path, Environment.DEVELOPMENT).tsa_authorities

    word = await RevocationService(Lists()).status(leaf, loaded, START)

    assert (word.standing, word.reason, word.revoked_at) == (Standing.REVOKED, "superseded", START)
    assert stands(word, START - HOUR)
    assert read_kept(word.evidence, leaf, loaded) == word


def test_a_word_of_before_the_stamp_says_nothing_about_it() -> None:
    assert stands(Status(Standing.GOOD, this_update=START - HOUR), START) is None
    assert stands(Status(Standing.GOOD, this_update=START), START)
    assert stands(Status(Standing.UNAVAILABLE), START) is None


def is_about(word: bytes, certificate: x509.Certificate, root: TsaRoot) -> bool:
    from engine.identity.ocsp import NotBelieved

    try:
        read_kept(word, certificate, root)
    except NotBelieved:
        return False
    return True


def certificates(
    key: ec.EllipticCurvePrivateKey, name: x509.Name
) -> tuple[x509.Certificate, x509.Certificate]:
    def made() -> Iterator[x509.Certificate]:
        for serial in (1, 2):
            subject = name if serial == 1 else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "S")])
            builder = (
                x509.CertificateBuilder().subject_name(subject).issuer_name(name).public_key(key.public_key())
                .serial_number(serial).not_valid_before(START).not_valid_after(START + HOUR)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            )  # fmt: skip
            if serial == 2:
                place = [x509.UniformResourceIdentifier("http://inside.example/x.crl")]
                points = x509.CRLDistributionPoints([x509.DistributionPoint(place, None, None, None)])
                builder = builder.add_extension(points, critical=False)
            yield builder.sign(key, hashes.SHA256())

    root, leaf = made()
    return root, leaf
