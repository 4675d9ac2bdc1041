# SPDX-License-Identifier: Apache-2.0
"""What an organisation decides about itself, and what it is shown of itself."""

from engine.core.errors import EngineError
from engine.ports import AuditEntry, Clock, Ids, OperatorStore
from engine.registry.directory import Directories
from engine.registry.model import Organisation, RegistryStore, Subscription
from engine.runtime.key_desk import Asker, KeyDesk
from engine.runtime.own_view import OwnView
from engine.runtime.representatives import Representatives


class OwnOrganisation:
    """An organisation's door to itself; `keys`, `traffic` and `representatives` are desks of their own."""

    def __init__(
        self,
        *,
        keys: KeyDesk,
        traffic: OwnView,
        representatives: Representatives,
        registry: RegistryStore,
        directories: Directories,
        operators: OperatorStore,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self.keys = keys
        self.traffic = traffic
        self.representatives = representatives
        self._registry = registry
        self._directories = directories
        self._operators = operators
        self._clock = clock
        self._ids = ids

    async def subscriptions(self, number: str) -> tuple[Organisation, list[Subscription]]:
        """Return how the organisation stands, and what it takes; raises `no-such-organisation`."""
        known = await self._registry.organisation(number)
        if known is None:
            raise EngineError("no-such-organisation")
        return known, await self._registry.subscriptions(number)

    async def end(self, asker: Asker, slug: str, area: str | None) -> None:
        """End a subscription: nothing new comes, what is under way is finished.

        Raises:
            EngineError: `no-such-subscription`.
        """
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            operator=asker.name,
            act="end-subscription",
            organisation=asker.number,
            details={"slug": slug, "area": area or ""},
        )
        await self._operators.record([entry])
        await self._registry.unsubscribe(asker.number, slug=slug, area=area)
        self._directories.look_again()
