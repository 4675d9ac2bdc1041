# SPDX-License-Identifier: Apache-2.0
"""What is known of a corporate number: the agency's client against a server of the specified shape, and the extract."""

import logging
from datetime import date
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from engine.bootstrap import corporate_numbers
from engine.core.errors import EngineError
from engine.core.numbers import corporate_number, number_of_local_government
from engine.registry.corporate_numbers import CloseCause, NoCorporateNumbers, corporation, successor
from engine.registry.extract import OfflineExtract
from engine.registry.nta import NtaWebApi
from engine.settings import Settings
from tests.unit.nta_desk import APPLICATION_ID, Agency, asking, csv_answer, xml_answer

POWER, MERGED, WATER, GONE = (corporate_number(f"99999900000{last}") for last in "1456")
NOBODY = corporate_number("999999999999")
MURORAN, SAPPORO_WARD = number_of_local_government("012050"), number_of_local_government("011011")
FORMS = ["csv", "xml"]


@pytest.mark.parametrize("form", FORMS)
async def test_name_seat_and_area_come_as_they_are_published(form: str) -> None:
    agency = Agency()
    async with asking(agency, form=form) as numbers:
        found = await corporation(numbers, POWER)

    assert (found.name, found.english) == ("見本電力株式会社", "Mihon Electric Power Co., Inc.")
    assert (found.seat, found.area) == ("東京都千代田区見本町１丁目１番１号", "131016")
    assert found.changed_on == date(2016, 4, 1)
    assert found.is_open
    (asked,) = agency.asked
    kind = {"csv": "02", "xml": "12"}[form]
    assert asked == {"id": APPLICATION_ID, "number": POWER, "type": kind, "history": "0"}


@pytest.mark.parametrize("form", FORMS)
async def test_history_brings_every_record_the_oldest_first_and_both_forms_say_the_same(form: str) -> None:
    async with asking(Agency(), form=form) as numbers:
        found = await numbers.records([WATER, POWER], history=True)

    assert [(one.number, one.name, one.is_latest) for one in found] == [
        (WATER, "見本水道株式会社", True),
        (POWER, "みほん電力準備株式会社", False),
        (POWER, "見本電力株式会社", True),
    ]
    assert found == await OfflineExtract().records([WATER, POWER], history=True)


@pytest.mark.parametrize("form", FORMS)
async def test_a_merged_corporation_names_who_took_over(form: str) -> None:
    async with asking(Agency(), form=form) as numbers:
        merged = await corporation(numbers, MERGED)
        carries_on = await successor(numbers, MERGED)

    assert (merged.closed_on, merged.close_cause) == (date(2026, 4, 1), CloseCause.MERGED)
    assert (merged.is_open, merged.successor) == (False, WATER)
    assert carries_on.number == WATER


async def test_a_liquidated_corporation_has_no_successor() -> None:
    with pytest.raises(EngineError, match="no-such-corporation"):
        await successor(OfflineExtract(), GONE)


async def test_two_that_name_each_other_as_successor_are_not_followed_for_ever() -> None:
    agency = Agency()
    for row in agency.rows:
        if row[1] == WATER:
            row[18:21] = ["2026-05-01", "11", MERGED]
    async with asking(agency) as numbers:
        with pytest.raises(EngineError, match="no-such-corporation"):
            await successor(numbers, MERGED)


async def test_a_number_nobody_has_is_told_apart_from_one_that_is_no_number() -> None:
    agency = Agency()
    async with asking(agency) as numbers:
        with pytest.raises(EngineError, match="no-such-corporation"):
            await corporation(numbers, NOBODY)
        with pytest.raises(EngineError, match="invalid-corporate-number"):
            await corporation(numbers, "1234567890123")

    assert len(agency.asked) == 1


async def test_an_application_id_that_is_not_registered_is_told_and_never_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with asking(Agency(), application_id="Ksecret000000") as numbers:
        with pytest.raises(EngineError) as refusal:
            await numbers.records([POWER])

    assert (refusal.value.code, refusal.value.values) == ("unavailable-corporate-numbers", {"status": 404})
    said = [record for record in caplog.records if record.name.startswith("engine")]
    assert said
    assert "Ksecret" not in "".join(f"{record.getMessage()} {record.__dict__}" for record in said)


async def test_a_server_that_cannot_be_reached_is_a_service_that_is_not_there() -> None:
    async with aiohttp.ClientSession() as session:
        numbers = NtaWebApi(
            session, base=f"http://127.0.0.1:{unused_port()}/4", application_id=APPLICATION_ID
        )
        with pytest.raises(EngineError, match="unavailable-corporate-numbers") as refusal:
            await numbers.records([POWER])

    assert APPLICATION_ID not in repr(refusal.value)
    assert refusal.value.__cause__ is None


ROW = Agency().rows[1]
SHORT, NO_DATE, OTHER = ROW[:-1], [*ROW[:4], "yesterday", *ROW[5:]], [ROW[0], WATER, *ROW[2:]]
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><corporations><count>0</count></corporations>'


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("csv", lambda: web.Response(text="")),
        ("csv", lambda: web.Response(text="<html>maintenance</html>")),
        ("csv", lambda: web.Response(body=b"\xff\xfe")),
        ("csv", lambda: csv_answer([SHORT])),
        ("csv", lambda: csv_answer([NO_DATE])),
        ("csv", lambda: csv_answer([OTHER])),
        ("csv", lambda: web.Response(text='"2026-11-24","2","1","1"\r\n' + ",".join(ROW))),
        ("xml", lambda: web.Response(text="<corporations>")),
        ("xml", lambda: web.Response(text="<html><count>0</count></html>")),
        ("xml", lambda: web.Response(body=BOMB)),
        ("xml", lambda: xml_answer([NO_DATE])),
        ("xml", lambda: xml_answer([OTHER])),
    ],
)
async def test_an_answer_that_is_not_as_specified_is_no_answer(form: str, answer: object) -> None:
    agency = Agency()
    agency.instead = answer()  # type: ignore[operator]
    async with asking(agency, form=form) as numbers:
        with pytest.raises(EngineError, match="strange-corporate-numbers"):
            await numbers.records([POWER])


async def test_offline_a_municipality_is_answered_from_our_own_table_and_a_ward_of_a_city_is_none() -> None:
    numbers = OfflineExtract()

    found = await corporation(numbers, MURORAN)

    assert (found.name, found.area, found.seat) == ("室蘭市", "012050", "北海道室蘭市")
    assert await numbers.records([SAPPORO_WARD]) == ()


async def test_configuration_chooses_and_production_never_answers_from_the_extract(tmp_path: Path) -> None:
    secret = tmp_path / "id"
    secret.write_text(APPLICATION_ID + "\n")
    secret.chmod(0o600)
    async with aiohttp.ClientSession() as session:
        rehearsed = corporate_numbers(Settings.load(profile="test"), session)
        unset = corporate_numbers(Settings.load(profile="production"), session)
        asked = Settings.load(corporate_numbers="https://api.example/4", corporate_numbers_id=secret)
        real = corporate_numbers(asked, session)

    assert isinstance(rehearsed, OfflineExtract)
    assert isinstance(unset, NoCorporateNumbers)
    assert isinstance(real, NtaWebApi)
    with pytest.raises(EngineError, match="invalid-settings"):
        Settings.load(profile="production", corporate_numbers="extract")
    with pytest.raises(EngineError, match="invalid-settings"):
        Settings.load(profile="test", corporate_numbers="https://api.example/4")
    secret.chmod(0o644)
    with pytest.raises(EngineError, match="invalid-settings"):
        asked.application_id()
