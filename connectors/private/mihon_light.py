# SPDX-License-Identifier: Apache-2.0
"""見本電灯 (Mihon Light), an invented electricity company: new names, and contracts that end with a death."""

from typing import ClassVar

from connectors.private.ended_contracts import SupplyEndDesk
from connectors.private.new_names import Examples, UtilityNameDesk
from connectors.sdk import Office, Text

_NAME = Text(ja="見本電灯（架空・見本）", en="Mihon Light (fictitious, Simulator)")


class MihonLightSimulator(Office):
    """Electricity."""

    number = "3999999000047"
    name = _NAME
    clerks: ClassVar = {"marriage.electricity": UtilityNameDesk(), "death.electricity": SupplyEndDesk(_NAME)}
    examples: ClassVar = {"marriage.electricity": Examples.utility}
