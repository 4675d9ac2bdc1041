# SPDX-License-Identifier: Apache-2.0
"""When somebody is reminded (督促) of what waits for them: so many days before the last day, by what is lost.

The days are copied into the case when it opens, as all its rules are.
"""

from collections.abc import Mapping
from typing import Final

from engine.core.deadline_rules import Severity

# Days before the last day, the earliest reminder first.
DAYS_BEFORE: Final[Mapping[Severity, tuple[int, ...]]] = {
    Severity.RIGHT_LOST: (30, 7, 1),
    Severity.MONEY_LOST: (14, 3),
    Severity.FINE: (7, 1),
    Severity.CONVENIENCE: (3,),
}
