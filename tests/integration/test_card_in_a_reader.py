# SPDX-License-Identifier: Apache-2.0
"""OpenSC, which knows nothing of Todoke, reads the software card over a PC/SC daemon and signs with it."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from connectors.simulators.jpki import SoftwareCard
from connectors.simulators.jpki.vpcd import READER, inserted
from engine.identity.card import JpkiCard
from engine.identity.card_text import read_basic_items
from engine.identity.pcsc import card_in_reader
from engine.identity.profiles import Use, is_signed
from tests.unit.identity_desk import HANAKO, Desk

LIBRARY = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
TREE = Path(__file__).resolve().parents[2]
NEEDED = ("pcscd", "opensc-tool", "pkcs15-tool", "pkcs11-tool")
MISSING = [name for name in NEEDED if shutil.which(name) is None] + (
    [] if LIBRARY.exists() else [LIBRARY.name]
)


def why_not() -> str:
    """Return what keeps the card from being read here, empty when nothing does."""
    if MISSING:
        return f"no card was read: {', '.join(MISSING)} missing (apt: opensc pcscd vsmartcard-vpcd)"
    if os.geteuid() != 0:
        return "no card was read: only root starts a PC/SC daemon"
    if Path("/run/pcscd/pcscd.comm").exists():
        return "no card was read: another PC/SC daemon runs here"
    return ""


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


class Reader:
    """A daemon of our own with one card in it."""

    def __init__(self, card: Path) -> None:
        self.card = card

    async def tool(self, *command: str) -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.card.parent,
            env={**os.environ, "PYTHONPATH": str(TREE), "TODOKE_STATE": str(self.card.parent)},
        )
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
        return process.returncode or 0, out


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    place, port = tmp_path / "card.json", two_free_ports()
    Desk().card().save(place)
    config = tmp_path / "readers"
    config.mkdir()
    (config / "vpcd").write_text(READER.format(port=port, library=LIBRARY))
    async with inserted(lambda: SoftwareCard.load(place), port=port):
        daemon = await asyncio.create_subprocess_exec(
            str(shutil.which("pcscd")), "--foreground", "--config", str(config),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            one = Reader(place)
            await _until_seen(one)
            yield one
        finally:
            daemon.send_signal(signal.SIGTERM)
            await daemon.wait()


def two_free_ports() -> int:
    """Return a port of the loopback that is free, as the next one is."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            with contextlib.suppress(OSError):
                second.bind(("127.0.0.1", port + 1))
                return port


async def _until_seen(reader: Reader) -> None:
    async with asyncio.timeout(30):
        while True:
            _, said = await reader.tool("opensc-tool", "--reader", "0", "--name")
            if b"jpki" in said.lower():
                return
            await asyncio.sleep(0.2)


async def test_opensc_reads_both_certificates_and_signs_with_both_keys(reader: Reader) -> None:
    own = SoftwareCard.load(reader.card)
    status, listed = await reader.tool("pkcs15-tool", "--reader", "0", "--list-certificates")
    assert status == 0, listed
    status, pem = await reader.tool("pkcs15-tool", "--reader", "0", "--read-certificate", "01")
    assert status == 0, pem
    read = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN") :])
    assert read == own.login_certificate

    (reader.card.parent / "message").write_bytes(b"signed over PC/SC\n")
    for use, slot, pin, key in ((Use.LOGIN, "0", "1234", "01"), (Use.SIGNATURE, "1", "ABC123", "02")):
        status, said = await reader.tool(
            "pkcs11-tool", "--slot-index", slot, "--login", "--pin", pin, "--sign", "--id", key,
            "--mechanism", "SHA256-RSA-PKCS", "--input-file", "message", "--output-file", f"{use.value}.sig",
        )  # fmt: skip
        assert status == 0, said
        signature = (reader.card.parent / f"{use.value}.sig").read_bytes()
        certificate = own.login_certificate if use is Use.LOGIN else own.signature_certificate
        key_of = certificate.public_key()
        assert is_signed(key_of, signature, b"signed over PC/SC\n", SHA256())  # type: ignore[arg-type] # RSA


async def test_our_own_client_reads_the_same_card_over_pcsc(reader: Reader) -> None:
    """The same code that speaks to the software card in its tests, with a reader and a daemon between."""

    def used() -> tuple[bytes, bytes, str]:
        with card_in_reader() as card:
            items = read_basic_items(card, "1234")
            own = JpkiCard(card)
            own.verify_pin(Use.SIGNATURE, "ABC123")
            return own.read_certificate(Use.SIGNATURE), own.sign(Use.SIGNATURE, b"signed here"), items.name

    certificate, signature, name = await asyncio.to_thread(used)

    status, said = await reader.tool(sys.executable, "-m", "engine.cli", "card", "info", "--reader", "Todoke")
    assert (status, json.loads(said)["passwordTriesLeft"]) == (0, 5), said

    own = SoftwareCard.load(reader.card)
    assert certificate == own.chip.signature_certificate
    assert name == HANAKO.name
    key = own.signature_certificate.public_key()
    assert is_signed(key, signature, b"signed here", SHA256())  # type: ignore[arg-type] # RSA


async def test_a_wrong_pin_over_pcsc_costs_a_try_that_the_card_remembers(reader: Reader) -> None:
    (reader.card.parent / "message").write_bytes(b"x")
    status, said = await reader.tool(
        "pkcs11-tool", "--slot-index", "0", "--login", "--pin", "9999", "--sign", "--id", "01",
        "--mechanism", "SHA256-RSA-PKCS", "--input-file", "message", "--output-file", "none",
    )  # fmt: skip

    assert status != 0
    assert b"CKR_PIN_INCORRECT" in said
    assert SoftwareCard.load(reader.card).chip.tries == {0x18: 2, 0x1B: 5}
