# SPDX-License-Identifier: Apache-2.0
"""Real services under the tests, started once per run, and nothing left out in silence.

With xdist the controller starts them and the workers get the addresses; in one process each is
started when a test first asks for it. TODOKE_TEST_SERVICES (see tests/services.py) reuses running ones.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from aiohttp import web_app

from engine.core.errors import EngineError
from engine.local import rabbitmq as rabbitmq_here
from engine.local.postgres import binaries, version
from tests.services import (
    Broker,
    Private,
    Services,
    close_vhost,
    copy_database,
    drop_database,
    dump,
    ensure_template,
    load,
    now,
    open_vhost,
)

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("todoke", deadline=None)
hypothesis.settings.load_profile("todoke")


_NOT_RUN = pytest.StashKey[Counter[str]]()
_GROUND = pytest.StashKey["Ground"]()


class Ground:
    """The services of this run: handed over, shared, or started here on demand."""

    def __init__(self, known: Services | None, origin: str, *, no_rabbitmq: bool) -> None:
        self._known = known
        self._private: Private | None = None
        self._no_rabbitmq = no_rabbitmq
        self.origin = origin

    def with_postgres(self) -> Services:
        if self._known is None:
            self._private = Private(Path(tempfile.mkdtemp(prefix="todoke-test-")))
            self._known = self._private.start_postgres()
        return self._known

    def with_rabbitmq(self) -> Services:
        services = self.with_postgres()
        if services.rabbitmq is None and self._private and self.can_start_rabbitmq():
            services = self._known = self._private.add_rabbitmq(services)
        return services

    def can_start_rabbitmq(self) -> bool:
        return rabbitmq_here.installed() and not self._no_rabbitmq

    def describe(self) -> str:
        postgres = self._known.postgres if self._known else version(binaries())
        there = "MISSING"
        if self._known and self._known.rabbitmq:
            there = self._known.rabbitmq
        elif self.can_start_rabbitmq():
            there = f"{rabbitmq_here.installed_version()} (not asked for)"
        return f"PostgreSQL {postgres}, RabbitMQ {there} ({self.origin})"

    def stop(self) -> None:
        if self._private:
            self._private.stop()
            self._private = None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run what takes minutes")
    parser.addoption("--no-rabbitmq", action="store_true", help="leave out tests that need RabbitMQ")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_NOT_RUN] = Counter()
    handed = getattr(config, "workerinput", {}).get("services")
    shared = os.environ.get("TODOKE_TEST_SERVICES")
    alone = bool(config.getoption("--no-rabbitmq"))
    if handed:
        ground = Ground(load(handed), "of the run", no_rabbitmq=alone)
    elif shared:
        ground = Ground(load(Path(shared).read_text()), f"shared: {shared}", no_rabbitmq=alone)
    else:
        ground = Ground(None, "private, started for this run", no_rabbitmq=alone)
    config.stash[_GROUND] = ground
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        try:
            ground.with_rabbitmq()
        except EngineError as error:
            ground.stop()
            raise pytest.UsageError(str(error.values.get("reason", error))) from error


def pytest_unconfigure(config: pytest.Config) -> None:
    if _GROUND in config.stash:
        config.stash[_GROUND].stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    ground = node.config.stash[_GROUND]  # type: ignore[attr-defined] # xdist has no types
    node.workerinput["services"] = dump(ground.with_postgres())  # type: ignore[attr-defined] # as above


def pytest_report_header(config: pytest.Config) -> str:
    return f"todoke: {config.stash[_GROUND].describe()}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


class _Watch:
    """Counts what was left out, wherever it ran."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self._config.stash[_NOT_RUN][reason] += 1


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(_Watch(session.config))


def pytest_runtest_teardown() -> None:
    # aiohttp remembers a thousand of its middlewares, each with a whole engine: gigabytes, all of which
    # the collector of garbage looks through again and again.
    web_app._cached_build_middleware.cache_clear()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if session.config.stash[_NOT_RUN] and os.environ.get("CI") and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.line(f"ran on {config.stash[_GROUND].describe()}")
    not_run = config.stash[_NOT_RUN]
    if not not_run:
        return
    terminalreporter.section("NOT RUN", sep="!", red=True)
    for reason, count in not_run.most_common():
        terminalreporter.line(f"{count} tests: {reason}", red=True)
    if os.environ.get("CI"):
        terminalreporter.line("CI is set: a run that leaves something out has failed", red=True)


@pytest.fixture(scope="session")
def _template(request: pytest.FixtureRequest) -> str:
    return now(ensure_template(request.config.stash[_GROUND].with_postgres().dsn))


@pytest.fixture
def postgres_dsn(request: pytest.FixtureRequest, _template: str) -> Iterator[str]:
    """A fresh migrated database, dropped afterwards."""
    dsn = request.config.stash[_GROUND].with_postgres().dsn
    name = f"t_{uuid4().hex}"
    yield now(copy_database(dsn, _template, name))
    now(drop_database(dsn, name))


@pytest.fixture
def place() -> Iterator[Path]:
    """A path that is free, and that the user of the private services can reach (`tmp_path` is closed)."""
    outside = Path(tempfile.mkdtemp(prefix="todoke-place-"))
    outside.chmod(0o755)
    yield outside / "todoke"
    shutil.rmtree(outside)


@pytest.fixture
def rabbitmq(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """A fresh virtual host, deleted afterwards."""
    services = request.config.stash[_GROUND].with_rabbitmq()
    if services.rabbitmq is None:
        pytest.skip("RabbitMQ is missing (apt-get install rabbitmq-server)")
    name = f"t-{uuid4().hex}"
    yield open_vhost(services, name)
    close_vhost(services, name)
