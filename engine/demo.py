# SPDX-License-Identifier: Apache-2.0
"""The demonstration: a synthetic family moves, from the login with a card to the letters in the PO box.

It plays the citizen and the calendar, through the public API only; what the organisations hold in the
end it reads in their own books. Every step looks at the case first and says things under a key of its
own, so that a demonstration that was killed goes on where it was.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Final

import aiohttp

from connectors.simulators.books import Books
from connectors.simulators.jpki import JpkiWorld, Municipality, Resident, SoftwareCard
from engine.client import CitizenClient
from engine.clock import SimulatedClock
from engine.core.errors import Code, EngineError, register
from engine.core.patience import JAPAN
from engine.demo_family import NHK_RIGHT, household
from engine.demo_pages import books_table, group_lines, task_lines, told_table
from engine.identity.card import JpkiCard
from engine.progress import Progress, plan_table
from engine.settings import Settings

PIN: Final = "1234"
PASSWORD: Final = "DEMO2026"  # noqa: S105 - of a card that opens nothing but this rehearsal
_QUIET_SECONDS: Final = 1.5  # nothing new for so long: it is the calendar's turn
_BUSY_SECONDS: Final = 20.0  # so long while an order or its answer is on its way
_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 240.0
_MOVES_IN: Final = timedelta(days=12)
_LATER: Final = timedelta(days=5)
_CALLED_OFF: Final = timedelta(days=-4)  # the day after the bulky waste was fetched
_WITH_CITIZEN: Final = frozenset({"to-visit", "to-post", "to-do"})
_HOME: Final = "北海道室蘭市幸町１番２号"
_MURORAN: Final = Municipality("01205", "Hokkaido", "Muroran-shi")
# Each adult of whom something is told has a card, and signs.
_HANAKO: Final = Resident("届出　花子", date(1990, 4, 1), _HOME, "2", _MURORAN)
_TARO: Final = Resident("届出　太郎", date(1988, 2, 29), _HOME, "1", _MURORAN)
_TOGETHER: Final = timedelta(minutes=5)  # what was begun together is due together
_ON_ITS_WAY: Final = frozenset({"submitted", "submitted-answer", "revising", "withdrawing"})
_SETTLED: Final = frozenset({"completed", "completed-partly", "cancelled"})

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


class Turn(Enum):
    """What happens to the move when most have been told of it."""

    NONE = "none"
    CHANGE_DATE = "change-date"
    CALL_OFF = "call-off"


class Demo:
    """One family's move, from the beginning to the end."""

    def __init__(
        self, settings: Settings, *, out: Path, progress: Progress, turn: Turn | None = None
    ) -> None:
        self._clock = SimulatedClock(settings.state / "clock")
        self._settings = settings
        self._out = out
        self._progress = progress
        self._turn = turn
        self._moves_on = date.max
        self._books = Books(settings.state / "connectors")

    async def run(self) -> Mapping[str, Any]:
        """Return the case as it is at the end.

        Raises:
            EngineError: `demo-stuck`, `books-disagree`, `other-demo`; Refusal: the server did not take
                what the citizen said.
        """
        self._out.mkdir(parents=True, exist_ok=True)
        self._remember()
        hanako = await asyncio.to_thread(self._card, "card.json", _HANAKO)
        self._spouse = await asyncio.to_thread(self._card, "card-spouse.json", _TARO)
        async with aiohttp.ClientSession() as session:
            self._session = session
            client = self._client(hanako)
            await client.sign_in()
            self._progress.say("届出 花子さんがカードでログインしました  Hanako signed in with her card")
            case_id = await self._open(client)
            case = await self._follow(client, case_id)
            await self._collect(client, case)
            self._compare(case)
        self._books.close()
        return case

    # --- the steps ---

    def _remember(self) -> None:
        """Keep on which day they move, and what turn it takes; a resumed one reads it."""
        file = self._settings.state / "demo.json"
        if not file.exists():
            day = self._clock.now().astimezone(JAPAN).date() + _MOVES_IN
            told = {"turn": (self._turn or Turn.NONE).value, "movesOn": day.isoformat()}
            draft = file.with_suffix(".new")
            draft.write_text(json.dumps(told))
            draft.replace(file)
        kept = json.loads(file.read_text())
        if self._turn not in (None, Turn(kept["turn"])):
            raise EngineError("other-demo", reason=kept["turn"])
        self._turn, self._moves_on = Turn(kept["turn"]), date.fromisoformat(kept["movesOn"])

    def _card(self, name: str, holder: Resident) -> SoftwareCard:
        place = self._settings.state / name
        if not place.exists():
            world = JpkiWorld(self._clock, state=self._settings.state / "jpki")
            world.make_card(holder, login_pin=PIN, signature_pin=PASSWORD).save(place)
        return SoftwareCard.load(place)

    def _client(self, card: SoftwareCard) -> CitizenClient:
        return CitizenClient(
            self._session, self._settings.origin, card=JpkiCard(card), pin=PIN, now=self._clock.now
        )

    async def _open(self, client: CitizenClient) -> str:
        mine = await client.get("/v1/cases")
        if mine["cases"]:
            return str(mine["cases"][0]["id"])
        facts = household(self._moves_on)
        plan = await client.say("POST", "/v1/life-events/moving/plan", {"facts": facts})
        self._progress.say(f"\n手続計画  Plan: {len(plan['entries'])}")
        self._progress.say(plan_table(plan, told=False))
        opened = await client.say("POST", "/v1/cases", {"event": "moving", "facts": facts}, key="demo-open")
        return str(opened["caseId"])

    async def _follow(self, client: CitizenClient, case_id: str) -> Mapping[str, Any]:
        """Do what is the citizen's to do, and turn the calendar when nobody has anything to do."""
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
                await self._go_on(client, case)
                quiet_since = loop.time()
            await asyncio.sleep(_LOOK_SECONDS)
        raise EngineError("demo-stuck", reason=f"case {case_id}")

    def _is_busy(self, case: Mapping[str, Any]) -> bool:
        """Say whether an order or an answer is on its way, or an organisation's day has just come."""
        follow_up = self._books.next_follow_up()
        has_come = follow_up is not None and follow_up <= self._clock.now()
        return has_come or any(filing["state"] in _ON_ITS_WAY for filing in case["filings"])

    # --- what the citizen does ---

    async def _act(self, client: CitizenClient, case: Mapping[str, Any]) -> bool:
        """Do all that is the citizen's to do; say whether there was anything."""
        case_id, version = case["id"], case["version"]
        if case["state"] == "draft":
            await client.confirm(case_id, version, password=PASSWORD, key=f"demo-confirm-{version}")
            self._progress.say(
                "\n計画を読み、署名用電子証明書で署名しました  She read the plan and signed it\n"
            )
            return True
        if case["state"] == "confirmed":
            await self._sign_as_spouse(client, case)
            return True
        acted = False
        for filing in case["filings"]:
            path = f"/v1/cases/{case_id}/filings/{filing['id']}"
            key = f"demo-{filing['id']}-{filing['state']}-{filing['attempt']}-{filing['since']}"
            if filing["state"] == "asking":
                await self._answer(client, path, filing, key)
            elif filing["state"] == "refused":
                await self._correct(client, case, filing, key)
                return True  # the facts have changed for the others too
            elif filing["state"] in _WITH_CITIZEN:
                await self._do(client, path, filing, key)
            else:
                continue
            acted = True
        return acted

    async def _sign_as_spouse(self, client: CitizenClient, case: Mapping[str, Any]) -> None:
        """Let the other adult come on an invitation, see what is told of him, and sign with his own card."""
        seat = next(one for one in case["participants"] if one["signs"] and not one["hasSigned"])
        path = f"/v1/cases/{case['id']}/participants/{seat['id']}"
        spouse = self._client(self._spouse)
        if not seat["hasJoined"]:
            invitation = await client.say("POST", f"{path}/invitation")
            await spouse.say("POST", "/v1/participations", {"code": invitation["code"]})
        await spouse.sign_part(path, password=PASSWORD, key=f"demo-sign-{seat['id']}")
        self._progress.say("太郎さんも、ご自分のカードで署名しました  Taro signed with his own card\n")

    async def _answer(self, client: CitizenClient, path: str, filing: Mapping[str, Any], key: str) -> None:
        question = filing["question"]
        answer = question["answerSchema"]["oneOf"][0]
        self._progress.say(f"  照会 {filing['receiver']['ja']}: {question['text']['ja']}")
        self._progress.say(f"  回答 {answer['title']}  (question: {question['text']['en']})")
        body = {"questionId": question["id"], "answer": answer["const"]}
        await client.say("POST", f"{path}/answer", body, key=f"{key}-{question['id']}")

    async def _correct(
        self, client: CitizenClient, case: Mapping[str, Any], filing: Mapping[str, Any], key: str
    ) -> None:
        refusal = filing["refusal"]
        self._progress.say(f"  不受理 {filing['receiver']['ja']}: {refusal['reason']['ja']}")
        self._progress.say(f"  訂正して再提出します  corrected and filed again ({refusal['code']})")
        facts = dict(case["facts"])
        facts["contracts"] = facts["contracts"] | {
            "nhk": facts["contracts"]["nhk"] | {"customerNumber": NHK_RIGHT}
        }
        await client.correct(case["id"], {"facts": facts}, password=PASSWORD, key=key)

    async def _do(self, client: CitizenClient, path: str, filing: Mapping[str, Any], key: str) -> None:
        sheet = self._out / f"{filing['slug']}{filing['subject'].replace('/', '-')}.pdf"
        sheet.write_bytes(await client.content(f"{path}/sheet"))
        self._progress.say(
            f"  ご自身で {filing['title']['ja']}（{filing['receiver']['ja']}）: 案内書 {sheet.name}"
        )
        await client.say("POST", f"{path}/done", key=key)

    # --- the calendar, and the turn that things take ---

    async def _go_on(self, client: CitizenClient, case: Mapping[str, Any]) -> None:
        """Turn the calendar to the next day for anybody; before the move, let things take their turn."""
        ahead = self._next_day(case)
        if self._turn is Turn.CHANGE_DATE and case["facts"]["movingDate"] == self._moves_on.isoformat():
            if ahead >= _morning(self._moves_on):
                await self._change_date(client, case)
                return
        elif self._turn is Turn.CALL_OFF and case["state"] == "running":
            day = _morning(self._moves_on + _CALLED_OFF)
            if ahead >= day:
                self._advance_to(day)
                await self._call_off(client, case)
                return
        self._advance_to(ahead)

    def _next_day(self, case: Mapping[str, Any]) -> datetime:
        """Return when a filing may be sent or an organisation has something to do, else the next morning."""
        now = self._clock.now()
        days = [
            _morning(date.fromisoformat(filing["notBefore"]))
            for filing in case["filings"]
            if filing["state"] == "waiting" and filing["notBefore"]
        ]
        if follow_up := self._books.next_follow_up():
            days.append(follow_up + _TOGETHER)
        tomorrow = _morning(now.astimezone(JAPAN).date() + timedelta(days=1))
        return min((day for day in days if day > now), default=tomorrow)

    def _advance_to(self, instant: datetime) -> None:
        self._clock.advance_to(instant.astimezone(UTC))
        self._progress.say(f"  暦を進めます → {instant.astimezone(JAPAN):%Y-%m-%d %H:%M}  (calendar)")

    async def _change_date(self, client: CitizenClient, case: Mapping[str, Any]) -> None:
        day = (self._moves_on + _LATER).isoformat()
        self._progress.say(
            f"\n引越し日が {day} に変わりました。伝えた全員に伝え直します"
            f"  The day is now {day}: everybody who was told is told again\n"
        )
        change = {"movingDate": day}
        await client.correct(case["id"], change, password=PASSWORD, key="demo-change-date")

    async def _call_off(self, client: CitizenClient, case: Mapping[str, Any]) -> None:
        self._progress.say(
            "\n引越しを取りやめます。伝えたことを取り下げます"
            "  The move is called off: what was told is taken back\n"
        )
        await client.say("POST", f"/v1/cases/{case['id']}/cancellation", key="demo-call-off")

    # --- the end ---

    async def _collect(self, client: CitizenClient, case: Mapping[str, Any]) -> None:
        """Take the letters out of the PO box, and show who was told what."""
        letters = await self._letters(client, case)
        self._progress.say("\n電子私書箱  PO box")
        for number, letter in enumerate(letters, start=1):
            name = f"letter-{number}-{letter['kind']}.pdf"
            (self._out / name).write_bytes(await client.content(f"/v1/letters/{letter['id']}/content"))
            title = letter["title"]
            self._progress.say(f"  {title['ja']} {title['en']} → {self._out / name}")
        told = (await client.get(f"/v1/cases/{case['id']}/disclosures"))["disclosures"]
        self._progress.say("\n提供記録  Who was told what")
        self._progress.say(told_table(told))

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
            self._progress.say("\n残ったこと  What is left to do")
            self._progress.say("\n".join(tasks))
        self._progress.say("\n各機関の台帳と案件  What each organisation holds, and what the case says")
        self._progress.say(books_table(case, lines))
        self._progress.say(f"  {len(lines) - len(wrong)}/{len(lines)} 一致  agree")
        if wrong:
            raise EngineError("books-disagree", reason=", ".join(line.procedure for line in wrong))


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(9), JAPAN)
