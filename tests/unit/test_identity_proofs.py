# SPDX-License-Identifier: Apache-2.0
"""What a person takes home of their own signature convinces a stranger who has the roots, and nobody else's does."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from connectors.simulators.jpki import JpkiWorld
from engine.commands.evidence import evidence as commands
from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.profiles import Use
from engine.identity.proofs import judged
from engine.identity.settling import OwnSignature
from engine.identity.signing import anybody
from engine.identity.trust import write
from tests.unit.identity_desk import CASE, HANAKO, START, Desk


class Taken(Desk):
    """Hanako has signed at START, and takes her signature home a day later."""

    async def begin(self) -> "Taken":
        self.own = self.card()
        self.session = await self.signed_in(self.own)
        offer = await self.offer(self.session)
        await self.gate.verify_mandate(
            self.session, offer.content, signature=self.signed(self.own, offer.content), accept=anybody
        )
        return self

    async def taken(self) -> OwnSignature:
        (one,) = await self.gate.own_signatures(self.session.person, CASE)
        return one

    async def settled(self) -> tuple[bytes, bytes]:
        self.clock.pass_by(days=1)
        await self.gate.settle()
        one = await self.taken()
        assert one.proof is not None
        return one.content, one.proof.signature


@pytest.fixture
async def desk() -> Taken:
    return await Taken().begin()


async def test_it_is_judged_with_the_roots_alone_also_when_the_authority_is_long_gone(desk: Taken) -> None:
    content, signature = await desk.settled()
    desk.world.is_down = True

    found = judged(content, signature, signed_at=START + timedelta(days=9), trust=desk.world.trust())

    assert found.attributes.name == HANAKO.name
    assert (found.proven.at, found.proven.source) == (START, "tsa")  # what the file says of it is not asked


async def test_before_the_next_day_there_is_a_mandate_and_no_proof_yet(desk: Taken) -> None:
    one = await desk.taken()

    assert (one.standing.value, one.proof) == ("waiting", None)
    assert await desk.gate.own_signatures((await desk.signed_in(desk.card())).person, CASE) == []


async def test_what_was_changed_or_belongs_to_other_roots_is_refused(desk: Taken) -> None:
    content, signature = await desk.settled()
    trust = desk.world.trust()
    middle = len(signature) // 2
    stranger = JpkiWorld(desk.clock).trust()

    with pytest.raises(EngineError, match="signature-invalid"):
        judged(content + b" ", signature, signed_at=START, trust=trust)
    with pytest.raises(EngineError, match="chain-"):
        judged(content, signature, signed_at=START, trust=stranger)
    for broken in (b"", b"\x30\x03abc", signature[:middle], signature + b"\0"):
        with pytest.raises(EngineError, match="signature-malformed"):
            judged(content, broken, signed_at=START, trust=trust)


async def test_without_a_word_of_a_later_day_nothing_is_proven(desk: Taken) -> None:
    content, signature = await desk.settled()
    bare, words = cades.lowered(signature)
    early = await Taken().begin()
    row = (await early.store.signatures_of(early.session.person, CASE))[0]
    kept = early.gate._settling._opened(row)
    same_day = cades.long_term(kept.signature, certificates=[kept.root], revocations=[kept.status])

    assert len(words) == 2  # hers, and that about the time stamp
    with pytest.raises(EngineError, match="evidence-not-settled"):
        judged(content, bare, signed_at=START, trust=desk.world.trust())
    with pytest.raises(EngineError, match="evidence-not-settled"):
        judged(kept.content, same_day, signed_at=START, trust=early.world.trust())


async def test_a_list_that_names_it_as_revoked_before_or_that_nobody_signed_proves_nothing(
    desk: Taken,
) -> None:
    content, signature = await desk.settled()
    bare, words = cades.lowered(signature)
    (word,) = [one for one in words if is_list(one)]  # about her; the other is about the time stamp
    forged = cades.long_term(bare, certificates=[], revocations=[word[:-1] + bytes([word[-1] ^ 1])])
    desk.world.revoke(Use.SIGNATURE, desk.own.signature_certificate, at=START - timedelta(hours=1))
    desk.clock.pass_by(days=1)
    newer = await desk.world.fetch.get([url for url in desk.world.fetch.asked if "/crl/" in url][-1])
    revoked = cades.long_term(bare, certificates=[], revocations=[newer])

    with pytest.raises(EngineError, match="status-unavailable"):
        judged(content, forged, signed_at=START, trust=desk.world.trust())
    with pytest.raises(EngineError, match="status-revoked"):
        judged(content, revoked, signed_at=START, trust=desk.world.trust())


def is_list(word: bytes) -> bool:
    try:
        x509.load_der_x509_crl(word)
    except ValueError:
        return False
    return True


async def test_the_command_says_who_signed_what_and_since_when(desk: Taken, tmp_path: Path) -> None:
    content, signature = await desk.settled()
    write(tmp_path / "trust", desk.world.trust())
    shown = {
        "mandate": base64.b64encode(content).decode(),
        "signature": base64.b64encode(signature).decode(),
        "signedAt": START.isoformat(),
        "standing": "settled",
    }

    def run(*signatures: object) -> tuple[int, str, BaseException | None]:
        file = tmp_path / "evidence.json"
        file.write_text(json.dumps({"signatures": signatures}))
        given = ["verify", str(file), "--trust", str(tmp_path / "trust"), "--environment", "development"]
        done = CliRunner().invoke(commands, given)
        return done.exit_code, done.output, done.exception

    code, said, _ = run(shown)
    assert code == 0
    assert HANAKO.name in said
    assert START.isoformat() in said
    other = {**shown, "mandate": base64.b64encode(content + b" ").decode()}
    for wrong in (other, {**shown, "signature": None}, {}, {**shown, "signedAt": "yesterday"}):
        code, said, error = run(shown, wrong)
        assert code != 0
        assert "valid" not in said  # one that does not hold, and nothing is said of the others
        assert isinstance(error, EngineError)
    assert run()[0] != 0
