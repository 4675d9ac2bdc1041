# SPDX-License-Identifier: Apache-2.0
"""The card's APDUs, byte for byte, and a client that never risks a PIN twice."""

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from connectors.simulators.jpki import SoftwareCard
from engine.core.errors import EngineError
from engine.identity.card import JpkiCard
from engine.identity.profiles import Use
from tests.unit.identity_desk import Desk

SELECT = "00a4040c0ad392f000260100000001"
PINS = {Use.LOGIN: ("1234", "9999", 3), Use.SIGNATURE: ("ABC123", "WRONG99", 5)}


@pytest.fixture(scope="module")
def issued() -> SoftwareCard:
    return Desk().card()


@pytest.fixture
def card(issued: SoftwareCard) -> SoftwareCard:
    return SoftwareCard(issued.chip.model_copy(deep=True))


def send(card: SoftwareCard, apdu: str) -> str:
    return card.transmit(bytes.fromhex(apdu)).hex()


def verified(key: rsa.RSAPublicKey, signature: bytes, message: bytes) -> bool:
    key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    return True


def test_the_recorded_signature_of_opensc_works_byte_for_byte(card: SoftwareCard) -> None:
    digest = hashlib.sha256(b"hello\n").digest()
    assert digest.hex() == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

    assert send(card, SELECT) == "9000"
    assert send(card, "00a4020c020018") == "9000"
    assert send(card, "002000800431323334") == "9000"
    assert send(card, "00a4020c020017") == "9000"
    answer = card.transmit(
        bytes.fromhex("802a0080333031300d060960864801650304020105000420" + digest.hex() + "00")
    )

    assert (len(answer), answer[-2:].hex()) == (258, "9000")
    key = card.login_certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(answer[:-2], digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))


@pytest.mark.parametrize(
    ("apdus", "answer"),
    [
        (["00a4040c07a0000000000000"], "6a82"),  # another application
        ([SELECT, "00a4020c02ffff"], "6a82"),  # no such file
        ([SELECT, "00a4020c020018", "00200080"], "63c3"),
        ([SELECT, "00a4020c02001b", "00200080"], "63c5"),
        ([SELECT, "00a4020c020018", "002000800439393939"], "63c2"),
        ([SELECT, "00a4020c020001", "00b0000004"], "6982"),  # password first
        ([SELECT, "00a4020c020017", "00b0000004"], "6981"),  # a key is not read
        ([SELECT, "00a4020c020017", "802a00800141" + "00"], "6982"),
        ([SELECT, "00a4020c02000a", "00b07fff04"], "6b00"),
        ([SELECT, "00a4020c020008", "00b0000003"], "8f8f00" + "9000"),
        ([SELECT, "00a4020c020008", "00b0000004"], "8f8f00" + "6282"),
        ([SELECT, "00ff0000"], "6d00"),
        (["00a4"], "6700"),
        ([SELECT, "00a4020c0200"], "6700"),
    ],
)
def test_the_card_answers_as_a_real_one(card: SoftwareCard, apdus: list[str], answer: str) -> None:
    *before, last = apdus
    for apdu in before:
        assert send(card, apdu) == "9000"

    assert send(card, last) == answer


def test_the_token_is_named(card: SoftwareCard) -> None:
    send(card, SELECT)
    send(card, "00a4020c020006")

    answer = card.transmit(bytes.fromhex("00b00000a0"))

    assert answer[:32] == b"JPKIAPICCTOKEN2".ljust(32)
    assert len(answer) == 162


@pytest.mark.parametrize("scheme", ["04", "05", "01", "03", "ff"])
def test_a_scheme_the_card_does_not_do_is_refused(card: SoftwareCard, scheme: str) -> None:
    reader = JpkiCard(card)
    reader.verify_pin(Use.LOGIN, "1234")

    assert send(card, f"802a{scheme}9720" + "00" * 32 + "00") == "6a86"


def test_a_key_is_reached_without_selecting_it(card: SoftwareCard) -> None:
    reader = JpkiCard(card)
    reader.verify_pin(Use.SIGNATURE, "ABC123")

    answer = card.transmit(bytes.fromhex("802a029a20" + "11" * 32 + "00"))

    key = card.signature_certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(answer[:-2], b"\x11" * 32, padding.PKCS1v15(), Prehashed(hashes.SHA256()))


def test_selecting_the_application_again_forgets_the_pin(card: SoftwareCard) -> None:
    JpkiCard(card).verify_pin(Use.LOGIN, "1234")

    with pytest.raises(EngineError, match="card-unreadable"):
        JpkiCard(card).sign(Use.LOGIN, b"x")


@pytest.mark.parametrize("use", Use)
def test_the_client_reads_and_signs(card: SoftwareCard, use: Use) -> None:
    reader = JpkiCard(card)
    reader.verify_pin(use, PINS[use][0].lower())

    certificate = card.login_certificate if use is Use.LOGIN else card.signature_certificate
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    der = card.chip.login_certificate if use is Use.LOGIN else card.chip.signature_certificate
    assert reader.read_certificate(use) == der
    assert verified(key, reader.sign(use, b"message"), b"message")


@pytest.mark.parametrize("use", Use)
def test_wrong_pins_count_down_to_a_block_that_the_right_one_does_not_open(
    card: SoftwareCard, use: Use
) -> None:
    right, wrong, tries = PINS[use]
    reader = JpkiCard(card)

    for left in range(tries - 1, 0, -1):
        with pytest.raises(EngineError) as refused:
            reader.verify_pin(use, wrong)
        assert (refused.value.code, refused.value.values["tries_left"]) == ("wrong-pin", left)
        assert reader.tries_left(use) == left
    with pytest.raises(EngineError, match="card-blocked"):
        reader.verify_pin(use, wrong)

    with pytest.raises(EngineError, match="card-blocked"):
        reader.verify_pin(use, right)
    assert reader.tries_left(use) == 0


def test_the_right_pin_gives_all_tries_back(card: SoftwareCard) -> None:
    reader = JpkiCard(card)
    with pytest.raises(EngineError, match="wrong-pin"):
        reader.verify_pin(Use.LOGIN, "9999")

    reader.verify_pin(Use.LOGIN, "1234")

    assert reader.tries_left(Use.LOGIN) == 3


@pytest.mark.parametrize(
    ("use", "pin"),
    [(Use.LOGIN, "123"), (Use.LOGIN, "12345"), (Use.LOGIN, "12a4"), (Use.LOGIN, "１２３４"),
     (Use.SIGNATURE, "ABC12"), (Use.SIGNATURE, "A" * 17), (Use.SIGNATURE, "ABC-123"), (Use.SIGNATURE, "")],
)  # fmt: skip
def test_what_cannot_be_a_pin_costs_no_try(card: SoftwareCard, use: Use, pin: str) -> None:
    reader = JpkiCard(card)

    with pytest.raises(EngineError, match="invalid-pin"):
        reader.verify_pin(use, pin)

    assert reader.tries_left(use) == PINS[use][2]


def test_a_pin_is_sent_once_and_never_again_by_itself(card: SoftwareCard) -> None:
    class Wire:
        def __init__(self) -> None:
            self.sent: list[bytes] = []

        def transmit(self, apdu: bytes) -> bytes:
            self.sent.append(apdu)
            return card.transmit(apdu)

    wire = Wire()
    with pytest.raises(EngineError, match="wrong-pin"):
        JpkiCard(wire).verify_pin(Use.LOGIN, "9999")

    assert sum(apdu[:4].hex() == "00200080" and len(apdu) > 4 for apdu in wire.sent) == 1


@pytest.mark.parametrize("answer", [b"", b"\x90", b"\x6f\x00", b"\x30\x80\x00\x00\x90\x00"])
def test_something_that_is_no_jpki_card_is_refused(answer: bytes) -> None:
    class Odd:
        def transmit(self, apdu: bytes) -> bytes:
            return b"\x90\x00" if apdu[1] == 0xA4 and answer[-2:] == b"\x90\x00" else answer

    with pytest.raises(EngineError, match="card-unreadable"):
        JpkiCard(Odd()).read_certificate(Use.LOGIN)


def test_wrong_pins_are_remembered_by_the_file(card: SoftwareCard, tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    card.save(file)
    with pytest.raises(EngineError, match="wrong-pin"):
        JpkiCard(SoftwareCard.load(file)).verify_pin(Use.LOGIN, "9999")

    again = SoftwareCard.load(file)

    assert JpkiCard(again).tries_left(Use.LOGIN) == 2
    assert again.chip.login_certificate == card.chip.login_certificate
    assert file.stat().st_mode & 0o077 == 0
