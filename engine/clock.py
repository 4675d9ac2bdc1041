# SPDX-License-Identifier: Apache-2.0
"""The two clocks: the system's, and one that rehearsals can move forward."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


class SystemClock:
    """The time of the machine."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)


class SimulatedClock:
    """The machine's time plus an offset that several processes share through one small file.

    Time goes on by itself and can only be moved forward: nothing in the engine may see an
    instant twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the present simulated instant, aware, in UTC."""
        return datetime.now(UTC) + self._read()

    def advance_to(self, instant: datetime) -> None:
        """Move the clock of every process forward to `instant`; an earlier instant changes nothing."""
        offset = instant - datetime.now(UTC)
        if offset <= self._read():
            return
        draft = self._path.with_suffix(".new")
        draft.write_text(str(offset.total_seconds()))
        draft.replace(self._path)

    def _read(self) -> timedelta:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return timedelta()
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._offset = timedelta(seconds=float(self._path.read_text() or 0))
            self._stamp = stamp
        return self._offset
