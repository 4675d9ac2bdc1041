# SPDX-License-Identifier: Apache-2.0
"""The real PostgreSQL and RabbitMQ that tests run on.

`python -m tests.services up [DIRECTORY]` starts them to stay, for people who run tests all day;
export what it prints. `python -m tests.services down [DIRECTORY]` ends them.
"""

import asyncio
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import asyncpg

from engine.local import process, rabbitmq
from engine.local.postgres import Postgres, binaries, version
from engine.local.rabbitmq import Rabbit
from engine.store.migrate import MIGRATIONS, migrate, read

T = TypeVar("T")
SHARED = Path(tempfile.gettempdir()) / "todoke-services"


@dataclass(frozen=True)
class Services:
    """What is running, and how to reach it."""

    dsn: str
    postgres: str
    amqp: str | None = None  # of the broker, without a vhost
    admin_url: str | None = None
    rabbitmq: str | None = None


@dataclass(frozen=True)
class Broker:
    """A virtual host of its own; the user in the addresses may do everything."""

    amqp_url: str
    admin_url: str
    vhost: str


def now(work: Coroutine[object, object, T]) -> T:
    """Run in a loop of its own: fixtures must not touch the loop of the test."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


class Private:
    """Services of our own, started one by one when they are needed."""

    def __init__(self, base: Path) -> None:
        base.mkdir(parents=True, exist_ok=True)
        base.chmod(0o755 if os.geteuid() == 0 else 0o700)  # root's programs run as somebody else
        self.base = base
        self._stops: list[Callable[[], None]] = []

    def start_postgres(self) -> Services:
        server = Postgres(self.base / "postgres", durable=False).start()
        self._stops.append(server.stop)
        return Services(server.dsn, version(binaries()))

    def add_rabbitmq(self, services: Services) -> Services:
        node = Rabbit(self.base / "rabbitmq").start()
        self._stops.append(node.stop)
        return Services(
            services.dsn,
            services.postgres,
            amqp=node.amqp_url.rpartition("/")[0],
            admin_url=node.admin_url,
            rabbitmq=node.version(),
        )

    def stop(self) -> None:
        while self._stops:
            self._stops.pop()()
        shutil.rmtree(self.base, ignore_errors=True)


def dump(services: Services) -> str:
    return json.dumps(asdict(services))


def load(text: str) -> Services:
    known = json.loads(text)
    return Services(**{name: known.get(name) for name in Services.__dataclass_fields__})


async def ensure_template(dsn: str) -> str:
    """Return the name of a migrated database to copy; one for each content of the migrations."""
    contents = "".join(migration.sha256 for migration in read(MIGRATIONS))
    name = "template_" + hashlib.sha256(contents.encode()).hexdigest()[:16]
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock(1)")
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            draft = f"{name}_draft"
            await connection.execute(f"drop database if exists {draft} with (force)")
            await connection.execute(f"create database {draft}")
            await migrate(database(dsn, draft))
            await connection.execute(f"alter database {draft} rename to {name}")
    finally:
        await connection.close()
    return name


async def copy_database(dsn: str, template: str, name: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"create database {name} template {template} strategy file_copy")
    finally:
        await connection.close()
    return database(dsn, name)


async def drop_database(dsn: str, name: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()


def database(dsn: str, name: str) -> str:
    return f"{dsn.rpartition('/')[0]}/{name}"


def open_vhost(services: Services, name: str) -> Broker:
    assert services.amqp
    assert services.admin_url
    rabbitmq.call_api(services.admin_url, "PUT", f"/vhosts/{name}", body={})
    rights = {"configure": ".*", "write": ".*", "read": ".*"}
    rabbitmq.call_api(services.admin_url, "PUT", f"/permissions/{name}/boot", body=rights)
    return Broker(f"{services.amqp}/{name}", services.admin_url, name)


def close_vhost(services: Services, name: str) -> None:
    assert services.admin_url
    rabbitmq.call_api(services.admin_url, "DELETE", f"/vhosts/{name}")


def hold(base: Path) -> None:
    """Run the services until told to end."""
    ended = [signal.SIGTERM, signal.SIGINT]
    signal.pthread_sigmask(signal.SIG_BLOCK, ended)  # a signal during the start waits for its end
    private = Private(base)
    try:
        services = private.start_postgres()
        if rabbitmq.installed():
            services = private.add_rabbitmq(services)
        draft = base / "services.new"
        process.write_private(draft, dump(services))
        draft.rename(base / "services.json")
        signal.sigwait(ended)
    finally:
        private.stop()


def up(base: Path) -> None:
    """Return when the services are there to stay."""
    file = base / "services.json"
    if not file.exists():
        base.mkdir(parents=True, exist_ok=True)
        with (base.parent / f"{base.name}.log").open("wb") as log:
            holder = subprocess.Popen(
                [sys.executable, "-m", "tests.services", "hold", str(base)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        (base / "pid").write_text(f"{holder.pid}\n")
        process.wait_until(lambda: file.exists() or holder.poll() is not None, seconds=180, pause_seconds=0.1)
    if not file.exists():
        sys.exit(f"the services did not start, see {log.name}")
    print(f"export TODOKE_TEST_SERVICES={file}")


def down(base: Path) -> None:
    """Return when they have ended."""
    pid = int((base / "pid").read_text())
    os.kill(pid, signal.SIGTERM)
    process.wait_until(lambda: not base.exists(), seconds=120, pause_seconds=0.1)


if __name__ == "__main__":
    commands = {"up": up, "down": down, "hold": hold}
    commands[sys.argv[1]](Path(sys.argv[2]).absolute() if len(sys.argv) > 2 else SHARED)
