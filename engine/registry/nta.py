# SPDX-License-Identifier: Apache-2.0
"""The National Tax Agency's Web-API, version 4 (国税庁 法人番号システム Web-API), as corporate numbers.

`GET …/4/num?id=…&number=…&type=02|12&history=0|1`; type 02 is CSV in UTF-8, 12 is XML; no JSON.
The application id (アプリケーションID) is a secret: it is never logged, and not part of an error.
Its terms ask for this notice beside what is shown: NOTICE.
"""

import logging
from collections.abc import Sequence
from typing import Final, Literal

import aiohttp

from engine.core.errors import EngineError
from engine.registry.corporate_numbers import Corporation, checked
from engine.registry.corporate_records import from_csv, from_xml

NOTICE: Final = (
    "このサービスは、国税庁法人番号システムのWeb-API機能を利用して取得した情報をもとに作成しているが、"
    "サービスの内容は国税庁によって保証されたものではない。"
)
MOST_NUMBERS: Final = 10  # in one request
_TIMEOUT: Final = aiohttp.ClientTimeout(total=15, connect=5)
_MAX_BYTES: Final = 4 * 1024 * 1024
_TYPES: Final = {"csv": "02", "xml": "12"}

log = logging.getLogger(__name__)


class NtaWebApi:
    """Asks the agency. `base` ends in the version: `https://api.houjin-bangou.nta.go.jp/4`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base: str,
        application_id: str,
        form: Literal["csv", "xml"] = "csv",
    ) -> None:
        self._session = session
        self._base = base.rstrip("/")
        self._application_id = application_id
        self._form = form

    async def records(self, numbers: Sequence[str], *, history: bool = False) -> tuple[Corporation, ...]:
        """Return the records of at most ten numbers, the oldest of each first."""
        if not 0 < len(numbers) <= MOST_NUMBERS:
            raise ValueError(f"1 to {MOST_NUMBERS} numbers in one request")
        raw = await self._ask(checked(numbers), history=history)
        try:
            found = from_xml(raw) if self._form == "xml" else from_csv(raw.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise EngineError("strange-corporate-numbers", reason="not UTF-8") from None
        if strangers := {one.number for one in found} - set(numbers):
            raise EngineError("strange-corporate-numbers", reason=f"{len(strangers)} not asked for")
        kept = found if history else tuple(one for one in found if one.is_latest)
        return tuple(sorted(kept, key=lambda one: (numbers.index(one.number), one.changed_on, one.is_latest)))

    async def _ask(self, numbers: Sequence[str], *, history: bool) -> bytes:
        asked = {
            "id": self._application_id,
            "number": ",".join(numbers),
            "type": _TYPES[self._form],
            "history": "1" if history else "0",
        }
        try:
            async with self._session.get(
                f"{self._base}/num", params=asked, timeout=_TIMEOUT, allow_redirects=False
            ) as answer:
                raw = await answer.content.read(_MAX_BYTES + 1)
                while len(raw) <= _MAX_BYTES and (more := await answer.content.read(_MAX_BYTES)):
                    raw += more
        except (aiohttp.ClientError, TimeoutError):
            log.warning("corporate_numbers.unreachable")
            raise EngineError("unavailable-corporate-numbers") from None  # the cause names the id
        if answer.status != 200:
            # 400 a bad parameter, 403 and 404 an id that is not registered, 5xx theirs.
            log.warning("corporate_numbers.refused", extra={"status": answer.status})
            raise EngineError("unavailable-corporate-numbers", status=answer.status)
        if len(raw) > _MAX_BYTES:
            raise EngineError("strange-corporate-numbers", reason="too long")
        return raw
