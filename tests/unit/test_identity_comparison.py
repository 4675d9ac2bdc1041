# SPDX-License-Identifier: Apache-2.0
"""Who a certificate can be of, and what has to be asked about: nothing is guessed."""

from datetime import date

import pytest

from engine.identity.attributes import Attributes, BirthDate, Era
from engine.identity.comparison import Told, differences, is_same_person

BORN = BirthDate(Era.HEISEI, 1990, 4, 1)
HANAKO = Told("髙橋", "花子", date(1990, 4, 1), "北海道室蘭市幸町1番2号")


def written(name: str = "髙橋　花子", **changes: object) -> Attributes:
    usual = {"birth": BORN, "sex": "2", "address": "北海道室蘭市幸町１番２号"}
    return Attributes(name=name, **(usual | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attributes", "is_hers"),
    [
        (written(), True),
        (written("髙橋 花子"), True),
        (written("高橋　花子"), False),  # another family's character
        (written("髙橋　花"), False),
        (written("髙橋　花子花"), False),
        (written("●橋　花子", name_substitutes=(0,)), True),
        (written("●橋　花子"), False),
        (written("●林　花子", name_substitutes=(0,)), False),
        (written(birth=BirthDate(Era.HEISEI, 1990, 4, 2)), False),
        (written(birth=BirthDate(Era.UNKNOWN, 1990, None, None)), True),
        (written(birth=BirthDate(Era.UNKNOWN, 1991, None, None)), False),
    ],
)
def test_who_it_can_be_of(attributes: Attributes, is_hers: bool) -> None:  # noqa: FBT001
    assert is_same_person(attributes, HANAKO) is is_hers


@pytest.mark.parametrize(
    ("attributes", "asked"),
    [
        (written(), ()),
        (written(address="北海道室蘭市幸町１番３号"), (("address", "differs-from-certificate"),)),
        (written(address="北海道室蘭市幸町1-2"), (("address", "differs-from-certificate"),)),
        (written("●橋　花子", name_substitutes=(0,)), (("name", "substitute-character"),)),
        (
            written(address="北海道室蘭市●町１番２号", address_substitutes=(6,)),
            (("address", "substitute-character"),),
        ),
        (written(birth=BirthDate(Era.HEISEI, 1990, None, None)), (("birthDate", "partly-unknown"),)),
    ],
)
def test_what_is_asked(attributes: Attributes, asked: tuple[tuple[str, str], ...]) -> None:
    assert differences(attributes, HANAKO) == asked


def test_an_address_that_was_not_told_is_not_asked_about() -> None:
    told = Told(HANAKO.family, HANAKO.given, HANAKO.birth_date)

    assert differences(written(address="沖縄県那覇市泉崎１丁目"), told) == ()
