# SPDX-License-Identifier: Apache-2.0
"""A small office works through its orders with files only."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.channels.files import FileDesk, HandedIn
from connectors.channels.replies_table import COLUMNS
from connectors.channels.tables import Row, flattened, read, written
from connectors.sdk.ledger import Ledger
from engine.core.errors import EngineError
from tests.unit.sdk_engine import FIELDS, World, amend, submit, withdraw, world


@dataclass
class Office:
    here: World
    path: Path

    def desk(self) -> FileDesk:
        """As a new start of the program: only what is on the disk is known."""
        self.here.ledger.close()
        self.here.ledger = Ledger(self.here.path / "ledger.sqlite3")
        return FileDesk(
            self.here.engine.number,
            self.here.path,
            keys=self.here.keys,
            ledger=self.here.ledger,
            transport=self.here.line,
            door=self.here.line,
            clock=self.here.clock,
        )

    async def out(self, form: Any = "csv", encoding: Any = "utf-8") -> list[Path]:
        return await self.desk().take_out(self.path, form=form, encoding=encoding)

    async def rows(self) -> list[Row]:
        return [row for path in await self.out() for row in read(path.read_bytes(), form="csv")]

    async def hand_in(self, *rows: Row, partly: bool = False, form: Any = "csv") -> HandedIn:
        file = self.path / f"replies.{form}"
        columns = [*COLUMNS, *sorted({name for row in rows for name in row} - set(COLUMNS))]
        file.write_bytes(written(rows, columns, form=form))
        return await self.desk().hand_in(file, form=form, partly=partly)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with world(tmp_path / "home") as here:
        (tmp_path / "files").mkdir()
        yield Office(here, tmp_path / "files")


async def test_one_order_is_one_row_with_its_fields_in_columns(office: Office) -> None:
    order = office.here.engine.order(submit())

    (row,) = await office.rows()

    assert row["orderId"] == order
    assert row["procedure"] == "move.electricity"
    assert row["fields.newAddress.city"] == "室蘭市"
    assert row["fields.customerNumber"] == "0123456789"


@pytest.mark.parametrize(("form", "encoding"), [("csv", "utf-8"), ("csv", "cp932"), ("xml", "utf-8")])
async def test_the_same_orders_come_out_again_as_the_same_bytes(
    office: Office, form: str, encoding: str
) -> None:
    office.here.engine.order(submit())
    (first,) = await office.out(form, encoding)
    before = first.read_bytes()
    first.unlink()
    office.here.engine.order(submit(), to=2)

    files = await office.out(form, encoding)

    assert files[0] == first
    assert first.read_bytes() == before
    assert len(files) == 2


async def test_what_was_taken_over_does_not_come_again_and_nothing_else_is_acknowledged(
    office: Office,
) -> None:
    first = office.here.engine.order(submit())
    (file,) = await office.out()
    second = office.here.engine.order(submit(), to=2)
    assert set(office.here.engine.pending) == {first, second}

    assert await office.desk().done(file) == 1

    assert set(office.here.engine.pending) == {second}
    assert [row["orderId"] for row in await office.rows()] == [second]


async def test_a_file_keeps_its_name_when_one_of_its_orders_is_called_off(office: Office) -> None:
    engine = office.here.engine
    called_off, stays = engine.order(submit()), engine.order(submit(), to=2)
    (file,) = await office.out()
    del engine.pending[called_off]  # nobody had taken it: the engine takes it back
    undoing = engine.order(withdraw(), sequence=2)

    files = await office.out()
    again = [row["orderId"] for row in read(file.read_bytes(), form="csv")]

    assert (files[0], again) == (file, [stays])
    assert await office.desk().done(file) == 1
    assert set(engine.pending) == {undoing}
    assert [row["orderId"] for row in await office.rows()] == [undoing]


async def test_a_file_that_lost_all_its_orders_can_still_be_said_to_be_done(office: Office) -> None:
    order = office.here.engine.order(submit())
    (file,) = await office.out()
    del office.here.engine.pending[order]

    assert await office.out() == []
    assert await office.desk().done(file) == 0


async def test_a_file_that_was_never_made_cannot_be_taken_over(office: Office) -> None:
    with pytest.raises(EngineError, match="no-such-file-of-orders"):
        await office.desk().done(office.path / "orders-000000000000.csv")


async def test_one_row_is_one_reply_and_handing_in_again_changes_nothing(office: Office) -> None:
    order = office.here.engine.order(submit())
    await office.out()
    row = {"orderId": order, "reply": "completed", "receipt": "令8第1号", "effectiveOn": "2026/12/1"}

    first, second = await office.hand_in(row), await office.hand_in(row)

    assert (first.taken, first.repeated, first.faults) == (1, 0, ())
    assert (second.taken, second.repeated) == (0, 1)
    assert office.here.engine.said() == ["completed"]
    assert office.here.engine.last().effective_on.isoformat() == "2026-12-01"


async def test_a_document_is_a_file_beside_the_table(office: Office) -> None:
    order = office.here.engine.order(submit())
    await office.out()
    (office.path / "certificate.pdf").write_bytes(b"%PDF-1.7 " + b"x" * 100_000)
    row = {"orderId": order, "reply": "completed", "receipt": "1", "document": "certificate.pdf"}

    told = await office.hand_in(row | {"documentKind": "certificate", "documentTitleJa": "証明書"})

    assert told.faults == ()
    ((sha256, content),) = office.here.engine.uploads.values()
    assert content
    assert office.here.engine.last().documents[0].sha256 == sha256


async def test_each_fault_is_told_with_its_row_and_column_and_nothing_is_sent(office: Office) -> None:
    order = office.here.engine.order(submit())
    await office.out()

    told = await office.hand_in(
        {"orderId": order, "reply": "accepted", "receipt": "1"},
        {"orderId": "o_nobody", "reply": "accepted", "receipt": "1"},
        {"orderId": order, "reply": "done"},
        {"orderId": order, "reply": "accepted"},
        {"orderId": order, "reply": "accepted", "receipt": "1", "effectiveOn": "2026-02-30"},
        {"orderId": order, "reply": "refused", "code": "No Slug", "reasonJa": "不備"},
        {"orderId": order, "reply": "completed", "receipt": "1", "document": "../home/signing.pem"},
    )

    assert [(one.row, one.column, one.code) for one in told.faults] == [
        (2, "orderId", "unknown-order"),
        (3, "reply", "unknown-reply"),
        (4, "receipt", "missing"),
        (5, "effectiveOn", "invalid"),
        (6, "code", "invalid"),
        (7, "document", "no-such-file"),
    ]
    assert office.here.engine.replies == {}
    beside = list(csv.reader(io.StringIO((office.path / "replies.errors.csv").read_text("utf-8-sig"))))
    assert beside[1] == [
        "2",
        "orderId",
        "unknown-order",
        "この指図は受け取っていません",
        "This order was never taken out",
    ]


async def test_what_is_right_is_sent_if_so_wished(office: Office) -> None:
    order = office.here.engine.order(submit())
    await office.out()
    right, wrong = {"orderId": order, "reply": "received"}, {"orderId": order, "reply": "?"}

    told = await office.hand_in(right, wrong, partly=True, form="xml")
    mended = await office.hand_in(right, {"orderId": order, "reply": "accepted", "receipt": "1"})

    assert (told.taken, len(told.faults)) == (1, 1)
    assert (mended.taken, mended.repeated, mended.faults) == (1, 1, ())
    assert office.here.engine.said() == ["received", "accepted"]
    assert not (office.path / "replies.errors.csv").exists()


async def test_a_submit_withdrawn_before_it_came_out_never_comes_out(office: Office) -> None:
    office.here.engine.order(submit())
    office.here.engine.order(withdraw(), sequence=2)

    assert await office.rows() == []
    assert office.here.engine.said() == ["withdrawn"]
    assert office.here.engine.pending == {}


async def test_a_correction_that_comes_before_its_submit_waits_for_it(office: Office) -> None:
    office.here.engine.order(amend({"customerNumber": "2"}), sequence=2)
    assert await office.rows() == []

    office.here.engine.order(submit(), sequence=1)

    assert sorted(row["order"] for row in await office.rows()) == ["amend", "submit"]


@pytest.mark.parametrize("form", ["csv", "xml"])
@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+81",
        "-5",
        "@SUM(A1)",
        "\tx",
        "＝cmd",
        "'=x",
        "''=x",
        "'quoted'",
        "a,b",
        'a"b',
        "a\nb",
        "　",
        "",
    ],
)
def test_a_cell_is_read_as_it_was_written_and_never_runs(cell: str, form: str) -> None:
    rows = [{"a": cell, "b": "1"}]

    content = written(rows, ["a", "b"], form=form)

    assert read(content, form=form) == rows
    if form == "csv":
        (first, *_) = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1]
        assert not first.startswith(("=", "+", "-", "@", "\t", "＝"))


def test_lists_and_empty_things_have_their_columns() -> None:
    found = flattened({"a": [{"b": True}, {"b": None}], "c": {}, "d": 1})

    assert found == {"a.1.b": "true", "a.2.b": "", "c": "", "d": "1"}


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"", "csv"),
        (b"a,a\n1,2\n", "csv"),
        (b"a\n1,2\n", "csv"),
        (b'a\n"1\n', "csv"),
        (b"\xff\xfe", "csv"),
        (b"<table>", "xml"),
        (b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><table><row><cell name='a'>&a;</cell></row></table>", "xml"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, form: str) -> None:
    with pytest.raises(EngineError, match="malformed-table"):
        read(content, form=form)


def test_a_character_that_the_old_system_does_not_know_is_told() -> None:
    with pytest.raises(EngineError) as refused:
        written([{"a": "𠮷"}], ["a"], form="csv", encoding="cp932")

    assert refused.value.values == {"character": "U+20BB7"}


def test_the_fields_of_the_sample_are_as_expected() -> None:
    assert flattened({"fields": FIELDS})["fields.newAddress.postalCode"] == "051-8511"
