# SPDX-License-Identifier: Apache-2.0
"""What an organisation (機関・事業者) decides about itself: its keys, its subscriptions.

A representative signed in with a card may, saying in `Todoke-Organisation` which organisation it is
about; where it says so, the organisation itself may too, with its own token.
"""

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import ConfigDict, Field, JsonValue

from engine.border.jwk import Kid
from engine.border.wire import Slug
from engine.core.numbers import AreaCode
from engine.core.views import View
from engine.registry.model import Stage
from engine.registry.model import State as OrganisationState
from engine.runtime.key_desk import Asker, Because, KeyView, NewKey
from engine.runtime.onboarding_views import ApplicationView
from engine.web.api.common import both
from engine.web.api.onboarding import WantedSubscription, wanted_pairs
from engine.web.api.organisation import ORGANISATION
from engine.web.operations import Call
from engine.web.reading import Body, Query
from engine.web.security import Who

_MOST_OVERLAP_DAYS: Final = 90


class KeyList(View):
    """The registered keys, the oldest first."""

    keys: tuple[KeyView, ...]


class KeyToRegister(Body):
    """A public key as a JWK that says its `use`, and the proof that its holder wants it registered.

    `proof` is a JWT signed by this very key: `typ` "todoke-key+jwt", `kid` its thumbprint, iss = sub =
    the number, aud this service, at most 300 seconds. `replaces` ends after `overlapDays`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "jwk": {
                        "kty": "EC",
                        "crv": "P-256",
                        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                        "use": "sig",
                    },
                    "proof": "e30.e30.e30",
                }
            ]
        }
    )

    jwk: dict[str, JsonValue]
    proof: Annotated[str, Field(min_length=5, max_length=2048)]
    replaces: Kid | None = None
    overlap_days: Annotated[int, Field(ge=0, le=_MOST_OVERLAP_DAYS)] = 7


class RevokedBecause(Query):
    """Why the key is revoked; said nothing, it has just come to its end."""

    because: Because = "ended"


class WantedSubscriptions(Body):
    """Which procedures, and where."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"subscriptions": [{"slug": "move.electricity", "area": "131016"}]}]}
    )

    subscriptions: Annotated[
        tuple[WantedSubscription, ...], Field(min_length=1, max_length=500, strict=False)
    ]


class AreaEnded(Query):
    """In which area; without it, the subscription for the whole country."""

    area: AreaCode | None = None


class SubscriptionView(View):
    """One subscription, since when."""

    slug: str
    area: str | None
    since: datetime


class OwnSubscriptions(View):
    """What the organisation takes, how far it has come on board, and what it has applied for."""

    number: str
    stage: Stage
    state: OrganisationState
    subscriptions: tuple[SubscriptionView, ...]


@ORGANISATION.operation(
    "GET",
    "/v1/organisation/keys",
    who=Who.OWN,
    words=both("自機関の鍵の一覧", "List our keys"),
)
async def own_keys(call: Call) -> KeyList:
    """Return the keys."""
    return KeyList(keys=tuple(await call.doors.own.keys.keys(call.organisation)))


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/keys",
    who=Who.OWN,
    words=both("鍵を登録する（更新は重複期間付き）", "Register a key, or change one with overlap"),
    status=201,
    cost=5,
    recent=True,
    refusals=(
        "invalid-key",
        "invalid-key-private",
        "invalid-key-proof",
        "already-registered-key",
        "no-such-key",
        "too-many-keys",
        "already-succeeded",
    ),
)
async def register_key(call: Call, body: KeyToRegister) -> KeyView:
    """Register it; it is valid at once."""
    new = NewKey(
        jwk=body.jwk, proof=body.proof, replaces=body.replaces, overlap=timedelta(days=body.overlap_days)
    )
    return await call.doors.own.keys.add(asker_of(call), new)


@ORGANISATION.operation(
    "DELETE",
    "/v1/organisation/keys/{kid}",
    who=Who.OWN,
    words=both("鍵を失効させる（紛失・盗難）", "Revoke a key: lost, stolen, replaced"),
    cost=5,
    recent=True,
    refusals=("no-such-key",),
)
async def revoke_key(call: Call, kid: Kid, query: RevokedBecause) -> KeyView:
    """Revoke it at once; what waits sealed for it is sealed anew for the next key."""
    return await call.doors.own.keys.revoke(asker_of(call), kid, query.because)


@ORGANISATION.operation(
    "GET",
    "/v1/organisation/subscriptions",
    who=Who.OWN,
    words=both("自機関の接続登録", "Our subscriptions"),
    refusals=("no-such-organisation",),
)
async def own_subscriptions(call: Call) -> OwnSubscriptions:
    """Return what the organisation takes."""
    standing, found = await call.doors.own.subscriptions(call.organisation)
    return OwnSubscriptions(
        number=standing.number,
        stage=standing.stage,
        state=standing.state,
        subscriptions=tuple(SubscriptionView(slug=one.slug, area=one.area, since=one.since) for one in found),
    )


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/subscriptions",
    who=Who.REPRESENTATIVE,
    words=both("接続登録の追加を申し込む", "Apply for more subscriptions"),
    status=201,
    cost=5,
    idempotent=True,
    refusals=(
        "no-such-organisation",
        "no-such-procedure",
        "invalid-subscription",
        "invalid-subscription-area",
        "already-succeeded",
        "too-many-applications",
        "idempotency-mismatch",
    ),
)
async def ask_for_subscriptions(call: Call, body: WantedSubscriptions) -> ApplicationView:
    """Draft an application: it is signed and approved like the first one."""
    view = await call.doors.onboarding.ask_for(
        call.session, call.organisation, wanted_pairs(body.subscriptions), key=call.key
    )
    call.headers["Location"] = f"/v1/organisations/applications/{view.id}"
    return view


@ORGANISATION.operation(
    "DELETE",
    "/v1/organisation/subscriptions/{slug}",
    who=Who.REPRESENTATIVE,
    words=both("接続登録を終える", "End a subscription"),
    status=204,
    refusals=("no-such-subscription",),
)
async def end_subscription(call: Call, slug: Slug, query: AreaEnded) -> None:
    """End it: no new filings; those under way are finished."""
    await call.doors.own.end(asker_of(call), slug, query.area)


def asker_of(call: Call) -> Asker:
    """Return who asks, for the record."""
    subject = call.admitted.subject or ""
    return Asker(subject, call.organisation)
