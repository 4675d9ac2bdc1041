# SPDX-License-Identifier: Apache-2.0
"""The family register (戸籍), as marriage, birth and death ask for it.

A 本籍 is no address: it may be anywhere in Japan, and nobody has to live there. Only those who may
have it are told it (`MAY_HAVE_HONSEKI`): no company and no employer.
"""

from typing import Final

from workflows.common import Facts, Line, Municipality, Name, YesNo, both
from workflows.terms import only

# 戸籍 content is for its own desks, and for those whose papers show the 本籍: licences, passports
# (the prefecture alone), state qualifications.
REGISTER_DESK: Final = "MUNI-K"
MAY_HAVE_HONSEKI: Final = only(REGISTER_DESK, "POLICE", "MINISTRY")
MAY_HAVE_PREFECTURE: Final = only(REGISTER_DESK, "MOFA")

WITHDRAWN_WHILE_DEPOSITED: Final = both(
    "受理されると取り下げられません。取り下げられるのは、預かりの間だけです",
    "Once accepted it cannot be taken back; only while it is deposited it can",
)


class Honseki(Facts):
    """A registered domicile (本籍)."""

    municipality: Municipality
    prefecture: Line
    city: Line
    line: Line

    @property
    def written(self) -> str:
        """The domicile as one line."""
        return f"{self.prefecture}{self.city}{self.line}"

    @property
    def prefecture_code(self) -> str:
        """The two digits of the prefecture: all that a passport shows of it."""
        return self.municipality[:2]


class Register(Honseki):
    """Somebody's register: its 本籍 and its head (筆頭者). `is_head`: they head it themselves."""

    head: Name
    is_head: YesNo = False

    @property
    def place(self) -> tuple[str, str]:
        """What tells two domiciles apart."""
        return self.municipality, self.line


class RegisterDesk(Facts):
    """The desk at which a notice is handed in (届出地)."""

    municipality: Municipality
    city: Line
