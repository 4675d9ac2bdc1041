# SPDX-License-Identifier: Apache-2.0
"""Households of nobody (架空の世帯), by life event: together they come to every procedure that is filed.

The example orders that organisations are shown and rehearsed with are made of them, by the very rules
that make everybody's plan (`engine/border/examples.py`). A life event that is added brings its own.
"""

from collections.abc import Mapping
from typing import Final

from workflows.examples import birth, death, marriage, moving
from workflows.examples.telling import Household

__all__ = ["HOUSEHOLDS", "Household"]

HOUSEHOLDS: Final[Mapping[str, tuple[Household, ...]]] = {
    "moving": moving.HOUSEHOLDS,
    "marriage": marriage.HOUSEHOLDS,
    "birth": birth.HOUSEHOLDS,
    "death": death.HOUSEHOLDS,
}
