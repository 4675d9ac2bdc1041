# SPDX-License-Identifier: Apache-2.0
"""Dates as Japanese offices write them (和暦).

Own lines because the kept library writes 令和08年 and knows no 元年.
"""

from datetime import date

# First day of each era, newest first: 元号法 and the edicts before it. A day on which the era
# changed belongs to the new era.
_ERAS: tuple[tuple[date, str, str], ...] = (
    (date(2019, 5, 1), "令和", "Reiwa"),
    (date(1989, 1, 8), "平成", "Heisei"),
    (date(1926, 12, 25), "昭和", "Showa"),
    (date(1912, 7, 30), "大正", "Taisho"),
    (date(1868, 1, 25), "明治", "Meiji"),
)
# Japan counts Gregorian days since then (明治5年太政官布告第337号); before, a date names another day.
_FIRST_GREGORIAN_DAY = date(1873, 1, 1)
_WEEKDAYS = "月火水木金土日"


def era_year(day: date) -> tuple[str, int]:
    """Return the era and the year in it: `("令和", 1)` for 2019-05-01.

    Raises:
        ValueError: the day lies before 明治6年, when Japan had another calendar.
    """
    if day < _FIRST_GREGORIAN_DAY:
        raise ValueError("before 明治6年1月1日 Japan did not use this calendar")
    first, name, _ = next(era for era in _ERAS if era[0] <= day)
    return name, day.year - first.year + 1


def wareki(day: date) -> str:
    """Return the day as an office writes it: 令和元年5月1日."""
    name, year = era_year(day)
    return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def wareki_with_weekday(day: date) -> str:
    """Return the day with its weekday, for dates people must keep: 令和8年11月3日（火）."""
    return f"{wareki(day)}（{_WEEKDAYS[day.weekday()]}）"
