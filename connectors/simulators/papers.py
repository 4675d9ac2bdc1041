# SPDX-License-Identifier: Apache-2.0
"""The papers simulated offices issue, each marked as a sample: the one place that prints them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final, Protocol

from connectors.sdk import Address, Mover
from engine.core.errors import EngineError
from mailbox.papers.certificate import Member, MoveOutCertificate
from mailbox.papers.render import Papers

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
