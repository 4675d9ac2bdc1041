# SPDX-License-Identifier: Apache-2.0
"""What can be unsafe about the broker: queues without their policies, alarms, users that may too much."""

from collections.abc import AsyncIterator
from typing import Final

from engine.bus.admin import BrokerAdmin
from engine.soundness.findings import Finding

_GUEST: Final = "guest"


async def declarations(broker: BrokerAdmin) -> AsyncIterator[Finding]:
    """Find queues that are missing, no quorum queues, or without their limit."""
    for one in await broker.problems():
        yield Finding("broker-undeclared", one)


async def alarms(broker: BrokerAdmin) -> AsyncIterator[Finding]:
    """Find nodes that run out of memory or disc."""
    for one in await broker.alarms():
        yield Finding("broker-alarm", one)


async def users(broker: BrokerAdmin) -> AsyncIterator[Finding]:
    """Find the default user, and organisations that may read or say what is another's."""
    if _GUEST in await broker.users():
        yield Finding("broker-guest")
    for one in await broker.excessive_rights():
        yield Finding("broker-rights", one)


LOOKS: Final = (declarations, alarms, users)
