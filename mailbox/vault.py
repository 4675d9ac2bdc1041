# SPDX-License-Identifier: Apache-2.0
"""Where the bytes of documents lie: encrypted, named by what they are, never changed.

Each document has its own key, used once; the vault does not keep it. A name is the SHA-256 of the
ciphertext, so it says nothing about the document, and a damaged file is found when it is read.
"""

import asyncio
import hashlib
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.core.errors import Code, EngineError, register

MAX_DOCUMENT_BYTES: Final = 25 * 1024 * 1024
# A key encrypts one document once, so the nonce need not differ.
_NONCE: Final = bytes(12)
_BLOB: Final = re.compile(r"[0-9a-f]{64}")

log = logging.getLogger(__name__)

register(
    {
        "document-too-large": Code(
            413, "文書が大きすぎます（上限 25 MiB）", "The document is too large (the limit is 25 MiB)"
        ),
        "no-such-blob": Code(404, "文書の保管データが見つかりません", "The stored document is not there"),
        "damaged-blob": Code(
            500, "文書の保管データが壊れています", "The stored document is damaged or its key is wrong"
        ),
        "unavailable-vault": Code(
            503,
            "文書の保管庫を利用できません。しばらくしてからやり直してください",
            "The document store is not available; try again shortly",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a document went, and the only key that opens it."""

    blob: str
    data_key: bytes = field(repr=False)


class Vault(Protocol):
    """Keeps ciphertext by its own hash. Every door raises `unavailable-vault` when it cannot work."""

    async def put(self, plaintext: bytes) -> Stored:
        """Return when the document is durable; raises `document-too-large`."""
        ...

    async def get(self, blob: str, data_key: bytes) -> bytes:
        """Return the document as it was put; raises `no-such-blob`, `damaged-blob`."""
        ...

    async def discard(self, blob: str) -> None:
        """Forget the blob; one that is not there is no error."""
        ...

    async def older_than(self, age: timedelta) -> list[str]:
        """Return blobs put longer ago than `age`, by the machine's clock, never a rehearsed one."""
        ...


class LocalVault:
    """A directory on this machine: two letters of the name, then the rest; 0700 and 0600."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._drafts = root / "drafts"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._drafts.mkdir(mode=0o700, exist_ok=True)
        # All shelves at once, so that no put has to make one and race another to sync it.
        for number in range(256):
            (root / f"{number:02x}").mkdir(mode=0o700, exist_ok=True)
        _sync_directory(root)

    async def put(self, plaintext: bytes) -> Stored:
        """Return when the document is durable."""
        return await asyncio.to_thread(self._put, plaintext)

    async def get(self, blob: str, data_key: bytes) -> bytes:
        """Return the document, verified twice: by its name and by its tag."""
        return await asyncio.to_thread(self._get, blob, data_key)

    async def discard(self, blob: str) -> None:
        """Forget the blob."""
        await asyncio.to_thread(self._discard, blob)

    async def older_than(self, age: timedelta) -> list[str]:
        """Return old blobs; drafts that a crash left behind are removed on the way."""
        return await asyncio.to_thread(self._older_than, age)

    def _put(self, plaintext: bytes) -> Stored:
        stored, ciphertext = _encrypted(plaintext)
        path = self._path(stored.blob)
        draft = self._drafts / secrets.token_hex(16)
        try:
            _write(draft, ciphertext)
            draft.replace(path)
            _sync_directory(path.parent)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise EngineError("unavailable-vault") from error
        return stored

    def _get(self, blob: str, data_key: bytes) -> bytes:
        try:
            ciphertext = self._path(blob).read_bytes()
        except FileNotFoundError as error:
            raise EngineError("no-such-blob", blob=blob) from error
        except OSError as error:
            raise EngineError("unavailable-vault") from error
        return _decrypted(blob, ciphertext, data_key)

    def _discard(self, blob: str) -> None:
        path = self._path(blob)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise EngineError("unavailable-vault") from error

    def _older_than(self, age: timedelta) -> list[str]:
        limit = time.time() - age.total_seconds()
        try:
            for draft in _older(self._drafts, limit):
                draft.unlink(missing_ok=True)
            return sorted(
                shelf.name + path.name
                for shelf in self._root.iterdir()
                if len(shelf.name) == 2
                for path in _older(shelf, limit)
            )
        except OSError as error:
            raise EngineError("unavailable-vault") from error

    def _path(self, blob: str) -> Path:
        _check_name(blob)
        return self._root / blob[:2] / blob[2:]


class MemoryVault:
    """The twin for tests and simulation: same promises, but for the life of the process."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self._put_at: dict[str, float] = {}

    async def put(self, plaintext: bytes) -> Stored:
        """Keep the document."""
        stored, ciphertext = _encrypted(plaintext)
        self.blobs[stored.blob] = ciphertext
        self._put_at[stored.blob] = time.time()
        return stored

    async def get(self, blob: str, data_key: bytes) -> bytes:
        """Return the document, verified."""
        _check_name(blob)
        if blob not in self.blobs:
            raise EngineError("no-such-blob", blob=blob)
        return _decrypted(blob, self.blobs[blob], data_key)

    async def discard(self, blob: str) -> None:
        """Forget the blob."""
        _check_name(blob)
        self.blobs.pop(blob, None)
        self._put_at.pop(blob, None)

    async def older_than(self, age: timedelta) -> list[str]:
        """Return old blobs."""
        limit = time.time() - age.total_seconds()
        return sorted(blob for blob, at in self._put_at.items() if at <= limit)


class Names(Protocol):
    """Whoever knows which blobs are still wanted."""

    async def named(self, blobs: list[str]) -> set[str]:
        """Return those of the blobs that a letter, an upload or a delivery under way names."""
        ...


class Sweeper:
    """Removes blobs that nothing names: what a crash between the vault and the transaction left."""

    def __init__(self, vault: Vault, names: Names, *, age: timedelta = timedelta(days=1)) -> None:
        self._vault = vault
        self._names = names
        self._age = age

    async def sweep(self) -> int:
        """Return how many orphans were removed."""
        old = await self._vault.older_than(self._age)
        orphans = 0
        for start in range(0, len(old), 1000):
            some = old[start : start + 1000]
            wanted = await self._names.named(some)
            for blob in some:
                if blob not in wanted:
                    await self._vault.discard(blob)
                    orphans += 1
        if orphans:
            log.info("vault.swept", extra={"orphans": orphans})
        return orphans


def _encrypted(plaintext: bytes) -> tuple[Stored, bytes]:
    if len(plaintext) > MAX_DOCUMENT_BYTES:
        raise EngineError("document-too-large", size_bytes=len(plaintext))
    data_key = AESGCM.generate_key(256)
    ciphertext = AESGCM(data_key).encrypt(_NONCE, plaintext, None)
    return Stored(hashlib.sha256(ciphertext).hexdigest(), data_key), ciphertext


def _decrypted(blob: str, ciphertext: bytes, data_key: bytes) -> bytes:
    if hashlib.sha256(ciphertext).hexdigest() != blob:
        raise EngineError("damaged-blob", blob=blob)
    try:
        return AESGCM(data_key).decrypt(_NONCE, ciphertext, None)
    except (InvalidTag, ValueError) as error:
        raise EngineError("damaged-blob", blob=blob) from error


def _check_name(blob: str) -> None:
    if not _BLOB.fullmatch(blob):
        raise EngineError("no-such-blob")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _older(directory: Path, limit: float) -> Iterator[Path]:
    for path in directory.iterdir():
        try:
            if path.stat().st_mtime <= limit:
                yield path
        except FileNotFoundError:  # another process swept it
            continue
