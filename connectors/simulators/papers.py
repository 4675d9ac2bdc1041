# SPDX-License-Identifier: Apache-2.0
"""The papers simulated offices issue, each marked as a sample: the one place that prints them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final, Protocol

from connectors.sdk import Address, IssuedDocument, Mover, PersonName, Text
from engine.core.errors import EngineError
from mailbox.papers.certificate import Member, MoveOutCertificate
from mailbox.papers.notice import Item, Notice
from mailbox.papers.render import Papers
from mailbox.papers.wareki import wareki

_RELATIONS: Final = {
    "head": "世帯主",
    "self": "本人",
    "spouse": "配偶者",
    "child": "子",
    "parent": "父母",
    "sibling": "兄弟姉妹",
    "grandparent": "祖父母",
    "grandchild": "孫",
    "cohabitant": "同居人",
    "other": "その他",
}
_SEXES: Final = {"female": "女", "male": "男"}


class NotPrintable(Exception):
    """A name or address holds a character the fonts lack; no certificate leaves with a wrong name."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """The office whose paper it is."""

    municipality: str
    mayor_title: str
    mayor: str


class MovingOut(Protocol):
    """The fields a certificate is made from."""

    @property
    def old_address(self) -> Address: ...
    @property
    def new_address(self) -> Address: ...
    @property
    def moving_date(self) -> date: ...
    @property
    def movers(self) -> Sequence[Mover]: ...


def day_text(day: date) -> Text:
    """Return a day as one is asked about it."""
    return Text(ja=wareki(day), en=f"{day:%d %B %Y}")


def move_out_certificate(fields: MovingOut, issuer: Issuer, *, number: str, today: date) -> bytes:
    """Return a certificate (転出証明書) as PDF, marked 見本; raises NotPrintable."""
    head = str(_head(fields.movers).name)
    certificate = MoveOutCertificate(
        number=number,
        municipality=issuer.municipality,
        mayor_title=issuer.mayor_title,
        mayor=issuer.mayor,
        issued_on=today,
        notified_on=today,
        planned_on=fields.moving_date,
        old_address=str(fields.old_address),
        old_head=head,
        new_address=str(fields.new_address),
        new_head=head,
        members=tuple(_member(mover) for mover in fields.movers),
        simulation=True,
    )
    try:
        return _papers().move_out_certificate(certificate)
    except EngineError as error:
        raise NotPrintable(error.code) from error


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all notices of one kind have in common: who writes, how it is called, what it says."""

    issuer: Text
    kind: str
    title: Text
    words: Text

    def notice(
        self,
        order_id: str,
        to: PersonName | None,
        items: Mapping[tuple[str, str], object],
        *,
        number: str,
        today: date,
    ) -> IssuedDocument:
        """Return the notice as a document of this order, marked 見本; items without a value are left out."""
        written = (
            Item(label=Text(ja=ja, en=en), value=wareki(value) if isinstance(value, date) else str(value))
            for (ja, en), value in items.items()
            if value
        )
        notice = Notice(
            title=self.title,
            number=number,
            issued_on=today,
            issuer=self.issuer,
            addressee=str(to or "お客様"),
            items=tuple(written),
            words=self.words,
            simulation=True,
        )
        return IssuedDocument(f"{order_id}.{self.kind}", self.kind, self.title, _papers().notice(notice))


@cache
def _papers() -> Papers:
    return Papers()


def _head(movers: Sequence[Mover]) -> Mover:
    return next((mover for mover in movers if mover.relation in ("head", "世帯主")), movers[0])


def _member(mover: Mover) -> Member:
    return Member(
        name=str(mover.name),
        kana=None if mover.kana is None else str(mover.kana),
        born_on=mover.birth_date,
        sex=None if mover.sex is None else _SEXES.get(mover.sex, mover.sex),
        relation=_RELATIONS.get(mover.relation, mover.relation),
    )
