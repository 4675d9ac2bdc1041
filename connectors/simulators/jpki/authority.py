# SPDX-License-Identifier: Apache-2.0
"""The test authority: roots in two generations, and certificates exactly as JPKI profiles them.

Extension order, criticality and string types follow the real certificates, so that whoever reads
ours can read those.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from connectors.simulators.jpki import names
from connectors.simulators.jpki.keys import Keys
from engine.identity.profiles import POLICIES, Environment, Use

JAPAN: Final = ZoneInfo("Asia/Tokyo")
CPS: Final = "http://www.jpki-test.example/cps.html"
OCSP: Final = "http://ocsp.jpki-test.example"  # what the certificate says; nobody follows it
_BIRTHDAYS: Final = 5
_SHA256: Final = hashes.SHA256()


class Generation(NamedTuple):
    """When the roots of one generation were made and end."""

    serial: int
    first: datetime
    last: datetime


GENERATIONS: Final = {
    1: Generation(0xA1, datetime(2019, 3, 9, tzinfo=UTC), datetime(2029, 3, 8, 14, 59, 59, tzinfo=UTC)),
    2: Generation(0xA2, datetime(2023, 3, 23, tzinfo=UTC), datetime(2043, 3, 22, 14, 59, 59, tzinfo=UTC)),
}


@dataclass(frozen=True, slots=True)
class Municipality:
    """Where a resident is registered: JIS code of five digits and names as certificates write them."""

    code: str = "13101"
    prefecture: str = "Tokyo-to"
    city: str = "Chiyoda-ku"


@dataclass(frozen=True, slots=True)
class Resident:
    """A synthetic person. `sex`: "1" male, "2" female, "3" unknown."""

    name: str
    born_on: date
    address: str
    sex: str = "2"
    municipality: Municipality = field(default_factory=Municipality)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a test wants different from the profile. The authority itself never changes anything."""

    policies: Sequence[str] | None = None
    policies_critical: bool = True
    content_commitment: bool | None = None
    usages: Sequence[x509.ObjectIdentifier] | None = None
    is_authority: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None
    attributes: Sequence[x509.OtherName] | None = None
    unknown_critical: bool = False
    digest: hashes.SHA256 | hashes.SHA384 = field(default_factory=hashes.SHA256)


@dataclass(frozen=True, slots=True)
class Authority:
    """One root with its key."""

    use: Use
    generation: int
    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate

    def issue(
        self,
        resident: Resident,
        key: rsa.RSAPublicKey,
        *,
        serial: int,
        at: datetime,
        changes: Changes | None = None,
        profile: Use | None = None,
    ) -> x509.Certificate:
        """Return a certificate of the resident; `profile` only differs in tests of crossed roots."""
        changes = changes or Changes()
        use = profile or self.use
        not_after = min(last_moment(resident.born_on, at), self.certificate.not_valid_after_utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_subject(use, resident, serial, at))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(serial)
            .not_valid_before(changes.not_before or at.replace(microsecond=0))
            .not_valid_after(changes.not_after or not_after)
        )
        for extension, critical in self._extensions(use, resident, key, changes):
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, changes.digest)

    def delegate(self, key: rsa.RSAPublicKey) -> x509.Certificate:
        """Return the certificate of this root's OCSP responder."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
        root = self.certificate
        return (
            x509.CertificateBuilder()
            .subject_name(names.units("OCSP Responder"))
            .issuer_name(root.subject)
            .public_key(key)
            .serial_number(root.serial_number + 0x100)
            .not_valid_before(root.not_valid_before_utc)
            .not_valid_after(root.not_valid_after_utc)
            .add_extension(key_usage(digital_signature=True), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(x509.OCSPNoCheck(), critical=False)
            .sign(self.key, _SHA256)
        )

    def _extensions(
        self, use: Use, resident: Resident, key: rsa.RSAPublicKey, changes: Changes
    ) -> list[tuple[x509.ExtensionType, bool]]:
        commitment = (
            use is Use.SIGNATURE if changes.content_commitment is None else changes.content_commitment
        )
        found: list[tuple[x509.ExtensionType, bool]] = [
            (key_usage(digital_signature=True, content_commitment=commitment), True)
        ]
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH] if use is Use.LOGIN else []
        usages = list(changes.usages) if changes.usages is not None else usages
        if usages:
            found.append((x509.ExtendedKeyUsage(usages), False))
        if use is Use.SIGNATURE:
            attributes = changes.attributes if changes.attributes is not None else attributes_of(resident)
            found.append((x509.SubjectAlternativeName(attributes), False))
        policies = changes.policies or [POLICIES[Environment.DEVELOPMENT, use]]
        found.append((_policies(policies), changes.policies_critical))
        found.append((x509.IssuerAlternativeName([x509.DirectoryName(names.authority_name_ja(use))]), False))
        found.append((_crl_point(use, resident.municipality), False))
        if use is Use.LOGIN:
            found.append((_ocsp_access(), False))
        found.append((self._own_key(), False))
        found.append((x509.SubjectKeyIdentifier.from_public_key(key), False))
        if changes.is_authority:
            found.append((x509.BasicConstraints(ca=True, path_length=None), False))
        if changes.unknown_critical:
            found.append((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True))
        return found

    def _own_key(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier(
            x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()).digest,
            [x509.DirectoryName(self.certificate.issuer)],
            self.certificate.serial_number,
        )


def make_authority(keys: Keys, use: Use, number: int) -> Authority:
    """Return the root of this use and generation."""
    key = keys.key(f"{use.value}-root-{number}")
    generation = GENERATIONS[number]
    subject = names.authority_name(use)
    point = x509.DistributionPoint([x509.DirectoryName(subject)], None, None, None)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(generation.serial)
        .not_valid_before(generation.first)
        .not_valid_after(generation.last)
        .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DirectoryName(names.authority_name_ja(use))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, _SHA256)
    )
    return Authority(use, number, key, certificate)


def last_moment(born_on: date, issued_at: datetime) -> datetime:
    """Return the end of the fifth birthday after the day of issue, in Japan."""
    issued_on = issued_at.astimezone(JAPAN).date()
    passed = (issued_on.month, issued_on.day) >= (born_on.month, born_on.day)
    year = issued_on.year + _BIRTHDAYS - (0 if passed else 1)
    leap_day = (born_on.month, born_on.day) == (2, 29)
    last_day = date(year, 3, 1) - timedelta(days=1) if leap_day else born_on.replace(year=year)
    return datetime(last_day.year, last_day.month, last_day.day, 23, 59, 59, tzinfo=JAPAN).astimezone(UTC)


def attributes_of(resident: Resident) -> list[x509.OtherName]:
    """Return the six otherNames of a resident, in the order of real cards."""
    return names.attribute_names(
        [
            (1, resident.name),
            (4, names.birth_digits(resident.born_on)),
            (3, resident.sex),
            (5, resident.address),
            (2, "0" * len(resident.name)),
            (6, "0" * len(resident.address)),
        ]
    )


def key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    """Return a key usage with these bits and no others."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(use: Use, resident: Resident, serial: int, at: datetime) -> x509.Name:
    """The common name is an opaque number of the issue, never the person's name."""
    place = resident.municipality
    if use is Use.LOGIN:
        return names.name((NameOID.COMMON_NAME, f"T{serial:013X}{place.code}003A"))
    return names.name(
        (NameOID.LOCALITY_NAME, place.prefecture),
        (NameOID.LOCALITY_NAME, place.city),
        (NameOID.COMMON_NAME, f"{at:%Y%m%d%H%M%S}{serial:014d}"),
    )


def _policies(policies: Sequence[str]) -> x509.CertificatePolicies:
    return x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(policy), [CPS]) for policy in policies]
    )


def _crl_point(use: Use, place: Municipality) -> x509.CRLDistributionPoints:
    point = names.distribution_point(use, place.prefecture, place.city)
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.DirectoryName(point)], None, None, None)])


def _ocsp_access() -> x509.AuthorityInformationAccess:
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(OCSP))]
    )
