# SPDX-License-Identifier: Apache-2.0
"""Which token holds the keys, as a PKCS#11 URI (RFC 7512).

    pkcs11:token=todoke?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/run/secrets/token.pin

The PIN is in a file, never in the address: addresses are seen in lists of processes and in logs.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

SCHEME: Final = "pkcs11:"


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """The module that speaks PKCS#11, the token by its label, and the file with the user's PIN."""

    module: Path
    label: str
    pin_source: Path
    serial: str | None = None

    @classmethod
    def parse(cls, text: str) -> "TokenAddress":
        """Return the address; raises ValueError, which never repeats what was given."""
        path, _, query = text.removeprefix(SCHEME).partition("?")
        found = {**_pairs(path, ";"), **_pairs(query, "&")}
        if "pin-value" in found:
            raise ValueError("must not hold the PIN itself; pin-source names a file")
        known = {"token", "serial", "module-path", "pin-source"}
        if found.keys() - known:
            raise ValueError(f"knows {', '.join(sorted(known))} and nothing else")
        for name in ("token", "module-path", "pin-source"):
            if not found.get(name):
                raise ValueError(f"has no {name}, like pkcs11:token=L?module-path=/M.so&pin-source=/F")
        module, pin = Path(found["module-path"]), Path(found["pin-source"].removeprefix("file:"))
        if not module.is_absolute() or not pin.is_absolute():
            raise ValueError("names module-path and pin-source as absolute paths")
        return cls(module, found["token"], pin, found.get("serial"))


def _pairs(text: str, separator: str) -> dict[str, str]:
    parts = (one.partition("=") for one in text.split(separator) if one)
    return {name: unquote(value) for name, _, value in parts}
