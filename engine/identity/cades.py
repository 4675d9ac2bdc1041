# SPDX-License-Identifier: Apache-2.0
"""CAdES-BES, detached: one signer, its certificate inside, four signed attributes (ETSI EN 319 122-1).

The card signs DigestInfo only, so signing is in two steps: `to_be_signed` gives the bytes for the
card, `assemble` puts its signature in. Reading takes exactly this form and no other. This module is
the only one that knows CMS; it tells what was signed and by which certificate, not whether to
believe the certificate.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto import algos, cms, core, crl, tsp
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from engine.core.errors import EngineError
from engine.identity.certificates import public_key_of, read_certificate
from engine.identity.profiles import is_signed

MAX_SIGNATURE_BYTES: Final = 64 * 1024
MAX_LONG_TERM_BYTES: Final = 32 * 1024 * 1024  # with a list of every revoked certificate inside
# Whatever asn1crypto raises about bytes that are not what they should be (found by fuzzing).
UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)
_RSA_DIGEST: Final = "sha256"
_NO_ATTRIBUTES: Final = b"\x31\x00"
_SET_OF: Final = b"\x31"  # signed attributes are signed as a SET OF, and stand in the message as [0]
_DIGESTS: Final = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_TIME_STAMP: Final = "signature_time_stamp_token"


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature that fits its certificate: what it is over and what its signer claims."""

    certificate: x509.Certificate
    certificate_der: bytes
    content_digest: bytes
    digest_name: str
    signing_time: datetime | None  # the signer's claim; proves nothing
    names_itself: bool  # by signing-certificate-v2, SHA-256 or better
    signature: bytes = field(repr=False)
    content: bytes | None = field(default=None, repr=False)


def to_be_signed(content: bytes, certificate_der: bytes, signing_time: datetime) -> bytes:
    """Return the signed attributes over the content: these bytes go to the card."""
    ess = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate_der).digest()})
    attributes = cms.CMSAttributes(
        [
            _attribute("content_type", "data"),
            _attribute("signing_time", cms.Time({"utc_time": core.UTCTime(signing_time.astimezone(UTC))})),
            _attribute("message_digest", hashlib.new(_digest_of(certificate_der), content).digest()),
            _attribute("signing_certificate_v2", tsp.SigningCertificateV2({"certs": [ess]})),
        ]
    )
    return bytes(attributes.dump())


def assemble(attributes: bytes, signature: bytes, certificate_der: bytes) -> bytes:
    """Return the detached CAdES-BES of signed attributes and the card's signature over them."""
    certificate = asn1_x509.Certificate.load(certificate_der)
    name = _digest_of(certificate_der)
    kind = "rsa" if name == _RSA_DIGEST else "ecdsa"
    digest = algos.DigestAlgorithm({"algorithm": name})
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                    )
                }
            ),
            "digest_algorithm": digest,
            "signed_attrs": cms.CMSAttributes.load(attributes),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": f"{name}_{kind}"}),
            "signature": signature,
        }
    )
    signed_data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "data"},
            "certificates": [certificate],
            "signer_infos": [signer],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump())


def assemble_plain(signature: bytes, certificate_der: bytes) -> bytes:
    """Return CMS without signed attributes: of a signature over the content itself, as the app makes it.

    Raises:
        EngineError: `malformed-certificate`.
    """
    read_certificate(certificate_der)
    info = cms.ContentInfo.load(assemble(_NO_ATTRIBUTES, signature, certificate_der))
    signer = info["content"]["signer_infos"][0]
    signer["signed_attrs"] = None
    return bytes(info.dump(force=True))


def read(der: bytes, content: bytes) -> Signed:
    """Return the signature over this content, with signed attributes (CAdES) or as the app makes it.

    Raises:
        EngineError: as for `read_detached`.
    """
    return _read_plain(der, content) if _is_plain(der) else read_detached(der, content)


def read_detached(der: bytes, content: bytes) -> Signed:
    """Return the signature if it is over this content and fits the certificate it carries.

    Raises:
        EngineError: `signature-malformed`, `signature-wrong-attributes` or `signature-invalid`;
            `malformed-certificate`.
    """
    signed = read_signed(der, content_type="data")
    if signed.content is not None:
        raise EngineError("signature-malformed")
    own_digest = _digest_of(signed.certificate_der)
    if signed.signing_time is None or signed.digest_name != own_digest or not signed.names_itself:
        raise EngineError("signature-wrong-attributes")
    if signed.content_digest != hashlib.new(own_digest, content).digest():
        raise EngineError("signature-invalid")
    return signed


def read_signed(der: bytes, *, content_type: str) -> Signed:
    """Return the one signature in a SignedData, checked against its certificate and attributes.

    Raises:
        EngineError: as for `read_detached`.
    """
    if len(der) > MAX_SIGNATURE_BYTES:
        raise EngineError("signature-malformed", size_bytes=len(der))
    try:
        return _read(der, content_type)
    except UNREADABLE as error:
        raise EngineError("signature-malformed") from error


def with_time_stamp(der: bytes, token: bytes) -> bytes:
    """Return the signature raised to CAdES-T: the time-stamp token stands beside it, unsigned."""
    info = cms.ContentInfo.load(der)
    signer = info["content"]["signer_infos"][0]
    attribute = _attribute(_TIME_STAMP, cms.ContentInfo.load(token))
    signer["unsigned_attrs"] = cms.CMSAttributes([attribute])
    return bytes(info.dump())


def long_term(der: bytes, *, certificates: Sequence[bytes], revocations: Sequence[bytes]) -> bytes:
    """Return the signature raised to CAdES-LT: roots, and what the authority said, stand inside (RFC 5652).

    `revocations` are CRLs or OCSP answers, in DER.
    """
    info = cms.ContentInfo.load(der)
    data = info["content"]
    present = [choice.chosen for choice in data["certificates"]]
    added = [asn1_x509.Certificate.load(certificate) for certificate in certificates]
    data["certificates"] = cms.CertificateSet(present + added)
    kept = [_revocation(word) for word in revocations]
    data["crls"] = cms.RevocationInfoChoices(kept)
    if any(choice.name == "other" for choice in kept):
        data["version"] = "v5"  # RFC 5652 §5.1: another form of revocation information is present
    return bytes(info.dump(force=True))


def lowered(der: bytes) -> tuple[bytes, list[bytes]]:
    """Return a signature without what the authority said, and that, in DER: CRLs and OCSP answers.

    Raises:
        EngineError: `signature-malformed`.
    """
    if len(der) > MAX_LONG_TERM_BYTES:
        raise EngineError("signature-malformed", size_bytes=len(der))
    try:
        info = cms.ContentInfo.load(der, strict=True)
        data = info["content"]
        words = [_word(choice) for choice in data["crls"]] if data["crls"].native is not None else []
        data["crls"] = None
        return bytes(info.dump(force=True)), words
    except UNREADABLE as error:
        raise EngineError("signature-malformed") from error


def _word(choice: cms.RevocationInfoChoice) -> bytes:
    if choice.name == "other":
        return bytes(choice.chosen["other_rev_info"].dump())
    return bytes(choice.chosen.dump())


def _revocation(der: bytes) -> cms.RevocationInfoChoice:
    try:
        answer = asn1_ocsp.OCSPResponse.load(der, strict=True)
        _ = answer["response_status"].native
    except UNREADABLE:
        return cms.RevocationInfoChoice({"crl": crl.CertificateList.load(der, strict=True)})
    other = cms.OtherRevocationInfoFormat(
        {"other_rev_info_format": "ocsp_response", "other_rev_info": answer}
    )
    return cms.RevocationInfoChoice({"other": other})


def time_stamp_of(der: bytes) -> bytes | None:
    """Return the time-stamp token that stands beside a signature that was read before."""
    (signer,) = cms.ContentInfo.load(der)["content"]["signer_infos"]
    for attribute in signer["unsigned_attrs"]:
        if attribute["type"].native == _TIME_STAMP:
            return bytes(attribute["values"][0].dump())
    return None


def _read(der: bytes, content_type: str) -> Signed:
    info = cms.ContentInfo.load(der, strict=True)
    if info["content_type"].native != "signed_data":
        raise EngineError("signature-malformed")
    data = info["content"]
    (signer,) = data["signer_infos"]
    encapsulated = data["encap_content_info"]
    if encapsulated["content_type"].native != content_type:
        raise EngineError("signature-malformed")
    certificate_der = _signer_certificate(data, signer)
    attributes = _signed_attributes(signer)
    digest_name = signer["digest_algorithm"]["algorithm"].native
    if attributes["content_type"] != content_type or digest_name not in _DIGESTS:
        raise EngineError("signature-wrong-attributes")
    _check_certificate_attribute(attributes, certificate_der)
    certificate = read_certificate(certificate_der)
    signature = bytes(signer["signature"].native)
    message = _SET_OF + bytes(signer["signed_attrs"].dump())[1:]
    if not is_signed(public_key_of(certificate), signature, message, _DIGESTS[digest_name]):
        raise EngineError("signature-invalid")
    return Signed(
        certificate=certificate,
        certificate_der=certificate_der,
        content_digest=attributes["message_digest"],
        digest_name=digest_name,
        signing_time=attributes.get("signing_time"),
        names_itself="signing_certificate_v2" in attributes,
        signature=signature,
        content=_content(encapsulated),
    )


def _digest_of(certificate_der: bytes) -> str:
    """Return the digest that goes with the certificate's key: SHA-384 with the next generation's P-384."""
    algorithm = asn1_x509.Certificate.load(certificate_der).public_key.algorithm
    return _RSA_DIGEST if algorithm == "rsa" else "sha384"


def _is_plain(der: bytes) -> bool:
    try:
        (signer,) = cms.ContentInfo.load(der)["content"]["signer_infos"]
        return isinstance(signer["signed_attrs"], core.Void) or signer["signed_attrs"].native is None
    except UNREADABLE:
        return False


def _read_plain(der: bytes, content: bytes) -> Signed:
    if len(der) > MAX_SIGNATURE_BYTES:
        raise EngineError("signature-malformed", size_bytes=len(der))
    try:
        data = cms.ContentInfo.load(der, strict=True)["content"]
        (signer,) = data["signer_infos"]
        encapsulated = data["encap_content_info"]
        named = (encapsulated["content_type"].native, signer["digest_algorithm"]["algorithm"].native)
        if named != ("data", "sha256") or _content(encapsulated) is not None:
            raise EngineError("signature-malformed")
        certificate_der = _signer_certificate(data, signer)
        signature = bytes(signer["signature"].native)
    except UNREADABLE as error:
        raise EngineError("signature-malformed") from error
    certificate = read_certificate(certificate_der)
    if not is_signed(public_key_of(certificate), signature, content, hashes.SHA256()):
        raise EngineError("signature-invalid")
    return Signed(
        certificate=certificate,
        certificate_der=certificate_der,
        content_digest=hashlib.sha256(content).digest(),
        digest_name="sha256",
        signing_time=None,
        names_itself=False,
        signature=signature,
    )


def _content(encapsulated: Any) -> bytes | None:
    content = encapsulated["content"]
    return bytes(content) if not isinstance(content, core.Void) and content.native is not None else None


def _signed_attributes(signer: Any) -> dict[str, Any]:
    """Return the signed attributes by name: each once, each with one value."""
    found: dict[str, Any] = {}
    for attribute in signer["signed_attrs"]:
        name = attribute["type"].native
        (value,) = attribute["values"]
        if name in found:
            raise EngineError("signature-wrong-attributes")
        found[name] = value if name.startswith("signing_certificate") else value.native
    if not {"content_type", "message_digest"} <= set(found):
        raise EngineError("signature-wrong-attributes")
    return found


def _signer_certificate(data: Any, signer: Any) -> bytes:
    """Return the certificate that the signer is named by: issuer and number."""
    sid = signer["sid"]
    if sid.name != "issuer_and_serial_number":
        raise EngineError("signature-malformed")
    wanted = (sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native)
    for choice in data["certificates"]:
        certificate = choice.chosen
        if choice.name == "certificate" and (certificate.issuer.dump(), certificate.serial_number) == wanted:
            return bytes(certificate.dump())
    raise EngineError("signature-malformed")


def _check_certificate_attribute(attributes: dict[str, Any], certificate_der: bytes) -> None:
    """The signer named its certificate by hash, so that no other one with the same key fits."""
    if "signing_certificate_v2" in attributes:
        first = attributes["signing_certificate_v2"]["certs"][0]
        name = first["hash_algorithm"]["algorithm"].native
        if name not in _DIGESTS:
            raise EngineError("signature-wrong-attributes")
    elif "signing_certificate" in attributes:  # RFC 2634: time-stamping authorities still use it
        first, name = attributes["signing_certificate"]["certs"][0], "sha1"
    else:
        raise EngineError("signature-wrong-attributes")
    digest = hashlib.new(name, certificate_der).digest()
    if first["cert_hash"].native != digest:
        raise EngineError("signature-wrong-attributes")


def _attribute(name: str, value: Any) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": name, "values": [value]})
