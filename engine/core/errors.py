# SPDX-License-Identifier: Apache-2.0
"""Every refusal Todoke makes, by one stable code with one HTTP status and a title in two languages.

A room registers its own codes here when it is imported, so that the whole list can be
served and documented, and a code can never be used without its title.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means to the person who reads it: HTTP status, title in Japanese and English."""

    status: int
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (JSON pointer into the request, "" for all of it) and what."""

    pointer: str
    code: str


CODES: dict[str, Code] = {}


def register(codes: Mapping[str, Code]) -> None:
    """Add codes to the list. A code is never given two meanings."""
    for name, code in codes.items():
        if CODES.setdefault(name, code) != code:
            raise ValueError(f"the code {name!r} already has another meaning")


class EngineError(Exception):
    """A refusal that its reader can act on.

    `values` are what the detail may mention; they never hold personal data.
    """

    def __init__(
        self, code: str, *, problems: tuple[Problem, ...] = (), pointer: str | None = None, **values: object
    ) -> None:
        if code not in CODES:
            raise KeyError(f"the code {code!r} is not registered")
        self.code = code
        self.problems = problems or ((Problem(pointer, code),) if pointer is not None else ())
        self.values = values
        super().__init__(code, values)

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return CODES[self.code].status


register(
    {
        "illegal-move": Code(
            409,
            "この状態では、その操作はできません",
            "This cannot be done in the present state",
        ),
        "already-closed": Code(409, "この案件はすでに終わっています", "The case has already ended"),
        "stale-version": Code(
            412,
            "案件が更新されています。最新の内容を確認してからやり直してください",
            "The case has changed since you read it; read it again first",
        ),
        "idempotency-mismatch": Code(
            409,
            "同じ Idempotency-Key で異なる内容が送られました",
            "The same Idempotency-Key came with another body",
        ),
        "invalid-facts": Code(422, "申請事項に誤りがあります", "The facts have errors"),
        "invalid-answer": Code(422, "回答の形式が正しくありません", "The answer does not fit the question"),
        "no-such-case": Code(404, "案件が見つかりません", "There is no such case"),
        "no-such-filing": Code(404, "届出が見つかりません", "There is no such filing"),
        "no-such-question": Code(404, "その質問は見つかりません", "There is no such question"),
        "unavailable": Code(
            503,
            "ただいま処理できません。しばらくしてからやり直してください",
            "Not available now; try again shortly",
        ),
    }
)
