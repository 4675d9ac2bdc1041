# SPDX-License-Identifier: Apache-2.0
"""A case in the hands of its owner: to everybody else it does not exist."""

from uuid import UUID

from engine.core.errors import EngineError
from engine.core.plan import Contents
from engine.ports import Store, StoredCase
from engine.runtime.case_keys import CaseKeys


async def owned(store: Store, person: UUID, case_id: UUID) -> StoredCase:
    """Return the person's case; raises `no-such-case`, also for another's."""
    stored = await store.case(case_id)
    if stored is None or stored.case.owner != person:
        raise EngineError("no-such-case")
    return stored


async def contents_of(store: Store, keys: CaseKeys, stored: StoredCase) -> Contents:
    """Return what the case keeps sealed; raises `erased-case`."""
    key = keys.open(stored.case.id, stored.data_key_wrapped)
    sealed = await store.sealed_contents(stored.case.id)
    if sealed is None:
        raise EngineError("no-such-case")
    return Contents.model_validate_json(key.open("contents", sealed))
