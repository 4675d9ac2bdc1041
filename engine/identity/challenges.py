# SPDX-License-Identifier: Apache-2.0
"""The text that a person signs to come in: readable, for one site, one purpose, two minutes, once."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

CHALLENGE_LASTS: Final = timedelta(seconds=120)
MANDATE_OFFER_LASTS: Final = timedelta(hours=1)  # a mandate is long, and is read before it is signed
_NONCE_BYTES: Final = 32


class Purpose(StrEnum):
    """What a challenge is good for, and nothing else."""

    LOGIN = "login"
    LINK = "link"  # add another card of the same person
    STEP_UP = "step-up"  # the person of this session is at the card again
    MANDATE = "mandate"


_SAYS: Final = {
    Purpose.LOGIN: (
        "この文に電子署名すると、次のサイトにログインします。",
        "By signing this text you sign in at the site below. Nothing else is agreed to.",
    ),
    Purpose.LINK: (
        "この文に電子署名すると、このカードをログイン中のあなたに結び付けます。",
        "By signing this text you add this card to yourself as signed in at the site below.",
    ),
    Purpose.STEP_UP: (
        "この文に電子署名すると、ログイン中のあなたが今ここにいることを確かめます。",
        "By signing this text you confirm that you, who are signed in at the site below, are here now.",
    ),
    Purpose.MANDATE: ("", ""),
}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge. `person` and `digest` bind it to somebody's offer where there is one."""

    id: UUID
    purpose: Purpose
    audience: str
    nonce: bytes = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    person: UUID | None = None
    digest: bytes | None = None

    @property
    def text(self) -> str:
        """What the person reads, and what is signed in UTF-8."""
        return "\n".join(
            (
                "届 Todoke",
                *_SAYS[self.purpose],
                f"site: {self.audience}",
                f"purpose: {self.purpose.value}",
                f"challenge: {self.id}",
                f"nonce: {self.nonce.hex()}",
                f"expires: {self.expires_at:%Y-%m-%dT%H:%M:%SZ}",
                "",
            )
        )


def new_nonce() -> bytes:
    """Return 32 bytes that nobody can guess."""
    return secrets.token_bytes(_NONCE_BYTES)
