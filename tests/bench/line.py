# SPDX-License-Identifier: Apache-2.0
"""How the measuring process talks to the processes it measures: one JSON line there, one back.

A child ends when its standard input does, so none outlives the measurement, however that ends.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from engine.local.process import last_words, read_log

Command = Callable[..., Awaitable[object]]


class Child:
    """One process under measurement."""

    def __init__(self, process: Process, log: Path) -> None:
        self._process = process
        self._log = log
        self.pid = process.pid

    @classmethod
    async def start(cls, module: str, settings: Mapping[str, object], *, log: Path) -> Self:
        """Return the child once it says that it is ready."""
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, json.dumps(settings),
                stdin=PIPE, stdout=PIPE, stderr=errors, limit=2**24,
            )  # fmt: skip
        child = cls(process, log)
        await child._answer()
        return child

    async def ask(self, command: str, **arguments: object) -> Any:
        """Return what the child answers."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **arguments}).encode() + b"\n")
        return await self._answer()

    async def stop(self) -> None:
        """Return when the child has ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(20):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a measured process ended: {last_words(read_log(self._log))}")
        return json.loads(line)


async def obey(commands: Mapping[str, Command], work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do the work, and beside it what the lines of standard input say, until they end or the work fails."""
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(one) for one in work]
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=2**24)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        _say("ready")
        while line := await reader.readline():
            arguments = json.loads(line)
            _say(await commands[arguments.pop("command")](**arguments))
        for task in working:
            task.cancel()


def settings() -> dict[str, Any]:
    """Return what the measuring process decided for this child."""
    decided: dict[str, Any] = json.loads(sys.argv[1])
    return decided


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
