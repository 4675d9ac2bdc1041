# SPDX-License-Identifier: Apache-2.0
"""Others read what we sign: OpenSSL verifies the signatures of mandates with the root, and nothing of ours."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from engine.identity import cades
from engine.identity.profiles import Use
from engine.identity.signing import anybody
from tests.unit.identity_desk import Desk

OPENSSL = shutil.which("openssl") or ""
pytestmark = pytest.mark.skipif(
    not OPENSSL, reason="no openssl on this machine: nothing was compared with it"
)


class Files:
    """A mandate that Hanako signed, as files: the content, the signature as sent, as kept, and settled."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.desk = Desk()

    async def made(self) -> "Files":
        desk, card = self.desk, self.desk.card()
        session = await desk.signed_in(card)
        offer = await desk.offer(session)
        sent = desk.signed(card, offer.content)
        evidence = await desk.gate.verify_mandate(session, offer.content, signature=sent, accept=anybody)
        desk.clock.pass_by(days=1)
        await desk.gate.settle()
        settled = await desk.gate.long_term(evidence.id)
        roots = {use: desk.world.authorities[use, 2].certificate for use in Use}
        files = {
            "mandate.json": settled.content,
            "sent.p7s": sent,
            "settled.p7s": settled.signature,
            "root.pem": roots[Use.SIGNATURE].public_bytes(Encoding.PEM),
            "other.pem": roots[Use.LOGIN].public_bytes(Encoding.PEM),
            "tsa.pem": desk.world.time_authority.root.public_bytes(Encoding.PEM),
            "signature.bin": cades.read_detached(sent, settled.content).signature,
            "token.der": cades.time_stamp_of(settled.signature) or b"",
        }
        for name, content in files.items():
            (self.place / name).write_bytes(content)
        self.at = int((desk.clock.now() - timedelta(days=1)).timestamp())
        return self

    def openssl(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([OPENSSL, *arguments], cwd=self.place, capture_output=True, check=False)

    def verified(self, signature: str, *, root: str = "root.pem", content: str = "mandate.json") -> bool:
        done = self.openssl(
            "cms", "-verify", "-binary", "-inform", "DER", "-in", signature, "-content", content,
            "-CAfile", root, "-attime", str(self.at), "-out", "out",
        )  # fmt: skip
        return (
            done.returncode == 0 and (self.place / "out").read_bytes() == (self.place / content).read_bytes()
        )


@pytest.fixture
async def files(tmp_path: Path) -> Files:
    return await Files(tmp_path).made()


async def test_openssl_verifies_a_mandate_with_the_test_root(files: Files) -> None:
    assert files.verified("sent.p7s")
    assert files.verified("settled.p7s")  # with the time stamp, the roots and the list inside


async def test_openssl_refuses_what_we_refuse(files: Files) -> None:
    (files.place / "changed.json").write_bytes((files.place / "mandate.json").read_bytes() + b" ")

    assert not files.verified("sent.p7s", root="other.pem")
    assert not files.verified("sent.p7s", content="changed.json")


async def test_openssl_verifies_the_time_stamp_over_the_signature(files: Files) -> None:
    done = files.openssl(
        "ts", "-verify", "-token_in", "-in", "token.der", "-data", "signature.bin",
        "-CAfile", "tsa.pem", "-attime", str(files.at),
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
