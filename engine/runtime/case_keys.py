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

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, purpose: str, content: bytes) -> bytes:
        """Return the content sealed for one purpose."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, content, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Return the content; raises `unreadable-case` when it was sealed for something else."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise EngineError("unreadable-case") from error


class CaseKeys:
    """Makes and opens the keys of cases with the operator's `case.key`, which never leaves this object.

    While `case.key` is being changed, the previous one still opens what it wrapped.
    """

    def __init__(self, case_key: bytes, previous: bytes | None = None) -> None:
        if len(case_key) != _KEY_BYTES:
            raise ValueError("case.key must have 32 bytes")
        self._wrapping = AESGCM(case_key)
        self._opening = (self._wrapping, *((AESGCM(previous),) if previous else ()))

    def new(self, case_id: UUID) -> tuple[CaseKey, bytes]:
        """Return a fresh key, and the same wrapped for the store."""
        key = AESGCM.generate_key(256)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return CaseKey(key), nonce + self._wrapping.encrypt(nonce, key, case_id.bytes)

    def open(self, case_id: UUID, wrapped: bytes | None) -> CaseKey:
        """Return the key of a case.

        Raises:
            EngineError: `erased-case`: it was destroyed; `unreadable-case`: it is another case's.
        """
        if wrapped is None:
            raise EngineError("erased-case")
        for opening in self._opening:
            try:
                return CaseKey(opening.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], case_id.bytes))
            except (InvalidTag, ValueError):
                continue
        raise EngineError("unreadable-case")
