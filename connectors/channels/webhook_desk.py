# SPDX-License-Identifier: Apache-2.0
"""What an organisation on webhook asks about its own way: its secret, its limits, how it stands."""

from datetime import datetime

from connectors.channels.secrets import ROTATION, WebhookSecrets
from engine.core.errors import Code, EngineError, register
from engine.core.views import View
from engine.ports import Clock, Lane, Lanes
from engine.registry.directory import Directories
from engine.registry.model import Channel

register(
    {
        "already-changing-secret": Code(
            409,
            "Webhookの秘密鍵は変更中です。前の鍵の期限後にやり直してください",
            "The secret is being changed; wait until the one before has ended",
        ),
        "not-on-webhook": Code(
            409, "この機関はWebhookで受信していません", "The organisation does not take its orders by webhook"
        ),
    }
)


class WebhookView(View):
    """How webhooks to an organisation are signed. `also_until` is until when the secret before signs too."""

    endpoint: str
    secret: str
    public_key: str
    also_until: datetime | None
    not_answering_since: datetime | None
    stopped_at: datetime | None
    last_status: str | None


class WebhookDesk:
    """Answers organisations about their webhooks."""

    def __init__(
        self, *, lanes: Lanes, directories: Directories, secrets: WebhookSecrets, clock: Clock
    ) -> None:
        self._lanes = lanes
        self._directories = directories
        self._secrets = secrets
        self._clock = clock

    async def webhook(self, number: str) -> WebhookView:
        """Return how webhooks are signed, and whether they arrive; raises `not-on-webhook`."""
        return await self._view(number, await self._lanes.lane(number))

    async def change_secret(self, number: str) -> WebhookView:
        """Begin the next secret; the one before signs beside it for two weeks.

        Raises:
            EngineError: `not-on-webhook`, `already-changing-secret`.
        """
        lane = await self._lanes.lane(number)
        await self._view(number, lane)
        now, before = self._clock.now(), lane.secret_generation
        is_changing = self._also_until(lane) is not None
        if is_changing or not await self._lanes.change_secret(number, at=now, before=before):
            raise EngineError("already-changing-secret")
        return await self._view(number, await self._lanes.lane(number))

    async def _view(self, number: str, lane: Lane) -> WebhookView:
        known = (await self._directories.current()).organisation(number)
        if known is None or known.channel is not Channel.WEBHOOK or known.endpoint is None:
            raise EngineError("not-on-webhook")
        secret, public_key = self._secrets.told(lane)
        return WebhookView(
            endpoint=known.endpoint,
            secret=secret,
            public_key=public_key,
            also_until=self._also_until(lane),
            not_answering_since=lane.health.failing_since,
            stopped_at=lane.health.stopped_at,
            last_status=lane.health.last_status,
        )

    def _also_until(self, lane: Lane) -> datetime | None:
        if lane.secret_changed_at is None:
            return None
        until = lane.secret_changed_at + ROTATION
        return until if until > self._clock.now() else None
