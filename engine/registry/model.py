# SPDX-License-Identifier: Apache-2.0
"""What the registry knows: organisations (機関・事業者), their subscriptions (接続登録), their keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Annotated, Final, Protocol, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from engine.border.jwk import Use, coordinates, exported, point, public_key, thumbprint
from engine.border.wire import Slug, Title
from engine.core.errors import Code, register
from engine.core.numbers import AreaCode, CorporateNumber
from engine.registry.acting import Grant, Succession

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PARSED_KEYS: Final = 8192  # about two for each municipality, and the companies

register(
    {
        "invalid-organisation": Code(
            422, "機関・事業者の登録内容に誤りがあります", "The organisation's entry has errors"
        ),
        "no-such-organisation": Code(
            404, "その機関・事業者は登録されていません", "There is no such organisation"
        ),
        "no-such-subscription": Code(404, "その接続登録はありません", "There is no such subscription"),
        "no-such-key": Code(404, "その鍵は登録されていません", "There is no such key"),
        "already-registered-key": Code(
            409,
            "この鍵はすでに使われています。新しい鍵を作ってください",
            "The key was used before; make a new one",
        ),
        "already-revoked-organisation": Code(
            409, "この機関・事業者の登録は取り消されています", "The organisation was revoked for good"
        ),
        "no-recipient-key": Code(
            503, "送信先の暗号鍵がありません", "The organisation has no valid key to seal for"
        ),
        "unavailable-registry": Code(
            503,
            "登録情報を参照できません。しばらくしてからやり直してください",
            "The registry is not available; try again shortly",
        ),
    }
)


class Kind(Enum):
    """What sort of organisation it is."""

    STATE = "state"  # 国の機関
    PREFECTURE = "prefecture"
    MUNICIPALITY = "municipality"
    PUBLIC_BODY = "public-body"  # 日本年金機構, 健康保険組合, …
    COMPANY = "company"


class Channel(Enum):
    """How its orders reach it."""

    PULL = "pull"
    AMQP = "amqp"
    WEBHOOK = "webhook"
    FILE = "file"


class State(Enum):
    """Paused: it gets no new filings, but may answer. Revoked: for good, with all its keys."""

    ACTIVE = "active"
    PAUSED = "paused"
    REVOKED = "revoked"


class Stage(Enum):
    """How far it has come on board: only a live one is sent the filings of real cases."""

    SANDBOX = "sandbox"  # approved: it may rehearse
    CERTIFIED = "certified"  # its connector passed the rehearsal
    LIVE = "live"


class Entry(BaseModel):
    """What stands in the registry, and in lists for it: camelCase as JSON, nothing unknown."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )


class Organisation(Entry):
    """One organisation. `areas` are where it is at home, empty for the whole country.

    `endpoint` is where webhooks go: https, or plain http on this machine; only that channel has one.
    """

    number: CorporateNumber
    name: Title
    kind: Kind
    channel: Channel
    endpoint: Annotated[str | None, Field(max_length=500)] = None
    areas: tuple[AreaCode, ...] = ()
    state: State = State.ACTIVE
    stage: Stage = Stage.LIVE

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if (self.channel is Channel.WEBHOOK) != (self.endpoint is not None):
            raise ValueError("a webhook, and nothing else, has an endpoint")
        if self.endpoint is not None and not _is_endpoint(self.endpoint):
            raise ValueError("an endpoint is an https URL without user and fragment")
        return self


class Subscription(Entry):
    """That an organisation takes a procedure: in one area, or (None) in the whole country."""

    number: CorporateNumber
    slug: Slug
    area: AreaCode | None = None
    since: AwareDatetime


@dataclass(frozen=True, slots=True)
class OrganisationKey:
    """A public key of an organisation: to check its signatures, or to seal for it.

    Several may be valid at once, so that a new one can be in use before the old one goes. Make one
    with `registered`, which checks the JWK; what comes out of the store was checked.
    """

    kid: str
    number: str
    use: Use
    x: str = field(repr=False)
    y: str = field(repr=False)
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None
    revoked_because: str | None = None

    @classmethod
    def registered(
        cls, number: str, jwk: object, *, use: Use, not_before: datetime, not_after: datetime
    ) -> "OrganisationKey":
        """Return the key in a JWK; raises `invalid-key`, `invalid-key-private`."""
        key = public_key(jwk, use=use)
        x, y = coordinates(key)
        return cls(thumbprint(key), number, use, x, y, not_before, not_after)

    @property
    def jwk(self) -> dict[str, str]:
        """The key as a JWK."""
        return exported(self.public, use=self.use)

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """The key itself."""
        return _parsed(self.x, self.y)

    def is_valid(self, now: datetime) -> bool:
        """Whether it may be used now. A revoked key never is again."""
        return self.revoked_at is None and self.not_before <= now < self.not_after


@dataclass(frozen=True, slots=True)
class Contents:
    """All that the registry holds, as it was in one version."""

    version: int
    organisations: Mapping[str, Organisation]
    subscriptions: Sequence[Subscription]
    keys: Sequence[OrganisationKey]
    grants: Sequence[Grant] = ()
    successions: Sequence[Succession] = ()


class RegistryStore(Protocol):
    """Where the registry is kept. Each write is whole or not at all, and makes a new version.

    Every method raises `unavailable-registry` when the store is out of reach.
    """

    async def version(self) -> int:
        """Return a number that is another one after each write."""
        ...

    async def contents(self) -> Contents:
        """Return everything, as it was in one version."""
        ...

    async def put(self, organisations: Sequence[Organisation]) -> None:
        """Add the organisations, or change them; state and stage of one already known stay as they are."""
        ...

    async def organisation(self, number: str) -> Organisation | None:
        """Return the organisation."""
        ...

    async def pause(self, number: str) -> None:
        """Send it nothing new.

        Raises:
            EngineError: `no-such-organisation`, `already-revoked-organisation`.
        """
        ...

    async def resume(self, number: str) -> None:
        """Send to it again; raises as `pause`."""
        ...

    async def revoke(self, number: str) -> None:
        """Shut it out for good; done already is done. Raises `no-such-organisation`."""
        ...

    async def advance(self, number: str, stage: Stage, *, at: datetime) -> None:
        """Let it have come so far on board; raises as `pause`.

        The subscriptions of one that goes live begin then: while it rehearsed, it overtook nobody.
        """
        ...

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Add the subscriptions; one already there keeps its first day.

        Raises:
            EngineError: `no-such-organisation`.
        """
        ...

    async def unsubscribe(self, number: str, *, slug: str, area: str | None) -> None:
        """Take the subscription away; raises `no-such-subscription`."""
        ...

    async def subscriptions(self, number: str) -> list[Subscription]:
        """Return the organisation's subscriptions, by slug, then area, the whole country first."""
        ...

    async def add_keys(self, keys: Sequence[OrganisationKey]) -> None:
        """Add the keys; those already valid stay valid beside them.

        Raises:
            EngineError: `no-such-organisation`; `already-registered-key`: one was registered before,
                by whomever, revoked or not.
        """
        ...

    async def retire_key(self, number: str, kid: str, *, not_after: datetime) -> None:
        """Let one of the organisation's keys end by then, if it would be valid for longer.

        Raises:
            EngineError: `no-such-key`, also where it is another organisation's.
        """
        ...

    async def to_reseal(self, *, revoked_before: datetime) -> list[OrganisationKey]:
        """Return revoked keys that orders may still be sealed for, the longest revoked first."""
        ...

    async def resealed(self, kid: str, *, at: datetime) -> None:
        """Note that nothing that waits is sealed for the revoked key any more."""
        ...

    async def revoke_key(self, number: str, kid: str, *, at: datetime, because: str | None = None) -> None:
        """Make one of the organisation's keys invalid for good; the first time and reason stay.

        Raises:
            EngineError: `no-such-key`, also where it is another organisation's.
        """
        ...

    async def keys(self, number: str) -> list[OrganisationKey]:
        """Return the organisation's keys, revoked ones too, the oldest first."""
        ...


def _is_endpoint(text: str) -> bool:
    try:
        url = urlsplit(text)
        plain = url.username is None and not url.fragment and url.port != 0
    except ValueError:
        return False
    if not url.hostname or not plain or not text.isascii() or not text.isprintable() or " " in text:
        return False
    return url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)


@lru_cache(maxsize=_PARSED_KEYS)
def _parsed(x: str, y: str) -> ec.EllipticCurvePublicKey:
    return point(x, y)
