# SPDX-License-Identifier: Apache-2.0
"""What an office writes into its table of replies: one row, one reply; faults by row and column."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from connectors.channels.tables import Row
from connectors.sdk.replies import (
    Accepted,
    Amended,
    Completed,
    Irrevocable,
    IssuedDocument,
    Received,
    Refused,
    Reply,
    Withdrawn,
    draft,
)
from engine.core.text import Text

COLUMNS: Final = (
    "orderId", "reply", "receipt", "effectiveOn", "promisedBy", "code", "reasonJa", "reasonEn", "field",
    "correctable", "document", "documentKind", "documentTitleJa", "documentTitleEn",
)  # fmt: skip
FAULTS: Final[Mapping[str, Text]] = {
    "unknown-order": Text(ja="この指図は受け取っていません", en="This order was never taken out"),
    "unknown-reply": Text(ja="回答の種類が正しくありません", en="There is no such kind of reply"),
    "missing": Text(ja="値が必要です", en="A value is needed"),
    "invalid": Text(ja="値が正しくありません", en="The value is not as it must be"),
    "no-such-file": Text(ja="文書のファイルがありません", en="The document's file is not there"),
    "unknown-column": Text(ja="この列はありません", en="There is no such column"),
}
_MEDIA: Final = {".pdf": "application/pdf", ".xml": "application/xml", ".txt": "text/plain"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: in which row (the first below the heading is 1), in which column, and what."""

    row: int
    column: str
    code: str

    @property
    def words(self) -> Text:
        """The fault in words."""
        return FAULTS[self.code]


class Wrong(Exception):
    """A cell is wrong."""

    def __init__(self, column: str, code: str) -> None:
        self.column = column
        self.code = code
        super().__init__(column, code)


def reply_of(row: Row, documents: Path) -> Reply:
    """Return the reply that a row says; raises `Wrong`. Documents are files in that directory."""
    for column in row:
        if column not in COLUMNS:
            raise Wrong(column, "unknown-column")
    make = _MAKERS.get(row.get("reply", "").strip())
    if make is None:
        raise Wrong("reply", "unknown-reply")
    reply = make(row, documents)
    try:
        draft(reply, row["orderId"])
    except ValidationError as error:
        step = str(error.errors(include_input=False)[0]["loc"][0]) if error.errors() else ""
        raise Wrong(_COLUMN_OF.get(step, step), "invalid") from None
    return reply


def _received(row: Row, _: Path) -> Reply:
    return Received(row.get("receipt") or None, _day(row, "promisedBy"))


def _accepted(row: Row, documents: Path) -> Reply:
    return Accepted(_needed(row, "receipt"), _day(row, "effectiveOn"), _documents(row, documents))


def _completed(row: Row, documents: Path) -> Reply:
    return Completed(_needed(row, "receipt"), _day(row, "effectiveOn"), _documents(row, documents))


def _refused(row: Row, _: Path) -> Reply:
    said = row.get("correctable", "").strip().lower()
    if said not in {"", "true", "false"}:
        raise Wrong("correctable", "invalid")
    reason = Text(ja=_needed(row, "reasonJa"), en=row.get("reasonEn") or row["reasonJa"])
    return Refused(_needed(row, "code"), reason, row.get("field") or None, correctable=said == "true")


def _reason(row: Row) -> Text | None:
    ja = row.get("reasonJa")
    return Text(ja=ja, en=row.get("reasonEn") or ja) if ja else None


_MAKERS: Final[Mapping[str, Callable[[Row, Path], Reply]]] = {
    "received": _received,
    "accepted": _accepted,
    "completed": _completed,
    "refused": _refused,
    "amended": lambda row, _: Amended(_needed(row, "receipt"), _reason(row)),
    "withdrawn": lambda row, _: Withdrawn(_needed(row, "receipt"), _reason(row)),
    "irrevocable": lambda row, _: Irrevocable(_needed(row, "receipt"), _reason(row)),
}
_COLUMN_OF: Final = {"reason": "reasonJa", "effectiveOn": "effectiveOn", "orderId": "orderId"}


def _needed(row: Row, column: str) -> str:
    value = row.get(column, "").strip()
    if not value:
        raise Wrong(column, "missing")
    return value


def _day(row: Row, column: str) -> date | None:
    value = row.get(column, "").strip().replace("/", "-")
    if not value:
        return None
    try:
        year, month, day = (int(part) for part in value.split("-"))  # a spreadsheet writes 2026-4-1
        return date(year, month, day)
    except ValueError:
        raise Wrong(column, "invalid") from None


def _documents(row: Row, directory: Path) -> tuple[IssuedDocument, ...]:
    name = row.get("document", "").strip()
    if not name:
        return ()
    path = directory / name
    if not path.resolve().is_relative_to(directory.resolve()) or not path.is_file():
        raise Wrong("document", "no-such-file")
    title = _needed(row, "documentTitleJa")
    return (
        IssuedDocument(
            document_id=f"{row['orderId']}-1",
            kind=_needed(row, "documentKind"),
            title=Text(ja=title, en=row.get("documentTitleEn") or title),
            content=path.read_bytes(),
            media_type=_MEDIA.get(path.suffix.lower(), "application/octet-stream"),
        ),
    )
