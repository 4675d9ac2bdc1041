# SPDX-License-Identifier: Apache-2.0
"""The seal on every message that crosses the border: signed by its sender, readable by its receiver.

    payload ── JWS (ES256, compact) ── JWE (ECDH-ES+A256KW, A256GCM, compact)

Both protected headers repeat what the envelope says, so an envelope cannot be put around another
message; the JWS also names the key it was sealed for (`aud`), so a receiver cannot pass a message
on to somebody else as if it had been meant for them.

What makes it cheap is the content key: one ephemeral ECDH key for a recipient's key, for one hour
and a bounded count, in place of one for each message. Each message still has its own random
content-encryption key and nonce, and is an ordinary JWE that any library reads.

Nothing here knows where keys are kept: they come in as mappings and callables.
"""

import json
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, TypeVar

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.border.jwk import Kid, RecipientKey, coordinates, decoded, encoded, point
from engine.core.errors import Code, EngineError, register
from engine.ports import Clock

# Sealing makes 16 bytes of 9: this is the most that still fits one message of 1 MiB with its envelope.
MAX_PAYLOAD_BYTES: Final = 512 * 1024
MAX_SEALED_CHARS: Final = 1_000_000
MESSAGE_TYPE: Final = "todoke-message+jose"  # explicit typing (RFC 8725, 3.11): a login token is no message

_ALG: Final = "ECDH-ES+A256KW"
_ENC: Final = "A256GCM"
_SIGNED_WITH: Final = "ES256"
_ES256: Final = ec.ECDSA(SHA256())
_MESSAGES_PER_CONTENT_KEY: Final = 2**20
_CONTENT_KEYS: Final = 4096  # about two for each municipality of Japan
_SECONDS_PER_HOUR: Final = 3600
_CEK_BYTES, _WRAPPED_BYTES, _NONCE_BYTES, _TAG_BYTES, _HALF_SIGNATURE_BYTES = 32, 40, 12, 16, 32
_MAX_HEADER_CHARS: Final = 2048
# Concat KDF (RFC 7518, 4.6.2): algorithm, no party information, 256 bits.
_KDF_INFO: Final = len(_ALG).to_bytes(4, "big") + _ALG.encode() + bytes(8) + (256).to_bytes(4, "big")
_json: Final = json.JSONEncoder(separators=(",", ":")).encode

register(
    {
        "seal-malformed": Code(400, "封印の形式が正しくありません", "The seal is not a JWE around a JWS"),
        "seal-too-large": Code(413, "メッセージが大きすぎます", "The message is too large"),
        "seal-algorithm": Code(
            422, "この暗号方式は使えません", "Only ECDH-ES+A256KW, A256GCM and ES256 are taken"
        ),
        "seal-mismatch": Code(
            422, "封筒と封印の内容が一致しません", "The envelope does not say what the seal says"
        ),
        "seal-unknown-recipient": Code(
            422, "この鍵あてのメッセージは開けません", "It is sealed for a key that is not ours, or no longer"
        ),
        "seal-unknown-signer": Code(
            422, "署名の鍵が登録されていません", "The signing key is not registered for this sender"
        ),
        "seal-unreadable": Code(422, "メッセージを復号できません", "The message cannot be decrypted"),
        "seal-signature": Code(422, "署名を確認できません", "The signature is not right"),
        "seal-wrong-source": Code(500, "差出人が違います", "This sealer speaks for another source"),
    }
)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What envelope and seal both say. `sequence` counts the messages about one reference."""

    id: str
    type: str
    subject: str
    source: str
    sequence: int
    time: datetime


# Who may sign for a source: (source, kid) → key, None when that key is not (or no longer) theirs.
VerificationKeys = Callable[[str, str], ec.EllipticCurvePublicKey | None]


@dataclass(slots=True)
class _ContentKey:
    """What is shared by the messages for one recipient key in one hour; the ephemeral key is gone."""

    hour: int
    left: int
    wrapping_key: bytes = field(repr=False)
    header_start: str


class Sealer:
    """Signs for one source and seals for any recipient. One for each process."""

    def __init__(
        self, signing_key: ec.EllipticCurvePrivateKey, *, kid: str, source: str, clock: Clock
    ) -> None:
        self.source = source
        self._signing_key = signing_key
        self._kid = kid
        self._clock = clock
        self._content_keys: OrderedDict[str, _ContentKey] = OrderedDict()

    def seal(self, attributes: Attributes, payload: bytes, recipient: RecipientKey) -> str:
        """Return the payload as a compact JWE around a compact JWS.

        Raises:
            EngineError: `seal-too-large`, over MAX_PAYLOAD_BYTES.
        """
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise EngineError("seal-too-large", size_bytes=len(payload), most=MAX_PAYLOAD_BYTES)
        if attributes.source != self.source:
            raise EngineError("seal-wrong-source", source=attributes.source)
        content_key = self._content_key(recipient)
        shared = {
            "id": attributes.id,
            "type": attributes.type,
            "subject": attributes.subject,
            "source": attributes.source,
            "sequence": attributes.sequence,
        }
        signed = self._signed(shared, attributes.time, payload, recipient)
        header = encoded(f"{content_key.header_start},{_json(shared)[1:]}".encode())
        random = secrets.token_bytes(_CEK_BYTES + _NONCE_BYTES)
        key, nonce = random[:_CEK_BYTES], random[_CEK_BYTES:]
        sealed = AESGCM(key).encrypt(nonce, signed, header)
        parts = (
            header,
            encoded(aes_key_wrap(content_key.wrapping_key, key)),
            encoded(nonce),
            encoded(sealed[:-_TAG_BYTES]),
            encoded(sealed[-_TAG_BYTES:]),
        )
        return b".".join(parts).decode()

    def forget(self, kid: str) -> None:
        """Drop the content key of a recipient's key at once: the key was revoked."""
        self._content_keys.pop(kid, None)

    def _signed(
        self, shared: Mapping[str, object], time: datetime, payload: bytes, recipient: RecipientKey
    ) -> bytes:
        own = {"alg": _SIGNED_WITH, "kid": self._kid, "typ": MESSAGE_TYPE, "aud": recipient.kid}
        header = _json({**own, **shared, "time": wire_time(time)})
        text = encoded(header.encode()) + b"." + encoded(payload)
        r, s = decode_dss_signature(self._signing_key.sign(text, _ES256))
        raw = r.to_bytes(_HALF_SIGNATURE_BYTES, "big") + s.to_bytes(_HALF_SIGNATURE_BYTES, "big")
        return text + b"." + encoded(raw)

    def _content_key(self, recipient: RecipientKey) -> _ContentKey:
        hour = int(self._clock.now().timestamp()) // _SECONDS_PER_HOUR
        content_key = self._content_keys.get(recipient.kid)
        if content_key is None or content_key.hour != hour or content_key.left == 0:
            content_key = _new_content_key(recipient, hour)
            self._content_keys[recipient.kid] = content_key
            if len(self._content_keys) > _CONTENT_KEYS:
                self._content_keys.popitem(last=False)
        self._content_keys.move_to_end(recipient.kid)
        content_key.left -= 1
        return content_key


class Opener:
    """Opens what was sealed for us and was signed by whom it names.

    `decryption_keys` and `verification_keys` are asked for each message: a key taken out of them
    opens nothing from that moment, whatever is cached here.
    """

    def __init__(
        self,
        decryption_keys: Mapping[str, ec.EllipticCurvePrivateKey],
        verification_keys: VerificationKeys,
        *,
        remembered: int = 4096,
    ) -> None:
        self._decryption_keys = decryption_keys
        self._verification_keys = verification_keys
        self._remembered = remembered
        self._wrapping_keys: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()

    def open(self, attributes: Attributes, sealed: str) -> bytes:
        """Return the payload, which its sender signed for us under exactly these attributes.

        Raises:
            EngineError: `seal-…`, one code for each thing that can be wrong. Nothing was done.
        """
        if len(sealed) > MAX_SEALED_CHARS:
            raise EngineError("seal-too-large", size_bytes=len(sealed), most=MAX_SEALED_CHARS)
        outer, *parts = _split(_ascii(sealed), 5)
        header = _header(_OuterHeader, outer)
        if (header.alg, header.enc) != (_ALG, _ENC):
            raise EngineError("seal-algorithm")
        header.compare(attributes)
        own_key = self._decryption_keys.get(header.kid)
        if own_key is None:
            raise EngineError("seal-unknown-recipient", kid=header.kid)
        name = (header.kid, header.epk.x, header.epk.y)
        wrapping_key = self._wrapping_keys.get(name) or _agreed(own_key, _point(header.epk))
        signed = _decrypted(wrapping_key, outer, [_bytes(part) for part in parts])
        payload = self._verified(attributes, signed, header.kid)
        self._remember(name, wrapping_key)  # only now: a stranger's noise does not push out the others
        return payload

    def forget(self, kid: str) -> None:
        """Drop what was derived from one of our own keys: it was revoked."""
        for name in [name for name in self._wrapping_keys if name[0] == kid]:
            del self._wrapping_keys[name]

    def _verified(self, attributes: Attributes, signed: bytes, own_kid: str) -> bytes:
        inner, payload, signature = _split(signed, 3)
        header = _header(_InnerHeader, inner)
        if (header.alg, header.typ) != (_SIGNED_WITH, MESSAGE_TYPE):
            raise EngineError("seal-algorithm")
        header.compare(attributes)
        if header.aud != own_kid or header.time not in (None, wire_time(attributes.time)):
            raise EngineError("seal-mismatch")
        key = self._verification_keys(header.source, header.kid)
        if key is None:
            raise EngineError("seal-unknown-signer", source=header.source, kid=header.kid)
        raw = _bytes(signature)
        if len(raw) != 2 * _HALF_SIGNATURE_BYTES:
            raise EngineError("seal-signature")
        r = int.from_bytes(raw[:_HALF_SIGNATURE_BYTES], "big")
        s = int.from_bytes(raw[_HALF_SIGNATURE_BYTES:], "big")
        try:
            key.verify(encode_dss_signature(r, s), inner + b"." + payload, _ES256)
        except InvalidSignature as error:
            raise EngineError("seal-signature") from error
        return _bytes(payload)

    def _remember(self, name: tuple[str, str, str], wrapping_key: bytes) -> None:
        self._wrapping_keys[name] = wrapping_key
        self._wrapping_keys.move_to_end(name)
        if len(self._wrapping_keys) > self._remembered:
            self._wrapping_keys.popitem(last=False)


def recipient_of(sealed: str) -> str:
    """Return the name of the key that a seal was made for; raises `seal-malformed`."""
    outer, *_ = _split(_ascii(sealed), 5)
    return _header(_OuterHeader, outer).kid


def wire_time(instant: datetime) -> str:
    """Return the instant as it stands on the wire: UTC, whole seconds."""
    return instant.astimezone(UTC).isoformat(timespec="seconds")[:-6] + "Z"


class _Epk(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str


class _Header(BaseModel):
    """What both protected headers say. Anything we do not know is refused, `crit` and `zip` first."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    alg: str
    kid: Kid
    id: str
    type: str
    subject: str
    source: str
    sequence: int
    cty: str | None = None

    def compare(self, attributes: Attributes) -> None:
        """Raise `seal-mismatch` unless the envelope says the same."""
        if (
            self.id != attributes.id
            or self.type != attributes.type
            or self.subject != attributes.subject
            or self.source != attributes.source
            or self.sequence != attributes.sequence
        ):
            raise EngineError("seal-mismatch")


class _OuterHeader(_Header):
    enc: str
    epk: _Epk
    typ: str | None = None


class _InnerHeader(_Header):
    aud: Kid
    typ: str
    time: Annotated[str | None, Field(max_length=40)] = None


H = TypeVar("H", bound=_Header)


def _new_content_key(recipient: RecipientKey, hour: int) -> _ContentKey:
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    x, y = coordinates(ephemeral.public_key())
    header = {
        "alg": _ALG,
        "enc": _ENC,
        "kid": recipient.kid,
        "cty": "JOSE",
        "epk": {"kty": "EC", "crv": "P-256", "x": x, "y": y},
    }
    return _ContentKey(hour, _MESSAGES_PER_CONTENT_KEY, _agreed(ephemeral, recipient.key), _json(header)[:-1])


def _agreed(own: ec.EllipticCurvePrivateKey, other: ec.EllipticCurvePublicKey) -> bytes:
    """Return the key that wraps content-encryption keys between these two (RFC 7518, 4.6)."""
    secret = own.exchange(ec.ECDH(), other)
    return ConcatKDFHash(SHA256(), _CEK_BYTES, _KDF_INFO).derive(secret)


def _decrypted(wrapping_key: bytes, header: bytes, parts: list[bytes]) -> bytes:
    wrapped, nonce, ciphertext, tag = parts
    if (len(wrapped), len(nonce), len(tag)) != (_WRAPPED_BYTES, _NONCE_BYTES, _TAG_BYTES):
        raise EngineError("seal-malformed")
    try:
        key = aes_key_unwrap(wrapping_key, wrapped)
        return AESGCM(key).decrypt(nonce, ciphertext + tag, header)
    except (InvalidUnwrap, InvalidTag) as error:
        raise EngineError("seal-unreadable") from error


def _split(text: bytes, count: int) -> list[bytes]:
    parts = text.split(b".", count)
    if len(parts) != count:
        raise EngineError("seal-malformed")
    return parts


def _header(model: type[H], text: bytes) -> H:
    if len(text) > _MAX_HEADER_CHARS:
        raise EngineError("seal-too-large", size_bytes=len(text), most=_MAX_HEADER_CHARS)
    try:
        return model.model_validate_json(_bytes(text))
    except ValidationError:
        raise EngineError("seal-malformed") from None  # the cause would show what was inside


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        raise EngineError("seal-malformed") from error


def _bytes(text: bytes) -> bytes:
    try:
        return decoded(text)
    except ValueError as error:
        raise EngineError("seal-malformed") from error


def _point(epk: _Epk) -> ec.EllipticCurvePublicKey:
    try:
        return point(epk.x, epk.y)
    except EngineError as error:
        raise EngineError("seal-malformed") from error
