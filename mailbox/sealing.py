# SPDX-License-Identifier: Apache-2.0
"""The keys of the mailbox: who can open what, and how a key travels.

    mailbox.key ─┬─ carries a document's key from the reply consumer to the post (bound to the blob)
                 ├─ seals the delivery itself while it lies in outbox and broker (bound to its id)
                 └─ wraps one random key per person (bound to the person)
                        ├─ wraps the key of each of their letters (bound to the letter)
                        └─ seals what the list of letters shows (bound to the letter)

Deleting a person's key row makes all their letters unreadable, copies and backups included.
Every wrapping key is derived for its one purpose, so a key moved to another row does not open.
"""

import base64
import binascii
import secrets
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from engine.core.errors import Code, EngineError, register

_KEY_BYTES: Final = 32

register(
    {
        "unreadable-key": Code(500, "文書の鍵を開けません", "The key of the document cannot be opened"),
    }
)


class Keyring:
    """Opens and closes keys with the operator's `mailbox.key`, which never leaves this object.

    While `mailbox.key` is being changed, `others` open what they have closed.
    """

    def __init__(self, mailbox_key: bytes, *others: bytes) -> None:
        if any(len(key) != _KEY_BYTES for key in (mailbox_key, *others)):
            raise ValueError("mailbox.key must have 32 bytes")
        self._key = mailbox_key
        self._opening = (mailbox_key, *others)

    def wrap_for_transit(self, data_key: bytes, blob: str) -> str:
        """Return the document's key, closed so that only the post opens it, as base64."""
        return base64.b64encode(aes_key_wrap(_derived(self._key, f"transit {blob}"), data_key)).decode()

    def unwrap_from_transit(self, key_wrapped: str, blob: str) -> bytes:
        """Return the document's key; raises `unreadable-key`."""
        return self._unwrapped(f"transit {blob}", _decoded(key_wrapped))

    def transit_anew(self, key_wrapped: str, blob: str) -> str | None:
        """Return the document's key closed with the key in use, None when it is; raises `unreadable-key`."""
        if self._is_current(f"transit {blob}", _decoded(key_wrapped)):
            return None
        return self.wrap_for_transit(self.unwrap_from_transit(key_wrapped, blob), blob)

    def seal_delivery(self, delivery_id: str, content: bytes) -> str:
        """Return the content closed for the post, as base64."""
        return base64.b64encode(_sealed(_derived(self._key, f"delivery {delivery_id}"), content)).decode()

    def open_delivery(self, delivery_id: str, sealed: str) -> bytes:
        """Return the content; raises `unreadable-key` when it was sealed under another id or key."""
        raw = _decoded(sealed)
        for key in self._opening:
            try:
                return _opened(_derived(key, f"delivery {delivery_id}"), raw)
            except EngineError:
                continue
        raise EngineError("unreadable-key")

    def has_sealed(self, delivery_id: str, sealed: str) -> bool:
        """Say whether the key in use opens the delivery."""
        try:
            _opened(_derived(self._key, f"delivery {delivery_id}"), _decoded(sealed))
        except EngineError:
            return False
        return True

    def new_person_key(self, person: UUID) -> bytes:
        """Return a fresh key for the person, wrapped."""
        return aes_key_wrap(_derived(self._key, f"person {person}"), AESGCM.generate_key(256))

    def person(self, person: UUID, key_wrapped: bytes) -> "PersonKeyring":
        """Return what opens the letters of this person; raises `unreadable-key`."""
        return PersonKeyring(self._unwrapped(f"person {person}", key_wrapped))

    def person_anew(self, person: UUID, key_wrapped: bytes) -> bytes | None:
        """Return the person's key wrapped with the key in use, None when it is; raises `unreadable-key`."""
        if self._is_current(f"person {person}", key_wrapped):
            return None
        key = self._unwrapped(f"person {person}", key_wrapped)
        return aes_key_wrap(_derived(self._key, f"person {person}"), key)

    def _unwrapped(self, purpose: str, wrapped: bytes) -> bytes:
        for key in self._opening:
            try:
                return _unwrapped(_derived(key, purpose), wrapped)
            except EngineError:
                continue
        raise EngineError("unreadable-key")

    def _is_current(self, purpose: str, wrapped: bytes) -> bool:
        try:
            _unwrapped(_derived(self._key, purpose), wrapped)
        except EngineError:
            return False
        return True


class PersonKeyring:
    """Opens and closes what belongs to one person."""

    def __init__(self, person_key: bytes) -> None:
        self._key = person_key

    def wrap(self, data_key: bytes, letter: UUID) -> bytes:
        """Return the key of one letter, wrapped."""
        return aes_key_wrap(_derived(self._key, f"letter {letter}"), data_key)

    def unwrap(self, key_wrapped: bytes, letter: UUID) -> bytes:
        """Return the key of one letter; raises `unreadable-key`."""
        return _unwrapped(_derived(self._key, f"letter {letter}"), key_wrapped)

    def seal(self, heading: bytes, letter: UUID) -> bytes:
        """Return what the list shows of a letter, sealed."""
        return _sealed(_derived(self._key, f"heading {letter}"), heading)

    def open(self, sealed: bytes, letter: UUID) -> bytes:
        """Return what the list shows of a letter; raises `unreadable-key`."""
        return _opened(_derived(self._key, f"heading {letter}"), sealed)


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"todoke mailbox " + purpose.encode()).derive(key)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise EngineError("unreadable-key") from error


def _unwrapped(key: bytes, wrapped: bytes) -> bytes:
    try:
        return aes_key_unwrap(key, wrapped)
    except (InvalidUnwrap, ValueError) as error:
        raise EngineError("unreadable-key") from error


def _sealed(key: bytes, content: bytes) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, content, None)


def _opened(key: bytes, sealed: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], None)
    except (InvalidTag, ValueError) as error:
        raise EngineError("unreadable-key") from error
