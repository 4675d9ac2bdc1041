# SPDX-License-Identifier: Apache-2.0
"""見本葬祭 (Mihon Funerals), an invented undertaker: books the cremation and hands back the stamped permit.

It shows work whose hour the law sets: no cremation before 24 hours have passed since the death
(墓地、埋葬等に関する法律3条). It is never told what somebody died of.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, ClassVar, Final

from pydantic import Field

from connectors.sdk import (
    Accepted,
    Amend,
    Amended,
    Answer,
    Completed,
    Connector,
    Desk,
    Fields,
    Irrevocable,
    Later,
    PersonName,
    Received,
    Refused,
    Reply,
    Submit,
    Text,
    Withdraw,
    Withdrawn,
)
from connectors.sdk.desk import JAPAN
from connectors.simulators import bereaved
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="見本葬祭（架空・見本）", en="Mihon Funerals (fictitious, Simulator)")
_BEFORE: Final = timedelta(hours=24)
_CLOSING: Final = time(17)  # of a cremation whose hour nobody told
_TOO_EARLY = Refused(
    "before-24-hours",
    Text(
        ja="亡くなってから24時間がたつまで火葬できません（墓地、埋葬等に関する法律3条）",
        en="No cremation before 24 hours have passed since the death (Graveyards and Burials Act, art. 3)",
    ),
    field="/cremationAt",
    correctable=True,
)
_CREMATED = Text(ja="すでに火葬を行いました", en="The cremation has taken place")
_LETTER = Letterhead(
    _NAME,
    "cremation-record",
    Text(ja="火葬執行の記録（見本）", en="Record of the cremation (sample)"),
    Text(
        ja="火葬許可証に執行済の印を受けました。埋葬のときに必要です。大切に保管してください。",
        en="The permit bears the stamp of the cremation. Keep it: it is needed for the burial.",
    ),
)


class CremationBooking(Fields):
    """Who is cremated, where and when; the day, or the minute."""

    deceased_name: PersonName
    died_on: date
    died_at: Annotated[str, Field(pattern=r"^[0-9]{2}:[0-9]{2}$")] | None = None
    crematorium: str
    cremation_at: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2})?$")]

    @property
    def moment(self) -> datetime:
        """When it takes place, at the latest."""
        day, _, clock = self.cremation_at.partition("T")
        at = time.fromisoformat(clock) if clock else _CLOSING
        return datetime.combine(date.fromisoformat(day), at, JAPAN)

    @property
    def allowed_from(self) -> datetime:
        """Before which the law forbids it, as far as the hour of the death is known."""
        at = time.fromisoformat(self.died_at) if self.died_at else time()
        return datetime.combine(self.died_on, at, JAPAN) + _BEFORE


class UndertakerSimulator(Connector):
    """Waits for the hour of the cremation, then reports it."""

    number = "6999999000044"
    name = _NAME
    procedures: ClassVar = {"death.cremation-record": CremationBooking}

    def submit(self, order: Submit[CremationBooking], desk: Desk) -> Iterator[Reply | Later]:
        booked = order.fields
        if booked.moment < booked.allowed_from:
            yield _TOO_EARLY
            return
        yield Received(_receipt(order.id), promised_by=booked.moment.date())
        yield Later(max(booked.moment, desk.now()))

    def follow_up(self, order: Submit[CremationBooking], desk: Desk) -> Iterator[Reply | Later]:
        booked = order.fields
        if desk.now() < booked.moment:  # it was put off since
            yield Later(booked.moment)
            return
        desk.take_effect(order, "cremated")
        receipt = _receipt(order.id)
        items = {
            ("亡くなった方", "The deceased"): booked.deceased_name,
            ("火葬場", "Crematorium"): booked.crematorium,
            ("火葬の日", "Day of the cremation"): booked.moment.date(),
        }
        record = _LETTER.notice(order.id, None, items, number=receipt, today=desk.today())
        yield Accepted(receipt)
        yield Completed(receipt, booked.moment.date(), (record,))

    def amend(self, order: Amend[CremationBooking], desk: Desk) -> Answer:
        if desk.effects:
            return Irrevocable(_receipt(order.id), _CREMATED)
        if order.fields.moment < order.fields.allowed_from:
            return _TOO_EARLY
        return Amended(_receipt(order.id)), Later(order.fields.moment)

    def withdraw(self, order: Withdraw[CremationBooking], desk: Desk) -> Answer:
        if desk.effects:
            return Irrevocable(_receipt(order.id), _CREMATED)
        return Withdrawn(_receipt(order.id))

    examples: ClassVar = {
        "death.cremation-record": {
            "deceasedName": bereaved.DECEASED,
            "diedOn": bereaved.DIED,
            "diedAt": "14:30",
            "crematorium": "見本斎場",
            "cremationAt": "2026-11-25T11:00",
        }
    }


def _receipt(order_id: str) -> str:
    return f"MF-{order_id[2:10]}"
