# SPDX-License-Identifier: Apache-2.0
"""A private RabbitMQ node: own ports, own cookie, own name server (epmd), own directory.

It is the distribution's package, run as an unprivileged user beside any RabbitMQ the machine
may already have; that one is never touched.
"""

import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

from engine.core.errors import EngineError
from engine.local import process
from engine.local.state import Lock

PROGRAM: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_POLICY: Final = Path("/usr/sbin/policy-rc.d")
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 60.0
_PREDECESSOR_SECONDS: Final = 30.0
_CONFIGURATION: Final = """\
listeners.tcp.1 = 127.0.0.1:{port}
management.tcp.ip = 127.0.0.1
management.tcp.port = {admin_port}
default_user = boot
default_pass = {password}
log.console = false
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 200MB
collect_statistics_interval = 1000
"""


class Rabbit:
    """One node on one directory; user `boot` may do everything."""

    def __init__(self, directory: Path, *, port: int | None = None) -> None:
        self._directory = directory.resolve()
        self._home = self._directory / "home"
        self._log = self._directory / "start.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock(self._directory / "lock", what="RabbitMQ")
        self._password = ""
        self.port = port or process.free_port()
        self.admin_port = process.free_port()

    @property
    def amqp_url(self) -> str:
        """The way into the vhost `/`; holds the password."""
        return self.amqp_url_of("/")

    @property
    def admin_url(self) -> str:
        """The management API; holds the password."""
        return f"http://boot:{self._password}@127.0.0.1:{self.admin_port}"

    @property
    def pid(self) -> int | None:
        """The node's process, None when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> Self:
        """Return itself when the node is ready (4 to 14 seconds).

        Raises:
            EngineError: `cannot-start`, `already-running`.
        """
        if not installed():
            raise EngineError(
                "cannot-start", reason="RabbitMQ is not installed: apt-get install rabbitmq-server"
            )
        for directory in (self._directory, self._home, self._directory / "mnesia", self._directory / "logs"):
            process.own_directory(directory)
        self._lock.acquire()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Return when the node and its name server have ended."""
        if self._process is not None:
            for pid in self._members("beam"):
                _signal(pid, signal.SIGTERM)
            process.stop(self._process, signal.SIGTERM, seconds=_STOP_SECONDS)
            self._process = None
        self._end_members()
        self._lock.release()

    def vhost(self, name: str) -> str:
        """Return the AMQP address of the vhost, made if it was not there, all rights for `boot`."""
        self.api("PUT", f"/vhosts/{quote(name, safe='')}", {})
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        self.api("PUT", f"/permissions/{quote(name, safe='')}/boot", rights)
        return self.amqp_url_of(name)

    def forget_vhost(self, name: str) -> None:
        """Delete the vhost with everything in it."""
        self.api("DELETE", f"/vhosts/{quote(name, safe='')}")

    def amqp_url_of(self, vhost: str) -> str:
        """Return the AMQP address of a vhost; holds the password."""
        return f"amqp://boot:{self._password}@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def version(self) -> str:
        """Return the version of the running node, like 3.10.8."""
        return str(self.api("GET", "/overview")["rabbitmq_version"])

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Return what the management API answers; None for an empty answer."""
        return call_api(self.admin_url, method, path, body=body)

    def _start(self) -> None:
        self._outlive_predecessor()
        self._configure()
        node = process.spawn(
            [PROGRAM],
            self._environment(),
            log=self._log,
            death=signal.SIGTERM,
            user=process.run_as(),
        )
        self._process = node
        process.wait_until(
            lambda: node.poll() is not None or self._is_ready(), seconds=_START_SECONDS, pause_seconds=0.2
        )
        if node.poll() is not None or not self._is_ready():
            said = process.last_words(process.read_log(self._log))
            raise EngineError("cannot-start", reason=f"RabbitMQ did not start: {said}")

    def _configure(self) -> None:
        password = self._directory / "password"
        if not password.exists():
            process.write_private(password, secrets.token_urlsafe(24))
        self._password = password.read_text()
        configuration = _CONFIGURATION.format(
            port=self.port, admin_port=self.admin_port, password=self._password
        )
        process.write_private(self._directory / "rabbitmq.conf", configuration)
        process.write_private(self._directory / "enabled_plugins", "[rabbitmq_management].\n")
        if not (self._home / ".erlang.cookie").exists():
            process.write_private(self._home / ".erlang.cookie", secrets.token_hex(16), mode=0o400)

    def _environment(self) -> dict[str, str]:
        here = self._directory
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self._home),
            "ERL_EPMD_PORT": str(process.free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "todoke@localhost",
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(here / "mnesia"),
            "RABBITMQ_LOG_BASE": str(here / "logs"),
            "RABBITMQ_DIST_PORT": str(process.free_port()),
            "RABBITMQ_PID_FILE": str(here / "pid"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none "
            "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _is_ready(self) -> bool:
        try:
            return bool(self.api("GET", "/health/checks/virtual-hosts")["status"] == "ok")
        except (EngineError, KeyError, TypeError):
            return False

    def _outlive_predecessor(self) -> None:
        """Wait for a node that is still ending; its name server does not end by itself."""
        process.wait_until(lambda: not self._members("beam"), seconds=_PREDECESSOR_SECONDS, pause_seconds=0.2)
        self._end_members()

    def _members(self, name: str = "") -> list[int]:
        """Return the processes that live in our home: the node, its helpers, its name server."""
        mark = f"HOME={self._home}".encode()
        return [pid for pid, program in _processes_with(mark) if name in program]

    def _end_members(self) -> None:
        for with_signal in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._members():
                _signal(pid, with_signal)
            if process.wait_until(lambda: not self._members(), seconds=5, pause_seconds=0.1):
                return


def call_api(admin_url: str, method: str, path: str, *, body: object = None) -> Any:
    """Return what a management API answers; `admin_url` holds user and password.

    Raises:
        EngineError: `cannot-start`: no answer, or a refusal.
    """
    credentials, _, host = admin_url.removeprefix("http://").rpartition("@")
    request = urllib.request.Request(
        f"http://{host}/api{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": "Basic " + base64.b64encode(credentials.encode()).decode(),
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            raise EngineError("cannot-start", reason=f"RabbitMQ: {method} {path}: {error.code}") from error
    except OSError as error:
        raise EngineError("cannot-start", reason=f"RabbitMQ: {method} {path}: {error}") from error
    return json.loads(text) if text else None


def installed() -> bool:
    """Tell whether this machine has RabbitMQ's programs."""
    return os.access(PROGRAM, os.X_OK)


def installed_version() -> str:
    """Return the version of the programs without running them, like 3.10.8."""
    names = [path.name for path in PROGRAM.parents[1].glob("lib/rabbitmq_server-*")]
    return max(names, default="rabbitmq_server-unknown").removeprefix("rabbitmq_server-")


def install() -> None:
    """Install the distribution's package; no service of it is started.

    Raises:
        EngineError: `cannot-start`, with what to do by hand.
    """
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        by_hand = "sudo apt-get install rabbitmq-server" if apt else "install the package rabbitmq-server"
        raise EngineError("cannot-start", reason=f"RabbitMQ is not installed; {by_hand}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    forbids = not _POLICY.exists()
    if forbids:  # the way of Debian to install without starting
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        for arguments in (
            ["update", "-qq"],
            ["install", "-y", "-qq", "--no-install-recommends", "rabbitmq-server"],
        ):
            done = subprocess.run(
                [apt, *arguments], env=environment, capture_output=True, text=True, check=False
            )
    finally:
        if forbids:
            _POLICY.unlink(missing_ok=True)
    if done.returncode or not installed():
        raise EngineError(
            "cannot-start", reason=f"RabbitMQ could not be installed: {process.last_words(done.stderr)}"
        )


def _processes_with(mark: bytes) -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name), (entry / "comm").read_text()
        except OSError:  # it ended, or it is another user's
            continue


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
