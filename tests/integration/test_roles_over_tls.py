# SPDX-License-Identifier: Apache-2.0
"""The roles as the container file runs them: the broker over TLS, each asked whether it works."""

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from connectors.simulators.jpki import JpkiWorld
from engine.clock import SystemClock
from engine.identity import trust
from engine.local import process, rabbitmq
from engine.local.rabbitmq import Rabbit
from tests.journeys.worlds import TREE, Processes, environment_of, lay_authority

_SAID_IN_THE_PAGE = re.compile(r"^ec\(\) .*?^certificate broker rabbitmq\n", re.DOTALL | re.MULTILINE)


class AsInTheContainer(Rabbit):
    """A private node with the container's settings for TLS; without TLS it is there for its start only."""

    def __init__(self, directory: Path, certificates: Path) -> None:
        super().__init__(directory)
        self._certificates = certificates
        self.tls_port, self.tls_admin_port = process.free_port(), process.free_port()

    def _configure(self) -> None:
        super()._configure()
        told = (TREE / ".ci/rabbitmq-tls.conf").read_text("utf-8")
        told = told.replace("/run/secrets", str(self._certificates)).replace("listeners.tcp = none\n", "")
        told = told.replace("5671\n", f"{self.tls_port}\n", 1).replace("15671", str(self.tls_admin_port))
        configuration = self._directory / "rabbitmq.conf"
        process.write_private(configuration, configuration.read_text("utf-8") + told)
        plugins = "[rabbitmq_management,rabbitmq_auth_mechanism_ssl].\n"
        process.write_private(self._directory / "enabled_plugins", plugins)

    def over_tls(self) -> dict[str, str]:
        return {
            "TODOKE_AMQP_URL": _at(self.amqp_url, "amqps", self.tls_port),
            "TODOKE_AMQP_ADMIN_URL": _at(self.admin_url, "https", self.tls_admin_port),
            "TODOKE_AMQP_CA": str(self._certificates / "ca.pem"),
        }


def _at(url: str, scheme: str, port: int) -> str:
    parts = urlsplit(url)
    return urlunsplit((scheme, f"{parts.username}:{parts.password}@localhost:{port}", parts.path, "", ""))


@pytest.fixture
def node() -> Iterator[AsInTheContainer]:
    if not rabbitmq.installed():
        pytest.skip("RabbitMQ is missing (apt-get install rabbitmq-server)")
    place = Path(tempfile.mkdtemp(prefix="todoke-tls-"))
    place.chmod(0o755)
    secure = AsInTheContainer(place / "node", place)
    try:
        yield secure
    finally:
        secure.stop()
        shutil.rmtree(place, ignore_errors=True)


async def certificates_as_in_the_page(place: Path) -> None:
    """Do what docs/operations.md says, for a broker that is called localhost."""
    page = (TREE / "docs/operations.md").read_text("utf-8")
    said = _SAID_IN_THE_PAGE.search(page)
    assert said is not None
    made = await asyncio.create_subprocess_exec(
        "/bin/sh", "-ec", said[0].replace("rabbitmq", "localhost"), cwd=place, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await made.communicate()
    assert made.returncode == 0, errors.decode()
    await asyncio.to_thread(_open, place)


def _open(place: Path) -> None:
    for file in [*place.glob("broker*"), *place.glob("ca*")]:  # the node runs as an unprivileged user
        file.chmod(0o644)


async def health(environment: Mapping[str, str], role: str) -> tuple[int | None, str]:
    asked = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "engine.cli",
        "health",
        role,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asked.communicate()
    return asked.returncode, said.decode()


async def well(environment: Mapping[str, str], role: str, running: Processes) -> None:
    async with asyncio.timeout(60):
        while (await health(environment, role))[0] != 0:
            running.check_alive()


async def test_each_role_works_over_tls_and_says_so(
    node: AsInTheContainer, postgres_dsn: str, tmp_path: Path
) -> None:
    await certificates_as_in_the_page(node._certificates)
    await asyncio.to_thread(node.start)
    state = tmp_path / "state"
    lay_authority(state)
    jpki = JpkiWorld(SystemClock(), state=state / "jpki")
    trust.write(state / "trust", jpki.trust("http://127.0.0.1:1"))
    common = environment_of(
        state,
        TODOKE_LISTEN=f"127.0.0.1:{process.free_port()}",
        TODOKE_BUS="rabbitmq",
        TODOKE_DATABASE_URL=postgres_dsn,
        TODOKE_CLOCK="system",
        **node.over_tls(),
    )
    running = Processes(tmp_path / "log")
    try:
        migrating = running.start("migrate", common, "migrate")
        assert await asyncio.to_thread(migrating.wait, 60) == 0, running.said("migrate")
        running._running.pop("migrate")
        own = {
            role: {**common, "TODOKE_HEARTBEAT": str(tmp_path / role)}
            for role in ("serve", "work", "relay", "post", "push")
        }
        assert (await health(own["work"], "work"))[0] == 1
        for role, environment in own.items():
            running.start(role, environment, role)
        for role, environment in own.items():
            await well(environment, role, running)
        status, said = await health({**own["serve"], "TODOKE_LISTEN": "127.0.0.1:1"}, "serve")
    finally:
        ended = await asyncio.to_thread(running.stop)

    assert (status, "ClientConnectorError" in said) == (1, True)
    assert ended == {}
    assert (await health(own["post"], "post"))[0] == 1  # who has ended leaves no sign
    assert not any(os.path.exists(own[role]["TODOKE_HEARTBEAT"]) for role in own)  # noqa: ASYNC240, PTH110
