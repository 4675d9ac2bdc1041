# SPDX-License-Identifier: Apache-2.0
"""The printed certificate of a case that has ended: what the signed document says, for people's eyes.

The document itself is inside the PDF, and the PDF is signed as a whole (PAdES).
"""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from mailbox.papers.certificate import calendar_day
from mailbox.papers.pades import signed_pdf
from mailbox.papers.render import Papers
from mailbox.papers.wareki import wareki

_JAPAN: Final = timezone(timedelta(hours=9))
_WAYS: Final = {
    "online": "オンライン",
    "signed": "オンライン（署名）",
    "visit": "窓口（ご本人）",
    "paper": "書面（ご本人）",
    "automatic": "他の手続とともに",
    "self": "ご本人",
}


class ClosingPress:
    """Prints certificates and signs them with the key of the platform."""

    def __init__(self, papers: Papers, signing: ec.EllipticCurvePrivateKey) -> None:
        self._papers = papers
        self._signing = signing

    async def certificate(self, content: Mapping[str, Any], document: bytes, *, at: datetime) -> bytes:
        """Return the signed PDF, with the signed document as its attachment `certificate.json`."""
        return await asyncio.to_thread(self._made, content, document, at)

    def _made(self, content: Mapping[str, Any], document: bytes, at: datetime) -> bytes:
        digest = hashlib.sha256(document).hexdigest()
        printed = self._papers.closing_certificate(_printed(content, digest), document.decode())
        return signed_pdf(printed, self._signing, at=at, name="Todoke")


def _printed(content: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """Return what the template shows: instants as days and times in Japan."""
    case = content["case"]
    issued = _in_japan(content["issuedAt"])
    return {
        "title": content["title"],
        "issuer": content["issuer"],
        "simulation": content["simulation"],
        "issuedOn": calendar_day(issued.date()),
        "issuedOnText": {"ja": wareki(issued.date()), "en": issued.date().isoformat()},
        "event": case["title"],
        "outcome": case["outcomeText"],
        "case": case["id"],
        "opened": _time(case["openedAt"]),
        "ended": _time(case["endedAt"]),
        "digest": digest,
        "filings": [_filing(one) for one in content["filings"]],
    }


def _filing(one: Mapping[str, Any]) -> dict[str, Any]:
    told = one["told"]
    return {
        "title": one["title"],
        "receiver": one["receiver"],
        "way": _WAYS[one["way"]],
        "law": one["law"] or None,
        "outcome": one["outcomeText"],
        "at": _time(one["outcomeAt"]),
        "receipt": one["receipt"] or None,
        "fields": {
            "ja": "、".join(each["label"]["ja"] for each in told),
            "en": ", ".join(each["label"]["en"] for each in told),
        },
        "told": _span([each["firstAt"] for each in told], [each["lastAt"] for each in told]),
    }


def _span(first: list[str], last: list[str]) -> str | None:
    if not first:
        return None
    begun, ended = _time(min(first)), _time(max(last))
    return begun if begun == ended else f"{begun} 〜 {ended}"


def _time(instant: str) -> str:
    return _in_japan(instant).strftime("%Y-%m-%d %H:%M")


def _in_japan(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(_JAPAN)
