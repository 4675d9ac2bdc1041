# SPDX-License-Identifier: Apache-2.0
"""One key for each case: what a citizen told is sealed under it wherever it rests.

    case.key ── wraps one random key per case (bound to the case)
                    ├─ seals the contents: facts and plan (bound to their purpose)
                    └─ seals each event of the journal (bound to its place)

Destroying the wrapped key is erasing the case, wherever its sealed bytes are; its states stay. A backup
that holds the wrapped key still opens it: docs/operations.md says how long that may be.
"""

import secrets
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.core.errors import Code, EngineError, register

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12

register(
    {
        "erased-case": Code(410, "この案件の内容は消去されています", "What this case held has been erased"),
        "unreadable-case": Code(500, "案件の内容を開けません", "What the case holds cannot be opened"),
    }
)


class CaseKey:
    """Seals and opens what belongs to one case."""

    __slots__ = ("_aead", "_opening")

    def __init__(self, key: bytes, *others: bytes) -> None:
        """`others` open as well: the key is being changed."""
        self._aead = AESGCM(key)
        self._opening = (self._aead, *(AESGCM(other) for other in others))

    def seal(self, purpose: str, content: bytes) -> bytes:
        """Return the content sealed for one purpose."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, content, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Return the content; raises `unreadable-case` when it was sealed for something else."""
        for opening in self._opening:
            try:
                return opening.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
            except (InvalidTag, ValueError):
                continue
        raise EngineError("unreadable-case")

    def anew(self, purpose: str, sealed: bytes) -> bytes | None:
        """Return the content sealed with the key in use, None when it is; raises `unreadable-case`."""
        content = self.open(purpose, sealed)
        return None if _opens(self._aead, sealed, purpose.encode()) else self.seal(purpose, content)


class CaseKeys:
    """Makes and opens the keys of cases with the operator's `case.key`, which never leaves this object.

    While `case.key` is being changed, `others` open what they have wrapped.
    """

    def __init__(self, case_key: bytes, *others: bytes) -> None:
        if len(case_key) != _KEY_BYTES:
            raise ValueError("case.key must have 32 bytes")
        self._wrapping = AESGCM(case_key)
        self._opening = (self._wrapping, *(AESGCM(other) for other in others))

    def new(self, case_id: UUID) -> tuple[CaseKey, bytes]:
        """Return a fresh key, and the same wrapped for the store."""
        key = AESGCM.generate_key(256)
        return CaseKey(key), self._wrapped(case_id, key)

    def anew(self, case_id: UUID, wrapped: bytes) -> bytes | None:
        """Return the key of a case wrapped with the `case.key` in use, None when it is.

        Raises:
            EngineError: `unreadable-case`.
        """
        if _opens(self._wrapping, wrapped, case_id.bytes):
            return None
        return self._wrapped(case_id, self._unwrapped(case_id, wrapped))

    def open(self, case_id: UUID, wrapped: bytes | None) -> CaseKey:
        """Return the key of a case.

        Raises:
            EngineError: `erased-case`: it was destroyed; `unreadable-case`: it is another case's.
        """
        if wrapped is None:
            raise EngineError("erased-case")
        return CaseKey(self._unwrapped(case_id, wrapped))

    def _wrapped(self, case_id: UUID, key: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, case_id.bytes)

    def _unwrapped(self, case_id: UUID, wrapped: bytes) -> bytes:
        for opening in self._opening:
            try:
                return opening.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], case_id.bytes)
            except (InvalidTag, ValueError):
                continue
        raise EngineError("unreadable-case")


def _opens(aead: AESGCM, sealed: bytes, bound_to: bytes) -> bool:
    try:
        aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        return False
    return True
