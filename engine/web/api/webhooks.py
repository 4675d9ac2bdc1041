# SPDX-License-Identifier: Apache-2.0
"""What an organisation (機関・事業者) asks about the webhooks that it gets."""

from typing import Final

from connectors.channels.webhook_desk import WebhookView
from engine.web.api.common import both
from engine.web.operations import Call, Group
from engine.web.security import Who

WEBHOOKS: Final = Group("webhooks", both("Webhook", "Webhooks"))


@WEBHOOKS.operation(
    "GET",
    "/v1/organisation/webhook",
    who=Who.ORGANISATION,
    words=both("Webhookの宛先・秘密鍵・状態", "Address, secret and state of the webhooks"),
    refusals=("not-on-webhook",),
)
async def webhook(call: Call) -> WebhookView:
    """Return with what webhooks to this organisation are signed, and whether they arrive."""
    return await call.doors.webhooks.webhook(call.organisation)


@WEBHOOKS.operation(
    "POST",
    "/v1/organisation/webhook/secret",
    who=Who.ORGANISATION,
    words=both("Webhookの秘密鍵を変更する", "Change the secret of the webhooks"),
    refusals=("not-on-webhook", "already-changing-secret"),
)
async def change_webhook_secret(call: Call) -> WebhookView:
    """Begin the next secret; for two weeks the one before signs beside it."""
    return await call.doors.webhooks.change_secret(call.organisation)
