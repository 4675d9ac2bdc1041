# SPDX-License-Identifier: Apache-2.0
"""What only the memory twin does: end badly when it is told to."""

import pytest

from engine.clock import SystemClock
from engine.ports import Changes, StoreConflict, StoreUnavailable
from engine.store.memory import Failure, MemoryStore
from tests.contract.store_samples import CITY, entry, keep


@pytest.mark.parametrize(
    ("failure", "error", "is_kept"),
    [
        (Failure.CONFLICT, StoreConflict, False),
        (Failure.LOST, StoreUnavailable, False),
        (Failure.KEPT, StoreUnavailable, True),
    ],
)
async def test_a_unit_ends_as_the_rehearsal_says_and_the_next_one_well(
    failure: Failure,
    error: type[Exception],
    is_kept: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    store = MemoryStore(SystemClock())
    store.failures.append(failure)

    with pytest.raises(error):
        async with store.unit() as unit:
            await unit.register([entry("m-1")])
    async with store.unit() as unit:
        await unit.register([entry("m-2")])

    assert (await store.seen((CITY, "m-1")) is not None) is is_kept
    assert await store.seen((CITY, "m-2")) is not None


async def test_the_mailbox_reads_what_was_promised() -> None:
    promised: set[str] = set()

    await keep(MemoryStore(SystemClock(), promised=promised), Changes(promised_blobs=["blob"]))

    assert promised == {"blob"}
