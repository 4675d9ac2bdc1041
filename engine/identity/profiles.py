# SPDX-License-Identifier: Apache-2.0
"""What a certificate of a person must look like: the two JPKI end-entity profiles, as pure checks.

JPKI has two hierarchies that never meet: 利用者証明用 says who is at the door, 署名用 signs and
carries name, birth date, sex and address. Source: certificate profile (プロファイル仕様書) 3.2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar, assert_never

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID, SignatureAlgorithmOID

from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here


class Environment(StrEnum):
    """Which world a root belongs to. Roots of two worlds are never loaded together."""

    PRODUCTION = "production"
    TEST = "test"  # cards for tests, issued by J-LIS
    DEVELOPMENT = "development"  # our own rehearsal authority


class Use(StrEnum):
    """Which of the two certificates of a card."""

    LOGIN = "login"  # 利用者証明用
    SIGNATURE = "signature"  # 署名用


class Algorithm(StrEnum):
    """What a root and everything under it signs with. The next card generation has P-384."""

    RSA_2048_SHA256 = "rsa-2048-sha256"
    ECDSA_P384_SHA384 = "ecdsa-p384-sha384"


# The next to last arc is the class, 0 in the environment of test cards.
POLICIES: Final[Mapping[tuple[Environment, Use], str]] = {
    (Environment.PRODUCTION, Use.LOGIN): "1.2.392.200149.8.5.1.3.30",
    (Environment.PRODUCTION, Use.SIGNATURE): "1.2.392.200149.8.5.1.1.20",
    (Environment.TEST, Use.LOGIN): "1.2.392.200149.8.5.1.0.30",
    (Environment.TEST, Use.SIGNATURE): "1.2.392.200149.8.5.1.0.20",
    (Environment.DEVELOPMENT, Use.LOGIN): "1.2.392.200149.8.5.1.0.30",
    (Environment.DEVELOPMENT, Use.SIGNATURE): "1.2.392.200149.8.5.1.0.20",
}
_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
_KEY_USAGE: Final = {
    Use.LOGIN: {"digital_signature"},
    Use.SIGNATURE: {"digital_signature", "content_commitment"},
}
_MAY_BE_CRITICAL: Final = {ExtensionOID.KEY_USAGE, ExtensionOID.CERTIFICATE_POLICIES}
_NAMED_ONCE: Final = (NameOID.COUNTRY_NAME, NameOID.COMMON_NAME)
_LEAST_EXPONENT: Final = 65537

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
E = TypeVar("E", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Profile:
    """What one root's end-entity certificates must be, exactly."""

    use: Use
    policy: str
    algorithm: Algorithm

    def check(self, certificate: x509.Certificate, at: datetime) -> None:
        """Return if the certificate has this profile and is in its period at `at`.

        Raises:
            EngineError: `certificate-…`, the first thing that is wrong.
        """
        for rule in _RULES:
            rule(self, certificate)
        if at < certificate.not_valid_before_utc:
            raise EngineError("certificate-not-yet-valid")
        if at > certificate.not_valid_after_utc:
            raise EngineError("certificate-expired")


def is_signed(key: PublicKey, signature: bytes, message: bytes, digest: hashes.HashAlgorithm) -> bool:
    """Tell whether the signature over the message is by this key: PKCS #1 v1.5 or ECDSA."""
    try:
        match key:
            case rsa.RSAPublicKey():
                key.verify(signature, message, padding.PKCS1v15(), digest)
            case ec.EllipticCurvePublicKey():
                key.verify(signature, message, ec.ECDSA(digest))
            case _:
                assert_never(key)
    except InvalidSignature:
        return False
    return True


def digest_of(algorithm: Algorithm) -> hashes.HashAlgorithm:
    """Return the digest that the algorithm signs."""
    match algorithm:
        case Algorithm.RSA_2048_SHA256:
            return hashes.SHA256()
        case Algorithm.ECDSA_P384_SHA384:
            return hashes.SHA384()
        case _:
            assert_never(algorithm)


def algorithm_of(key: PublicKey) -> Algorithm:
    """Return what a root with this key signs with."""
    return Algorithm.RSA_2048_SHA256 if isinstance(key, rsa.RSAPublicKey) else Algorithm.ECDSA_P384_SHA384


def person_key(certificate: x509.Certificate, algorithm: Algorithm) -> PublicKey:
    """Return the certificate's key.

    Raises:
        EngineError: `certificate-wrong-algorithm`, another kind; `certificate-weak-key`, not as strong.
    """
    key = certificate.public_key()
    match algorithm, key:
        case Algorithm.RSA_2048_SHA256, rsa.RSAPublicKey():
            numbers = key.public_numbers()
            # An exponent of 65537 or more, as small ones have let forgeries pass; odd, or it is no RSA.
            if key.key_size != 2048 or numbers.e < _LEAST_EXPONENT or not numbers.e & numbers.n & 1:
                raise EngineError("certificate-weak-key")
            return key
        case Algorithm.ECDSA_P384_SHA384, ec.EllipticCurvePublicKey():
            if not isinstance(key.curve, ec.SECP384R1):
                raise EngineError("certificate-weak-key")
            return key
    raise EngineError("certificate-wrong-algorithm")


_SIGNED_WITH: Final = {
    Algorithm.RSA_2048_SHA256: SignatureAlgorithmOID.RSA_WITH_SHA256,
    Algorithm.ECDSA_P384_SHA384: SignatureAlgorithmOID.ECDSA_WITH_SHA384,
}


def _check_algorithm(profile: Profile, certificate: x509.Certificate) -> None:
    if certificate.signature_algorithm_oid != _SIGNED_WITH[profile.algorithm]:
        raise EngineError("certificate-wrong-algorithm")
    person_key(certificate, profile.algorithm)


def _check_policy(profile: Profile, certificate: x509.Certificate) -> None:
    extension = extension_of(certificate, x509.CertificatePolicies)
    if extension is None or not extension.critical:
        raise EngineError("certificate-wrong-policy")
    if [policy.policy_identifier.dotted_string for policy in extension.value] != [profile.policy]:
        raise EngineError("certificate-wrong-policy")


def _check_key_usage(profile: Profile, certificate: x509.Certificate) -> None:
    extension = extension_of(certificate, x509.KeyUsage)
    if extension is None or not extension.critical:
        raise EngineError("certificate-wrong-key-usage")
    if {usage for usage in _USAGES if getattr(extension.value, usage)} != _KEY_USAGE[profile.use]:
        raise EngineError("certificate-wrong-key-usage")


def _check_extended_key_usage(profile: Profile, certificate: x509.Certificate) -> None:
    extension = extension_of(certificate, x509.ExtendedKeyUsage)
    usages = list(extension.value) if extension else []
    expected = [ExtendedKeyUsageOID.CLIENT_AUTH] if profile.use is Use.LOGIN else []
    if usages != expected:
        raise EngineError("certificate-wrong-key-usage")


def _check_the_rest(profile: Profile, certificate: x509.Certificate) -> None:
    constraints = extension_of(certificate, x509.BasicConstraints)
    critical = {extension.oid for extension in certificate.extensions if extension.critical}
    if constraints is not None and constraints.value.ca:
        raise EngineError("certificate-is-authority")
    if critical - _MAY_BE_CRITICAL:
        raise EngineError("certificate-unknown-extension")
    if certificate.version is not x509.Version.v3 or certificate.serial_number <= 0:
        raise EngineError("certificate-wrong-profile", use=profile.use)
    if [len(certificate.subject.get_attributes_for_oid(oid)) for oid in _NAMED_ONCE] != [1, 1]:
        raise EngineError("certificate-wrong-profile", use=profile.use)
    if certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)[0].value != "JP":
        raise EngineError("certificate-wrong-profile", use=profile.use)


def _check_revocation_list(_profile: Profile, certificate: x509.Certificate) -> None:
    """Whose revocation nobody could look up would never be anything but good."""
    extension = extension_of(certificate, x509.CRLDistributionPoints)
    points = list(extension.value) if extension else []
    names = [name.value for point in points for name in point.full_name or ()]
    if len(points) != 1 or len(names) != 1 or not isinstance(names[0], x509.Name):
        raise EngineError("certificate-no-revocation-list")
    if points[0].reasons or points[0].crl_issuer:  # a part of the reasons, or somebody else's list
        raise EngineError("certificate-no-revocation-list")


_RULES: Final[tuple[Callable[[Profile, x509.Certificate], None], ...]] = (
    _check_algorithm,
    _check_policy,
    _check_key_usage,
    _check_extended_key_usage,
    _check_the_rest,
    _check_revocation_list,
)


def extension_of(certificate: x509.Certificate, kind: type[E]) -> x509.Extension[E] | None:
    """Return the extension, None when the certificate has none of this kind."""
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
