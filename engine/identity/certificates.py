# SPDX-License-Identifier: Apache-2.0
"""Reading a certificate that a stranger sent: it is well-formed, or it is refused."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from engine.core.errors import EngineError
from engine.identity.profiles import PublicKey, extension_of

MAX_CERTIFICATE_BYTES: Final = 8192  # a JPKI certificate has about 2,000


class Unreadable(Exception):
    """The bytes are not what they should be, or not as RFC 5280 writes it."""


@contextmanager
def strictly() -> Iterator[None]:
    """Raise Unreadable for whatever `cryptography` raises or warns of while it reads a stranger's bytes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    except (
        ValueError,
        TypeError,
        OverflowError,
        UnsupportedAlgorithm,
        x509.AttributeNotFound,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
        UserWarning,
    ) as error:
        raise Unreadable from error


def read_certificate(der: bytes) -> x509.Certificate:
    """Return the certificate, all of whose extensions can be read.

    Raises:
        EngineError: `malformed-certificate`, `certificate-too-large`.
    """
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise EngineError("certificate-too-large", size_bytes=len(der))
    try:
        with strictly():
            certificate = x509.load_der_x509_certificate(der)
            public_key_of(certificate)
            readable = len(certificate.extensions) > 0
            _ = certificate.issuer, certificate.subject  # names are not read before they are asked for
    except Unreadable as error:
        raise EngineError("malformed-certificate") from error
    if not readable or certificate.public_bytes(Encoding.DER) != der:
        raise EngineError("malformed-certificate")
    return certificate


def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """Return the key; raises TypeError for a kind that nobody in JPKI uses."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise TypeError("neither RSA nor elliptic curve")
    return key


def issuer_key_id(certificate: x509.Certificate) -> bytes | None:
    """Return which key signed the certificate, by its own word: for finding, not for trusting.

    The generations of one authority share one name, so the name finds nothing.
    """
    extension = extension_of(certificate, x509.AuthorityKeyIdentifier)
    return extension.value.key_identifier if extension else None


def subject_key_id(certificate: x509.Certificate) -> bytes | None:
    """Return the name of the certificate's own key."""
    extension = extension_of(certificate, x509.SubjectKeyIdentifier)
    return extension.value.digest if extension else None
