# SPDX-License-Identifier: Apache-2.0
"""Bytes from strangers end in one of our refusals, never in somebody else's error."""

import random
from collections.abc import Callable

import pytest

from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.attributes import attributes_of
from engine.identity.certificates import read_certificate
from engine.identity.fetch import Unreachable
from engine.identity.paths import check_path
from engine.identity.profiles import Use
from engine.identity.timestamps import TsaTimestamper, read_token
from tests.unit.identity_desk import START, Desk

CONTENT = b'{"what":"is signed"}'
DESK = Desk()
CARD = DESK.card()
SIGNATURE = DESK.signed(CARD, CONTENT)


def mutants(real: bytes, count: int, seed: int) -> list[bytes]:
    chance = random.Random(seed)
    made = [real[:cut] for cut in range(0, len(real), max(1, len(real) // 40))]
    for _ in range(count):
        bad = bytearray(real)
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        made.append(bytes(bad))
        start = chance.randrange(len(real))
        made.append(real[:start] + real[start + chance.randrange(1, 9) :])
    return [bad for bad in made if bad != real]


def through(read: Callable[[bytes], object], mutant: bytes) -> object:
    try:
        return read(mutant)
    except EngineError:
        return None


def certificate_taken(der: bytes) -> object:
    certificate = read_certificate(der)
    root = DESK.world.trust().issuer_of(certificate, Use.SIGNATURE)
    check_path(certificate, root, START)
    return attributes_of(certificate)


@pytest.mark.parametrize("seed", range(3))
def test_no_mutant_of_a_certificate_is_taken(seed: int) -> None:
    real = CARD.chip.signature_certificate
    assert certificate_taken(real)

    assert [bad for bad in mutants(real, 300, seed) if through(certificate_taken, bad)] == []


@pytest.mark.parametrize("seed", range(3))
def test_no_mutant_of_a_signature_signs_something_else(seed: int) -> None:
    real = cades.read_detached(SIGNATURE, CONTENT)

    for bad in mutants(SIGNATURE, 300, seed):
        found = through(lambda der: cades.read_detached(der, CONTENT), bad)
        if isinstance(found, cades.Signed):  # a byte that no signature covers
            assert found.content_digest == real.content_digest
            assert found.signature == real.signature


@pytest.mark.parametrize("seed", range(2))
async def test_no_mutant_of_a_time_stamp_tells_another_time(seed: int) -> None:
    trust = DESK.world.trust()
    assert trust.tsa_url is not None
    proven = await TsaTimestamper(DESK.world.fetch, url=trust.tsa_url, roots=trust.tsa_roots).prove(
        CONTENT, START
    )
    assert proven is not None

    for bad in mutants(proven.token, 200, seed):
        found = through(lambda token: read_token(token, CONTENT, trust.tsa_roots), bad)
        assert found in (None, proven.at)


@pytest.mark.parametrize(
    "bytes_", [b"", b"\x00", b"\x30\x00", b"\x30\x80", b"<xml/>", b"\x30" * 5000, b"\x30" * 99_000]
)
def test_rubbish_is_refused_everywhere(bytes_: bytes) -> None:
    for read in (
        read_certificate,
        lambda der: cades.read_detached(der, CONTENT),
        lambda der: read_token(der, CONTENT, DESK.world.trust().tsa_roots),
    ):
        with pytest.raises(EngineError):
            read(bytes_)


@pytest.mark.parametrize("answer", [b"", b"\x30\x00", b"\x30\x05\x30\x03\x02\x01\x02", b"<html>"])
async def test_a_time_stamping_authority_that_talks_rubbish_proves_nothing(answer: bytes) -> None:
    class Odd:
        async def get(self, url: str) -> bytes:
            raise Unreachable(url)

        async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
            return answer

    proven = await TsaTimestamper(Odd(), url="https://tsa.example", roots=()).prove(CONTENT, START)

    assert proven is None


async def test_a_time_stamp_over_something_else_or_from_a_stranger_proves_nothing() -> None:
    trust = DESK.world.trust()
    assert trust.tsa_url is not None
    real = TsaTimestamper(DESK.world.fetch, url=trust.tsa_url, roots=trust.tsa_roots)
    proven = await real.prove(CONTENT, START)
    assert proven is not None

    moved = proven.token.replace(b"20261109010203Z", b"20251109010203Z")
    assert moved != proven.token
    with pytest.raises(EngineError, match="signature-invalid"):
        read_token(moved, CONTENT, trust.tsa_roots)
    with pytest.raises(EngineError, match="signature-invalid"):
        read_token(proven.token, CONTENT + b" ", trust.tsa_roots)
    with pytest.raises(EngineError, match="chain-unknown-issuer"):
        read_token(proven.token, CONTENT, (trust.roots[0].certificate,))
    with pytest.raises(EngineError, match="signature-wrong-attributes"):
        read_token(proven.token, CONTENT, trust.tsa_roots, nonce=1)
