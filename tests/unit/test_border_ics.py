# SPDX-License-Identifier: Apache-2.0
"""A calendar says the same to every program: whole days, stable names, newer copies win."""

from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar, Component

from engine.border.ics import Day, Standing, calendar_text
from engine.core.text import Text

NAME = Text(ja="引越し", en="Moving")
LONG = Text(ja="国民健康保険の資格取得の届出、" * 6, en="Joining the National Health Insurance, " * 3)
THE_DAY = Day(
    uid="00000000-0000-4000-8000-000000000001-deadline@todoke",
    title=LONG,
    about=(Text(ja="正当な理由がなく、遅れると；過料", en="late, without a reason; a fine"),),
    last=date(2026, 12, 31),
    alarms=(7, 1),
    version=5,
    changed_at=datetime(2026, 11, 9, 1, 2, 3, tzinfo=UTC),
)


def read(text: bytes, kind: str = "VEVENT") -> Component:
    (found,) = Calendar.from_ical(text.decode()).walk(kind)
    return found


def day(**changes: object) -> Day:
    return Day(**{name: getattr(THE_DAY, name) for name in Day.__slots__} | changes)  # type: ignore[arg-type]


def test_a_last_day_is_one_whole_day_in_no_time_zone() -> None:
    text = calendar_text(NAME, [THE_DAY])

    assert b"DTSTART;VALUE=DATE:20261231\r\n" in text
    assert b"DTEND;VALUE=DATE:20270101\r\n" in text
    assert b"X-WR-TIMEZONE:Asia/Tokyo\r\n" in text
    assert b"TRANSP:TRANSPARENT\r\n" in text


def test_long_japanese_lines_are_folded_and_come_back_whole() -> None:
    text = calendar_text(NAME, [THE_DAY])

    assert max(len(line) for line in text.split(b"\r\n")) <= 75
    event = read(text)
    assert str(event["summary"]) == f"{LONG.ja} / {LONG.en}"
    assert str(event["description"]).startswith(THE_DAY.about[0].ja)
    assert str(event["description"]).endswith(THE_DAY.about[0].en)


def test_a_newer_copy_has_a_higher_sequence_and_the_same_name() -> None:
    before, after = read(calendar_text(NAME, [THE_DAY])), read(calendar_text(NAME, [day(version=6)]))

    assert before["uid"] == after["uid"]
    assert (int(before["sequence"]), int(after["sequence"])) == (5, 6)


def test_the_same_case_makes_the_same_bytes() -> None:
    assert calendar_text(NAME, [THE_DAY]) == calendar_text(NAME, [THE_DAY])


def test_a_window_lasts_from_its_first_day_to_its_last() -> None:
    event = read(calendar_text(NAME, [day(first=date(2026, 12, 1), last=date(2026, 12, 14))]))

    assert (event.decoded("dtstart"), event.decoded("dtend")) == (date(2026, 12, 1), date(2026, 12, 15))


@pytest.mark.parametrize(
    ("standing", "event", "task"),
    [
        (Standing.OPEN, "CONFIRMED", "NEEDS-ACTION"),
        (Standing.DONE, "CANCELLED", "COMPLETED"),
        (Standing.DROPPED, "CANCELLED", "CANCELLED"),
    ],
)
def test_what_is_over_rings_no_more(standing: Standing, event: str, task: str) -> None:
    as_event = read(calendar_text(NAME, [day(standing=standing)]))
    as_task = read(calendar_text(NAME, [day(standing=standing, is_errand=True)]), "VTODO")

    assert (str(as_event["status"]), str(as_task["status"])) == (event, task)
    assert [len(one.walk("VALARM")) for one in (as_event, as_task)] == [2 * (standing is Standing.OPEN)] * 2


def test_alarms_ring_in_the_morning_before_the_last_day_even_of_a_window() -> None:
    window = day(first=date(2026, 12, 1), last=date(2026, 12, 14), alarms=(3,))
    (alarm,) = read(calendar_text(NAME, [window])).walk("VALARM")
    (ring,) = read(calendar_text(NAME, [day(is_errand=True, alarms=(3,))]), "VTODO").walk("VALARM")

    assert alarm.decoded("trigger") == timedelta(days=13 - 3, hours=9)
    assert ring.decoded("trigger") == timedelta(days=-3, hours=9)
    assert ring["trigger"].params["RELATED"] == "END"


def test_an_errand_begins_on_the_first_possible_day() -> None:
    todo = read(calendar_text(NAME, [day(first=date(2026, 12, 20), is_errand=True)]), "VTODO")
    at_once = read(calendar_text(NAME, [day(first=date(2026, 12, 31), is_errand=True)]), "VTODO")

    assert (todo.decoded("dtstart"), todo.decoded("due")) == (date(2026, 12, 20), date(2026, 12, 31))
    assert "dtstart" not in at_once
