# SPDX-License-Identifier: Apache-2.0
"""A citizen's side of the API, as the terminal uses it: sign in with a card, ask, say, download.

It knows the documented API and nothing of the engine's inside.
"""

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import aiohttp

from engine.core.errors import Code, EngineError, register
from engine.identity.card import JpkiCard
from engine.identity.profiles import Use

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60)
_STREAM: Final = aiohttp.ClientTimeout(total=None, sock_read=60)  # a quiet stream has a heartbeat
_LONGEST_EVENT: Final = 4 * 1024 * 1024
_DATA: Final = b"data: "
_SIGNED_OUT: Final = 401
_TOO_OLD: Final = "login-too-old"

register(
    {
        "refused-by-server": Code(502, "サーバーが受け付けませんでした", "The server refused it"),
        "unreachable-server": Code(502, "サーバーに接続できません", "The server cannot be reached"),
        "strange-server": Code(
            502,
            "サーバーが別のサイトを名乗っています。署名しませんでした",
            "The server speaks for another site; nothing was signed",
        ),
    }
)


class Refusal(Exception):
    """What the server did not take: its stable code, and its words in the reader's language."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.problem = problem
        super().__init__(f"{problem.get('title', status)} ({self.code})")


class CitizenClient:
    """One person at one server, with one card.

    A session that has ended is begun anew; where a proof of now is asked for, the card gives it.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: str,
        *,
        card: JpkiCard,
        pin: str,
        now: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._server = server
        self._card = card
        self._pin = pin
        self._now = now
        self._token: str | None = None
        self.about: str | None = None  # which organisation a representative speaks for
        self.assisted: str | None = None  # the visit to a counter in which staff acts
        self.representation: str | None = None  # under which somebody acts for another

    async def sign_in(self) -> None:
        """Begin a session: the card signs the server's challenge, if it names the server we came to."""
        self._token = None
        begun = await self._send("POST", "/v1/login/sessions", await self._answer("login"), {})
        self._token = str(json.loads(begun)["token"])

    async def prove(self) -> None:
        """Renew the proof of the session: the card signs once more, as in `sign_in`."""
        await self._send("POST", "/v1/login/proofs", await self._answer("step-up"), {})

    async def _answer(self, purpose: str) -> dict[str, str]:
        """Return a challenge of the server for this purpose, signed."""
        asked = await self._send("POST", "/v1/login/challenges", {"purpose": purpose}, {})
        challenge = json.loads(asked)
        text = str(challenge["text"])
        if f"site: {self._server}" not in text.splitlines():
            raise EngineError("strange-server")
        certificate = self._card.read_certificate(Use.LOGIN)
        self._card.verify_pin(Use.LOGIN, self._pin)
        return {
            "challengeId": challenge["challengeId"],
            "certificate": base64.b64encode(certificate).decode(),
            "signature": base64.b64encode(self._card.sign(Use.LOGIN, text.encode())).decode(),
        }

    async def get(self, path: str) -> Any:
        """Return what stands there; raises Refusal."""
        return json.loads(await self.content(path))

    async def content(self, path: str) -> bytes:
        """Return the bytes that stand there; raises Refusal."""
        return await self._signed_in("GET", path, None, {})

    async def events(self, path: str, *, after: int = 0) -> AsyncIterator[Any]:
        """Yield what an event stream says after a version, until the stream ends; raises Refusal."""
        if self._token is None:
            await self.sign_in()
        headers = {"Authorization": f"Bearer {self._token}", "Last-Event-ID": str(after)}
        try:
            async with self._session.get(
                self._server + path, headers=headers, timeout=_STREAM, read_bufsize=_LONGEST_EVENT
            ) as answer:
                if answer.status >= 400:
                    raise Refusal(answer.status, _problem(await answer.read()))
                async for line in answer.content:
                    if line.startswith(_DATA):
                        yield json.loads(line[len(_DATA) :])
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineError("unreachable-server", reason=self._server) from error

    async def say(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        version: int | None = None,
    ) -> Any:
        """Return the answer to a request that changes something. The same `key` says it only once."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = await self._signed_in(method, path, body, headers)
        return json.loads(answer) if answer else None

    async def confirm(self, case_id: str, version: int, *, password: str, key: str) -> Any:
        """Read the mandate of a case, sign it with the 署名用 key, and confirm the plan with it."""
        body = await self._signed(f"/v1/cases/{case_id}/mandate", password)
        path = f"/v1/cases/{case_id}/confirmation"
        return await self.say("POST", path, body, key=key, version=version)

    async def sign_part(self, path: str, *, password: str, key: str) -> Any:
        """Read what one's part in somebody's case asks to be signed, and sign it."""
        return await self.say(
            "POST", f"{path}/signature", await self._signed(f"{path}/mandate", password), key=key
        )

    async def correct(self, case_id: str, change: Mapping[str, Any], *, password: str, key: str) -> Any:
        """Correct the `facts` of a case or its `movingDate`; signed with the 署名用 key where it must be."""
        what = "facts" if "facts" in change else "moving-date"
        path = f"/v1/cases/{case_id}/{what}"
        try:
            return await self.say("PUT", path, change, key=key)
        except Refusal as refusal:
            if refusal.problem.get("code") != "signature-needed":
                raise
        mandate = await self._signed_in("POST", f"/v1/cases/{case_id}/correction-mandate", change, {})
        signed = self._signature(mandate, password)
        return await self.say("PUT", path, {**change, "signed": signed}, key=f"{key}-signed")

    async def decide_part(self, path: str, choice: str, *, password: str, key: str) -> Any:
        """Read what a choice in one's part means, and sign that choice."""
        body = await self._signed(f"{path}/mandate?choice={quote(choice, safe='')}", password)
        return await self.say("POST", f"{path}/decision", body | {"choice": choice}, key=key)

    async def _signed(self, path: str, password: str) -> dict[str, str]:
        return self._signature(await self.content(path), password)

    def _signature(self, mandate: bytes, password: str) -> dict[str, str]:
        self._card.verify_pin(Use.SIGNATURE, password)
        signature = self._card.sign_detached(mandate, self._now())
        return {
            "mandate": base64.b64encode(mandate).decode(),
            "signature": base64.b64encode(signature).decode(),
        }

    async def declare(self, application: str, *, password: str) -> Any:
        """Read the declaration of an application, sign it with the 署名用 key, and hand it in."""
        path = f"/v1/organisations/applications/{application}/declaration"
        declaration = await self.content(path)
        self._card.verify_pin(Use.SIGNATURE, password)
        signature = self._card.sign_detached(declaration, self._now())
        body = {
            "declaration": base64.b64encode(declaration).decode(),
            "signature": base64.b64encode(signature).decode(),
        }
        return await self.say("POST", path, body)

    async def _signed_in(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> bytes:
        if self._token is None:
            await self.sign_in()
        try:
            return await self._send(method, path, body, headers)
        except Refusal as refusal:
            if refusal.status != _SIGNED_OUT and refusal.code != _TOO_OLD:
                raise
            renew = self.prove if refusal.code == _TOO_OLD else self.sign_in
        await renew()
        return await self._send(method, path, body, headers)

    async def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> bytes:
        sent = dict(headers)
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        named = {
            "Todoke-Organisation": self.about,
            "Todoke-Assisted": self.assisted,
            "Todoke-Representation": self.representation,
        }
        sent |= {header: value for header, value in named.items() if value is not None}
        try:
            async with self._session.request(
                method, self._server + path, json=body, headers=sent, timeout=_TIMEOUT
            ) as answer:
                content = await answer.read()
                if answer.status >= 400:
                    raise Refusal(answer.status, _problem(content))
                return content
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineError("unreachable-server", reason=self._server) from error


async def ask(session: aiohttp.ClientSession, server: str, path: str, body: Mapping[str, Any]) -> Any:
    """Return the answer to a question that anybody may ask, without a card; raises Refusal."""
    try:
        async with session.post(server + path, json=body, timeout=_TIMEOUT) as answer:
            content = await answer.read()
            if answer.status >= 400:
                raise Refusal(answer.status, _problem(content))
            return json.loads(content)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise EngineError("unreachable-server", reason=server) from error


def _problem(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
