# SPDX-License-Identifier: Apache-2.0
"""The engineer's side of a rehearsal, over HTTP with the connector's own key: what `todoke certify` does."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import aiohttp

from connectors.sdk.keys import OwnKeys
from connectors.sdk.transport import EngineUnavailable, NotTaken
from engine.border.tokens import organisation_token
from engine.ports import Clock

_PATH: Final = "/v1/organisation/certification"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_DECRYPTION: Final = "decryption.pem"


class Engineer:
    """Begins a rehearsal of one organisation and follows it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        server: str,
        *,
        number: str,
        home: Path,
        clock: Clock,
        audience: str | None = None,
    ) -> None:
        """`home` is where the connector keeps its keys; `audience` the engine's public address."""
        self._session = session
        self._server = server.rstrip("/")
        self._audience = audience or self._server
        self._number = number
        self._home = home
        self._clock = clock
        self._keys = OwnKeys.kept_in(home)

    async def begin(self, asked: Mapping[str, int]) -> Mapping[str, Any]:
        """Begin a run; raises NotTaken, EngineUnavailable."""
        return await self._say("POST", _PATH, asked)

    async def stands(self) -> Mapping[str, Any]:
        """Return how the newest run stands; raises as `begin`."""
        return await self._say("GET", _PATH)

    async def findings(self) -> AsyncIterator[Mapping[str, Any]]:
        """Yield each view of the run that says something new, until it has ended; the caller paces itself."""
        known: tuple[int, str | None, str] = (-1, None, "")
        while True:
            view = await self.stands()
            step = view["step"]["name"] if view["step"] else None
            new = (len(view["findings"]), step, view["state"])
            if new != known:
                known = new
                yield view
            else:
                yield {}
            if view["endedAt"]:
                return

    async def confirm(self, step: str) -> None:
        """Say that a step was done; raises as `begin`."""
        await self._say("POST", f"{_PATH}/steps", {"step": step})

    async def webhook(self) -> Mapping[str, Any]:
        """Return the secret and the key with which webhooks are signed; raises as `begin`."""
        return await self._say("GET", "/v1/organisation/webhook")

    async def change_key(self) -> str:
        """Make a new key to be written to and register it; the old one stays beside it. Return its kid.

        The connector has to be started again to use it.
        """
        place = 1 + len(list(self._home.glob("decryption-*.pem")))
        (self._home / _DECRYPTION).rename(self._home / f"decryption-{place}.pem")
        self._keys = OwnKeys.kept_in(self._home)
        proofs = self._keys.proofs(number=self._number, audience=self._audience, now=self._clock.now())
        (new,) = [one for one in proofs if one["jwk"]["use"] == "enc"]
        made = await self._say("POST", "/v1/organisation/keys", new)
        return str(made["kid"])

    async def _say(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        token = organisation_token(
            self._keys.signing,
            kid=self._keys.kid,
            number=self._number,
            audience=self._audience,
            now=self._clock.now(),
        )
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._session.request(
                method, self._server + path, json=body, headers=headers, timeout=_TIMEOUT
            ) as answer:
                said: Mapping[str, Any] = await answer.json(content_type=None)
                if answer.status >= 500:
                    raise EngineUnavailable(str(answer.status))
                if answer.status >= 400:
                    raise NotTaken(str(said.get("code", answer.status)))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise EngineUnavailable(type(error).__name__) from error
        return said
