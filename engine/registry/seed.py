# SPDX-License-Identifier: Apache-2.0
"""Puts a list of organisations into the registry, as a rehearsal or a new installation needs it.

Doing it again changes what changed and nothing else: a key already known stays as it is, and so does
a pause by an operator. Nothing is taken away.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue, TypeAdapter, ValidationError

from engine.border.jwk import Use
from engine.border.wire import Slug, refusal
from engine.core.numbers import AreaCode
from engine.ports import Clock
from engine.registry.model import Entry, Organisation, OrganisationKey, RegistryStore, Subscription

KEY_LIFE: Final = timedelta(days=730)


class Wanted(Entry):
    """One subscription of a listed organisation."""

    slug: Slug
    area: AreaCode | None = None


class Listed(Organisation):
    """One organisation with all that belongs to it; its keys are public JWKs that say their `use`."""

    subscriptions: tuple[Wanted, ...] = ()
    keys: tuple[dict[str, JsonValue], ...] = ()

    @property
    def organisation(self) -> Organisation:
        """The organisation alone."""
        return Organisation(**{name: getattr(self, name) for name in Organisation.model_fields})


_LIST: Final = TypeAdapter(tuple[Listed, ...])
_USE: Final[TypeAdapter[Use]] = TypeAdapter(Use)


async def seed(store: RegistryStore, organisations: Iterable[object], *, clock: Clock) -> None:
    """Put the organisations into the registry: a list as `json.loads` gives it, or of `Listed`.

    New keys are valid from now, for two years.

    Raises:
        EngineError: `invalid-organisation` with the place of each fault, `invalid-key`,
            `already-registered-key` (it is another organisation's).
    """
    listed = _read(organisations)
    now = clock.now()
    known = {key.kid: key.number for key in (await store.contents()).keys}
    keys = [key for one in listed for key in _keys(one, now) if known.get(key.kid) != key.number]
    await store.put([one.organisation for one in listed])
    await store.subscribe(
        [
            Subscription(number=one.number, slug=wanted.slug, area=wanted.area, since=now)
            for one in listed
            for wanted in one.subscriptions
        ]
    )
    await store.add_keys(keys)


def _read(organisations: Iterable[object]) -> tuple[Listed, ...]:
    try:
        return _LIST.validate_python(list(organisations))
    except ValidationError as error:
        raise refusal("invalid-organisation", error) from None


def _keys(listed: Listed, now: datetime) -> Iterator[OrganisationKey]:
    for jwk in listed.keys:
        try:
            use = _USE.validate_python(jwk.get("use"))
        except ValidationError as error:
            raise refusal("invalid-key", error) from None
        yield OrganisationKey.registered(
            listed.number, jwk, use=use, not_before=now, not_after=now + KEY_LIFE
        )
