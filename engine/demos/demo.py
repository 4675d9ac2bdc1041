# SPDX-License-Identifier: Apache-2.0
"""A demonstration: a script is played from the login with a card to the letters in the PO box.

It plays the citizens and the calendar, through the public API only; what the organisations hold in the
end it reads in their own books. Every step looks at the case first and says things under a key of its
own, so that a demonstration that was killed goes on where it was.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp

from connectors.simulators.books import Books
from connectors.simulators.jpki import JpkiWorld, SoftwareCard, resident_changed
from engine.client import CitizenClient
from engine.clock import SimulatedClock
from engine.core.errors import Code, EngineError, register
from engine.core.patience import JAPAN
from engine.demos.pages import books_table, group_lines, task_lines, told_table
from engine.demos.script import PASSWORD, PIN, WITH_CITIZEN, Person, Script, Turn, morning
from engine.identity.card import JpkiCard
from engine.progress import Progress, plan_table
from engine.settings import Settings

_QUIET_SECONDS: Final = 1.5  # nothing new for so long: it is the calendar's turn
_BUSY_SECONDS: Final = 20.0  # so long while an order or its answer is on its way
_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 240.0
_TOGETHER: Final = timedelta(minutes=5)  # what was begun together is due together
_ON_ITS_WAY: Final = frozenset({"submitted", "submitted-answer", "revising", "withdrawing"})
_SETTLED: Final = frozenset({"completed", "completed-partly", "cancelled"})
_KEPT: Final = "demo.json"

register(
    {
        "demo-stuck": Code(
            500, "デモが最後まで進みませんでした", "The demonstration did not come to its end"
        ),
        "books-disagree": Code(
            500,
            "機関の台帳が案件と一致しません",
            "What an organisation holds is not what the case says it holds",
        ),
        "other-demo": Code(
            409,
            "再開するデモは、別の内容で始められています",
            "The demonstration to be resumed was begun with other options",
        ),
    }
)


def begun(state: Path) -> str | None:
    """Return the life event of the demonstration that was begun at this place, if there is one."""
    file = state / _KEPT
    return str(json.loads(file.read_text())["event"]) if file.exists() else None


class Demo:
    """One household's life event, from the beginning to the end."""

    def __init__(
        self, settings: Settings, script: Script, *, out: Path, progress: Progress, turn: Turn | None = None
    ) -> None:
        self._clock = SimulatedClock(settings.state / "clock")
        self._settings = settings
        self._script = script
        self._out = out
        self._progress = progress
        self._turn = turn
        self._day = date.max
        self._books = Books(settings.state / "connectors")
        self._clients: dict[str, CitizenClient] = {}

    @property
    def day(self) -> date:
        """The day of the event."""
        return self._day

    @property
    def turn(self) -> Turn:
        """The turn that was asked for."""
        return self._turn or Turn.NONE

    def say(self, text: str) -> None:
        """Tell those who watch."""
        self._progress.say(text)

    def advance_to(self, instant: datetime) -> None:
        """Turn the calendar."""
        self._clock.advance_to(instant.astimezone(UTC))
        self.say(f"  暦を進めます → {instant.astimezone(JAPAN):%Y-%m-%d %H:%M}  (calendar)")

    async def run(self) -> Mapping[str, Any]:
        """Return the case as it is at the end.

        Raises:
            EngineError: `demo-stuck`, `books-disagree`, `other-demo`; Refusal: the server did not take
                what the citizen said.
        """
        self._out.mkdir(parents=True, exist_ok=True)
        self._remember()
        async with aiohttp.ClientSession() as session:
            for number, (place, person) in enumerate(self._script.people.items()):
                card = await asyncio.to_thread(self._card, number, person)
                self._clients[place] = self._client(session, card)
            owner, *_ = self._script.people.values()
            client, *_ = self._clients.values()
            await client.sign_in()
            self.say(
                f"{owner.name}さんがカードでログインしました  {owner.name_en} signed in with their own card"
            )
            case_id = await self._open(client)
            case = await self._follow(client, case_id)
            await self._collect(client, case)
            self._compare(case)
        self._books.close()
        return case

    # --- the steps ---

    def _remember(self) -> None:
        """Keep what is played, on which day, and what turn it takes; a resumed one reads it."""
        file = self._settings.state / _KEPT
        if not file.exists():
            day = self._clock.now().astimezone(JAPAN).date() + self._script.begins
            told = {"event": self._script.event, "turn": self.turn.value, "day": day.isoformat()}
            draft = file.with_suffix(".new")
            draft.write_text(json.dumps(told))
            draft.replace(file)
        kept = json.loads(file.read_text())
        if kept["event"] != self._script.event or self._turn not in (None, Turn(kept["turn"])):
            raise EngineError("other-demo", reason=f"{kept['event']}, {kept['turn']}")
        self._turn, self._day = Turn(kept["turn"]), date.fromisoformat(kept["day"])

    def _card(self, number: int, person: Person) -> SoftwareCard:
        place = self._settings.state / (f"cards/{number}.json" if number else "card.json")
        if not place.exists():
            place.parent.mkdir(exist_ok=True, mode=0o700)
            world = JpkiWorld(self._clock, state=self._settings.state / "jpki")
            world.make_card(person.resident, login_pin=PIN, signature_pin=PASSWORD).save(place)
        return SoftwareCard.load(place)

    def _client(self, session: aiohttp.ClientSession, card: SoftwareCard) -> CitizenClient:
        return CitizenClient(
            session, self._settings.origin, card=JpkiCard(card), pin=PIN, now=self._clock.now
        )

    async def _open(self, client: CitizenClient) -> str:
        mine = await client.get("/v1/cases")
        if mine["cases"]:
            return str(mine["cases"][0]["id"])
        event, facts = self._script.event, self._script.facts(self._day)
        plan = await client.say("POST", f"/v1/life-events/{event}/plan", {"facts": facts})
        self.say(f"\n手続計画  Plan: {len(plan['entries'])}")
        self.say(plan_table(plan, told=False))
        opened = await client.say("POST", "/v1/cases", {"event": event, "facts": facts}, key="demo-open")
        return str(opened["caseId"])

    async def _follow(self, client: CitizenClient, case_id: str) -> Mapping[str, Any]:
        """Do what is the citizens' to do, and turn the calendar when nobody has anything to do."""
        loop = asyncio.get_running_loop()
        quiet_since, until, seen = loop.time(), loop.time() + _PATIENCE_SECONDS, -1
        while loop.time() < until:
            case: dict[str, Any] = await client.get(f"/v1/cases/{case_id}")
            if case["version"] != seen:
                seen, quiet_since = case["version"], loop.time()
                self._progress.redraw(group_lines(case))
            if case["state"] in _SETTLED:
                self._progress.keep(group_lines(case))
                return case
            if await self._act(client, case):
                continue
            if loop.time() - quiet_since > (_BUSY_SECONDS if self._is_busy(case) else _QUIET_SECONDS):
                self._progress.keep(group_lines(case))
                ahead = self._next_day(case)
                if not await self._script.turned(self, client, case, ahead=ahead):
                    self.advance_to(ahead)
                quiet_since = loop.time()
            await asyncio.sleep(_LOOK_SECONDS)
        raise EngineError("demo-stuck", reason=f"case {case_id}")

    def _is_busy(self, case: Mapping[str, Any]) -> bool:
        """Say whether an order or an answer is on its way, or an organisation's day has just come."""
        follow_up = self._books.next_follow_up()
        has_come = follow_up is not None and follow_up <= self._clock.now()
        return has_come or any(filing["state"] in _ON_ITS_WAY for filing in case["filings"])

    def _next_day(self, case: Mapping[str, Any]) -> datetime:
        """Return when a filing may be sent, somebody is reminded or an organisation has something to do.

        Where nothing is known to come, it is the next morning.
        """
        now = self._clock.now()
        days = list(self._script.days(case))
        for filing in case["filings"]:
            if filing["state"] == "waiting" and filing["notBefore"]:
                days.append(morning(date.fromisoformat(filing["notBefore"])))
            if filing["nextReminder"] and self._script.is_left_lying(filing):
                days.append(datetime.fromisoformat(filing["nextReminder"]))
        if follow_up := self._books.next_follow_up():
            days.append(follow_up + _TOGETHER)
        tomorrow = morning(now.astimezone(JAPAN).date() + timedelta(days=1))
        return min((day for day in days if day > now), default=tomorrow)

    # --- what the citizens do ---

    async def _act(self, client: CitizenClient, case: Mapping[str, Any]) -> bool:
        """Do all that is the citizens' to do; say whether there was anything."""
        case_id, version = case["id"], case["version"]
        if case["state"] == "draft":
            await client.confirm(case_id, version, password=PASSWORD, key=f"demo-confirm-{version}")
            self.say("\n計画を読み、署名用電子証明書で署名しました  They read the plan and signed it\n")
            return True
        for seat in case["participants"]:
            if await self._take_part(client, case, seat):
                return True
        acted = False
        for filing in case["filings"]:
            path = f"/v1/cases/{case_id}/filings/{filing['id']}"
            key = f"demo-{filing['id']}-{filing['state']}-{filing['attempt']}-{filing['since']}"
            if self._script.is_left_lying(filing):
                continue
            if filing["state"] == "asking":
                await self._answer(client, path, filing, key)
            elif filing["state"] == "refused":
                await self._correct(client, case, filing, key)
                return True  # the facts have changed for the others too
            elif filing["state"] in WITH_CITIZEN:
                await self._do(client, path, filing, key)
            else:
                continue
            acted = True
        return acted

    async def _take_part(
        self, owner: CitizenClient, case: Mapping[str, Any], seat: Mapping[str, Any]
    ) -> bool:
        """Let a person sign or decide in their seat, if that is still to be done; say whether it was."""
        person = self._script.people.get(seat["at"])
        if person is None:
            return False
        signs = seat["signs"] and not seat["hasSigned"]
        decides = case["state"] == "running" and person.chooses and not seat["choice"]
        if not (signs or decides):
            return False
        client = self._clients[seat["at"]]
        path = f"/v1/cases/{case['id']}/participants/{seat['id']}"
        if client is not owner and not seat["hasJoined"]:
            invitation = await owner.say("POST", f"{path}/invitation")
            await client.say("POST", "/v1/participations", {"code": invitation["code"]})
        name, name_en = person.name, person.name_en
        if signs:
            await client.sign_part(path, password=PASSWORD, key=f"demo-sign-{seat['id']}")
            self.say(f"{name}さんが、ご自分のカードで署名しました  {name_en} signed with their own card\n")
        elif person.chooses:
            chosen = (await client.get(path))["decision"]
            words = next(one["text"] for one in chosen["choices"] if one["slug"] == person.chooses)
            key = f"demo-decide-{seat['id']}"
            await client.decide_part(path, person.chooses, password=PASSWORD, key=key)
            self.say(f"{name}さんの判断: {words['ja']}  {name_en} decided: {words['en']}")
        return True

    async def _answer(self, client: CitizenClient, path: str, filing: Mapping[str, Any], key: str) -> None:
        question = filing["question"]
        answer = question["answerSchema"]["oneOf"][0]
        self.say(f"  照会 {filing['receiver']['ja']}: {question['text']['ja']}")
        self.say(f"  回答 {answer['title']}  (question: {question['text']['en']})")
        body = {"questionId": question["id"], "answer": answer["const"]}
        await client.say("POST", f"{path}/answer", body, key=f"{key}-{question['id']}")

    async def _correct(
        self, client: CitizenClient, case: Mapping[str, Any], filing: Mapping[str, Any], key: str
    ) -> None:
        refusal = filing["refusal"]
        self.say(f"  不受理 {filing['receiver']['ja']}: {refusal['reason']['ja']}")
        self.say(f"  訂正して再提出します  corrected and filed again ({refusal['code']})")
        facts = self._script.corrected(case["facts"], filing)
        await client.correct(case["id"], {"facts": facts}, password=PASSWORD, key=key)

    async def _do(self, client: CitizenClient, path: str, filing: Mapping[str, Any], key: str) -> None:
        sheet = self._out / f"{filing['slug']}{filing['subject'].replace('/', '-')}.pdf"
        sheet.write_bytes(await client.content(f"{path}/sheet"))
        if filing["remindedOn"]:
            self.say(f"  督促を受けました {filing['deadline']['lastDay']}  reminded of the last day")
        self.say(f"  ご自身で {filing['title']['ja']}（{filing['receiver']['ja']}）: 案内書 {sheet.name}")
        await client.say("POST", f"{path}/done", key=key)
        if filing["slug"] == self._script.revoked_by:
            await asyncio.to_thread(self._revoke)

    def _revoke(self) -> None:
        """Do at the counter what the notice brings with it: the signing certificates end in mid-case."""
        for person in self._script.people.values():
            holder = person.resident
            resident_changed(
                self._settings.state, name=holder.name, born_on=holder.born_on, at=self._clock.now()
            )
        self.say(
            "  署名用電子証明書は、この届出により失効します  with the notice the signing certificates end"
        )

    # --- the end ---

    async def _collect(self, client: CitizenClient, case: Mapping[str, Any]) -> None:
        """Take the letters out of the PO box, and show who was told what."""
        letters = await self._letters(client, case)
        self.say("\n電子私書箱  PO box")
        for number, letter in enumerate(letters, start=1):
            name = f"letter-{number}-{letter['kind']}.pdf"
            (self._out / name).write_bytes(await client.content(f"/v1/letters/{letter['id']}/content"))
            title = letter["title"]
            self.say(f"  {title['ja']} {title['en']} → {self._out / name}")
        told = (await client.get(f"/v1/cases/{case['id']}/disclosures"))["disclosures"]
        self.say("\n提供記録  Who was told what")
        self.say(told_table(told))

    async def _letters(self, client: CitizenClient, case: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the letters, once every document that an organisation has issued has arrived."""
        letters: list[dict[str, Any]] = []
        for _ in range(100):
            letters = await self._all_letters(client, case)
            has_certificate = any(one["kind"] == "closing-certificate" for one in letters)
            if has_certificate and len(letters) > self._books.issued():
                break
            await asyncio.sleep(_LOOK_SECONDS)
        return letters

    async def _all_letters(self, client: CitizenClient, case: Mapping[str, Any]) -> list[dict[str, Any]]:
        letters: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await client.get(f"/v1/letters?caseId={case['id']}&limit=100{after}")
            letters += page["letters"]
            if not page["after"]:
                return letters
            after = f"&after={page['after']}"

    def _compare(self, case: Mapping[str, Any]) -> None:
        """Print what the case says beside what each organisation's own ledger holds.

        Raises:
            EngineError: `books-disagree`.
        """
        lines = self._books.compared(case)
        wrong = [line for line in lines if not line.agrees]
        if tasks := task_lines(case):
            self.say("\n残ったこと  What is left to do")
            self.say("\n".join(tasks))
        self.say("\n各機関の台帳と案件  What each organisation holds, and what the case says")
        self.say(books_table(case, lines))
        self.say(f"  {len(lines) - len(wrong)}/{len(lines)} 一致  agree")
        if wrong:
            raise EngineError("books-disagree", reason=", ".join(line.procedure for line in wrong))
