# SPDX-License-Identifier: Apache-2.0
"""What the test authority has issued and revoked. Kept in one file when it has a directory."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from engine.identity.profiles import Use

_JAPAN: Final = ZoneInfo("Asia/Tokyo")


class Entry(BaseModel):
    """One certificate: which root, which number, where."""

    model_config = ConfigDict(extra="forbid")

    use: Use
    generation: int
    serial: int
    prefecture: str
    city: str
    holder: str = ""
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

    def revoke_holder(self, uses: set[Use], holder: str, at: datetime) -> int:
        """Revoke what a holder has of these uses, from that time on; return how many there were."""
        with self._open() as book:
            found = [
                entry
                for entry in book.entries
                if entry.use in uses and entry.holder == holder and entry.revoked_at is None
            ]
            for entry in found:
                entry.revoked_at = at
            return len(found)

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


def holder_of(name: str, born_on: date) -> str:
    """Return how the register finds somebody's certificates: a digest, for a name is in no file of ours."""
    return hashlib.sha256(f"{''.join(name.split())} {born_on:%Y-%m-%d}".encode()).hexdigest()


def resident_changed(state: Path, *, name: str, born_on: date, at: datetime) -> int:
    """Revoke the 署名用 certificates of a resident whose name or address changed; return how many.

    What a municipality's counter does to a card when somebody moves in or marries (公的個人認証法12条).
    `state` is the directory of the rehearsal, `at` the present: like the real ones, the revocation is
    dated, and seen, the next day.
    """
    next_day = at.astimezone(_JAPAN).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return _book_of(state).revoke_holder({Use.SIGNATURE}, holder_of(name, born_on), next_day)


def resident_died(state: Path, *, name: str, born_on: date, at: datetime) -> int:
    """Revoke both certificates of a resident who has died; return how many."""
    moment = at.replace(microsecond=0)
    return _book_of(state).revoke_holder(set(Use), holder_of(name, born_on), moment)


def _book_of(state: Path) -> Register:
    return Register(state / "jpki" / "register.json", first_serial=1)
