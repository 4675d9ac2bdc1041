# SPDX-License-Identifier: Apache-2.0
"""What the test authority says about its certificates: OCSP answers and CRLs by municipality."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from connectors.simulators.jpki.authority import Authority
from connectors.simulators.jpki.register import Entry

OCSP_LASTS: Final = timedelta(minutes=15)
CRL_LASTS: Final = timedelta(days=1)


def answer_ocsp(
    request: bytes,
    *,
    authorities: Iterable[Authority],
    entries: Iterable[Entry],
    key: rsa.RSAPrivateKey,
    now: datetime,
) -> bytes:
    """Return the answer to an OCSP request, signed by the responder of the root it asks about."""
    asked = ocsp.load_der_ocsp_request(request)
    for authority in authorities:
        if asked.issuer_key_hash == _key_hash(authority, asked.hash_algorithm):
            return _answer(asked, authority, entries, key, now)
    unauthorized = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    return unauthorized.public_bytes(Encoding.DER)


def make_crl(authority: Authority, point: x509.Name, entries: Iterable[Entry], *, now: datetime) -> bytes:
    """Return the list of what is revoked in one municipality."""
    at = now.replace(microsecond=0)
    key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(at)
        .next_update(at + CRL_LASTS)
        .add_extension(key_id, critical=False)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        .add_extension(_scope(point), critical=True)
    )
    for entry in entries:
        if entry.revoked_at is not None and entry.revoked_at <= at:
            builder = builder.add_revoked_certificate(_revoked(entry.serial, entry.revoked_at))
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _answer(
    asked: ocsp.OCSPRequest,
    authority: Authority,
    entries: Iterable[Entry],
    key: rsa.RSAPrivateKey,
    now: datetime,
) -> bytes:
    at = now.replace(microsecond=0)
    entry = next((entry for entry in entries if entry.serial == asked.serial_number), None)
    status, revoked_at = _standing(entry, at)
    certificate = authority.delegate(key.public_key())
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash,
            issuer_key_hash=asked.issuer_key_hash,
            serial_number=asked.serial_number,
            algorithm=asked.hash_algorithm,
            cert_status=status,
            this_update=at,
            next_update=at + OCSP_LASTS,
            revocation_time=revoked_at,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        .certificates([certificate])
    )
    for extension in asked.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _standing(entry: Entry | None, at: datetime) -> tuple[ocsp.OCSPCertStatus, datetime | None]:
    if entry is None:
        return ocsp.OCSPCertStatus.UNKNOWN, None
    if entry.revoked_at is None or entry.revoked_at > at:
        return ocsp.OCSPCertStatus.GOOD, None
    return ocsp.OCSPCertStatus.REVOKED, entry.revoked_at


def _key_hash(authority: Authority, algorithm: hashes.HashAlgorithm) -> bytes:
    """Return the digest by which a request names this root's key."""
    own = ocsp.OCSPRequestBuilder().add_certificate(
        authority.certificate, authority.certificate, _supported(algorithm)
    )
    return own.build().issuer_key_hash


def _supported(algorithm: hashes.HashAlgorithm) -> hashes.SHA1 | hashes.SHA256:
    return hashes.SHA1() if isinstance(algorithm, hashes.SHA1) else hashes.SHA256()  # noqa: S303 - names a key


def _scope(point: x509.Name) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=[x509.DirectoryName(point)],
        relative_name=None,
        only_contains_user_certs=True,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )


def _revoked(serial: int, at: datetime) -> x509.RevokedCertificate:
    return x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
