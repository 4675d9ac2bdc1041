# SPDX-License-Identifier: Apache-2.0
"""How an organisation signs in over HTTP: a short-lived token signed by one of its registered keys."""

from collections import OrderedDict
from datetime import datetime
from typing import Final

from engine.border.tokens import MAX_SKEW, OrganisationToken, read_token
from engine.core.errors import Code, EngineError, register
from engine.ports import Clock
from engine.registry.directory import Directories
from engine.registry.model import State

_SCHEME: Final = "bearer"
_REMEMBERED: Final = 10_000

register(
    {
        "not-signed-in-organisation": Code(
            401, "機関・事業者のトークンが必要です", "An organisation's bearer token is needed"
        ),
        "not-signed-in-organisation-replayed": Code(
            401, "このトークンはすでに使われました", "The token was used before"
        ),
        "not-allowed-revoked": Code(
            403, "この機関・事業者の登録は取り消されています", "The organisation was revoked"
        ),
    }
)


class OrganisationAccess:
    """Tells which organisation a request comes from. One for each process.

    A token with a `jti` works once in each process, as far back as the last 10,000 of them.
    """

    def __init__(
        self, directories: Directories, clock: Clock, *, audience: str, remembered: int = _REMEMBERED
    ) -> None:
        self._directories = directories
        self._clock = clock
        self._audience = audience
        self._remembered = remembered
        self._used: OrderedDict[tuple[str, str], int] = OrderedDict()

    async def number_of(self, authorization: str | None) -> str:
        """Return the number of the organisation for the `Authorization` header of its request.

        Raises:
            EngineError: `not-signed-in-organisation…`, `not-allowed-revoked`, `unavailable-registry`.
        """
        scheme, _, text = (authorization or "").partition(" ")
        if scheme.lower() != _SCHEME or not text:
            raise EngineError("not-signed-in-organisation")
        token = read_token(text)
        directory = await self._directories.current()
        organisation = directory.organisation(token.number)
        if organisation is not None and organisation.state is State.REVOKED:
            raise EngineError("not-allowed-revoked")
        key = directory.verification_key(f"/organisations/{token.number}", token.kid)
        if key is None:
            raise EngineError("not-signed-in-organisation-key")
        now = self._clock.now()
        token.verified(key, audience=self._audience, now=now)
        self._use(token, now)
        return token.number

    def _use(self, token: OrganisationToken, now: datetime) -> None:
        if token.id is None:
            return
        name = (token.number, token.id)
        if self._used.get(name, 0) + MAX_SKEW.total_seconds() > now.timestamp():
            raise EngineError("not-signed-in-organisation-replayed")
        self._used[name] = token.expires_at
        self._used.move_to_end(name)
        if len(self._used) > self._remembered:
            self._used.popitem(last=False)
