# SPDX-License-Identifier: Apache-2.0
"""How a document enters: into the vault before the transaction that tells of it.

The reply consumer stages each document, commits, and sends the delivery on; it is handed this
object through a port and never sees the mailbox. What a crash in between leaves is swept later.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.core.errors import Code, EngineError, Problem, register
from engine.ports import Parcel, Staged
from mailbox.letters import Deliver, Notice
from mailbox.sealing import Keyring
from mailbox.vault import Names, Vault

DESTINATION: Final = "letters"
EventType = Literal["jp.todoke.letter.deliver.v1", "jp.todoke.letter.notify.v1"]
EVENT_TYPE: Final = "jp.todoke.letter.deliver.v1"
NOTICE_TYPE: Final = "jp.todoke.letter.notify.v1"

register(
    {
        "invalid-document": Code(
            422, "文書の説明に誤りがあります", "The description of the document has errors"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class StagedDocument:
    """A document that lies in the vault and waits to be told of. The key is closed for the post."""

    blob: str
    key_wrapped: str = field(repr=False)
    sha256: str
    size_bytes: int


class Envelope(BaseModel):
    """A delivery on the bus: a CloudEvent whose data only the post can open."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(max_length=300)
    source: Literal["/engine"] = "/engine"
    type: EventType = EVENT_TYPE
    datacontenttype: Literal["application/octet-stream"] = "application/octet-stream"
    data_base64: str = Field(repr=False)


class DocumentIntake:
    """Takes documents in and addresses them."""

    def __init__(self, vault: Vault, keyring: Keyring, names: Names) -> None:
        self._vault = vault
        self._keyring = keyring
        self._names = names

    async def stage(self, content: bytes) -> StagedDocument:
        """Return when the document is durable; raises `document-too-large`, `unavailable-vault`."""
        stored = await self._vault.put(content)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        key = self._keyring.wrap_for_transit(stored.data_key, stored.blob)
        return StagedDocument(stored.blob, key, digest, len(content))

    async def discard(self, staged: Staged) -> None:
        """Forget a document whose reply came to nothing, unless something names it (an upload does)."""
        if not await self._names.named([staged.blob]):
            await self._vault.discard(staged.blob)

    def parcel(self, deliver: Mapping[str, object]) -> Parcel:
        """Return the delivery, sealed for the post and ready for the outbox.

        Its id is made of order and document, so the same delivery is the same parcel for ever.

        Raises:
            EngineError: `invalid-document`, with a pointer to each field that is wrong.
        """
        try:
            order = Deliver.model_validate(deliver)
        except ValidationError as error:
            problems = tuple(
                Problem("".join(f"/{step}" for step in wrong["loc"]), "invalid-document")
                for wrong in error.errors(include_input=False, include_url=False, include_context=False)
            )
            raise EngineError("invalid-document", problems=problems) from None
        name = _name(order)
        return self._sealed(name, order, EVENT_TYPE)

    def notice(self, notice: Mapping[str, object]) -> Parcel:
        """Return the notice, sealed for the post; the same notice is the same parcel for ever.

        Raises:
            EngineError: `invalid-document`.
        """
        try:
            read = Notice.model_validate(notice)
        except ValidationError:
            raise EngineError("invalid-document") from None
        return self._sealed(_name(read), read, NOTICE_TYPE)

    def _sealed(self, name: str, content: Deliver | Notice, kind: EventType) -> Parcel:
        sealed = self._keyring.seal_delivery(name, content.model_dump_json().encode())
        envelope = Envelope(id=name, type=kind, data_base64=sealed)
        return Parcel(name, DESTINATION, envelope.model_dump_json().encode())


def opened(event: bytes, keyring: Keyring) -> Deliver | Notice:
    """Return the order or the notice in one event of a delivery.

    Raises:
        EngineError: `invalid-document` or `unreadable-key`: nobody but a person can mend it.
    """
    try:
        envelope = Envelope.model_validate_json(event)
        kind: type[Deliver | Notice] = Deliver if envelope.type == EVENT_TYPE else Notice
        content = kind.model_validate_json(keyring.open_delivery(envelope.id, envelope.data_base64))
    except ValidationError:
        raise EngineError("invalid-document") from None  # the cause would show what was inside
    if envelope.id != _name(content):
        raise EngineError("invalid-document")
    return content


def _name(order: Deliver | Notice) -> str:
    """Return the id on the bus; a hash, for the document id is what the organisation made it."""
    if isinstance(order, Notice):
        return f"n_{order.id.hex}"
    return "l_" + hashlib.sha256(f"{order.order_id}/{order.document_id}".encode()).hexdigest()[:32]
