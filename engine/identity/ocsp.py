# SPDX-License-Identifier: Apache-2.0
"""Asking an OCSP responder about one certificate, and believing only a proper answer (RFC 6960)."""

import secrets
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from engine.identity.certificates import Unreadable, public_key_of, strictly
from engine.identity.fetch import Fetch, Unreachable
from engine.identity.profiles import PublicKey, extension_of, is_signed
from engine.identity.trust import Anchor
from engine.identity.verdict import Standing, Status

CLOCK_SKEW: Final = timedelta(minutes=5)
_NONCE_BYTES: Final = 32  # RFC 9654
_STRONG: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_STANDINGS: Final = {
    ocsp.OCSPCertStatus.GOOD: Standing.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Standing.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Standing.UNKNOWN,
}


class NotBelieved(Exception):
    """The answer is not one that the authority gave to this question, now."""


async def ask_ocsp(fetch: Fetch, certificate: x509.Certificate, root: Anchor, now: datetime) -> Status:
    """Return the responder's word about the certificate.

    Raises:
        NotBelieved: the answer breaks a rule; the message says which.
        Unreachable: there is no answer, or nowhere to ask.
    """
    if root.ocsp_url is None:
        raise Unreachable("no OCSP responder is configured for this root")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(certificate, root.certificate, hashes.SHA256())
        .add_extension(x509.OCSPNonce(nonce), critical=False)
        .build()
    )
    body = request.public_bytes(Encoding.DER)
    answer = await fetch.post(root.ocsp_url, body, content_type="application/ocsp-request")
    return read_answer(answer, request, root, now)


def read_answer(answer: bytes, request: ocsp.OCSPRequest, root: Anchor, now: datetime) -> Status:
    """Return what the answer says; raises NotBelieved."""
    try:
        with strictly():
            response = ocsp.load_der_ocsp_response(answer)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                raise NotBelieved(f"the responder answered {response.response_status.name}")
            _check_signature(response, root, now)
            _check_nonce(response, request)
            return _status(answer, response, request, now)
    except Unreadable as error:
        raise NotBelieved("it is not an OCSP response") from error


def read_kept_answer(answer: bytes, certificate: x509.Certificate, root: Anchor) -> Status:
    """Return what a kept answer says, judged at the time it was given; raises NotBelieved."""
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, root.certificate, hashes.SHA256())
    try:
        with strictly():
            response = ocsp.load_der_ocsp_response(answer)
            (single,) = response.responses
            _check_signature(response, root, single.this_update_utc)
            return _status(answer, response, request.build(), single.this_update_utc)
    except Unreadable as error:
        raise NotBelieved("it is not an OCSP response") from error


def _status(answer: bytes, response: ocsp.OCSPResponse, request: ocsp.OCSPRequest, now: datetime) -> Status:
    (single,) = response.responses  # ValueError: we asked about one
    asked = (request.serial_number, request.issuer_key_hash, request.issuer_name_hash)
    if (single.serial_number, single.issuer_key_hash, single.issuer_name_hash) != asked:
        raise NotBelieved("it is about another certificate")
    this_update, next_update = single.this_update_utc, single.next_update_utc
    if next_update is None or not this_update - CLOCK_SKEW <= now < next_update:
        raise NotBelieved("it is not about the present")
    return Status(
        standing=_STANDINGS[single.certificate_status],
        source="ocsp",
        this_update=this_update,
        next_update=next_update,
        revoked_at=single.revocation_time_utc,
        reason=single.revocation_reason.value if single.revocation_reason else None,
        evidence=answer,
    )


def _check_nonce(response: ocsp.OCSPResponse, request: ocsp.OCSPRequest) -> None:
    sent = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    try:
        returned = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound as error:
        raise NotBelieved("it does not repeat the nonce") from error
    if returned != sent:
        raise NotBelieved("it repeats another nonce")


def _check_signature(response: ocsp.OCSPResponse, root: Anchor, now: datetime) -> None:
    digest = response.signature_hash_algorithm
    if not isinstance(digest, _STRONG):
        raise NotBelieved("the responder's digest is too weak")
    key = _responder_key(response, root, now)
    if not is_signed(key, response.signature, response.tbs_response_bytes, digest):
        raise NotBelieved("the responder's signature is not right")


def _responder_key(response: ocsp.OCSPResponse, root: Anchor, now: datetime) -> PublicKey:
    """Return the key of the root itself, or of the responder to whom it delegated."""
    for candidate in (root.certificate, *response.certificates):
        if _is_named(response, candidate):
            if candidate != root.certificate:
                _check_delegate(candidate, root, now)
            return public_key_of(candidate)
    raise NotBelieved("the responder's certificate is not there")


def _is_named(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_key_hash is None:
        # Names are shared by the generations of an authority, so the name alone does not choose the root.
        return response.responder_name == certificate.subject
    return response.responder_key_hash == _key_hash(certificate)


def _check_delegate(certificate: x509.Certificate, root: Anchor, now: datetime) -> None:
    digest = certificate.signature_hash_algorithm
    usages = extension_of(certificate, x509.ExtendedKeyUsage)
    if usages is None or ExtendedKeyUsageOID.OCSP_SIGNING not in usages.value:
        raise NotBelieved("the responder's certificate is not for OCSP")
    if not isinstance(digest, _STRONG) or not is_signed(
        public_key_of(root.certificate), certificate.signature, certificate.tbs_certificate_bytes, digest
    ):
        raise NotBelieved("the responder's certificate is not from this root")
    if certificate.issuer != root.certificate.subject:
        raise NotBelieved("the responder's certificate is not from this root")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise NotBelieved("the responder's certificate is not valid now")


def _key_hash(certificate: x509.Certificate) -> bytes:
    """Return the SHA-1 of the key's bits, as RFC 6960 names a responder by its key."""
    return x509.SubjectKeyIdentifier.from_public_key(public_key_of(certificate)).digest
