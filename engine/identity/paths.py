# SPDX-License-Identifier: Apache-2.0
"""The one-level path from a person's certificate to a pinned root, at a given time.

The verifier of `cryptography` walks the path; its web rules would refuse every JPKI certificate
(critical certificatePolicies), so its extension policies are replaced by ours.
"""

from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.x509 import verification

from engine.core.errors import EngineError
from engine.identity.certificates import public_key_of
from engine.identity.profiles import Use, digest_of, is_signed
from engine.identity.trust import Root, TrustStore

_CRITICAL: Final = verification.Criticality.CRITICAL


def path_of(certificate: x509.Certificate, trust: TrustStore, use: Use, *, at: datetime) -> Root:
    """Return the pinned root of the certificate, by a path that holds at `at`.

    Raises:
        EngineError: `certificate-…`, `chain-…`.
    """
    root = trust.issuer_of(certificate, use)
    try:
        check_path(certificate, root, at)
    except EngineError as error:
        if error.code == "chain-invalid" and any(
            _signed(other, certificate) for other in trust.roots if other is not root
        ):
            raise EngineError("chain-wrong-generation") from error
        raise
    return root


def check_path(certificate: x509.Certificate, root: Root, at: datetime) -> None:
    """Return if the root's key signed the certificate and both have their profile at `at`.

    Raises:
        EngineError: `certificate-…` for its profile, `chain-root-expired` or `chain-invalid` for the path.
    """
    root.profile.check(certificate, at)
    if not root.certificate.not_valid_before_utc <= at <= root.certificate.not_valid_after_utc:
        raise EngineError("chain-root-expired")
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([root.certificate]))
        .time(at.astimezone(UTC).replace(tzinfo=None))
        .max_chain_depth(0)
        .extension_policies(ca_policy=_root_policy(), ee_policy=_person_policy())
        .build_client_verifier()
    )
    try:
        verified = verifier.verify(certificate, [])
    except verification.VerificationError as error:
        raise EngineError("chain-invalid") from error
    if verified.chain != [certificate, root.certificate]:
        raise EngineError("chain-invalid")


def _signed(root: Root, certificate: x509.Certificate) -> bool:
    return is_signed(
        public_key_of(root.certificate),
        certificate.signature,
        certificate.tbs_certificate_bytes,
        digest_of(root.profile.algorithm),
    )


def _person_policy() -> verification.ExtensionPolicy:
    """The person's extensions were checked by the profile; here they must only be there."""
    return (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.KeyUsage, _CRITICAL, None)
        .require_present(x509.CertificatePolicies, _CRITICAL, None)
    )


def _root_policy() -> verification.ExtensionPolicy:
    return (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, _CRITICAL, _is_authority)
        .require_present(x509.KeyUsage, _CRITICAL, _signs_certificates)
    )


def _is_authority(
    _policy: verification.Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints
) -> None:
    if not constraints.ca:
        raise ValueError("not an authority")


def _signs_certificates(
    _policy: verification.Policy, _certificate: x509.Certificate, usage: x509.KeyUsage
) -> None:
    if not usage.key_cert_sign:
        raise ValueError("does not sign certificates")
