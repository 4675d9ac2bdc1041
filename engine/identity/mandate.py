# SPDX-License-Identifier: Apache-2.0
"""The one mandate (委任・同意) that a citizen signs at Confirm: who receives which fields, and why.

It is signed once, before the event that revokes the 署名用 certificate. What is signed is exactly
what the citizen reads: canonical JSON without anything that only a machine understands.
"""

import base64
from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_serializer
from pydantic.alias_generators import to_camel

from engine.border.canonical import canonical_json
from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here

MAX_MANDATE_BYTES: Final = 256 * 1024
Line = Annotated[str, Field(min_length=1, max_length=500)]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


class Recipient(_Part):
    """One organisation that is told: by its 法人番号, its name as the citizen reads it, and why."""

    organisation: Annotated[str, Field(pattern=r"^[0-9]{13}$")] | None  # None: told by the citizen
    name: Line
    procedures: Annotated[tuple[Line, ...], Field(min_length=1, max_length=200)]
    fields: Annotated[tuple[Line, ...], Field(max_length=200)]
    purpose: Line


class Digest(_Part):
    """The contents of one signed application (SHA-256 over their canonical JSON)."""

    procedure: Line
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Decision(_Part):
    """What the signer decides, where filings wait for that: the gate, the choice, and its words."""

    gate: Line
    choice: Line
    text: Line


class OnBehalf(_Part):
    """That somebody signs in another's place: as what, on which basis, under which record."""

    kind: Line
    basis: Line
    text: Line
    text_en: Line
    reference: UUID


class Mandate(_Part):
    """What the citizen asks Todoke to do in one case, until when. `nonce` makes it unique.

    `on_behalf` is there only where somebody else signs.
    """

    type: Literal["todoke-mandate/1"] = "todoke-mandate/1"
    statement: Line = (
        "私は、下記の届出・申請と、それに必要な事項の提供を、下記の受取先ごとに委任し、同意します。"
    )
    id: UUID
    case_id: UUID
    recipients: Annotated[tuple[Recipient, ...], Field(max_length=500)]
    digests: Annotated[tuple[Digest, ...], Field(max_length=200)] = ()
    decision: Decision | None = None
    on_behalf: OnBehalf | None = Field(default=None, exclude_if=lambda said: said is None)
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    nonce: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]

    @field_serializer("issued_at", "expires_at")
    def _seconds(self, at: datetime) -> str:
        return f"{at:%Y-%m-%dT%H:%M:%SZ}"

    def to_bytes(self) -> bytes:
        """Return the canonical JSON that is signed."""
        return canonical_json(self.model_dump(mode="json", by_alias=True))

    @classmethod
    def from_bytes(cls, text: bytes) -> Self:
        """Return the mandate these bytes are; raises `malformed-mandate` unless byte for byte."""
        if len(text) > MAX_MANDATE_BYTES:
            raise EngineError("malformed-mandate", size_bytes=len(text))
        try:
            mandate = cls.model_validate_json(text)
            same = mandate.to_bytes() == text
        except (ValidationError, ValueError):
            raise EngineError("malformed-mandate") from None  # the cause would show what was inside
        if not same:
            raise EngineError("malformed-mandate")
        return mandate


def written_nonce(nonce: bytes) -> str:
    """Return the nonce as a mandate writes it."""
    return base64.urlsafe_b64encode(nonce).rstrip(b"=").decode()
