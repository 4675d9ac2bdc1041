# SPDX-License-Identifier: Apache-2.0
"""Signing a PDF as a whole, and reading such a signature (PAdES baseline B-B, ETSI EN 319 142-1).

The one door to pyHanko. The certificate is made by the platform itself for its own key: what counts is
the key, which everybody can compare with the published ones, not who vouches for its name.
"""

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.validation import SignatureCoverageLevel, async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from engine.core.errors import EngineError

ATTACHMENT: Final = "certificate.json"
_FIELD: Final = "Todoke"
_MOST_BYTES: Final = 72  # of an ECDSA signature by a P-256 key, in DER
_LASTS: Final = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class SignedPdf:
    """A PDF whose one signature covers all of it: by which key, and the document it carries."""

    key: ec.EllipticCurvePublicKey
    document: bytes = field(repr=False)


class _Key(Signer):
    """Signs with a key that need not be able to show itself: it may be in a token."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: asn1_x509.Certificate) -> None:
        known = SimpleCertificateStore()  # type: ignore[no-untyped-call] # theirs
        known.register(certificate)
        super().__init__(signing_cert=certificate, cert_registry=known)
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 - theirs
        """Return the signature; while the room for it is measured, as many bytes."""
        del digest_algorithm  # we say which
        return bytes(_MOST_BYTES) if dry_run else self._key.sign(data, ec.ECDSA(hashes.SHA256()))


class _Signer(PdfSigner):
    """Signs at the instant it is told, not at the machine's."""

    def __init__(self, *arguments: Any, at: datetime, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._at = at

    def init_signing_session(self, *arguments: Any, **named: Any) -> Any:
        session = super().init_signing_session(*arguments, **named)
        session.system_time = self._at
        return session


def signed_pdf(pdf: bytes, key: ec.EllipticCurvePrivateKey, *, at: datetime, name: str) -> bytes:
    """Return the PDF, signed as a whole with the key."""
    certificate = _certificate(key, at=at, name=name)
    signer = _Key(key, certificate)
    meta = PdfSignatureMetadata(
        field_name=_FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, name=name
    )
    signing = _Signer(meta, signer=signer, at=at)
    signed = signing.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)))
    return bytes(signed.getbuffer())


async def read_signed_pdf(pdf: bytes) -> SignedPdf:
    """Return what a signed PDF carries, and the key that signed all of it. Nothing is fetched.

    Raises:
        EngineError: `malformed-closing-certificate`; `closing-certificate-forged`, it was changed
            after it was signed.
    """
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        (signature,) = reader.embedded_signatures
        trust = ValidationContext(
            trust_roots=[signature.signer_cert],
            allow_fetching=False,
            moment=signature.self_reported_timestamp,
        )
        status = await async_validate_pdf_signature(signature, trust)
        key = load_der_public_key(signature.signer_cert.public_key.dump())
        document = _attachment(reader)
    except (PdfError, SigningError, SignatureValidationError, ValueError, KeyError, IndexError) as error:
        raise EngineError("malformed-closing-certificate") from error
    is_whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    is_unchanged = status.modification_level in {None, ModificationLevel.NONE}
    if not (status.intact and status.valid and is_whole and is_unchanged):
        raise EngineError("closing-certificate-forged")
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise EngineError("malformed-closing-certificate")
    return SignedPdf(key, document)


def _attachment(reader: PdfFileReader) -> bytes:
    names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    for place in range(0, len(names), 2):
        if names[place] == ATTACHMENT:
            return bytes(names[place + 1]["/EF"]["/F"].data)
    raise KeyError(ATTACHMENT)


def _certificate(key: ec.EllipticCurvePrivateKey, *, at: datetime, name: str) -> asn1_x509.Certificate:
    """Return a certificate of the key for itself, from the moment on."""
    begins = at.replace(microsecond=0)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + _LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return asn1_x509.Certificate.load(made.public_bytes(Encoding.DER))
