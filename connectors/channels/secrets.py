# SPDX-License-Identifier: Apache-2.0
"""With what webhooks to one organisation are signed, also while its secret changes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.channels.signature import Signer, public_text, secret_text
from engine.ports import Lane

ROTATION: Final = timedelta(days=14)  # how long the secret before still signs beside the new one


class WebhookSecrets:
    """Derives the secrets of all organisations from one key of the operator."""

    def __init__(self, secret: Callable[[str, int], bytes], key: Ed25519PrivateKey) -> None:
        self._secret = cache(secret)
        self._key = key

    def signer(self, lane: Lane, now: datetime) -> Signer:
        """Return what signs now: the secret, the one before while it is changed, and our own key."""
        generations = [lane.secret_generation]
        if lane.secret_changed_at is not None and now < lane.secret_changed_at + ROTATION:
            generations.append(lane.secret_generation - 1)
        return Signer([self._secret(lane.number, one) for one in generations], self._key)

    def told(self, lane: Lane) -> dict[str, str]:
        """Return what the organisation has to know: the newest secret, and the public key."""
        return {
            "secret": secret_text(self._secret(lane.number, lane.secret_generation)),
            "publicKey": public_text(self._key.public_key()),
        }
