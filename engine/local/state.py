# SPDX-License-Identifier: Apache-2.0
"""Where an embedded Todoke keeps everything it owns: database, documents, keys, logs.

The marker file lists what Todoke made there, so that a reset deletes that and nothing else.
"""

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from engine.core.errors import Code, EngineError, register
from engine.local.process import is_reachable, run_as

register(
    {
        "already-running": Code(409, "すでに起動しています", "Todoke is already running here"),
        "unsafe-path": Code(
            422, "この場所は使用できません", "Todoke does not use or delete anything at this place"
        ),
    }
)

MARKER: Final = "todoke-made-this"
_HEADING: Final = "# Made by Todoke. `todoke reset` deletes what is listed here.\n"
_SYSTEM: Final = (
    *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/proc", "/root"),
    *("/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib", "/var/tmp"),  # noqa: S108
)


def state_path() -> Path:
    """Return where the state belongs: TODOKE_STATE, else by who we are."""
    if given := os.environ.get("TODOKE_STATE"):
        return Path(given).expanduser().absolute()
    if os.geteuid() == 0:  # root's home is closed to the user that the database runs as
        return Path("/var/lib/todoke")
    return Path("~/.local/state/todoke").expanduser()


class Lock:
    """Held by one process at a time, and let go when that process ends in whatever way."""

    def __init__(self, path: Path, *, what: str) -> None:
        self._path = path
        self._what = what
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            EngineError: `already-running`, with the process that holds it.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            user = f"process {self.holder() or 'unknown'}"
            raise EngineError(
                "already-running", reason=f"{self._what} at {self._path.parent} is in use by {user}"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def holder(self) -> int | None:
        """Return the process that took the lock last."""
        written = self._path.read_text().strip()
        return int(written) if written.isdigit() else None

    def release(self) -> None:
        """Let the next one in; releasing twice is no error."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class State:
    """The state directory."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_path()
        self._marker = self.path / MARKER

    def prepare(self) -> Self:
        """Return itself once the directory is there and ours.

        Raises:
            EngineError: `unsafe-path`: somebody else's directory, or one our programs cannot enter.
        """
        _refuse_dangerous(self.path)
        try:
            self.path.mkdir(mode=0o755 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            if not self._marker.exists():
                self._refuse_foreign()
                self._marker.write_text(_HEADING)
        except OSError as error:
            raise EngineError("unsafe-path", reason=f"{self.path}: {error.strerror}") from error
        user = run_as()
        if user and not is_reachable(self.path, user):
            raise EngineError(
                "unsafe-path",
                reason=f"the database runs as {user.pw_name}, who may not enter {self.path}; "
                "set TODOKE_STATE to a place outside closed directories, such as /var/lib/todoke",
            )
        return self

    def place(self, name: str) -> Path:
        """Return the path of one thing in the state directory, noted as made by Todoke."""
        if not self._marker.exists():
            self.prepare()
        if name not in self.made():
            with self._marker.open("a") as file:
                file.write(f"{name}\n")
        return self.path / name

    def made(self) -> list[str]:
        """Return the names of what Todoke made here."""
        lines = self._marker.read_text().splitlines() if self._marker.exists() else []
        return [line for line in lines if line and not line.startswith("#") and "/" not in line]

    def lock(self) -> Lock:
        """Return the lock that a running Todoke holds on all of this."""
        return Lock(self.place("lock"), what="the state")

    def holder(self) -> int | None:
        """Return the process that runs on this state, None when nothing does."""
        if not self._marker.exists():
            return None
        lock = self.lock()
        try:
            lock.acquire()
        except EngineError:
            return lock.holder()
        lock.release()
        return None

    def reset(self) -> list[str]:
        """Delete what Todoke made, and return what was left because it is somebody else's.

        Raises:
            EngineError: `unsafe-path`, `already-running`; then nothing is deleted.
        """
        _refuse_dangerous(self.path)
        if not self.path.exists():
            return []
        if not self._marker.is_file():
            raise EngineError("unsafe-path", reason=f"{self.path} was not made by Todoke; delete it yourself")
        with self.lock():
            for name in self.made():
                _delete(self.path / name)
            self._marker.unlink()
        left = sorted(child.name for child in self.path.iterdir())
        if not left:
            self.path.rmdir()
        return left

    def _refuse_foreign(self) -> None:
        if any(self.path.iterdir()):
            raise EngineError(
                "unsafe-path",
                reason=f"{self.path} is not empty and was not made by Todoke; "
                "set TODOKE_STATE to a new or empty directory",
            )


def _refuse_dangerous(path: Path) -> None:
    real = path.resolve()
    tree = Path(__file__).resolve().parents[2]
    home = Path.home().resolve()
    if path.is_symlink() or str(real) in _SYSTEM or real in {home, *home.parents, tree, *tree.parents}:
        raise EngineError("unsafe-path", reason=f"{path} is not a place for Todoke's state")


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
