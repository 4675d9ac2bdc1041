# SPDX-License-Identifier: Apache-2.0
"""What the simulated organisations do, and what the dial makes of them."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest
from click.testing import CliRunner
from pydantic import TypeAdapter

from connectors.government.chiyoda_city import ChiyodaCitySimulator
from connectors.government.muroran_city import MuroranCitySimulator
from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from connectors.sdk import Connector
from connectors.sdk.keys import OwnKeys
from connectors.simulators.behaviour import Behaviour, FaultyLine, dialled, opening
from connectors.simulators.catalogue import SIMULATORS, registration
from engine.commands.connect import connect
from engine.core.numbers import is_corporate_number
from engine.registry.seed import Listed
from tests.unit.sdk_engine import World, amend, answer, submit, withdraw, world

MOVE_OUT, POWER, NHK = "move.move-out-notice", "move.electricity", "move.nhk"


def example(connector: Connector, procedure: str, **changes: Any) -> Any:
    return submit(procedure, fields={**connector.examples[procedure], **changes})


def words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "".join(document[page].get_textpage().get_text_range() for page in range(len(document)))


@pytest.mark.parametrize("name", SIMULATORS)
def test_each_simulator_says_that_it_is_one_and_can_be_registered(name: str, tmp_path: Path) -> None:
    connector = SIMULATORS[name].connector

    listed = TypeAdapter(Listed).validate_python(
        registration(connector, OwnKeys.kept_in(tmp_path), channel="pull")
    )

    assert is_corporate_number(connector.number)
    assert "見本" in connector.name.ja
    assert "Simulator" in connector.name.en
    own = set() if connector.acts_for else set(connector.procedures)  # an agent takes nothing itself
    assert {wanted.slug for wanted in listed.subscriptions} == own
    assert {jwk["use"] for jwk in listed.keys} == {"sig", "enc"}


@pytest.mark.parametrize("name", SIMULATORS)
def test_each_example_is_what_its_procedure_takes(name: str) -> None:
    connector = SIMULATORS[name].connector

    for procedure, fields in connector.examples.items():
        read = connector.procedures[procedure].model_validate(fields, by_alias=True, by_name=False)

        written = read.model_dump(mode="json", by_alias=True, exclude_none=True)
        assert written == fields


def test_the_registration_is_printed_for_whoever_runs_the_registry(tmp_path: Path) -> None:
    printed = CliRunner().invoke(connect, ["muroran-city", "--home", str(tmp_path / "m"), "--registration"])

    listed = json.loads(printed.output)
    assert listed["number"] == "8000020012050"
    assert listed["keys"] == OwnKeys.kept_in(tmp_path / "m").public()["keys"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "m").iterdir()} == {0o600}


def test_several_may_share_a_process_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TODOKE_STATE", str(tmp_path))

    printed = CliRunner().invoke(connect, ["all", "--registration"])

    listed = json.loads(printed.output)
    assert [one["number"] for one in listed] == [one.connector.number for one in SIMULATORS.values()]
    assert len({key["kid"] for one in listed for key in one["keys"]}) == 2 * len(SIMULATORS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nobody"],
        ["muroran-city", "--behaviour", '{"fast": 1}'],
        ["muroran-city", "nhk-simulator"],  # each needs a home of its own
    ],
)
def test_an_unknown_organisation_or_dial_is_explained(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TODOKE_PROFILE", "test")

    said = CliRunner().invoke(connect, [*arguments, "--home", str(tmp_path)])

    assert said.exit_code == 2


async def test_muroran_issues_a_certificate_with_what_the_citizen_told(tmp_path: Path) -> None:
    connector = MuroranCitySimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, MOVE_OUT))

        await here.once()

        assert here.engine.said() == ["received", "accepted", "completed"]
        (certificate,) = here.engine.last().documents
        text = words(certificate.content()).replace("\r\n", "").replace(" ", "")
        for expected in (
            "転出証明書",
            "見本花子",
            "令和8年12月1日",
            "九段南一丁目2番1号",
            "SIMULATION",
            "世帯主",
        ):
            assert expected in text


async def test_muroran_refuses_a_name_it_cannot_print(tmp_path: Path) -> None:
    connector = MuroranCitySimulator()
    movers = [{"name": {"family": "𠮷野", "given": "太郎"}, "birthDate": "1990-04-01", "relation": "head"}]
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, MOVE_OUT, movers=movers))

        await here.once()

        assert (here.engine.last().code, here.engine.last().correctable) == ("characters", True)


@pytest.mark.parametrize(("days", "said"), [(0, "withdrawn"), (30, "irrevocable")])
async def test_muroran_undoes_a_notice_until_the_day_of_moving(tmp_path: Path, days: int, said: str) -> None:
    connector = MuroranCitySimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, MOVE_OUT), sequence=1)
        await here.once()

        here.clock.move(timedelta(days=days))
        here.engine.order(withdraw(), sequence=2)
        await here.once()

        assert here.engine.said()[-1] == said


async def test_a_new_moving_date_is_what_counts_when_the_notice_is_undone(tmp_path: Path) -> None:
    connector = MuroranCitySimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, MOVE_OUT), sequence=1)
        here.engine.order(amend({"movingDate": "2026-12-31"}), sequence=2)
        await here.once()

        here.clock.move(timedelta(days=20))
        here.engine.order(withdraw(), sequence=3)
        await here.once()

        assert here.engine.said()[-2:] == ["amended", "withdrawn"]


async def test_the_power_company_asks_about_the_meter_and_goes_on_with_the_answer(tmp_path: Path) -> None:
    connector = MihonPowerSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, POWER), sequence=1)
        await here.once()
        asked = here.engine.last()

        here.engine.order(answer("with-me", asked.question_id), sequence=2)
        await here.once()

        assert here.engine.said() == ["received", "asked", "accepted", "completed"]
        assert [choice.const for choice in asked.answer_schema.one_of] == ["alone", "with-me", "locked"]


async def test_nhk_refuses_first_and_takes_the_corrected_number(tmp_path: Path) -> None:
    connector = NhkSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, NHK, customerNumber="12345"), sequence=1)
        await here.once()
        refused = here.engine.last()

        corrected = example(connector, NHK, customerNumber="0987654321").model_copy(update={"attempt": 2})
        here.engine.order(corrected, sequence=2)
        await here.once()

        assert (refused.code, refused.field) == ("customer-number-format", "/customerNumber")
        assert refused.correctable
        assert here.engine.said() == ["refused", "received", "accepted", "completed"]


async def test_nhk_goes_on_refusing_a_number_that_is_none(tmp_path: Path) -> None:
    connector = NhkSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, NHK, customerNumber="12345"))

        await here.once()

        assert here.engine.said() == ["refused"]


async def test_nobody_moves_into_chiyoda_before_the_day(tmp_path: Path) -> None:
    connector = ChiyodaCitySimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, "move.nhi-enrol"), to=1)
        await here.once()
        here.clock.move(timedelta(days=30))
        here.engine.order(example(connector, "move.nhi-enrol"), to=2)
        await here.once()

        assert here.engine.said(1) == ["refused"]
        assert here.engine.said(2) == ["received", "accepted", "completed"]


# --- the dial -------------------------------------------------------------------------------------


def muroran(**dial: Any) -> Connector:
    return dialled(MuroranCitySimulator(), Behaviour(**dial))


async def filed(here: World) -> None:
    here.engine.order(example(here.connector, MOVE_OUT), sequence=1)
    await here.once()


async def test_an_office_may_be_slow_for_days_and_survive_a_restart(tmp_path: Path) -> None:
    async with world(tmp_path, muroran(slow_days=3)) as here:
        await filed(here)
        assert here.engine.said() == ["received"]

        here.connector = muroran(slow_days=3)
        here.start()
        here.clock.move(timedelta(days=3))
        await here.once()

        assert here.engine.said() == ["received", "received", "accepted", "completed"]


async def test_an_office_may_ask_back_first(tmp_path: Path) -> None:
    async with world(tmp_path, muroran(ask_first=True)) as here:
        await filed(here)
        assert here.engine.said() == ["received", "asked"]

        here.engine.order(answer(True, here.engine.last().question_id), sequence=2)
        await here.once()

        assert here.engine.said()[-1] == "completed"
        assert len(here.engine.last().documents) == 1


async def test_an_office_may_be_down_and_then_works(tmp_path: Path) -> None:
    async with world(tmp_path, muroran(down_minutes=30)) as here:
        await filed(here)
        assert here.engine.said() == []
        assert here.engine.pending == {}

        here.clock.move(timedelta(minutes=31))
        await here.once()

        assert here.engine.said()[-1] == "completed"


async def test_an_office_may_keep_office_hours(tmp_path: Path) -> None:
    async with world(tmp_path, muroran(office_hours=True)) as here:
        here.clock.at = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)  # Friday 17:30 in Japan
        await filed(here)
        here.clock.at = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)
        await here.once()
        assert here.engine.said() == []

        here.clock.at = datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC)  # Monday 9:00
        await here.once()

        assert here.engine.said()[-1] == "completed"


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-20T08:59:00+09:00", "2026-11-20T09:00:00+09:00"),
        ("2026-11-20T09:00:00+09:00", "2026-11-20T09:00:00+09:00"),
        ("2026-11-20T16:59:59+09:00", "2026-11-20T16:59:59+09:00"),
        ("2026-11-20T17:00:00+09:00", "2026-11-23T09:00:00+09:00"),
        ("2026-11-21T12:00:00+09:00", "2026-11-23T09:00:00+09:00"),
    ],
)
def test_an_office_opens_at_nine_on_the_next_working_day(now: str, opens: str) -> None:
    assert opening(datetime.fromisoformat(now)) == datetime.fromisoformat(opens)


async def test_an_office_may_issue_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, muroran(issue_documents=False)) as here:
        await filed(here)

        assert here.engine.last().documents == ()


async def test_an_office_may_be_past_undoing(tmp_path: Path) -> None:
    async with world(tmp_path, muroran(irrevocable=True)) as here:
        await filed(here)

        here.engine.order(withdraw(), sequence=2)
        await here.once()

        assert here.engine.said()[-1] == "irrevocable"


async def test_an_answer_lost_on_the_way_comes_when_the_order_is_sent_again(tmp_path: Path) -> None:
    async with world(tmp_path, muroran()) as here:
        here.start(FaultyLine(here.line, Behaviour(lose_answer_once=True)))
        await filed(here)
        assert here.engine.replies == {}

        here.engine.again(next(iter(here.engine.sent)))
        await here.once()

        assert here.engine.said() == ["received", "accepted", "completed"]
        assert len(here.ledger.effects()) == 1


async def test_replies_may_come_twice(tmp_path: Path) -> None:
    async with world(tmp_path, muroran()) as here:
        here.start(FaultyLine(here.line, Behaviour(duplicate_replies=True)))

        await filed(here)

        assert len(here.engine.arrivals) == 6
        assert here.engine.said() == ["received", "accepted", "completed"]
