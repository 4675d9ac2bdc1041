# SPDX-License-Identifier: Apache-2.0
"""Since when a signature exists: an RFC 3161 token over its value, or the engine's clock.

A token is believed when it is signed by a certificate that a pinned root issued for time stamps
and nothing else, repeats our digest and nonce, and names a time close to ours.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from asn1crypto import algos, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from engine.core.errors import EngineError
from engine.identity.cades import UNREADABLE, Signed, read_signed
from engine.identity.certificates import public_key_of
from engine.identity.fetch import Fetch, Unreachable
from engine.identity.profiles import extension_of, is_signed
from engine.identity.verdict import ProvenTime, Standing, Status

_DRIFT: Final = timedelta(minutes=5)
_STRONG: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_HARMLESS: Final = ("unspecified", "affiliationChanged", "superseded", "cessationOfOperation")
_CONTENT_TYPE: Final = "application/timestamp-query"


class Timestamper(Protocol):
    """Proves since when bytes exist."""

    async def prove(self, content: bytes, now: datetime) -> ProvenTime | None:
        """Return the proof; None when there is none to be had now."""
        ...


class ClockTimestamper:
    """The engine's own word, where no time-stamping authority is configured."""

    async def prove(self, content: bytes, now: datetime) -> ProvenTime | None:
        """Return the present instant."""
        del content
        return ProvenTime(now, "clock")


class TsaTimestamper:
    """A time-stamping authority (時刻認証業務) at a URL, under pinned roots."""

    def __init__(self, fetch: Fetch, *, url: str, roots: tuple[x509.Certificate, ...]) -> None:
        self._fetch = fetch
        self._url = url
        self._roots = roots

    async def prove(self, content: bytes, now: datetime) -> ProvenTime | None:
        """Return the token and its time; None when the authority cannot be reached or believed."""
        nonce = secrets.randbits(64) | 1
        request = _request(content, nonce)
        try:
            answer = await self._fetch.post(self._url, request, content_type=_CONTENT_TYPE)
            token = _token(answer)
            at = read_token(token, content, self._roots, nonce=nonce)
        except (Unreachable, EngineError):
            return None
        return ProvenTime(at, "tsa", token) if abs(at - now) <= _DRIFT else None


def read_token(
    token: bytes, content: bytes, roots: tuple[x509.Certificate, ...], *, nonce: int | None = None
) -> datetime:
    """Return the time at which the content existed, by this token.

    Raises:
        EngineError: `signature-malformed`, `signature-invalid`, `signature-wrong-attributes`,
            `chain-unknown-issuer` or `certificate-…`.
    """
    signed = read_signed(token, content_type="tst_info")
    try:
        info = tsp.TSTInfo.load(signed.content or b"", strict=True)
        algorithm = info["message_imprint"]["hash_algorithm"]["algorithm"].native
        imprint = info["message_imprint"]["hashed_message"].native
        returned, at = info["nonce"].native, info["gen_time"].native.astimezone(UTC)
    except UNREADABLE as error:
        raise EngineError("signature-malformed") from error
    if not isinstance(at, datetime):
        raise EngineError("signature-malformed")
    _check_content(signed)
    if (algorithm, imprint) != ("sha256", hashlib.sha256(content).digest()):
        raise EngineError("signature-invalid")
    if nonce is not None and returned != nonce:
        raise EngineError("signature-wrong-attributes")
    _check_authority(signed.certificate, roots, at)
    return at


def is_rooted_in(token: bytes, root: x509.Certificate, at: datetime) -> bool:
    """Tell whether the root issued the certificate of a token that was read before."""
    return _issued(root, read_signed(token, content_type="tst_info").certificate, at)


def authority_of(token: bytes) -> x509.Certificate:
    """Return the certificate that signed a token that was read before."""
    return read_signed(token, content_type="tst_info").certificate


def stands(word: Status, at: datetime) -> bool | None:
    """Tell whether a token of this time is worth something, by the word about its authority's certificate.

    None: that cannot be told now. A token of before the revocation stands if the key was not lost: the
    reason has to be there, and one of four; else all its tokens are worth nothing (RFC 3161, 4).
    """
    match word.standing:
        case Standing.GOOD:
            is_later = word.this_update is not None and word.this_update >= at - _DRIFT
            return True if is_later else None
        case Standing.REVOKED:
            return word.reason in _HARMLESS and word.revoked_at is not None and word.revoked_at > at
        case Standing.UNKNOWN | Standing.UNAVAILABLE:
            return None


def _check_content(signed: Signed) -> None:
    if hashlib.new(signed.digest_name, signed.content or b"").digest() != signed.content_digest:
        raise EngineError("signature-invalid")


def _check_authority(
    certificate: x509.Certificate, roots: tuple[x509.Certificate, ...], at: datetime
) -> None:
    usages = extension_of(certificate, x509.ExtendedKeyUsage)
    if usages is None or not usages.critical or list(usages.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise EngineError("certificate-wrong-key-usage")
    if at < certificate.not_valid_before_utc:
        raise EngineError("certificate-not-yet-valid")
    if at > certificate.not_valid_after_utc:
        raise EngineError("certificate-expired")
    if not any(_issued(root, certificate, at) for root in roots):
        raise EngineError("chain-unknown-issuer")


def _issued(root: x509.Certificate, certificate: x509.Certificate, at: datetime) -> bool:
    digest = certificate.signature_hash_algorithm
    return (
        certificate.issuer == root.subject
        and root.not_valid_before_utc <= at <= root.not_valid_after_utc
        and isinstance(digest, _STRONG)
        and is_signed(public_key_of(root), certificate.signature, certificate.tbs_certificate_bytes, digest)
    )


def _request(content: bytes, nonce: int) -> bytes:
    imprint = tsp.MessageImprint(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "hashed_message": hashlib.sha256(content).digest(),
        }
    )
    request = tsp.TimeStampReq(
        {"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    )
    return bytes(request.dump())


def _token(answer: bytes) -> bytes:
    try:
        response = tsp.TimeStampResp.load(answer, strict=True)
        if response["status"]["status"].native not in ("granted", "granted_with_mods"):
            raise EngineError("signature-time-unproven")
        return bytes(response["time_stamp_token"].dump())
    except UNREADABLE as error:
        raise EngineError("signature-malformed") from error
