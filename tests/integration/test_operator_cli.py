# SPDX-License-Identifier: Apache-2.0
"""Operators and citizens at the terminal: the commands that a person types, against a whole engine."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from connectors.private.mihon_power import MihonPowerSimulator
from engine import cli
from engine.core.numbers import corporate_number
from engine.core.patience import JAPAN
from engine.ports import Parked
from tests.integration.engine_ground import Ground, ground
from tests.integration.onboarding_ground import ELECTRICITY as ELECTRICITY_EVERYWHERE
from tests.integration.onboarding_ground import people
from tests.journeys.household import CANARIES, HOLDER, PASSWORD, PIN, facts
from tests.journeys.worlds import TREE

POWER = MihonPowerSimulator()
GAS = corporate_number("999999000003")


class Terminal:
    """A shell beside a running engine, with a card in its reader."""

    def __init__(self, here: Ground, dsn: str, place: Path) -> None:
        self.here = here
        self.card = place / "card.json"
        self.facts = place / "facts.json"
        here.jpki.make_card(HOLDER, login_pin=PIN, signature_pin=PASSWORD).save(self.card)
        told = facts(here.engine.clock.now().astimezone(JAPAN).date())
        self.facts.write_text(json.dumps(told, ensure_ascii=False))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TODOKE_")}
        settings = here.engine.settings
        self.environment: Mapping[str, str] = kept | {
            "PYTHONPATH": str(TREE),
            "TODOKE_STATE": str(settings.state),
            "TODOKE_PROFILE": "test",
            "TODOKE_LISTEN": settings.listen,
            "TODOKE_DATABASE_URL": dsn,
        }

    async def run(self, *arguments: str, said: str = "", fails: bool = False) -> str:
        """Type a command; return what it prints. It runs in this process: most of a start is imports."""
        status, out = await asyncio.to_thread(self._typed, arguments, said)
        assert (status != 0) == fails, out
        return out

    def _typed(self, arguments: Sequence[str], said: str) -> tuple[object, str]:
        environment = {name: value for name, value in self.environment.items() if name.startswith("TODOKE_")}
        with (
            CliRunner().isolation(input=said, env=environment) as (_, _, output),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(sys, "argv", ["todoke", *arguments])
            with pytest.raises(SystemExit) as ended:
                cli.main()
            return ended.value.code, output.getvalue().decode()

    async def ops(self, *arguments: str, fails: bool = False) -> str:
        return await self.run("ops", "--card", str(self.card), "--pin", PIN, *arguments, fails=fails)

    async def asked(self, *arguments: str) -> Any:
        return json.loads(await self.ops("--json", *arguments))

    async def start(self, answer: str) -> str:
        place = ("--card", str(self.card), "--pin", PIN)
        return await self.run(
            "case", "start", str(self.facts), *place, "--password", PASSWORD, said=f"{answer}\n"
        )


@pytest.fixture
async def terminal(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with ground(postgres_dsn, tmp_path / "state") as here:
        await here.register(POWER)
        yield Terminal(here, postgres_dsn, tmp_path)


async def test_an_operator_is_made_on_the_host_watches_mends_and_is_unmade(terminal: Terminal) -> None:
    said = await terminal.run("card", "login", "--file", str(terminal.card), "--pin", PIN)
    person = json.loads(said[said.index("{") :])["person"]
    await terminal.run("operator", "grant", person, "--duty", "counter", "--reason", "staff of a counter")
    assert "not-allowed-role" in await terminal.ops("cases", fails=True)  # another duty than to watch
    assert [str(one[0]) for one in await terminal.here.engine.gate.holders("counter")] == [person]
    await terminal.run("operator", "grant", person, "--reason", "first operator")
    assert person in await terminal.run("operator", "list")
    assert "yes" in await terminal.start("yes")

    (case,) = await terminal.asked("cases")
    filings = await terminal.asked("filings", "--organisation", POWER.number, "--older-than-days", "0")
    shown = [
        await terminal.ops("cases"),
        await terminal.ops("filings"),
        await terminal.ops("case", case["id"]),
    ]
    (filing,) = filings
    await terminal.ops("park", filing["id"], "--why", "law-unclear", "--reason", "checking")
    assert "law" in await terminal.ops("filings", "--flag", "parked")
    await terminal.ops("resume", filing["id"], "--reason", "checked")
    await terminal.ops("retry", filing["id"], "--reason", "once more")
    would = await terminal.ops(
        "retry", "--organisation", POWER.number, "--older-than-days", "0", "--dry-run", "--reason", "x"
    )
    assert filing["id"] in would
    assert "paused" in await terminal.ops("pause", POWER.number, "--reason", "maintenance")
    assert "active" in await terminal.ops("resume", POWER.number, "--reason", "over")
    assert "—" in await terminal.ops("parked")
    gate = await terminal.ops("gate")
    assert "rsa-2048-sha256" in gate
    assert "waiting" in gate
    assert "1 cases compared, 0 findings" in await terminal.ops("reconcile", "--reason", "weekly")

    assert ("機関の回答待ち" in shown[1], "case-opened" in shown[2]) == (True, True)
    assert [canary for canary in CANARIES if canary in "".join(shown)] == []
    await terminal.run("operator", "withdraw", person, "--reason", "left")
    assert "not-allowed-role" in await terminal.ops("cases", fails=True)
    rows = await terminal.here.engine.operators.audit(after=0, limit=100)
    assert [row.entry.act for row in rows] == [
        "grant-counter",
        "grant-operator",
        "look-case",
        "park-filing",
        "resume-filing",
        "retry-filing",
        "pause-organisation",
        "resume-organisation",
        "reconcile",
        "withdraw-operator",
    ]
    assert rows[0].entry.operator.startswith("host:")


async def test_what_was_put_aside_is_shown_by_a_dry_run_and_given_up_with_a_reason(
    terminal: Terminal,
) -> None:
    said = await terminal.run("card", "login", "--file", str(terminal.card), "--pin", PIN)
    person = json.loads(said[said.index("{") :])["person"]
    await terminal.run("operator", "grant", person, "--reason", "first operator")
    reply, letter = uuid4(), uuid4()
    nobodys = Parked(reply, "replies.1", None, (b"{}",), "reply-from-another", 1)
    ours = Parked(letter, "outbound", None, (b'{"an":"order"}',), "delivery-limit", 11)
    await terminal.here.engine.store.park([nobodys, ours])

    would = await terminal.ops("discard", str(reply), "--dry-run", "--reason", "unreadable")
    instead = await terminal.ops("discard", str(letter), "--dry-run", "--reason", "unreadable")
    unmoved = await terminal.ops("parked")
    done = await terminal.ops("discard", str(reply), "--reason", "unreadable")
    left = await terminal.ops("parked")

    assert ("reply-from-another" in would, "unknown-sender" in would) == (True, True)
    assert ("delivery-limit" in instead, "would-publish" in instead) == (True, True)
    assert (str(reply) in unmoved, str(letter) in unmoved) == (True, True)
    assert (done.strip(), str(reply) in left, str(letter) in left) == ("discarded", False, True)
    again = await terminal.ops("discard", str(reply), "--reason", "unreadable", fails=True)
    gone = await terminal.ops("discard", str(reply), "--dry-run", "--reason", "unreadable", fails=True)
    assert ("already-resolved" in again, "nothing with this id" in gone) == (True, True)
    assert "--reason" in await terminal.ops("discard", str(letter), fails=True)
    rows = await terminal.here.engine.operators.audit(after=0, limit=100)
    # what was refused is on record too
    assert [row.entry.act for row in rows] == ["grant-operator", "discard", "discard"]


async def test_who_still_holds_an_old_value_is_printed_for_one_case_and_for_all(terminal: Terminal) -> None:
    said = await terminal.run("card", "login", "--file", str(terminal.card), "--pin", PIN)
    login = json.loads(said[said.index("{") :])
    await terminal.run("operator", "grant", login["person"], "--reason", "first operator")
    await terminal.start("yes")
    (case,) = await terminal.asked("cases")
    assert "—" in await terminal.ops("old-values")
    told = json.loads(terminal.facts.read_text()) | {"phone": "0143-00-9999"}
    origin = terminal.here.engine.settings.origin
    headers = {"Authorization": f"Bearer {login['token']}", "Idempotency-Key": "correct"}
    async with terminal.here.session.put(
        f"{origin}/v1/cases/{case['id']}/facts", json={"facts": told}, headers=headers
    ) as answer:
        assert answer.status == 200, await answer.text()

    listed = await terminal.ops("old-values", "--organisation", POWER.number)
    shown = await terminal.ops("old-values", "--case", case["id"], "--reason", "chasing")

    assert ("move.electricity" in listed, case["id"] in listed) == (True, True)
    assert ("phone" in shown, "訂正を送り" in shown, "0143-00-9999" in shown) == (True, True, False)


async def test_a_case_is_started_with_a_yes_only_and_begun_again_is_the_same_case(terminal: Terminal) -> None:
    declined = await terminal.start("no")
    accepted = await terminal.start("yes")
    again = await terminal.start("yes")

    assert "nothing was sent" in declined
    assert "転出届" in declined
    assert "confirmed; follow it with" in accepted
    assert "it was confirmed before" in again
    cases = {
        line for out in (declined, accepted, again) for line in out.splitlines() if line.startswith("case ")
    }
    assert len(cases) == 1


async def test_a_case_is_followed_until_it_has_ended(terminal: Terminal) -> None:
    citizen = terminal.here.citizen()
    told = json.loads(terminal.facts.read_text())
    opened = await citizen.say("POST", "/v1/cases", {"event": "moving", "facts": told})
    path = f"/v1/cases/{opened['caseId']}"
    card = terminal.card.with_name("own.json")
    citizen._card._card.save(card)  # type: ignore[attr-defined] # the software card in the reader
    watching = asyncio.ensure_future(
        terminal.run("case", "watch", opened["caseId"], "--card", str(card), "--pin", PIN)
    )

    await citizen.say("POST", f"{path}/cancellation")
    async with asyncio.timeout(60):
        shown = await watching

    assert "取りやめ" in shown


async def test_what_the_server_refuses_is_one_line(terminal: Terminal) -> None:
    said = await terminal.run(
        "case",
        "watch",
        "00000000-0000-0000-0000-000000000000",
        "--card",
        str(terminal.card),
        "--pin",
        PIN,
        fails=True,
    )

    assert "no-such-case" in said
    assert "Traceback" not in said


async def test_an_application_is_decided_at_the_terminal(terminal: Terminal) -> None:
    office = await people(terminal.here)
    drafted = await office.apply(GAS, ELECTRICITY_EVERYWHERE)
    await office.sign(drafted["id"])
    said = await terminal.run("card", "login", "--file", str(terminal.card), "--pin", PIN)
    person = json.loads(said[said.index("{") :])["person"]
    await terminal.run("operator", "grant", person, "--reason", "first operator")
    report = terminal.card.with_name("report.json")

    listed = await terminal.ops("organisations", "list")
    shown = await terminal.ops("organisations", "show", drafted["id"])
    because = ("--reason", "登記事項証明書と照合した")
    await terminal.ops("organisations", "approve", drafted["id"], "--checked", "register-extract", *because)
    report.write_text(await office.report(GAS))
    await terminal.ops("organisations", "certify", GAS, "--report", str(report), *because)
    live = await terminal.ops("organisations", "live", GAS, *because)

    assert drafted["id"] in listed
    assert "見本ガス株式会社" in shown
    assert "届出　花子" in shown
    assert POWER.name.ja in shown  # whom it touches
    assert "live" in live


async def test_an_organisation_comes_on_board_at_the_terminal(terminal: Terminal, tmp_path: Path) -> None:
    office = await people(terminal.here)
    place = ("organisation", "--card", str(terminal.card), "--pin", PIN)
    taken = ("--takes", "move.electricity@131016", "--password", PASSWORD, "--yes")

    applied = await terminal.run(*place, "apply", GAS, *taken)
    (line,) = (await office.operator.get("/v1/operator/applications"))["applications"]
    await office.decide(line["id"])
    status = await terminal.run(*place, "status")
    await terminal.run(*place, "register-keys", GAS, "--home", str(tmp_path / "gas"))
    listed = (await terminal.run(*place, "keys")).splitlines()
    await terminal.run(*place, "revoke-key", listed[0].split()[1], "--because", "lost")
    after = (await terminal.run(*place, "keys")).splitlines()

    assert "見本ガス株式会社" in applied
    assert "電気のお客さま番号" in applied
    assert f"represents: {GAS}" in status
    assert sorted(one.split()[0] for one in listed) == ["enc", "sig"]
    assert sorted(one.split()[-1] for one in after) == ["lost", "valid"]
