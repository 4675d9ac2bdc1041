# SPDX-License-Identifier: Apache-2.0
"""How a role without a web address says that it works: a file it touches while all it needs answers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from engine.clock import SystemClock
from engine.core.errors import Code, EngineError, register
from engine.ports import BusUnavailable, StoreUnavailable

register(
    {
        "not-well": Code(
            503, "この役割のプロセスは応答していません", "The process of this role does not do its work"
        ),
    }
)

EVERY_SECONDS: Final = 5.0
WITHIN_SECONDS: Final = 30.0
_PROBE_SECONDS: Final = 4.0
Probes = Mapping[str, Callable[[], Awaitable[object]]]

log = logging.getLogger(__name__)


@asynccontextmanager
async def beating(path: Path | None, probes: Probes, *, every: float = EVERY_SECONDS) -> AsyncIterator[None]:
    """Touch the file again and again while the block runs, as long as every probe answers.

    A loop that hangs, a database or a broker out of reach: the file grows old. Without a path nothing
    is written.
    """
    if path is None:
        yield
        return
    _forget(path)  # a predecessor's says nothing of us
    task = asyncio.create_task(_beat(path, probes, every))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        _forget(path)


def check(path: Path, *, within_seconds: float = WITHIN_SECONDS) -> None:
    """Return if the last beat is young enough.

    Raises:
        EngineError: `not-well`: there is none, or it is older.
    """
    try:
        beaten = path.stat().st_mtime
    except FileNotFoundError:
        raise EngineError("not-well", reason=f"there is no {path}") from None
    age = SystemClock().now().timestamp() - beaten
    if age > within_seconds:
        raise EngineError("not-well", reason=f"the last sign was {age:.0f} seconds ago")


async def _beat(path: Path, probes: Probes, every: float) -> None:
    while True:
        if await _all_well(probes):
            _touch(path)
        await asyncio.sleep(every)


def _touch(path: Path) -> None:
    path.touch()


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _all_well(probes: Probes) -> bool:
    for name, probe in probes.items():
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await probe()
        except (EngineError, BusUnavailable, StoreUnavailable, OSError) as error:
            log.warning("heartbeat.missed", extra={"probe": name, "error": type(error).__name__})
            return False
    return True
