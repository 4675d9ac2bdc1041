# SPDX-License-Identifier: Apache-2.0
"""How events come and go: one small Protocol for every channel."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class EngineUnavailable(Exception):
    """The engine or its broker did not take it, or did not say so. Send again, same ids."""


class NotTaken(Exception):
    """The engine looked at it and will never take it, with its code; sending again is of no use."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One sealed order; `token` is what the channel needs to acknowledge it."""

    event: bytes = field(repr=False)
    token: object = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One sealed reply."""

    id: str
    event: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What the engine said to one reply. A channel that only hands over says `sent`."""

    id: str
    outcome: str
    code: str | None = None


class Transport(Protocol):
    """A channel: pull over HTTP, or AMQP."""

    async def take(self, *, wait_seconds: float) -> list[Incoming]:
        """Return the orders that are there, oldest first, waiting a while for the first one.

        Raises:
            EngineUnavailable: nothing was lost.
        """
        ...

    async def acknowledge(self, incoming: Sequence[Incoming]) -> None:
        """Say that these are durably kept. What is not acknowledged comes again."""
        ...

    async def turn_away(self, incoming: Sequence[Incoming]) -> None:
        """Put aside what cannot be read, so that it does not stand in the way of the others."""
        ...

    async def send(self, replies: Sequence[Outgoing]) -> list[Result]:
        """Hand over at most 100 replies; return what became of each that was decided.

        Raises:
            EngineUnavailable: some, all or none were taken.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class EngineDoor(Protocol):
    """What is always asked over HTTP, whichever channel the orders take."""

    async def keys(self) -> dict[str, Any]:
        """Return the engine's public keys as a JWK Set."""
        ...

    async def upload(self, content: bytes) -> str:
        """Upload a document; return the ticket to name in the reply.

        Raises:
            EngineUnavailable: try again. NotTaken: it will never be taken.
        """
        ...
