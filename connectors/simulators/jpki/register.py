# SPDX-License-Identifier: Apache-2.0
"""What the test authority has issued and revoked. Kept in one file when it has a directory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from engine.identity.profiles import Use


class Entry(BaseModel):
    """One certificate: which root, which number, where."""

    model_config = ConfigDict(extra="forbid")

    use: Use
    generation: int
    serial: int
    prefecture: str
    city: str
    revoked_at: datetime | None = None


class _Book(BaseModel):
    next_serial: int
    entries: list[Entry] = []


class Register:
    """The book of issued certificates; several processes may write in it."""

    def __init__(self, file: Path | None, *, first_serial: int) -> None:
        self._file = file
        self._first = first_serial
        self._memory = _Book(next_serial=first_serial)

    def new_serial(self) -> int:
        """Return a number that no certificate has had."""
        with self._open() as book:
            book.next_serial += 1
            return book.next_serial - 1

    def add(self, entry: Entry) -> None:
        """Write down an issued certificate."""
        with self._open() as book:
            book.entries.append(entry)

    def revoke(self, use: Use, serial: int, at: datetime) -> None:
        """Write down a revocation; the first one stands."""
        with self._open() as book:
            for entry in book.entries:
                if (entry.use, entry.serial) == (use, serial) and entry.revoked_at is None:
                    entry.revoked_at = at

    def entries(self, use: Use) -> list[Entry]:
        """Return what was issued for this use."""
        return [entry for entry in self._read().entries if entry.use is use]

    @contextmanager
    def _open(self) -> Iterator[_Book]:
        if self._file is None:
            yield self._memory
            return
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            book = self._read()
            yield book
            draft = self._file.with_suffix(".new")
            draft.write_text(book.model_dump_json(indent=1))
            draft.replace(self._file)

    def _read(self) -> _Book:
        if self._file is None:
            return self._memory
        if not self._file.exists():
            return _Book(next_serial=self._first)
        return _Book.model_validate_json(self._file.read_bytes())
