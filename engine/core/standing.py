# SPDX-License-Identifier: Apache-2.0
"""In whose place somebody acts: their own, of a person who sits beside them, or of one they represent."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from engine.core.errors import Problem
from engine.core.lifecycle import Way

NEEDS_REPRESENTATIVE: Final = "invalid-needs-representative"


class Standing(StrEnum):
    """How somebody stands to the person whose case it is."""

    OWN = "own"
    ASSISTED = "assisted"  # 窓口での補助: staff of a counter, in the person's presence
    REPRESENTED = "represented"  # 代理: by law or by the person's own will

    def allows(self, way: Way) -> bool:
        """Say whether something can be filed in this way.

        Where the law wants the person's own electronic signature, nobody's at a counter takes its place
        (公的個人認証法3条); a representative signs in the person's place (民法99条).
        """
        return self is not Standing.ASSISTED or way is not Way.SIGNED

    def left(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Return what is still wrong with facts: for one who is represented, not that they are too young."""
        if self is not Standing.REPRESENTED:
            return tuple(problems)
        return tuple(one for one in problems if one.code != NEEDS_REPRESENTATIVE)
