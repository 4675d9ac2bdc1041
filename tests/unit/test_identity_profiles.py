# SPDX-License-Identifier: Apache-2.0
"""Only a certificate with exactly the JPKI profile, under the right root, now, is taken."""

from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from connectors.simulators.jpki.authority import Changes, last_moment
from connectors.simulators.jpki.keys import new_key
from engine.core.errors import EngineError
from engine.identity.paths import check_path
from engine.identity.profiles import POLICIES, Environment, Use
from tests.unit.identity_desk import HANAKO, START, Desk

KEY = new_key().public_key()
PRODUCTION_LOGIN = POLICIES[Environment.PRODUCTION, Use.LOGIN]
LOGIN, SIGNATURE = (
    POLICIES[Environment.DEVELOPMENT, Use.LOGIN],
    POLICIES[Environment.DEVELOPMENT, Use.SIGNATURE],
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def check(desk: Desk, use: Use, certificate: x509.Certificate, at: datetime = START) -> None:
    check_path(certificate, desk.world.trust().issuer_of(certificate, use), at)


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("generation", [1, 2])
def test_a_certificate_of_the_profile_is_taken(desk: Desk, use: Use, generation: int) -> None:
    certificate = desk.world.issue(use, HANAKO, KEY, generation=generation)

    check(desk, use, certificate)


@pytest.mark.parametrize(
    ("use", "order"),
    [
        (Use.LOGIN, ["keyUsage", "extendedKeyUsage", "certificatePolicies", "issuerAltName",
                     "cRLDistributionPoints", "authorityInfoAccess", "authorityKeyIdentifier",
                     "subjectKeyIdentifier"]),
        (Use.SIGNATURE, ["keyUsage", "subjectAltName", "certificatePolicies", "issuerAltName",
                         "cRLDistributionPoints", "authorityKeyIdentifier", "subjectKeyIdentifier"]),
    ],
)  # fmt: skip
def test_the_test_authority_writes_extensions_as_jpki_does(desk: Desk, use: Use, order: list[str]) -> None:
    certificate = desk.world.issue(use, HANAKO, KEY)

    assert [extension.oid._name for extension in certificate.extensions] == order
    assert [extension.oid for extension in certificate.extensions if extension.critical] == [
        ExtensionOID.KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
    ]
    assert "O=JPKI-TEST" in certificate.issuer.rfc4514_string()


def test_the_policies_have_the_known_bytes() -> None:
    auth = x509.PolicyInformation(x509.ObjectIdentifier(PRODUCTION_LOGIN), None)
    sign = x509.PolicyInformation(
        x509.ObjectIdentifier(POLICIES[Environment.PRODUCTION, Use.SIGNATURE]), None
    )

    assert x509.CertificatePolicies([auth]).public_bytes().hex().endswith("060b2a83088c9b55080501031e")
    assert x509.CertificatePolicies([sign]).public_bytes().hex().endswith("060b2a83088c9b550805010114")


@pytest.mark.parametrize(
    ("use", "changes", "code"),
    [
        (Use.LOGIN, Changes(policies=[PRODUCTION_LOGIN]), "certificate-wrong-policy"),
        (Use.LOGIN, Changes(policies=[LOGIN, PRODUCTION_LOGIN]), "certificate-wrong-policy"),
        (Use.LOGIN, Changes(policies=[SIGNATURE]), "certificate-wrong-policy"),
        (Use.LOGIN, Changes(policies_critical=False), "certificate-wrong-policy"),
        (Use.LOGIN, Changes(content_commitment=True), "certificate-wrong-key-usage"),
        (Use.SIGNATURE, Changes(content_commitment=False), "certificate-wrong-key-usage"),
        (Use.LOGIN, Changes(usages=[]), "certificate-wrong-key-usage"),
        (Use.LOGIN, Changes(usages=[ExtendedKeyUsageOID.SERVER_AUTH]), "certificate-wrong-key-usage"),
        (Use.SIGNATURE, Changes(usages=[ExtendedKeyUsageOID.CLIENT_AUTH]), "certificate-wrong-key-usage"),
        (Use.SIGNATURE, Changes(is_authority=True), "certificate-is-authority"),
        (Use.SIGNATURE, Changes(unknown_critical=True), "certificate-unknown-extension"),
        (Use.SIGNATURE, Changes(digest=hashes.SHA384()), "certificate-wrong-algorithm"),
        (Use.LOGIN, Changes(not_after=START - timedelta(seconds=1), not_before=START - timedelta(days=1)),
         "certificate-expired"),
        (Use.LOGIN, Changes(not_before=START + timedelta(seconds=1)), "certificate-not-yet-valid"),
    ],
)  # fmt: skip
def test_a_certificate_off_the_profile_is_refused(desk: Desk, use: Use, changes: Changes, code: str) -> None:
    certificate = desk.world.issue(use, HANAKO, KEY, changes=changes)

    with pytest.raises(EngineError) as refused:
        check(desk, use, certificate)

    assert refused.value.code == code


def test_a_key_of_another_size_is_refused(desk: Desk) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    small = rsa.generate_private_key(public_exponent=65537, key_size=3072).public_key()

    with pytest.raises(EngineError, match="certificate-weak-key"):
        check(desk, Use.LOGIN, desk.world.issue(Use.LOGIN, HANAKO, small))


@pytest.mark.parametrize("use", Use)
def test_a_certificate_from_the_root_of_the_other_use_is_refused(desk: Desk, use: Use) -> None:
    other = Use.SIGNATURE if use is Use.LOGIN else Use.LOGIN
    crossed = desk.world.issue(other, HANAKO, KEY, profile=use)

    with pytest.raises(EngineError, match="chain-wrong-hierarchy"):
        check(desk, use, crossed)


def test_a_certificate_of_an_unknown_authority_with_the_same_name_is_refused(desk: Desk) -> None:
    from connectors.simulators.jpki import JpkiWorld

    stranger = JpkiWorld(desk.clock).issue(Use.LOGIN, HANAKO, KEY)

    with pytest.raises(EngineError, match="chain-unknown-issuer"):
        check(desk, Use.LOGIN, stranger)


def test_a_certificate_that_names_a_pinned_key_but_was_not_signed_by_it_is_refused(desk: Desk) -> None:
    real = desk.world.issue(Use.LOGIN, HANAKO, KEY)
    builder = x509.CertificateBuilder(
        real.issuer, real.subject, KEY, 7, real.not_valid_before_utc, real.not_valid_after_utc
    )
    for extension in real.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    forged = builder.sign(new_key(), hashes.SHA256())

    with pytest.raises(EngineError, match="chain-invalid"):
        check(desk, Use.LOGIN, forged)


def test_the_issuer_is_found_by_its_key_although_generations_share_a_name(desk: Desk) -> None:
    trust = desk.world.trust()
    first = desk.world.issue(Use.LOGIN, HANAKO, KEY, generation=1)
    second = desk.world.issue(Use.LOGIN, HANAKO, KEY, generation=2)

    assert first.issuer == second.issuer
    assert trust.issuer_of(first, Use.LOGIN).key_id != trust.issuer_of(second, Use.LOGIN).key_id


def test_what_has_expired_was_valid_when_it_was() -> None:
    desk = Desk()
    certificate = desk.world.issue(Use.SIGNATURE, HANAKO, KEY)

    check(desk, Use.SIGNATURE, certificate, START + timedelta(days=1))
    with pytest.raises(EngineError, match="certificate-expired"):
        check(desk, Use.SIGNATURE, certificate, START + timedelta(days=3000))


@pytest.mark.parametrize(
    ("born_on", "issued_at", "until"),
    [
        (
            date(1990, 2, 17),
            datetime(2025, 10, 27, tzinfo=UTC),
            datetime(2030, 2, 17, 14, 59, 59, tzinfo=UTC),
        ),
        (date(1990, 11, 9), datetime(2026, 11, 9, tzinfo=UTC), datetime(2031, 11, 9, 14, 59, 59, tzinfo=UTC)),
        (date(1990, 12, 1), datetime(2026, 11, 9, tzinfo=UTC), datetime(2030, 12, 1, 14, 59, 59, tzinfo=UTC)),
        (date(2000, 2, 29), datetime(2026, 11, 9, tzinfo=UTC), datetime(2031, 2, 28, 14, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_certificate_ends_with_the_fifth_birthday(
    born_on: date, issued_at: datetime, until: datetime
) -> None:
    assert last_moment(born_on, issued_at) == until
