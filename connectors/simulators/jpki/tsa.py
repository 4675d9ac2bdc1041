# SPDX-License-Identifier: Apache-2.0
"""A time-stamping authority for rehearsals (RFC 3161), with pyHanko's own issuer of tokens."""

from datetime import UTC, datetime
from typing import Final

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.timestamps import DummyTimeStamper

from connectors.simulators.jpki import names
from connectors.simulators.jpki.authority import key_usage
from connectors.simulators.jpki.card import private_der
from connectors.simulators.jpki.keys import Keys
from connectors.simulators.jpki.responder import OCSP_LASTS

_FIRST: Final = datetime(2023, 4, 1, tzinfo=UTC)
_LAST: Final = datetime(2043, 3, 31, tzinfo=UTC)


class TimeAuthority:
    """Stamps digests with the rehearsal's time."""

    def __init__(self, keys: Keys) -> None:
        root_key, self._key = keys.key("tsa-root"), keys.key("tsa")
        self.root = _certificate(root_key.public_key(), root_key, is_root=True)
        self._root_key = root_key
        self._certificate = _certificate(self._key.public_key(), root_key, is_root=False)
        self._revoked: tuple[datetime, x509.ReasonFlags | None] | None = None

    def revoke(self, at: datetime, reason: x509.ReasonFlags | None) -> None:
        """Revoke the certificate that signs the stamps."""
        self._revoked = (at.replace(microsecond=0), reason)

    def status(self, request: bytes, now: datetime) -> bytes:
        """Return the root's OCSP answer about that certificate; raises ValueError when it is no request."""
        asked = ocsp.load_der_ocsp_request(request)
        is_known = asked.serial_number == self._certificate.serial_number
        status = ocsp.OCSPCertStatus.GOOD if is_known else ocsp.OCSPCertStatus.UNKNOWN
        at = now.replace(microsecond=0)
        revoked = self._revoked if is_known and self._revoked and self._revoked[0] <= at else None
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=asked.issuer_name_hash,
                issuer_key_hash=asked.issuer_key_hash,
                serial_number=asked.serial_number,
                algorithm=asked.hash_algorithm,
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else status,
                this_update=at,
                next_update=at + OCSP_LASTS,
                revocation_time=revoked[0] if revoked else None,
                revocation_reason=revoked[1] if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.root)
        )
        for extension in asked.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, critical=False)
        return builder.sign(self._root_key, hashes.SHA256()).public_bytes(Encoding.DER)

    def stamp(self, request: bytes, now: datetime) -> bytes:
        """Return the answer to a TimeStampReq; raises ValueError when it is none."""
        asked = tsp.TimeStampReq.load(request, strict=True)
        authority = DummyTimeStamper(
            asn1_x509.Certificate.load(self._certificate.public_bytes(Encoding.DER)),
            asn1_keys.PrivateKeyInfo.load(private_der(self._key)),
            fixed_dt=now.astimezone(UTC).replace(microsecond=0),
        )
        return bytes(authority.request_tsa_response(asked).dump())


def _certificate(key: rsa.RSAPublicKey, signer: rsa.RSAPrivateKey, *, is_root: bool) -> x509.Certificate:
    root_name = names.units("Rehearsal Time-Stamping Root")
    builder = (
        x509.CertificateBuilder()
        .subject_name(root_name if is_root else names.units("Rehearsal Time-Stamping Authority"))
        .issuer_name(root_name)
        .public_key(key)
        .serial_number(0xB1 if is_root else 0xB2)
        .not_valid_before(_FIRST)
        .not_valid_after(_LAST)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(key_usage(key_cert_sign=is_root, digital_signature=not is_root), critical=True)
    )
    if not is_root:
        stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(stamping, critical=True)
    return builder.sign(signer, hashes.SHA256())
