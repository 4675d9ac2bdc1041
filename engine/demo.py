# SPDX-License-Identifier: Apache-2.0
"""The demonstration: a synthetic citizen moves, from the login with a card to the letter in the PO box.

It plays the citizen and the calendar, through the public API only. Every step looks at the case
first and says things under a key of their own, so that a demonstration that was killed goes on where
it was.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from connectors.simulators.jpki import JpkiWorld, Municipality, Resident, SoftwareCard
from engine.client import CitizenClient
from engine.clock import SimulatedClock
from engine.core.decide import JAPAN
from engine.core.errors import Code, EngineError, register
from engine.identity.card import JpkiCard
from engine.progress import Progress, plan_table, table
from engine.settings import Settings

PIN: Final = "1234"
PASSWORD: Final = "DEMO2026"  # noqa: S105 - of a card that opens nothing but this rehearsal
_QUIET_SECONDS: Final = 1.5  # nothing new for so long: it is the calendar's turn
_BUSY_SECONDS: Final = 20.0  # so long while an organisation has something in hand
_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 150.0
_MOVES_IN: Final = timedelta(days=12)
_WITH_CITIZEN: Final = frozenset({"to-visit", "to-post", "to-do"})
_SETTLED: Final = frozenset({"completed", "completed-partly", "cancelled"})

register(
    {
        "demo-stuck": Code(
            500, "デモが最後まで進みませんでした", "The demonstration did not come to its end"
        ),
    }
)


class Demo:
    """One household's move, from the beginning to the end."""

    def __init__(self, settings: Settings, *, out: Path, progress: Progress) -> None:
        self._clock = SimulatedClock(settings.state / "clock")
        self._settings = settings
        self._out = out
        self._progress = progress
        self._printed: set[str] = set()

    async def run(self) -> Mapping[str, Any]:
        """Return the case as it is at the end.

        Raises:
            EngineError: `demo-stuck`; Refusal: the server did not take what the citizen said.
        """
        self._out.mkdir(parents=True, exist_ok=True)
        card = await asyncio.to_thread(self._card)
        async with aiohttp.ClientSession() as session:
            client = CitizenClient(
                session, self._settings.origin, card=JpkiCard(card), pin=PIN, now=self._clock.now
            )
            await client.sign_in()
            self._progress.say("届出 花子さんがカードでログインしました  Hanako signed in with her card")
            case_id = await self._open(client)
            case = await self._follow(client, case_id)
            await self._collect(client, case)
            return case

    # --- the steps ---

    def _card(self) -> SoftwareCard:
        place = self._settings.state / "card.json"
        if not place.exists():
            world = JpkiWorld(self._clock, state=self._settings.state / "jpki")
            home = Municipality("01205", "Hokkaido", "Muroran-shi")
            holder = Resident("届出　花子", date(1990, 4, 1), "北海道室蘭市幸町１番２号", "2", home)
            world.make_card(holder, login_pin=PIN, signature_pin=PASSWORD).save(place)
        return SoftwareCard.load(place)

    async def _open(self, client: CitizenClient) -> str:
        mine = await client.get("/v1/cases")
        if mine["cases"]:
            return str(mine["cases"][0]["id"])
        facts = household(self._clock.now().astimezone(JAPAN).date() + _MOVES_IN)
        plan = await client.say("POST", "/v1/life-events/moving/plan", {"facts": facts})
        self._progress.say("\n手続計画  Plan")
        self._progress.say(plan_table(plan))
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
                self._progress.show(case)
            if case["state"] in _SETTLED:
                return case
            if await self._act(client, case):
                continue
            is_busy = any(filing["waitsFor"] == "organisation" for filing in case["filings"])
            if loop.time() - quiet_since > (_BUSY_SECONDS if is_busy else _QUIET_SECONDS):
                self._turn_calendar(case)
                quiet_since = loop.time()
            await asyncio.sleep(_LOOK_SECONDS)
        raise EngineError("demo-stuck", reason=f"case {case_id}")

    async def _act(self, client: CitizenClient, case: Mapping[str, Any]) -> bool:
        """Do one thing that is the citizen's to do; say whether there was one."""
        case_id, version = case["id"], case["version"]
        if case["state"] == "draft":
            await client.confirm(case_id, version, password=PASSWORD, key=f"demo-confirm-{version}")
            self._progress.say(
                "\n計画を読み、署名用電子証明書で署名しました  She read the plan and signed it\n"
            )
            return True
        for filing in case["filings"]:
            path = f"/v1/cases/{case_id}/filings/{filing['id']}"
            key = f"demo-{filing['slug']}-{filing['state']}-{filing['attempt']}"
            if filing["state"] == "asking":
                await self._answer(client, path, filing, key)
                return True
            if filing["state"] == "refused":
                await self._correct(client, case, filing, key)
                return True
            if filing["state"] in _WITH_CITIZEN:
                await self._do(client, path, filing, key)
                return True
        return False

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
            "nhk": facts["contracts"]["nhk"] | {"customerNumber": "1234567890"}
        }
        await client.say("PUT", f"/v1/cases/{case['id']}/facts", {"facts": facts}, key=key)

    async def _do(self, client: CitizenClient, path: str, filing: Mapping[str, Any], key: str) -> None:
        sheet = self._out / f"{filing['slug']}.pdf"
        sheet.write_bytes(await client.content(f"{path}/sheet"))
        self._progress.say(
            f"  ご自身で {filing['title']['ja']}（{filing['receiver']['ja']}）: 案内書 {sheet}"
        )
        await client.say("POST", f"{path}/done", key=key)

    def _turn_calendar(self, case: Mapping[str, Any]) -> None:
        """Turn to the morning of the day that a filing waits for, else to the next morning."""
        now = self._clock.now()
        waiting = [
            date.fromisoformat(filing["notBefore"])
            for filing in case["filings"]
            if filing["state"] == "waiting" and filing["notBefore"]
        ]
        mornings = [datetime.combine(day, time(9), JAPAN) for day in waiting]
        ahead = [morning for morning in mornings if morning > now]
        tomorrow = now.astimezone(JAPAN).date() + timedelta(days=1)
        target = min(ahead, default=datetime.combine(tomorrow, time(9), JAPAN))
        self._clock.advance_to(target.astimezone(UTC))
        self._progress.say(f"  暦を進めます → {target:%Y-%m-%d %H:%M}  (calendar)")

    async def _collect(self, client: CitizenClient, case: Mapping[str, Any]) -> None:
        """Take the letters out of the PO box, and show who was told what."""
        letters = await self._letters(client, case)
        for number, letter in enumerate(letters, start=1):
            name = f"letter-{number}-{letter['kind']}.pdf"
            (self._out / name).write_bytes(await client.content(f"/v1/letters/{letter['id']}/content"))
            title = letter["title"]
            self._progress.say(f"\n電子私書箱  PO box: {title['ja']} {title['en']} → {self._out / name}")
        told = (await client.get(f"/v1/cases/{case['id']}/disclosures"))["disclosures"]
        by_organisation: dict[str, list[str]] = {}
        for one in told:
            name = (one["organisationName"] or {"ja": one["organisation"]})["ja"]
            by_organisation.setdefault(name, []).append(one["field"])
        self._progress.say("\n提供記録  Who was told what")
        rows = [(name, ", ".join(dict.fromkeys(fields))) for name, fields in by_organisation.items()]
        self._progress.say(table(rows))

    async def _letters(self, client: CitizenClient, case: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the letters, once every certificate that the case brought has arrived."""
        letters: list[dict[str, Any]] = []
        for _ in range(100):
            letters = (await client.get(f"/v1/letters?caseId={case['id']}"))["letters"]
            if any(one["kind"] == "closing-certificate" for one in letters):  # the last one to come
                break
            await asyncio.sleep(_LOOK_SECONDS)
        return letters


def household(moving_date: date) -> dict[str, Any]:
    """Return the facts of a synthetic household that moves from Muroran to Chiyoda."""
    movers = [
        _mover("花子", "ハナコ", "1990-04-01", "female", "世帯主", national_pension=True),
        _mover("太郎", "タロウ", "2019-08-05", "male", "子", national_pension=False),
    ]
    return {
        "movingDate": moving_date.isoformat(),
        "oldAddress": {
            "postalCode": "051-8511",
            "municipality": "012050",
            "prefecture": "北海道",
            "city": "室蘭市",
            "line": "幸町1番2号",
        },
        "newAddress": {
            "postalCode": "102-8688",
            "municipality": "131016",
            "prefecture": "東京都",
            "city": "千代田区",
            "line": "九段南一丁目2番1号",
            "building": "見本マンション 101",
        },
        "movers": movers,
        "head": movers[0]["name"],
        "phone": "0143-22-1111",
        "contracts": {
            "electricity": {"company": MihonPowerSimulator.number, "customerNumber": "22-3333-4444"},
            "gas": {"companyName": "見本ガス（架空・接続なし）", "customerNumber": "55-66"},
            "nhk": {"company": NhkSimulator.number, "customerNumber": "12345"},
        },
    }


def _mover(
    given: str, kana: str, born: str, sex: str, relation: str, *, national_pension: bool
) -> dict[str, Any]:
    return {
        "name": {"family": "届出", "given": given},
        "kana": {"family": "トドケデ", "given": kana},
        "birthDate": born,
        "sex": sex,
        "relation": relation,
        "nationalPension": national_pension,
    }
