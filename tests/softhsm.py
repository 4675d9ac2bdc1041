# SPDX-License-Identifier: Apache-2.0
"""A software token (SoftHSM) of a test's own, in a directory of the test's own."""

import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.keystore.address import TokenAddress
from engine.keystore.token import Token

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
)
PIN = "0123456"


def module() -> Path | None:
    return next((path for path in MODULES if path.exists()), None)


def missing() -> str | None:
    """Say what is not here, in one line."""
    if module() is None or shutil.which("softhsm2-util") is None:
        return "no key was kept in a token: SoftHSM is not installed (apt: softhsm2)"
    if importlib.util.find_spec("pkcs11") is None:
        return "no key was kept in a token: python-pkcs11 is not installed (requirements/pkcs11.txt)"
    return None


needed = pytest.mark.skipif(missing() is not None, reason=missing() or "")


def made(directory: Path) -> TokenAddress:
    """Return a fresh token; the module reads where tokens lie once for each process."""
    import pkcs11

    home = directory / "tokens"
    home.mkdir(mode=0o700)
    (directory / "softhsm2.conf").write_text(f"directories.tokendir = {home}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(directory / "softhsm2.conf")
    label = f"todoke-{secrets.token_hex(4)}"
    initialise = ["--init-token", "--free", "--label", label, "--so-pin", "76543210", "--pin", PIN]
    subprocess.run([str(shutil.which("softhsm2-util")), *initialise], check=True, capture_output=True)
    pin = directory / "pin"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o600)
    here = module()
    assert here is not None
    pkcs11.lib(str(here)).reinitialize()
    return TokenAddress(here, label, pin)


@pytest.fixture
def address() -> Iterator[TokenAddress]:
    with tempfile.TemporaryDirectory(prefix="todoke-softhsm-") as directory:
        before = os.environ.get("SOFTHSM2_CONF")
        yield made(Path(directory))
        if before is None:
            del os.environ["SOFTHSM2_CONF"]


def uri(address: TokenAddress) -> str:
    return f"pkcs11:token={address.label}?module-path={address.module}&pin-source={address.pin_source}"


def token_at(address: TokenAddress) -> Token:
    return Token(address, remembers=address.pin_source.parent / "keys")
