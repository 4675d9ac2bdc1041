# SPDX-License-Identifier: Apache-2.0
"""With what webhooks to one organisation are signed, also while its secret changes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.channels.signature import Signer, public_text, secret_text
from engine.ports import Lane

ROTATION: Final = timedelta(days=14)  # how long the secret before still signs beside the new one


class WebhookSecrets:
    """Derives the secrets of all organisations from one key of the operator."""

    def __init__(self, secrets: Callable[[str, int], Sequence[bytes]], key: Ed25519PrivateKey) -> None:
        """`secrets` are those of a generation, the newest first: two while our own key changes."""
        self._secrets = cache(secrets)
        self._key = key

    def signer(self, lane: Lane, now: datetime) -> Signer:
        """Return what signs now: the secret, the one before while it is changed, and our own key."""
        generations = [lane.secret_generation]
        if lane.secret_changed_at is not None and now < lane.secret_changed_at + ROTATION:
            generations.append(lane.secret_generation - 1)
        return Signer([s for one in generations for s in self._secrets(lane.number, one)], self._key)

    def told(self, lane: Lane) -> tuple[str, str]:
        """Return what the organisation has to know: the newest secret, and the public key."""
        newest = self._secrets(lane.number, lane.secret_generation)[0]
        return secret_text(newest), public_text(self._key.public_key())
