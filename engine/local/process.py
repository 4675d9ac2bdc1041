# SPDX-License-Identifier: Apache-2.0
"""Programs that Todoke starts on this machine, for itself alone.

Started by root they run as an unprivileged user. They die with the process that started them,
even when that is killed with -9: the kernel sends the signal. It follows the *thread* that forked,
so start programs from the main thread.
"""

import ctypes
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from engine.core.errors import Code, EngineError, register

register(
    {
        "cannot-start": Code(
            503, "この環境では起動できません", "Todoke cannot start what it needs on this machine"
        ),
    }
)

_PR_SET_PDEATHSIG: Final = 1
_LIBC = ctypes.CDLL(None)


def run_as() -> pwd.struct_passwd | None:
    """Return the user that our programs run as, None for ourselves."""
    if os.geteuid() != 0:
        return None
    wanted = os.environ.get("TODOKE_RUN_AS")
    for name in (wanted,) if wanted else ("todoke", "postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if user.pw_uid:
            return user
    raise EngineError(
        "cannot-start",
        reason=f"PostgreSQL refuses to run as root, and there is no user {wanted or 'nobody'!r}; "
        "set TODOKE_RUN_AS to an unprivileged user",
    )


def free_port() -> int:
    """Return a TCP port of the loopback that nobody used a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def own_directory(path: Path) -> Path:
    """Return the directory, made if it was not there, open only to the user that our programs run as."""
    user = run_as()
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True)
    if user:
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return path


def write_private(path: Path, content: str, *, mode: int = 0o600) -> None:
    """Write the file anew, for the user that our programs run as; a planted symlink is not followed."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "w") as file:
        if user := run_as():
            os.fchown(descriptor, user.pw_uid, user.pw_gid)
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def is_reachable(path: Path, user: pwd.struct_passwd) -> bool:
    """Tell whether the user may walk down to the path."""
    for directory in (path, *path.parents):
        status = directory.stat()
        if not status.st_mode & _search_bit(status, user):
            return False
    return True


def _search_bit(status: os.stat_result, user: pwd.struct_passwd) -> int:
    if status.st_uid == user.pw_uid:
        return 0o100
    return 0o010 if status.st_gid == user.pw_gid else 0o001


def spawn(
    arguments: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    log: Path,
    death: signal.Signals,
    user: pwd.struct_passwd | None,
) -> subprocess.Popen[bytes]:
    """Start a program that gets the signal `death` when we die; what it says goes to `log`.

    It runs as `user`, as ourselves for None.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    parent = os.getpid()

    def die_with_us() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(death))
        if os.getppid() != parent:  # we died before the kernel could take note
            os._exit(1)

    try:
        return subprocess.Popen(
            arguments,
            cwd="/",
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_us,  # noqa: PLW1509  started from the main thread, before other threads
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
    except OSError as error:
        raise EngineError("cannot-start", reason=f"{arguments[0]}: {error.strerror}") from error
    finally:
        os.close(descriptor)


def call(arguments: Sequence[str | Path], environment: Mapping[str, str]) -> str:
    """Run a program to its end, as the user that our programs run as, and return what it said."""
    user = run_as()
    try:
        done = subprocess.run(
            arguments,
            cwd="/",
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
    except OSError as error:
        raise EngineError("cannot-start", reason=f"{arguments[0]}: {error.strerror}") from error
    if done.returncode:
        raise EngineError("cannot-start", reason=f"{arguments[0]}: {last_words(done.stderr or done.stdout)}")
    return done.stdout


def wait_until(ready: Callable[[], bool], *, seconds: float, pause_seconds: float = 0.02) -> bool:
    """Return whether `ready` came true in time."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() >= end:
            return False
        time.sleep(pause_seconds)
    return True


def stop(process: subprocess.Popen[bytes], with_signal: signal.Signals, *, seconds: float) -> None:
    """Return when the program has ended; one that does not listen in time is killed with its children."""
    if process.poll() is None:
        process.send_signal(with_signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def last_words(text: str) -> str:
    """Return the end of a log, short enough for one message."""
    return " | ".join(line.strip() for line in text.strip().splitlines()[-4:])[-1000:]


def read_log(path: Path) -> str:
    """Return the end of a log file, empty when there is none."""
    try:
        return path.read_text(errors="replace")[-20_000:]
    except FileNotFoundError:
        return ""
