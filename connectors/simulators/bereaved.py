# SPDX-License-Identifier: Apache-2.0
"""The sample person's father, who died, as orders carry him: for the examples of death."""

from typing import Any, Final

from connectors.simulators import samples

DECEASED: Final[dict[str, Any]] = {"family": "見本", "given": "太郎"}
DIED: Final = "2026-11-22"
HONSEKI: Final[dict[str, Any]] = {
    "municipality": "012050",
    "prefecture": "北海道",
    "city": "室蘭市",
    "line": "幸町一番",
    "head": DECEASED,
}
ACCOUNT: Final[dict[str, Any]] = {"bank": "見本銀行", "branch": "室蘭", "number": "1234567"}
HEIR: Final[dict[str, Any]] = {
    "name": samples.NAME,
    "birthDate": samples.BORN,
    "relation": "child",
    "address": samples.OLD_ADDRESS,
}
