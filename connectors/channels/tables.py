# SPDX-License-Identifier: Apache-2.0
"""Tables that an office opens in a spreadsheet: CSV and XML, the same cells in both.

A cell that a spreadsheet would run as a formula gets an apostrophe in front; reading takes it away.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from pydantic import JsonValue

from engine.core.errors import Code, EngineError, register

Row = dict[str, str]

_ENCODINGS: Final = {"utf-8": "utf-8-sig", "cp932": "cp932"}
# What begins a formula in one spreadsheet or another; the wide ones are typed in Japan.
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST_BYTES: Final = 32 * 1024 * 1024
_MOST_ROWS: Final = 100_000

register(
    {
        "malformed-table": Code(400, "表を読み取れません", "The table cannot be read"),
        "invalid-table-encoding": Code(
            422,
            "この文字コードで表せない文字があります。UTF-8 を選んでください",
            "A character does not exist in this encoding; choose UTF-8",
        ),
    }
)


def flattened(fields: Mapping[str, JsonValue]) -> Row:
    """Return the fields as cells: `newAddress.city`, `household.1.given`; nothing stands empty."""
    cells: Row = {}
    for name, value in fields.items():
        _flatten(name, value, cells)
    return cells


def written(rows: Sequence[Row], columns: Sequence[str], *, form: str, encoding: str = "utf-8") -> bytes:
    """Return the table as `csv` or `xml`; the same rows are the same bytes.

    Raises:
        EngineError: `invalid-table-encoding`: the encoding has no sign for a character.
    """
    if form == "xml":
        return _xml(rows, columns)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_safe(row.get(column, "")) for column in columns] for row in rows)
    try:
        return text.getvalue().encode(_ENCODINGS[encoding])
    except UnicodeEncodeError as error:
        raise EngineError(
            "invalid-table-encoding", character=f"U+{ord(error.object[error.start]):04X}"
        ) from error


def read(content: bytes, *, form: str, encoding: str = "utf-8") -> list[Row]:
    """Return the rows by their columns; cells that are not there are empty texts.

    Raises:
        EngineError: `malformed-table`.
    """
    if len(content) > _MOST_BYTES:
        raise EngineError("malformed-table", reason="too large")
    try:
        rows = _read_xml(content) if form == "xml" else _read_csv(content.decode(_ENCODINGS[encoding]))
    except (UnicodeDecodeError, csv.Error, ET.ParseError) as error:
        raise EngineError("malformed-table", reason=type(error).__name__) from error
    if len(rows) > _MOST_ROWS:
        raise EngineError("malformed-table", reason="too many rows")
    return rows


def _flatten(name: str, value: JsonValue, cells: Row) -> None:
    match value:
        case dict() if value:
            for key, inner in value.items():
                _flatten(f"{name}.{key}", inner, cells)
        case list() if value:
            for place, inner in enumerate(value, start=1):
                _flatten(f"{name}.{place}", inner, cells)
        case bool():
            cells[name] = "true" if value else "false"
        case None | dict() | list():
            cells[name] = ""
        case _:
            cells[name] = str(value)


def _safe(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _read_csv(text: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns = [column.strip() for column in next(reader, [])]
    if not columns or len(set(columns)) < len(columns):
        raise EngineError("malformed-table", reason="columns")
    rows: list[Row] = []
    for cells in reader:
        if len(cells) > len(columns):
            raise EngineError("malformed-table", row=reader.line_num, reason="more cells than columns")
        if any(cells):
            plain = [_plain(cell) for cell in cells]
            rows.append(dict(zip(columns, plain + [""] * (len(columns) - len(cells)), strict=True)))
    return rows


def _xml(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    table = ET.Element("table")
    for row in rows:
        line = ET.SubElement(table, "row")
        for column in columns:
            if column in row:
                cell = ET.SubElement(line, "cell", name=column)
                cell.text = _NO_XML.sub("\ufffd", row[column])
    ET.indent(table)
    body: bytes = ET.tostring(table, encoding="utf-8", xml_declaration=True)
    return body + b"\n"


def _read_xml(content: bytes) -> list[Row]:
    if b"<!" in content:  # no DOCTYPE, no entities: nothing that grows or looks elsewhere
        raise EngineError("malformed-table", reason="declaration")
    table = ET.fromstring(content)  # noqa: S314 - nothing is declared, see above
    columns: dict[str, None] = {}
    rows = [
        {cell.get("name", ""): cell.text or "" for cell in line.iter("cell")} for line in table.iter("row")
    ]
    for row in rows:
        columns |= dict.fromkeys(row)
    return [{column: row.get(column, "") for column in columns} for row in rows]
