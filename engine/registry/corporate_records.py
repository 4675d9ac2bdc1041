# SPDX-License-Identifier: Apache-2.0
"""How the National Tax Agency writes its records: 30 columns of CSV, or the same names in XML (v4).

Both begin with a head (day, count, part, parts). Texts are cut to what we keep; a record that does
not say what the specification promises makes the whole answer strange: half an answer is none.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final
from xml.etree import ElementTree as ET

from engine.core.errors import EngineError
from engine.core.numbers import is_corporate_number
from engine.registry.corporate_numbers import CloseCause, Corporation, area_of

COLUMNS: Final = (
    "sequenceNumber", "corporateNumber", "process", "correct", "updateDate", "changeDate", "name",
    "nameImageId", "kind", "prefectureName", "cityName", "streetNumber", "addressImageId",
    "prefectureCode", "cityCode", "postCode", "addressOutside", "addressOutsideImageId", "closeDate",
    "closeCause", "successorCorporateNumber", "changeCause", "assignmentDate", "latest", "enName",
    "enPrefectureName", "enCityName", "enAddressOutside", "furigana", "hihyoji",
)  # fmt: skip
_HEAD: Final = 4  # lastUpdateDate, count, divideNumber, divideSize


def from_csv(text: str) -> tuple[Corporation, ...]:
    """Return the records of an answer in CSV; raises `strange-corporate-numbers`."""
    try:
        head, *rows = list(csv.reader(io.StringIO(text), strict=True))
        count = int(head[1])
    except (csv.Error, ValueError, IndexError):
        raise _strange("no head") from None
    if len(head) != _HEAD:
        raise _strange("no head")
    return _records((_row(row) for row in rows), count=count)


def from_xml(raw: bytes) -> tuple[Corporation, ...]:
    """Return the records of an answer in XML; raises `strange-corporate-numbers`.

    A document type has no place in it, so no entity is ever defined.
    """
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise _strange("a document type")
    try:
        root = ET.fromstring(raw.decode("utf-8"))  # noqa: S314 - no document type, bounded in size
        count = int(root.findtext("count", ""))
    except (ET.ParseError, ValueError):
        raise _strange("no XML") from None
    if root.tag != "corporations":
        raise _strange("another document")
    found = root.findall("corporation")
    return _records(({name: one.findtext(name) or "" for name in COLUMNS} for one in found), count=count)


def rows_of(text: str) -> list[Corporation]:
    """Return the records of a file of rows without a head, as the agency's full download has them."""
    return [_record(_row(row)) for row in csv.reader(io.StringIO(text), strict=True)]


def _row(row: Sequence[str]) -> Mapping[str, str]:
    if len(row) != len(COLUMNS):
        raise _strange(f"{len(row)} columns")
    return dict(zip(COLUMNS, row, strict=True))


def _records(rows: Iterable[Mapping[str, str]], *, count: int) -> tuple[Corporation, ...]:
    found = tuple(_record(row) for row in rows)
    if len(found) != count:
        raise _strange(f"{count} announced")
    return found


def _record(row: Mapping[str, str]) -> Corporation:
    if not is_corporate_number(row["corporateNumber"]) or not row["name"]:
        raise _strange("no number or name")
    try:
        return Corporation(
            number=row["corporateNumber"],
            process=row["process"],
            name=row["name"],
            english=row["enName"],
            kana=row["furigana"],
            kind=row["kind"],
            seat=row["prefectureName"] + row["cityName"] + row["streetNumber"] or row["addressOutside"],
            area=area_of(row["prefectureCode"], row["cityCode"]),
            postal_code=row["postCode"] or None,
            updated_on=date.fromisoformat(row["updateDate"]),
            changed_on=date.fromisoformat(row["changeDate"]),
            assigned_on=date.fromisoformat(row["assignmentDate"]),
            closed_on=date.fromisoformat(row["closeDate"]) if row["closeDate"] else None,
            close_cause=CloseCause(row["closeCause"]) if row["closeCause"] else None,
            successor=row["successorCorporateNumber"] or None,
            change_cause=row["changeCause"],
            is_latest=row["latest"] == "1",
        )
    except ValueError:
        raise _strange("a date or code") from None


def _strange(reason: str) -> EngineError:
    return EngineError("strange-corporate-numbers", reason=reason)
