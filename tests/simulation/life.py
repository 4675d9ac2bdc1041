# SPDX-License-Identifier: Apache-2.0
"""A life event made up for the simulation, with every way of filing, and people who tell it.

Everything a person tells holds a canary, a word that must not turn up where personal data may not.
"""

from datetime import date, timedelta
from random import Random
from typing import Any

from pydantic import JsonValue

from engine.core.calendars import Authority
from engine.core.deadline_rules import Anytime, FactDay, Nature, Severity, Within
from engine.core.declaration import Condition, FactField, Grade, Procedure, Receiver, Sought
from engine.core.life_event import LifeEvent
from engine.core.lifecycle import Way
from engine.core.numbers import corporate_number
from engine.core.periods import Unit
from engine.core.text import Text
from workflows.common import Facts, Line

CITY, POWER, FUND, SHY = (corporate_number(f"99999999990{last}") for last in "1234")
CANARY = "かなりあ"
KANA = "カナリア"


class RehearsedFacts(Facts):
    event_on: date
    name: Line
    note: Line
    children: tuple[Line, ...] = ()


def _text(words: str) -> Text:
    return Text(ja=words, en=words)


_DAY = FactDay(name="event_on", text=_text("その日"), nature=Nature.PLANNED)
_ALWAYS: Condition[RehearsedFacts] = Condition(_text("いつも"), lambda _: True)
_FIELDS: tuple[FactField[RehearsedFacts], ...] = (
    FactField("name", _text("氏名"), lambda f, _: f.name),
    FactField("note", _text("備考"), lambda f, _: f.note),
    FactField("child", _text("子"), lambda _, subject: subject),
    FactField("eventOn", _text("日"), lambda f, _: f.event_on.isoformat()),
)


def _procedure(slug: str, *ways: Way, needs: tuple[str, ...] = ("name", "note"), **more: Any) -> Any:
    days = more.pop("days", None)
    deadline = (
        Anytime(basis="none")
        if days is None
        else Within(
            of=_DAY,
            amount=days,
            unit=Unit.DAYS,
            authority=Authority.MUNICIPAL,
            severity=Severity.FINE,
            basis="試験法1条",
        )
    )
    return Procedure(
        slug=f"rehearsal.{slug}",
        title=_text(slug),
        receiver=Receiver("TEST", lambda _: Sought(_text("機関"))),
        ways=ways,
        needs=needs,
        applies=more.pop("applies", _ALWAYS),
        deadline=deadline,
        basis="試験法1条",
        in_force=date(2000, 1, 1),
        grade=Grade.SURE,
        **more,
    )


REHEARSAL: LifeEvent[RehearsedFacts] = LifeEvent(
    slug="rehearsal",
    title=_text("試験"),
    facts=RehearsedFacts,
    fields=_FIELDS,
    dates=lambda facts: {"event_on": facts.event_on},
    redated=lambda facts, day: facts.model_copy(update={"event_on": day}),
    procedures=(
        _procedure("notice", Way.SIGNED, Way.VISIT, needs=("name", "note", "eventOn"), days=10),
        _procedure("counter", Way.VISIT, days=14, after=("rehearsal.notice",), opens="event_on"),
        _procedure("carried", Way.AUTOMATIC, Way.SELF, rides_on="rehearsal.counter"),
        _procedure("contract", Way.ONLINE, Way.SELF, needs=("name", "eventOn"), days=20),
        _procedure("firm", Way.ONLINE, Way.SELF, amendable=False, withdrawable=False),
        _procedure("letter", Way.PAPER, after=("rehearsal.contract",), days=40),
        _procedure("errand", Way.ONLINE, Way.SELF, days=5),
        _procedure(
            "child", Way.ONLINE, Way.SELF, needs=("child", "note"), subjects=lambda f: f.children, days=30
        ),
        _procedure("opening", Way.ONLINE, Way.SELF, opens="event_on", days=14),
        _procedure("shy", Way.ONLINE, Way.SELF, needs=("note",), days=60),
        _procedure("together", Way.AUTOMATIC, Way.SELF, rides_on="rehearsal.contract"),
        _procedure("never", Way.SELF, applies=Condition(_text("決して"), lambda _: False)),
    ),
)

TAKES: dict[str, tuple[str, ...]] = {
    CITY: ("rehearsal.notice", "move.move-out-notice"),
    POWER: ("rehearsal.contract", "rehearsal.firm", "move.electricity", "move.nhk"),
    FUND: ("rehearsal.child", "rehearsal.opening", "move.gas"),
    SHY: ("rehearsal.shy", "move.nhk"),
}


def facts(random: Random, today: date) -> tuple[str, dict[str, JsonValue]]:
    """Return a life event, and what somebody tells of it."""
    day = today + timedelta(days=random.randint(-3, 25))
    if random.random() < 0.3:
        return "moving", _moving(random, day)
    return "rehearsal", {
        "eventOn": day.isoformat(),
        "name": f"{CANARY}{random.randint(0, 999)}",
        "note": f"{CANARY}-note",
        "children": [f"{CANARY}-child-{n}" for n in range(random.randint(0, 2))],
    }


def corrected(random: Random, event: str, told: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what the person tells after a mistake was found."""
    if event == "moving":
        return {**told, "phone": f"090-{random.randint(1000, 9999)}-0000"}
    key = random.choice(("name", "note"))
    return {**told, key: f"{CANARY}{random.randint(1000, 9999)}"}


def _moving(random: Random, day: date) -> dict[str, JsonValue]:
    name: dict[str, JsonValue] = {"family": CANARY, "given": "花子"}
    kana: dict[str, JsonValue] = {"family": KANA, "given": "ハナコ"}

    def address(code: str, city: str) -> dict[str, JsonValue]:
        return {
            "postalCode": "051-8511",
            "municipality": code,
            "prefecture": "北海道",
            "city": city,
            "line": f"{CANARY}町1番",
        }

    return {
        "movingDate": day.isoformat(),
        "oldAddress": address("012050", "室蘭市"),
        "newAddress": address("131016", "千代田区"),
        "movers": [
            {
                "name": name,
                "kana": kana,
                "birthDate": "1990-04-01",
                "relation": "本人",
                "nationalPension": random.random() < 0.5,
            }
        ],
        "head": name,
        "phone": "090-0000-0000",
        "contracts": {
            "electricity": {"company": POWER, "customerNumber": f"{CANARY}1"},
            "gas": {"company": FUND, "customerNumber": f"{CANARY}2"},
            "nhk": {"customerNumber": f"{CANARY}3"},
        },
    }
