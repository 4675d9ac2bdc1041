# SPDX-License-Identifier: Apache-2.0
"""The four basic items come from the card as it has them, after its PIN; the 個人番号 is not even there."""

from datetime import date

import pytest

from connectors.simulators.jpki.card import SoftwareCard, basic_items
from engine.core.errors import EngineError
from engine.identity.card import JpkiCard
from engine.identity.card_text import read_basic_items, read_items
from engine.identity.profiles import Use
from tests.unit.identity_desk import HANAKO, Desk

# Of a synthetic person, as a card's file is laid out: offsets, then name, address, birth date, sex.
VECTOR = bytes.fromhex(
    "ff2059df2108000e0020004d0058df220fe99bbbe5ad90e38080e88ab1e5ad90df232ae69db1e4baace983bde6b885e780ace5"
    "b882e8a9a6e9a893e794baefbc91efbc8defbc92efbc8defbc93df24083139393030313032df250132"
)
SELECT = "00A4040C0AD3921000310001010408"


@pytest.fixture
def card() -> SoftwareCard:
    return Desk().card()


def said(card: SoftwareCard, apdu: str) -> str:
    return card.transmit(bytes.fromhex(apdu)).hex()


def test_the_file_is_laid_out_as_on_a_card() -> None:
    made = basic_items("電子　花子", "東京都清瀬市試験町１－２－３", date(1990, 1, 2), "2")

    assert made == VECTOR
    assert read_items(VECTOR).name == "電子　花子"


def test_the_items_are_read_after_the_pin(card: SoftwareCard) -> None:
    items = read_basic_items(card, "1234")

    assert (items.name, items.address) == (HANAKO.name, HANAKO.address)
    assert (items.born_on, items.sex) == (HANAKO.born_on, HANAKO.sex)
    assert "花子" not in repr(items)


def test_a_long_address_is_read_too() -> None:
    long = basic_items("電子　花子", "東京都" + "あ" * 60, date(1990, 1, 2), "2")

    assert read_items(long).address.endswith("ああ")


def test_without_the_pin_there_is_nothing_and_wrong_ones_block_this_application_only(
    card: SoftwareCard,
) -> None:
    assert said(card, SELECT) == "9000"
    assert said(card, "00A4020C020002") == "9000"
    assert said(card, "00B0000004") == "6982"
    for left in (2, 1):
        with pytest.raises(EngineError) as refused:
            read_basic_items(card, "9999")
        assert refused.value.values["tries_left"] == left
    for pin in ("9999", "1234"):
        with pytest.raises(EngineError, match="card-blocked"):
            read_basic_items(card, pin)
    with pytest.raises(EngineError, match="invalid-pin"):
        read_basic_items(card, "12 4")
    assert JpkiCard(card).tries_left(Use.LOGIN) == 3


def test_there_is_no_file_with_the_number_nor_any_other(card: SoftwareCard) -> None:
    said(card, SELECT)
    said(card, "00A4020C020011")
    assert said(card, "002000800431323334") == "9000"

    for file in ("0001", "0003", "0004", "0005", "0014", "0015", "000A"):
        assert said(card, f"00A4020C02{file}") == "6a82"
    assert said(card, "802A008033" + "00" * 51) == "6d00"


def test_leaving_the_application_forgets_its_pin(card: SoftwareCard) -> None:
    read_basic_items(card, "1234")
    JpkiCard(card)
    said(card, SELECT)
    said(card, "00A4020C020002")

    assert said(card, "00B0000004") == "6982"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"\xff\x20\x05",
        VECTOR[:-1],
        b"\xff\x21" + VECTOR[2:],
        VECTOR + b"\x00",
        VECTOR.replace(b"19900102", b"19901302"),
    ],
)
def test_what_is_laid_out_otherwise_is_not_read(content: bytes) -> None:
    with pytest.raises(EngineError, match="card-unreadable"):
        read_items(content)
