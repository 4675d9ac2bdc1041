# SPDX-License-Identifier: Apache-2.0
"""A closing certificate can be checked by anybody, offline, and by no change to it."""

import asyncio
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

from engine.border.canonical import canonical_json
from engine.border.jwk import encoded, exported, key_set, thumbprint
from engine.border.signed_json import signed_document, verified_document
from engine.core.errors import EngineError
from mailbox.papers.closing import ClosingPress
from mailbox.papers.pades import read_signed_pdf
from mailbox.papers.render import Papers

KEY = ec.derive_private_key(7, ec.SECP256R1())
OTHER = ec.derive_private_key(8, ec.SECP256R1())
KEYS = key_set([exported(OTHER.public_key(), use="enc"), exported(KEY.public_key(), use="sig")])
AT = datetime(2027, 1, 5, 3, 4, 5, 678, tzinfo=UTC)
WORDS = {"ja": "髙橋𠮷田電力", "en": "Takahashi Power"}
CONTENT: dict[str, Any] = {
    "type": "todoke-closing-certificate",
    "version": 1,
    "title": {"ja": "手続終了証明書", "en": "Closing certificate"},
    "issuer": {"name": {"ja": "届", "en": "Todoke"}, "url": "https://todoke.example"},
    "simulation": True,
    "case": {
        "id": "00000000-0000-4000-8000-00000000000c",
        "event": "moving",
        "title": {"ja": "引越し", "en": "Moving"},
        "outcome": "completed",
        "outcomeText": {"ja": "すべて完了", "en": "All done"},
        "openedAt": "2026-12-01T00:00:00Z",
        "endedAt": "2027-01-05T03:04:05Z",
    },
    "issuedAt": "2027-01-05T03:04:05Z",
    "filings": [
        {
            "id": "00000000-0000-4000-8000-00000000000f",
            "procedure": "move.electricity",
            "title": {"ja": "電気の契約変更", "en": "Electricity"},
            "receiver": WORDS,
            "organisation": "9010001008844",
            "way": "online",
            "law": "民法",
            "lastDay": None,
            "outcome": "completed",
            "outcomeText": {"ja": "完了", "en": "Done"},
            "outcomeAt": "2027-01-04T03:04:05Z",
            "receipt": "E-1",
            "told": [
                {
                    "field": "newAddress",
                    "label": {"ja": "新しい住所", "en": "New address"},
                    "firstAt": "2026-12-02T00:00:00Z",
                    "lastAt": "2026-12-03T00:00:00Z",
                }
            ],
        }
    ],
}
DOCUMENT = signed_document(CONTENT, KEY)


async def printed() -> bytes:
    return await ClosingPress(Papers(), KEY).certificate(CONTENT, DOCUMENT, at=AT)


def refusal(text: bytes, keys: Any = KEYS) -> str:
    with pytest.raises(EngineError) as refused:
        verified_document(text, keys)
    return refused.value.code


def test_a_certificate_is_as_it_was_signed() -> None:
    assert verified_document(DOCUMENT, KEYS) == (CONTENT, thumbprint(KEY.public_key()))
    assert canonical_json(json.loads(DOCUMENT)) == DOCUMENT


def test_the_same_certificate_written_otherwise_is_the_same_certificate() -> None:
    assert verified_document(json.dumps(json.loads(DOCUMENT), indent=2).encode(), KEYS)[0] == CONTENT


def test_a_strangers_library_checks_it_with_the_published_keys() -> None:
    document = json.loads(DOCUMENT)
    head, _, signature = document["jws"].split(".")
    whole = f"{head}.{encoded(canonical_json(document['certificate'])).decode()}.{signature}"

    seen = jws.deserialize_compact(whole, ECKey.import_key(dict(KEYS["keys"][1])), algorithms=["ES256"])

    assert json.loads(seen.payload) == CONTENT


@pytest.mark.parametrize("place", ["outcome", "endedAt"])
def test_whatever_is_changed_is_noticed(place: str) -> None:
    document = json.loads(DOCUMENT)
    document["certificate"]["case"][place] += " "

    assert refusal(json.dumps(document).encode()) == "closing-certificate-forged"


def test_a_key_that_is_not_published_for_signing_counts_for_nothing() -> None:
    assert refusal(signed_document(CONTENT, OTHER)) == "closing-certificate-unknown-key"
    assert refusal(DOCUMENT, {"keys": []}) == "closing-certificate-unknown-key"


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b'{"certificate": {}, "jws": "a.b"}', b'{"certificate": {}, "jws": 5}', b"\xff"],
)
def test_what_is_no_certificate_is_said_to_be_none(text: bytes) -> None:
    assert refusal(text) == "malformed-closing-certificate"


async def test_the_printed_certificate_is_signed_as_a_whole_and_carries_the_other() -> None:
    signed = await read_signed_pdf(await printed())

    assert thumbprint(signed.key) == thumbprint(KEY.public_key())
    assert signed.document == DOCUMENT


async def test_the_printed_certificate_says_what_the_document_says() -> None:
    pdf = pypdfium2.PdfDocument(io.BytesIO(await printed()))
    text = "".join(page.get_textpage().get_text_range() for page in pdf)

    for words in (
        "手続終了証明書",
        "Closing certificate",
        "電気の契約変更",
        "新しい住所",
        "E-1",
        "SIMULATION",
    ):
        assert words in text, words
    assert "2027-01-05 12:04" in text  # in Japan
    assert "SHA-256" in text


async def test_a_printed_certificate_that_was_changed_is_refused() -> None:
    pdf = await printed()
    place = pdf.index(b"/Title")

    for changed in (
        pdf[: place + 2] + b"X" + pdf[place + 3 :],
        pdf + b"\n% something after the signature\n",
        pdf[: len(pdf) // 2],
        b"%PDF-1.7 nothing",
    ):
        with pytest.raises(EngineError) as refused:
            await read_signed_pdf(changed)
        assert refused.value.code in {"closing-certificate-forged", "malformed-closing-certificate"}


async def test_it_was_signed_when_it_was_issued_not_when_the_machine_thought() -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader

    (signature,) = PdfFileReader(io.BytesIO(await printed())).embedded_signatures

    assert signature.self_reported_timestamp == AT.replace(microsecond=0)


def test_the_terminal_checks_both_forms_without_asking_anybody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from engine.commands.certificate import verify

    (tmp_path / "keys.json").write_text(json.dumps(KEYS))
    (tmp_path / "c.json").write_bytes(DOCUMENT)
    (tmp_path / "c.pdf").write_bytes(asyncio.run(printed()))
    for name in ("c.json", "c.pdf"):
        verify.main([str(tmp_path / name), "--keys", str(tmp_path / "keys.json")], standalone_mode=False)

    said = capsys.readouterr().out
    assert said.count("署名は有効です") == 2
    assert "電気の契約変更" in said
