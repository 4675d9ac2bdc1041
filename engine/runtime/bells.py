# SPDX-License-Identifier: Apache-2.0
"""Rings inside one process when something was committed, so that nobody has to look all the time.

A bell is a hint: whoever waits looks again after a while in any case, for what another process did.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Bells:
    """One bell for each name; those who wait for a name wake up together."""

    def __init__(self) -> None:
        self._waiting: dict[object, set[asyncio.Future[None]]] = defaultdict(set)

    def ring(self, names: Iterable[object]) -> None:
        """Wake everybody who waits for one of these names."""
        for name in names:
            for one in self._waiting.pop(name, ()):
                if not one.done():
                    one.set_result(None)

    @contextmanager
    def hung(self, name: object) -> Iterator["asyncio.Future[None]"]:
        """Yield what is done once the bell rings. Hang it before looking: nothing in between is missed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[name].add(future)
        try:
            yield future
        finally:
            waiting = self._waiting.get(name)
            if waiting is not None:
                waiting.discard(future)
                if not waiting:
                    self._waiting.pop(name, None)
