# SPDX-License-Identifier: Apache-2.0
"""The four basic attributes, as real certificates hold them."""

import hashlib
from datetime import date, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from connectors.simulators.jpki.names import attribute_names, other_name, utf8_string
from engine.core.errors import EngineError
from engine.identity.attributes import Attributes, Era, attributes_of
from engine.identity.certificates import read_certificate
from tests.unit.identity_desk import START

# Synthetic (電子　花子), in the order of real cards: .1 .4 .3 .5 .2 .6
VECTOR = bytes.fromhex(
    "3081caa01f060a2a83088c9b5508050501a0110c0fe99bbbe5ad90e38080e88ab1e5ad90a019060a2a83088c9b5508050504a0"
    "0b0c09343139393030313032a011060a2a83088c9b5508050503a0030c0132a040060a2a83088c9b5508050505a0320c30e69d"
    "b1e4baace983bde6b885e780ace5b882e8a9a6e9a893e794bae4b880e4b881e79baeefbc92e795aaefbc93e58fb7a015060a2a"
    "83088c9b5508050502a0070c053030303030a020060a2a83088c9b5508050506a0120c10303030303030303030303030303030"
    "30"
)
HANAKO = {1: "電子　花子", 4: "419900102", 3: "2", 5: "東京都清瀬市試験町一丁目２番３号"}
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(san: x509.ExtensionType) -> x509.Certificate:
    end = START + timedelta(days=1)
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), KEY.public_key(), 1, START, end)
    made = builder.add_extension(san, critical=False)
    return x509.load_der_x509_certificate(made.sign(KEY, SHA256()).public_bytes(Encoding.DER))


def read(values: dict[int, str]) -> Attributes:
    return attributes_of(certificate(x509.SubjectAlternativeName(attribute_names(values.items()))))


def read_raw(san: bytes) -> Attributes:
    built = certificate(x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, san))
    return attributes_of(read_certificate(built.public_bytes(Encoding.DER)))


def test_the_vector_of_a_real_layout_is_read() -> None:
    assert hashlib.sha256(VECTOR).hexdigest().startswith("9b6f6c02025ed074")

    found = read_raw(VECTOR)

    assert (found.name, found.sex, found.address) == (HANAKO[1], "2", HANAKO[5])
    assert (found.birth.era, found.birth.date) == (Era.HEISEI, date(1990, 1, 2))
    assert found.name_substitutes == found.address_substitutes == ()


def test_the_order_of_attributes_does_not_matter() -> None:
    backwards = dict(reversed(HANAKO.items()))

    assert read(backwards) == read(HANAKO)


def test_replaced_characters_are_known_by_position() -> None:
    found = read({**HANAKO, 2: "01000"})

    assert found.name_substitutes == (1,)


@pytest.mark.parametrize(
    ("digits", "day"),
    [
        ("319890107", date(1989, 1, 7)),
        ("419890108", date(1989, 1, 8)),
        ("420190430", date(2019, 4, 30)),
        ("520190501", date(2019, 5, 1)),
        ("119120730", date(1912, 7, 30)),
        ("219120730", date(1912, 7, 30)),
        ("219261225", date(1926, 12, 25)),
        ("319261225", date(1926, 12, 25)),
        ("420000229", date(2000, 2, 29)),
        ("019900102", date(1990, 1, 2)),
    ],
)
def test_a_birth_date_in_its_era_is_a_date(digits: str, day: date) -> None:
    assert read({**HANAKO, 4: digits}).birth.date == day


@pytest.mark.parametrize(
    ("digits", "known"),
    [
        ("419900100", (1990, 1, None)),
        ("319500000", (1950, None, None)),
        ("000000000", (None, None, None)),
        ("300000102", (None, 1, 2)),
    ],
)
def test_an_unknown_part_of_a_birth_date_stays_unknown(digits: str, known: tuple[int | None, ...]) -> None:
    birth = read({**HANAKO, 4: digits}).birth

    assert (birth.year, birth.month, birth.day) == known
    assert birth.date is None


@pytest.mark.parametrize(
    "digits",
    [
        "419890107",
        "319890108",
        "520190430",
        "619900102",
        "419900230",
        "419901301",
        "41990010",
        "4199001021",
        "4１9900102",
    ],
)
def test_a_birth_date_that_cannot_be_is_refused(digits: str) -> None:
    with pytest.raises(EngineError, match="certificate-attributes"):
        read({**HANAKO, 4: digits})


@pytest.mark.parametrize("missing", [1, 3, 4, 5])
def test_a_missing_attribute_is_refused(missing: int) -> None:
    with pytest.raises(EngineError, match="certificate-attributes"):
        read({number: value for number, value in HANAKO.items() if number != missing})


@pytest.mark.parametrize("change", [{3: "4"}, {3: "22"}, {2: "0000"}, {2: "00002"}, {1: ""}, {5: "東" * 201}])
def test_a_value_outside_the_profile_is_refused(change: dict[int, str]) -> None:
    with pytest.raises(EngineError, match="certificate-attributes"):
        read({**HANAKO, **change})


def test_other_names_that_we_do_not_know_are_left_alone() -> None:
    names = attribute_names(HANAKO.items())
    furigana = other_name(7, utf8_string("デンシ　ハナコ"))
    foreign = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x05\x00")

    found = attributes_of(certificate(x509.SubjectAlternativeName([furigana, *names, foreign])))

    assert found == read(HANAKO)


@pytest.mark.parametrize(
    "der",
    [
        b"\x13\x01\x32",  # PrintableString
        b"\x1e\x02\x00\x32",  # BMPString
        b"\x0c\x01\x32\x00",  # more after it
        b"\x0c\x02\x32",  # less than it says
        b"\x0c\x81\x01\x32",  # not the shortest form
        b"\x0c\x80\x32\x00\x00",  # indefinite
        b"\x0c\x01\xff",  # not UTF-8
        b"\x0c\x00",
        b"",
    ],
)
def test_a_wrong_encoding_is_refused(der: bytes) -> None:
    whole = VECTOR.replace(bytes.fromhex("a0030c0132"), bytes([0xA0, len(der)]) + der)
    inner = bytes([0x11 + len(der) - 3]) + bytes.fromhex("060a2a83088c9b5508050503")
    whole = whole.replace(bytes.fromhex("11060a2a83088c9b5508050503"), inner)
    whole = whole[:2] + bytes([len(whole) - 3]) + whole[3:]

    with pytest.raises(EngineError) as refused:
        read_raw(whole)

    assert refused.value.code in {"certificate-attributes", "malformed-certificate"}


def test_an_attribute_given_twice_is_refused() -> None:
    names = [*attribute_names(HANAKO.items()), other_name(1, utf8_string("別人"))]

    with pytest.raises(EngineError, match="certificate-attributes"):
        attributes_of(certificate(x509.SubjectAlternativeName(names)))


def test_attributes_do_not_show_in_a_representation() -> None:
    assert "花子" not in repr(read(HANAKO))
    assert "1990" not in repr(read(HANAKO))
