# SPDX-License-Identifier: Apache-2.0
"""Signatures of webhooks as Standard Webhooks has them: `v1` with a shared secret, `v1a` with a key pair.

Id and time are signed together with the body: whoever repeats a message later, or under another id,
is found out. Several signatures stand beside each other while a secret changes.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.core.errors import Code, EngineError, register

MAX_SKEW: Final = timedelta(minutes=5)
ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what secrets begin with
_PUBLIC_PREFIX: Final = "whpk_"
_MOST_SIGNATURES: Final = 10

register(
    {
        "not-signed-webhook": Code(
            401, "Webhookの署名を確認できません", "The signature of the webhook cannot be verified"
        ),
        "not-signed-webhook-late": Code(
            401, "Webhookの時刻が許容範囲外です", "The webhook is too old, or comes from the future"
        ),
        "invalid-webhook-key": Code(
            422, "Webhookの鍵の形式が正しくありません", "The key of the webhook is malformed"
        ),
    }
)


def secret_text(secret: bytes) -> str:
    """Return a shared secret as people pass it on."""
    return _SECRET_PREFIX + base64.b64encode(secret).decode()


def public_text(key: Ed25519PublicKey) -> str:
    """Return a public key as people pass it on."""
    return _PUBLIC_PREFIX + base64.b64encode(key.public_bytes_raw()).decode()


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one receiver: with each of its secrets, the newest first, and with the sender's own key."""

    secrets: Sequence[bytes] = field(repr=False)
    key: Ed25519PrivateKey | None = field(default=None, repr=False)

    def headers(self, message_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
        """Return the three headers of a message sent now."""
        timestamp = str(int(now.timestamp()))
        content = _content(message_id, timestamp, body)
        signatures = [f"v1,{_base64(hmac.digest(secret, content, 'sha256'))}" for secret in self.secrets]
        if self.key is not None:
            signatures.append(f"v1a,{_base64(self.key.sign(content))}")
        return {ID: message_id, TIMESTAMP: timestamp, SIGNATURE: " ".join(signatures)}


class Verifier:
    """Checks what comes in. One good signature is enough, by any of the secrets or keys."""

    def __init__(self, trusted: Sequence[str]) -> None:
        """`trusted` are secrets (`whsec_…`) and public keys (`whpk_…`); raises `invalid-webhook-key`."""
        self._secrets = [_decoded(one, _SECRET_PREFIX) for one in trusted if not _is_public(one)]
        self._keys = [_public(one) for one in trusted if _is_public(one)]

    def verified(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
        """Return the id of the message.

        Raises:
            EngineError: `not-signed-webhook`, `not-signed-webhook-late`.
        """
        message_id, timestamp, said = (headers.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
        if not (message_id and said and timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13):
            raise EngineError("not-signed-webhook")
        if abs(now.timestamp() - int(timestamp)) > MAX_SKEW.total_seconds():
            raise EngineError("not-signed-webhook-late")
        content = _content(message_id, timestamp, body)
        if not any(self._is_good(one, content) for one in said.split(" ")[:_MOST_SIGNATURES]):
            raise EngineError("not-signed-webhook")
        return message_id

    def _is_good(self, said: str, content: bytes) -> bool:
        version, _, text = said.partition(",")
        try:
            signature = base64.b64decode(text, validate=True)
        except ValueError:
            return False
        if version == "v1":
            return any(
                hmac.compare_digest(hmac.digest(s, content, "sha256"), signature) for s in self._secrets
            )
        return version == "v1a" and any(_verifies(key, signature, content) for key in self._keys)


def _content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return b"%b.%b.%b" % (message_id.encode(), timestamp.encode(), body)


def _verifies(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _is_public(text: str) -> bool:
    return text.startswith(_PUBLIC_PREFIX)


def _public(text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(_decoded(text, _PUBLIC_PREFIX))
    except ValueError as error:
        raise EngineError("invalid-webhook-key") from error


def _decoded(text: str, prefix: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(prefix), validate=True)
    except ValueError as error:
        raise EngineError("invalid-webhook-key") from error
    if len(key) < 24:  # the least that Standard Webhooks allows
        raise EngineError("invalid-webhook-key")
    return key


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
