# SPDX-License-Identifier: Apache-2.0
"""What an organisation sees of its own traffic: backlog, last deliveries, statements, deletions.

Everything is asked by its own number, which its token or its representative proves; there is no way
to name another's. `again` offers orders once more: the same ids, so a connector takes each once.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from engine.border.jwk import exported, jose_key, thumbprint
from engine.border.statement import Said, month_of, statement
from engine.core.errors import Code, EngineError, register
from engine.core.views import View
from engine.ports import AuditEntry, Clock, Crossed, DeletionNotice, Ids, Lanes, OperatorStore, Traffic
from engine.registry.directory import Directories
from engine.registry.model import Channel, RegistryStore
from engine.runtime.key_desk import Asker
from engine.runtime.resealing import Resealing

MOST_AGAIN: Final = 1000
RECEIPT_TYPE: Final = "todoke-deletion+jws"

register(
    {
        "malformed-traffic-cursor": Code(
            400, "続きの位置を表す値が正しくありません", "The cursor is not one that was given out"
        ),
        "no-such-deletion": Code(
            404, "この符号に削除の通知はありません", "No deletion is asked for under this reference"
        ),
        "invalid-receipt": Code(
            422,
            "削除の受領証の署名又は内容が正しくありません",
            "The receipt is not signed by a valid key of yours, or says something else",
        ),
    }
)


class OwnBacklog(View):
    """What lies here for the organisation, and what of its own was put aside, by reason.

    `acting_for` is how much of it is for others, by their number; `with_others` how much of its own
    waits with who acts for it.
    """

    unacknowledged: int
    oldest: datetime | None
    filings_open: dict[str, int]
    waiting_since: datetime | None
    put_aside: dict[str, int]
    acting_for: dict[str, int]
    with_others: dict[str, int]


class DeliveryLine(View):
    """One order: when it was first given, whether it was acknowledged, and the newest reply to it."""

    order_id: str
    kind: str
    reference: str
    due_on: date | None
    sent_at: datetime
    acknowledged_at: datetime | None
    answered_by: str | None
    answered_at: datetime | None


class DeletionLine(View):
    """What has to be deleted, and why."""

    reference: str
    because: str
    noticed_at: datetime


class OwnView:
    """The traffic of one organisation, for itself."""

    def __init__(
        self,
        *,
        traffic: Traffic,
        lanes: Lanes,
        operators: OperatorStore,
        registry: RegistryStore,
        directories: Directories,
        resealing: Resealing,
        signing_key: ec.EllipticCurvePrivateKey,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._traffic = traffic
        self._lanes = lanes
        self._operators = operators
        self._registry = registry
        self._directories = directories
        self._resealing = resealing
        self._signing_key = signing_key
        self._clock = clock
        self._ids = ids

    async def backlog(self, number: str) -> OwnBacklog:
        """Return what waits, and what failed."""
        found = await self._operators.backlog(number)
        elsewhere = await self._lanes.waiting_elsewhere(number)
        return OwnBacklog(
            unacknowledged=found.unacknowledged,
            oldest=found.oldest,
            filings_open=dict(found.filings),
            waiting_since=found.since,
            put_aside=await self._traffic.refused(number),
            acting_for=await self._lanes.waiting_for(number),
            with_others={lane: one.waiting for lane, one in elsewhere.items()},
        )

    async def deliveries(
        self, number: str, *, after: str | None, limit: int
    ) -> tuple[list[DeliveryLine], str | None]:
        """Return its orders, the newest first, and where the next ones begin."""
        found = await self._traffic.orders(number, before=_place(after), limit=limit)
        last = found[-1].order if len(found) == limit else None
        return [_line(one) for one in found], _cursor(last.said_at, last.message_id) if last else None

    async def again(
        self, asker: Asker, *, order_ids: Sequence[str] = (), since: datetime | None = None
    ) -> int:
        """Offer orders once more, named ones or all since then, at most 1,000; return how many.

        In the table each order itself comes again; at the broker the last order of each filing.
        """
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            operator=asker.name,
            act="replay" if since else "resend",
            organisation=asker.number,
            details={"orders": list(order_ids)[:100], "since": since.isoformat() if since else ""},
        )
        await self._operators.record([entry])
        directory = await self._directories.current()
        if directory.channel(asker.number) is Channel.AMQP:
            found = await self._traffic.references(
                asker.number, order_ids=order_ids, since=since, limit=MOST_AGAIN
            )
            return sum([await self._resealing.again(reference) for reference in found])
        offered = await self._traffic.offer_again(
            asker.number, order_ids=order_ids, since=since, limit=MOST_AGAIN
        )
        for key in await self._registry.keys(asker.number):
            if key.use == "enc" and key.revoked_at is not None:
                await self._resealing.reseal(key)
        return offered

    async def statement(self, number: str, month: str) -> str:
        """Return the statement of a month, signed; raises `invalid-month`."""
        now = self._clock.now()
        start, end = month_of(month, now=now)
        days = start.date(), (end - timedelta(seconds=1)).date() + timedelta(days=1)
        found = await self._traffic.between(number, start=start, end=end, due=days)
        said = [Said(one.message_id, one.kind, one.order_id, one.due_on, one.said_at) for one in found]
        kid = thumbprint(self._signing_key.public_key())
        return statement(number, month, said, now=now).signed(self._signing_key, kid=kid)

    # --- deletion at the end of purpose ---

    async def purpose_ended(self, case_id: UUID, *, because: str) -> int:
        """Ask everybody who was told anything in the case to delete it; return how many filings it was."""
        told = await self._traffic.told(case_id)
        now = self._clock.now()
        await self._traffic.notice(
            [DeletionNotice(number, reference, because, now) for number, reference in told]
        )
        return len(told)

    async def deletions(
        self, number: str, *, after: str | None, limit: int
    ) -> tuple[list[DeletionLine], str | None]:
        """Return what the organisation has to delete and has not confirmed, the oldest first."""
        found = await self._traffic.notices(number, after=_place(after), limit=limit)
        lines = [
            DeletionLine(reference=one.reference, because=one.because, noticed_at=one.noticed_at)
            for one in found
        ]
        last = found[-1] if len(found) == limit else None
        return lines, _cursor(last.noticed_at, last.reference) if last else None

    async def confirm_deletion(self, number: str, reference: str, receipt: str) -> None:
        """Keep the signed receipt of a deletion; said again, it changes nothing.

        Raises:
            EngineError: `no-such-deletion`, `invalid-receipt`.
        """
        await self._check_receipt(number, reference, receipt)
        if not await self._traffic.receipt(number, reference, receipt, at=self._clock.now()):
            raise EngineError("no-such-deletion")

    async def _check_receipt(self, number: str, reference: str, receipt: str) -> None:
        directory = await self._directories.current()
        try:
            head = jws.extract_compact(receipt.encode()).headers()
            key = directory.verification_key(f"/organisations/{number}", str(head["kid"]))
            if key is None or head.get("typ") != RECEIPT_TYPE:
                raise EngineError("invalid-receipt", pointer="/receipt")
            found = jws.deserialize_compact(
                receipt, ECKey.import_key(dict(exported(key, use="sig"))), algorithms=["ES256"]
            )
        except (JoseError, ValueError, KeyError):
            raise EngineError("invalid-receipt", pointer="/receipt") from None
        if found.payload != f"deleted {reference} {number}".encode():
            raise EngineError("invalid-receipt", pointer="/receipt")


def deletion_receipt(key: ec.EllipticCurvePrivateKey, *, number: str, reference: str) -> str:
    """Return the receipt that an organisation signs: what it was told under the reference is deleted."""
    head = {"alg": "ES256", "kid": thumbprint(key.public_key()), "typ": RECEIPT_TYPE}
    payload = f"deleted {reference} {number}".encode()
    return jws.serialize_compact(head, payload, jose_key(key), algorithms=["ES256"])


def _line(one: Crossed) -> DeliveryLine:
    return DeliveryLine(
        order_id=one.order.message_id,
        kind=one.order.kind,
        reference=one.order.reference,
        due_on=one.order.due_on,
        sent_at=one.order.said_at,
        acknowledged_at=one.acknowledged_at,
        answered_by=one.answered_by,
        answered_at=one.answered_at,
    )


def _cursor(at: datetime, name: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {name}".encode()).rstrip(b"=").decode()


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, name = text.split(" ")
        place = datetime.fromisoformat(at)
    except (binascii.Error, ValueError) as error:
        raise EngineError("malformed-traffic-cursor", pointer="/after") from error
    if place.tzinfo is None:
        raise EngineError("malformed-traffic-cursor", pointer="/after")
    return place, name
