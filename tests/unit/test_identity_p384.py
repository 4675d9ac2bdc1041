# SPDX-License-Identifier: Apache-2.0
"""The next generation of cards (ECDSA P-384 with SHA-384) goes the same way, and the two do not mix."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from connectors.simulators.jpki import names
from connectors.simulators.jpki.authority import Changes, key_usage
from connectors.simulators.jpki.keys import new_key
from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.attributes import attributes_of
from engine.identity.examiner import Examined, Examiner
from engine.identity.profiles import POLICIES, Algorithm, Environment, Profile, Use
from engine.identity.status import RevocationService
from engine.identity.trust import Root, TrustStore
from engine.identity.verdict import ProvenTime, Standing
from tests.unit.identity_desk import HANAKO, START, Desk

P384, SHA384 = ec.ECDSA(hashes.SHA384()), hashes.SHA384()
CONTENT, TEXT = b'{"what":"is signed"}', "the text of a challenge"
CARD = ec.generate_private_key(ec.SECP384R1())
ROOTS = {use: ec.generate_private_key(ec.SECP384R1()) for use in Use}
DESK = Desk()


def root_of(use: Use) -> x509.Certificate:
    key, name = ROOTS[use], names.authority_name(use)
    return (
        x509.CertificateBuilder(name, name, key.public_key(), 0xA3)
        .not_valid_before(datetime(2026, 4, 1, tzinfo=UTC))
        .not_valid_after(datetime(2046, 3, 31, tzinfo=UTC))
        .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA384)
    )


ROOT = {use: root_of(use) for use in Use}


def certificate(
    use: Use,
    key: object = None,
    *,
    by: ec.EllipticCurvePrivateKey | None = None,
    digest: hashes.HashAlgorithm = SHA384,
) -> bytes:
    """Return a certificate under the new root, otherwise as today's authority profiles it."""
    today = DESK.world.authorities[use, 2]
    public = key or CARD.public_key()
    builder = x509.CertificateBuilder(
        ROOT[use].subject,
        names.name((x509.NameOID.COMMON_NAME, "T1")),
        public,
        0x600001,  # type: ignore[arg-type] # any key
    )
    builder = builder.not_valid_before(START).not_valid_after(START + timedelta(days=3650))
    named = x509.AuthorityKeyIdentifier.from_issuer_public_key(ROOTS[use].public_key())
    for extension, critical in today._extensions(use, HANAKO, public, Changes()):  # type: ignore[arg-type] # as above
        own = named if isinstance(extension, x509.AuthorityKeyIdentifier) else extension
        builder = builder.add_extension(own, critical)
    return builder.sign(by or ROOTS[use], digest).public_bytes(Encoding.DER)  # type: ignore[arg-type] # as above


class Authority:
    """Answers for the new roots, signed by themselves."""

    revoked_at: datetime | None = None

    async def get(self, url: str) -> bytes:
        part = x509.IssuingDistributionPoint(
            [names_of_part()], None, only_contains_user_certs=True, only_contains_ca_certs=False,
            only_some_reasons=None, indirect_crl=False, only_contains_attribute_certs=False,
        )  # fmt: skip
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(ROOT[Use.SIGNATURE].subject)
            .last_update(START)
            .next_update(START + timedelta(days=1))
            .add_extension(part, critical=True)
        )
        if self.revoked_at is not None:
            entry = x509.RevokedCertificateBuilder(0x600001, self.revoked_at).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(ROOTS[Use.SIGNATURE], SHA384).public_bytes(Encoding.DER)

    async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
        asked = ocsp.load_der_ocsp_request(body)
        root = ROOT[Use.LOGIN]
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            asked.issuer_name_hash, asked.issuer_key_hash, asked.serial_number, hashes.SHA256(),
            ocsp.OCSPCertStatus.GOOD, START, START + timedelta(minutes=15), None, None,
        )  # fmt: skip
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, root)
        for extension in asked.extensions:
            builder = builder.add_extension(extension.value, critical=False)
        return builder.sign(ROOTS[Use.LOGIN], SHA384).public_bytes(Encoding.DER)


def names_of_part() -> x509.DirectoryName:
    place = HANAKO.municipality
    return x509.DirectoryName(names.distribution_point(Use.SIGNATURE, place.prefecture, place.city))


def trust() -> TrustStore:
    """Return a store in which both generations of cards are believed side by side."""
    own = DESK.world.trust()
    new = [
        Root(
            ROOT[use],
            Profile(use, POLICIES[Environment.DEVELOPMENT, use], Algorithm.ECDSA_P384_SHA384),
            ocsp_url="https://new.example/ocsp" if use is Use.LOGIN else None,
            crl_urls={"*": "https://new.example/crl"} if use is Use.SIGNATURE else {},
        )
        for use in Use
    ]
    return TrustStore(own.environment, (*own.roots, *new))


async def login(der: bytes, signature: bytes) -> Examined:
    examiner = Examiner(trust(), RevocationService(Authority()))
    return await examiner.login(der, text=TEXT, signature=signature, now=START)


async def refusal(der: bytes, signature: bytes) -> str | None:
    try:
        return (await login(der, signature)).verdicts.refusal()
    except EngineError as error:
        return error.code


async def test_a_card_of_the_next_generation_signs_in_beside_todays() -> None:
    credential, root = (await login(certificate(Use.LOGIN), CARD.sign(TEXT.encode(), P384))).require()

    assert (root.certificate, credential.serial) == (ROOT[Use.LOGIN], "600001")
    assert root.certificate.subject == DESK.world.authorities[Use.LOGIN, 2].certificate.subject  # one name


@pytest.mark.parametrize("revoked_at", [None, START - timedelta(hours=1)])
async def test_a_document_is_signed_read_and_judged_with_p384(revoked_at: datetime | None) -> None:
    der = certificate(Use.SIGNATURE)
    attributes = cades.to_be_signed(CONTENT, der, START)
    signed = cades.read(cades.assemble(attributes, CARD.sign(attributes, P384), der), CONTENT)
    authority = Authority()
    authority.revoked_at = revoked_at

    examined = await Examiner(trust(), RevocationService(authority)).document(
        signed, proven=ProvenTime(START, "clock"), now=START
    )

    assert signed.digest_name == "sha384"
    assert examined.verdicts.refusal() == ("status-revoked" if revoked_at else None)
    assert examined.verdicts.status.standing is (Standing.REVOKED if revoked_at else Standing.GOOD)
    assert attributes_of(signed.certificate).name == HANAKO.name


async def test_the_generations_do_not_mix() -> None:
    rsa, p256 = new_key(), ec.generate_private_key(ec.SECP256R1())
    signature = CARD.sign(TEXT.encode(), P384)
    cases = {
        "an RSA key under the new root": (
            certificate(Use.LOGIN, rsa.public_key()),
            "certificate-wrong-algorithm",
        ),
        "P-256 under the new root": (certificate(Use.LOGIN, p256.public_key()), "certificate-weak-key"),
        "signed with SHA-256": (
            certificate(Use.LOGIN, digest=hashes.SHA256()),
            "certificate-wrong-algorithm",
        ),
        "by another P-384 key": (certificate(Use.LOGIN, by=CARD), "chain-invalid"),
        "by the new root of signatures": (
            certificate(Use.LOGIN, by=ROOTS[Use.SIGNATURE]),
            "chain-wrong-generation",
        ),
    }

    found = {name: await refusal(der, signature) for name, (der, _) in cases.items()}

    assert found == {name: code for name, (_, code) in cases.items()}
    assert await refusal(certificate(Use.LOGIN), CARD.sign(b"another text", P384)) == "signature-invalid"
    assert await refusal(certificate(Use.LOGIN), CARD.sign(TEXT.encode(), ec.ECDSA(hashes.SHA256()))) == (
        "signature-invalid"
    )
