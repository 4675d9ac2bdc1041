# SPDX-License-Identifier: Apache-2.0
"""One household's move, told once: the same journey for every way to run Todoke, through the public API only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

import aiohttp

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from connectors.simulators.jpki import Municipality, Resident, SoftwareCard
from engine.client import CitizenClient, Refusal
from engine.clock import SimulatedClock
from engine.core.errors import EngineError
from engine.core.patience import JAPAN
from engine.identity.card import JpkiCard

T = TypeVar("T")
Hook = Callable[[], Awaitable[None]]
PIN, PASSWORD = "1234", "CANARY26"
PATIENCE_SECONDS = 90.0  # a killed publisher's orders wait 30 seconds for the sweep

# Those whom this household has to do with; the other simulated organisations never hear of it.
RECEIVERS = ("muroran-city", "chiyoda-city", "mihon-power", "nhk-simulator")
FAMILY, GIVEN, FAMILY_KANA, GIVEN_KANA = "金糸雀", "鳴瀬子", "カナリヤ", "ナルセコ"
BORN = date(1987, 6, 5)
OLD_LINE, NEW_LINE, BUILDING = "九十九町八丁目7番65号", "鳥籠町四丁目32番1号", "止まり木荘 902"
PHONE = "0143-98-7604"
ELECTRICITY, GAS, NHK_WRONG, NHK = "93-5817-2604", "gas-70-41-93", "nhk-314159", "8271640935"
HOLDER = Resident(
    f"{FAMILY}　{GIVEN}",
    BORN,
    f"北海道室蘭市{OLD_LINE}",
    "2",
    Municipality("01205", "Hokkaido", "Muroran-shi"),
)
CANARIES = (
    *(FAMILY, GIVEN, FAMILY_KANA, GIVEN_KANA, BORN.isoformat(), OLD_LINE, NEW_LINE, BUILDING, PHONE),
    *(ELECTRICITY, GAS, NHK_WRONG, NHK),
)


def facts(moving_date: date) -> dict[str, Any]:
    """Return what the household tells: every value is one that stands nowhere else in the world."""
    name = {"family": FAMILY, "given": GIVEN}
    return {
        "movingDate": moving_date.isoformat(),
        "oldAddress": {
            "postalCode": "051-8511",
            "municipality": "012050",
            "prefecture": "北海道",
            "city": "室蘭市",
            "line": OLD_LINE,
        },
        "newAddress": {
            "postalCode": "102-8688",
            "municipality": "131016",
            "prefecture": "東京都",
            "city": "千代田区",
            "line": NEW_LINE,
            "building": BUILDING,
        },
        "movers": [
            {
                "name": name,
                "kana": {"family": FAMILY_KANA, "given": GIVEN_KANA},
                "birthDate": BORN.isoformat(),
                "sex": "female",
                "relation": "head",
                "nationalPension": True,
            }
        ],
        "head": name,
        "phone": PHONE,
        "contracts": {
            "electricity": {"company": MihonPowerSimulator.number, "customerNumber": ELECTRICITY},
            "gas": {"companyName": "見本ガス（架空・接続なし）", "customerNumber": GAS},
            "nhk": {"company": NhkSimulator.number, "customerNumber": NHK_WRONG},
        },
    }


@dataclass(frozen=True)
class Story:
    """What the household saw: the plan it agreed to, the case at its end, its letters, who was told what."""

    plan: Mapping[str, Any]
    case: Mapping[str, Any]
    letters: list[tuple[Mapping[str, Any], bytes]]
    disclosures: list[Mapping[str, Any]]


@dataclass
class Household:
    """The person with the card. `moments` are called at named points of the journey, to disturb it."""

    origin: str
    card: SoftwareCard
    clock: SimulatedClock
    moments: Mapping[str, Hook] = field(default_factory=dict)

    async def moves(self) -> Story:
        """Live the whole move: login, plan, open, confirm, answer, correct, visit, do oneself, letters."""
        async with aiohttp.ClientSession() as session:
            self._client = CitizenClient(
                session, self.origin, card=JpkiCard(self.card), pin=PIN, now=self.clock.now
            )
            day = self.clock.now().astimezone(JAPAN).date() + timedelta(days=12)
            told = facts(day)
            await self._patiently(self._client.sign_in)
            plan = await self._say("POST", "/v1/life-events/moving/plan", {"facts": told}, key="plan")
            opened = await self._say("POST", "/v1/cases", {"event": "moving", "facts": told}, key="open")
            self._case_id = str(opened["caseId"])
            await self._confirm()
            await self._moment("confirmed")
            await self._before_the_move(told)
            self.clock.advance_to(datetime.combine(day, time(9), JAPAN).astimezone(UTC))
            await self._moment("moved")
            await self._at_the_counter()
            case = await self._until("the case is completed", lambda case: case["state"] == "completed")
            letters = await self._letters()
            disclosures = await self._get(f"/v1/cases/{self._case_id}/disclosures")
            return Story(plan, case, letters, disclosures["disclosures"])

    async def _confirm(self) -> None:
        """Sign the plan; whoever does not hear whether it was taken looks first, and signs once."""

        async def signed() -> None:
            case = await self._client.get(f"/v1/cases/{self._case_id}")
            if case["state"] == "draft":
                version = case["version"]
                await self._client.confirm(self._case_id, version, password=PASSWORD, key="confirm")

        await self._patiently(signed)

    async def _before_the_move(self, told: dict[str, Any]) -> None:
        await self._until("NHK refuses", _is("move.nhk", "refused"))
        contracts = told["contracts"]
        corrected = told | {"contracts": contracts | {"nhk": contracts["nhk"] | {"customerNumber": NHK}}}
        await self._say("PUT", f"/v1/cases/{self._case_id}/facts", {"facts": corrected}, key="correct")
        await self._moment("corrected")

        case = await self._until("the power company asks", _is("move.electricity", "asking"))
        filing = _filing(case, "move.electricity")
        choice = filing["question"]["answerSchema"]["oneOf"][0]["const"]
        answer = {"questionId": filing["question"]["id"], "answer": choice}
        await self._say("POST", f"{self._path(filing)}/answer", answer, key="answer")
        await self._moment("answered")

        filing = _filing(case, "move.gas")
        assert filing["state"] == "to-do"
        await self._do(filing, key="gas")
        slugs = ("move.move-out-notice", "move.electricity", "move.gas", "move.nhk")
        await self._until(
            "all that can be done before the move is done",
            lambda case: all(_filing(case, slug)["state"] == "completed" for slug in slugs),
        )

    async def _at_the_counter(self) -> None:
        case = await self._until("the counter waits for a visit", _is("move.move-in-notice", "to-visit"))
        await self._do(_filing(case, "move.move-in-notice"), key="visit")

    async def _do(self, filing: Mapping[str, Any], *, key: str) -> None:
        sheet = await self._patiently(lambda: self._client.content(f"{self._path(filing)}/sheet"))
        assert sheet.startswith(b"%PDF-")
        await self._say("POST", f"{self._path(filing)}/done", key=key)

    async def _letters(self) -> list[tuple[Mapping[str, Any], bytes]]:
        """Return what organisations issued, with the contents, once the closing certificate is there too."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                listed = (await self._get(f"/v1/letters?caseId={self._case_id}"))["letters"]
                if any(_is_closing(one) for one in listed):  # the last one to come
                    break
                await asyncio.sleep(0.1)
        return [
            (one, await self._content(f"/v1/letters/{one['id']}/content"))
            for one in listed
            if not _is_closing(one)
        ]

    async def _until(self, what: str, so: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """Return the case when it is so; fail with its states when it never is."""
        case: Mapping[str, Any] = {"filings": []}
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    case = await self._get(f"/v1/cases/{self._case_id}")
                    if so(case):
                        return case
                    await asyncio.sleep(0.1)
        except TimeoutError:
            states = {filing["slug"]: filing["state"] for filing in case["filings"]}
            raise AssertionError(f"it never came to this: {what}; {states}") from None

    async def _get(self, path: str) -> Any:
        return await self._patiently(lambda: self._client.get(path))

    async def _content(self, path: str) -> bytes:
        return await self._patiently(lambda: self._client.content(path))

    async def _say(self, method: str, path: str, body: Any = None, *, key: str) -> Any:
        return await self._patiently(lambda: self._client.say(method, path, body, key=key))

    async def _moment(self, name: str) -> None:
        if name in self.moments:
            await self.moments[name]()

    def _path(self, filing: Mapping[str, Any]) -> str:
        return f"/v1/cases/{self._case_id}/filings/{filing['id']}"

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Say it again, under the same key, for as long as nobody is there to hear it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    return await call()
                except EngineError as error:
                    if error.code != "unreachable-server":
                        raise
                except Refusal as refusal:
                    if refusal.status != 503:
                        raise
                await asyncio.sleep(0.1)


def _is_closing(letter: Mapping[str, Any]) -> bool:
    return bool(letter["kind"] == "closing-certificate")


def _filing(case: Mapping[str, Any], slug: str) -> Mapping[str, Any]:
    found: list[Mapping[str, Any]] = [one for one in case["filings"] if one["slug"] == slug]
    assert len(found) == 1, slug
    return found[0]


def _is(slug: str, state: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda case: bool(case["filings"]) and _filing(case, slug)["state"] == state
