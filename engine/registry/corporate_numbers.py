# SPDX-License-Identifier: Apache-2.0
"""The corporate-number port (法人番号): what the National Tax Agency publishes about a corporation.

Three things are published of each (Number Act, 番号法, art. 39(4)): name, seat, number, with every
change since 2015. Who represents a corporation is not among them; that stands in the commercial
register. Behind the port is the agency's Web-API (nta.py) or an offline extract (extract.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final, Protocol

from engine.core.errors import Code, EngineError, register
from engine.core.numbers import area_code, is_area_code, is_corporate_number

MOST_SUCCESSORS: Final = 20  # mergers followed in a row; more is a circle

register(
    {
        "no-such-corporation": Code(
            404, "この法人番号は指定されていません", "No corporation has this corporate number"
        ),
        "unavailable-corporate-numbers": Code(
            503,
            "法人番号を確認できません。しばらくしてからやり直してください",
            "Corporate numbers cannot be looked up now; try again later",
        ),
        "strange-corporate-numbers": Code(
            502,
            "法人番号の照会先の応答が正しくありません",
            "The source of corporate numbers answered strangely",
        ),
    }
)


class CloseCause(Enum):
    """Why a registration was closed (登記記録の閉鎖等の事由), as the agency's codes have it."""

    LIQUIDATED = "01"  # 清算の結了等
    MERGED = "11"  # 合併による解散等
    BY_REGISTRAR = "21"  # 登記官による閉鎖
    OTHER = "31"  # その他の清算の結了等


@dataclass(frozen=True, slots=True, kw_only=True)
class Corporation:
    """One published record. `kind` is the agency's code (101 state, 201 local government, 301 …).

    `seat` is the address in one line. `closed_on` says that it is no more; `successor` is who took
    over in a merger. `process` is what this record came from (01 new, 11 name, 12 seat, 71 merger …).
    """

    number: str
    process: str
    name: str
    english: str
    kana: str
    kind: str
    seat: str
    area: str | None
    postal_code: str | None
    updated_on: date
    changed_on: date
    assigned_on: date
    closed_on: date | None
    close_cause: CloseCause | None
    successor: str | None
    change_cause: str
    is_latest: bool

    @property
    def is_open(self) -> bool:
        """Whether the corporation exists."""
        return self.closed_on is None


class CorporateNumbers(Protocol):
    """Where corporate numbers are looked up.

    Raises:
        EngineError: `invalid-corporate-number`; `unavailable-corporate-numbers`,
            `strange-corporate-numbers`: nothing is known now.
    """

    async def records(self, numbers: Sequence[str], *, history: bool = False) -> tuple[Corporation, ...]:
        """Return the records of at most ten numbers, one for each that was assigned.

        With `history` every earlier record comes too, the oldest of each number first.
        """
        ...


class NoCorporateNumbers:
    """Where nobody has said how numbers are looked up: nothing can be registered."""

    async def records(
        self,
        numbers: Sequence[str],  # noqa: ARG002 - as the port has it
        *,
        history: bool = False,  # noqa: ARG002 - as above
    ) -> tuple[Corporation, ...]:
        """Raise `unavailable-corporate-numbers`."""
        raise EngineError("unavailable-corporate-numbers", reason="TODOKE_CORPORATE_NUMBERS is not set")


async def corporation(numbers: CorporateNumbers, number: str) -> Corporation:
    """Return the newest record of a number.

    Raises:
        EngineError: `no-such-corporation`, and as the port.
    """
    found = [one for one in await numbers.records([number]) if one.number == number and one.is_latest]
    if not found:
        raise EngineError("no-such-corporation")
    return found[-1]


async def successor(numbers: CorporateNumbers, number: str) -> Corporation:
    """Return who carries on today what this number was: itself, or who took it over, and so on.

    Raises:
        EngineError: `no-such-corporation`: it was closed, and nobody took over.
    """
    seen = [number]
    while len(seen) <= MOST_SUCCESSORS:
        found = await corporation(numbers, seen[-1])
        if found.is_open:
            return found
        if found.successor is None or found.successor in seen:
            break
        seen.append(found.successor)
    raise EngineError("no-such-corporation")


def checked(numbers: Sequence[str]) -> Sequence[str]:
    """Return the numbers; raises `invalid-corporate-number` where a check digit is wrong."""
    if not all(is_corporate_number(number) for number in numbers):
        raise EngineError("invalid-corporate-number")
    return numbers


def area_of(prefecture: str, city: str) -> str | None:
    """Return the 6-digit area code of a record's two codes, None for a seat abroad."""
    if len(prefecture) != 2 or len(city) != 3:
        return None
    try:
        code = area_code(prefecture + city)
    except EngineError:
        return None
    return code if is_area_code(code) else None
