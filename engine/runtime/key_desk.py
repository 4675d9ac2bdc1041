# SPDX-License-Identifier: Apache-2.0
"""Where an organisation registers its keys, changes them with overlap, and revokes them.

A representative may, and so may the organisation itself with a key that is valid: a rotation needs
no person. Every new key proves that it is possessed, so nobody registers another's public key.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from engine.border.jwk import Use
from engine.border.tokens import check_key_proof
from engine.border.wire import refusal
from engine.core.errors import Code, EngineError, register
from engine.core.views import View
from engine.ports import AuditEntry, Clock, Ids, OperatorStore
from engine.registry.directory import Directories
from engine.registry.model import OrganisationKey, RegistryStore
from engine.registry.seed import KEY_LIFE
from engine.runtime.resealing import Resealing

OVERLAP: Final = timedelta(days=7)
MOST_KEYS: Final = 10  # valid at once, of one organisation
Because = Literal["lost", "stolen", "replaced", "ended"]
_USE: Final[TypeAdapter[Use]] = TypeAdapter(Use)

log = logging.getLogger(__name__)

register(
    {
        "too-many-keys": Code(
            409,
            "有効な鍵が多すぎます。使わない鍵を失効させてください",
            "Too many keys are valid; revoke some",
        ),
    }
)


class KeyView(View):
    """One registered key: public parts and times."""

    kid: str
    use: str
    not_before: datetime
    not_after: datetime
    valid: bool
    revoked_at: datetime | None
    revoked_because: str | None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a representative, or the organisation itself. `name` stands in the record."""

    name: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to be registered. `replaces` is the one that ends after the overlap."""

    jwk: Mapping[str, Any]
    proof: str
    replaces: str | None = None
    overlap: timedelta = OVERLAP


class KeyDesk:
    """The keys of organisations."""

    def __init__(
        self,
        *,
        registry: RegistryStore,
        directories: Directories,
        resealing: Resealing,
        operators: OperatorStore,
        clock: Clock,
        ids: Ids,
        audience: str,
    ) -> None:
        self._registry = registry
        self._directories = directories
        self._resealing = resealing
        self._operators = operators
        self._clock = clock
        self._ids = ids
        self._audience = audience

    async def keys(self, number: str) -> list[KeyView]:
        """Return the organisation's keys, revoked ones too, the oldest first."""
        now = self._clock.now()
        return [_view(key, now) for key in await self._registry.keys(number)]

    async def add(self, asker: Asker, new: NewKey) -> KeyView:
        """Register a key; the one that it replaces stays valid beside it for the overlap.

        Raises:
            EngineError: `invalid-key…`, `already-registered-key`, `no-such-key`, `too-many-keys`,
                `already-succeeded`.
        """
        now = self._clock.now()
        directory = await self._directories.current()
        if directory.acting.heir(asker.number) != asker.number:
            raise EngineError("already-succeeded")
        key = self._checked(asker.number, new, now)
        known = {one.kid: one for one in await self._registry.keys(asker.number)}
        if sum(one.is_valid(now) for one in known.values()) >= MOST_KEYS:
            raise EngineError("too-many-keys")
        if new.replaces is not None and (
            new.replaces not in known or known[new.replaces].use != key.use  # it would end another one
        ):
            raise EngineError("no-such-key", pointer="/replaces")
        await self._note(asker, "register-key", key.kid)
        await self._registry.add_keys([key])
        if new.replaces is not None:
            await self._registry.retire_key(asker.number, new.replaces, not_after=now + new.overlap)
        self._directories.look_again()
        if key.use == "enc":
            await self._reseal(asker.number)
        return _view(key, now)

    async def revoke(self, asker: Asker, kid: str, because: Because) -> KeyView:
        """Make a key invalid at once; what waits sealed for it is sealed anew, as soon as there is another.

        Raises:
            EngineError: `no-such-key`.
        """
        if kid not in {one.kid for one in await self._registry.keys(asker.number)}:
            raise EngineError("no-such-key")
        now = self._clock.now()
        await self._note(asker, "revoke-key", kid, because=because)
        await self._registry.revoke_key(asker.number, kid, at=now, because=because)
        self._directories.look_again()
        await self._reseal(asker.number)
        (key,) = [one for one in await self._registry.keys(asker.number) if one.kid == kid]
        return _view(key, now)

    def _checked(self, number: str, new: NewKey, now: datetime) -> OrganisationKey:
        try:
            use = _USE.validate_python(new.jwk.get("use"))
        except ValidationError as error:
            raise refusal("invalid-key", error) from None
        key = OrganisationKey.registered(number, new.jwk, use=use, not_before=now, not_after=now + KEY_LIFE)
        check_key_proof(new.proof, key.public, number=number, audience=self._audience, now=now)
        return key

    async def _reseal(self, number: str) -> None:
        """Seal anew what waits for a revoked key; what cannot be done now is done by the worker."""
        now = self._clock.now()
        for key in await self._registry.to_reseal(revoked_before=now):
            if key.number == number:
                await self._resealing.reseal(key)

    async def _note(self, asker: Asker, act: str, kid: str, *, because: str | None = None) -> None:
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            operator=asker.name,
            act=act,
            organisation=asker.number,
            reason=because,
            details={"kid": kid},
        )
        await self._operators.record([entry])
        log.info(act.replace("-", "."), extra={"organisation": asker.number, "kid": kid})


def _view(key: OrganisationKey, now: datetime) -> KeyView:
    return KeyView(
        kid=key.kid,
        use=key.use,
        not_before=key.not_before,
        not_after=key.not_after,
        valid=key.is_valid(now),
        revoked_at=key.revoked_at,
        revoked_because=key.revoked_because,
    )
