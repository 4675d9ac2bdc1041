# SPDX-License-Identifier: Apache-2.0
"""A rehearsal of JPKI: a test authority for synthetic people, and their cards as software.

Everything it issues says O=JPKI-TEST. No production root ever trusts it, and it trusts nobody.
"""

from connectors.simulators.jpki.authority import Municipality, Resident
from connectors.simulators.jpki.card import SoftwareCard
from connectors.simulators.jpki.register import resident_changed, resident_died
from connectors.simulators.jpki.world import JpkiWorld

__all__ = [
    "JpkiWorld",
    "Municipality",
    "Resident",
    "SoftwareCard",
    "resident_changed",
    "resident_died",
]
