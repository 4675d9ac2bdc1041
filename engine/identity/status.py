# SPDX-License-Identifier: Apache-2.0
"""What the authority says about a certificate now: OCSP for 利用者証明用, CRL for 署名用.

An answer is used until its nextUpdate and not a second longer. No answer that can be believed is
UNAVAILABLE, which is a refusal: the gate fails closed.
"""

import logging
from collections import OrderedDict
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar, assert_never

from cryptography import x509

from engine.identity.crl import RevocationList, distribution_point, locate, read_list
from engine.identity.fetch import Fetch, Unreachable
from engine.identity.ocsp import NotBelieved, ask_ocsp
from engine.identity.profiles import Use
from engine.identity.trust import Root
from engine.identity.verdict import Standing, Status

_OCSP_ANSWERS: Final = 65_536
_LISTS: Final = 2_048  # there are about 1,900 municipalities and wards
T = TypeVar("T", Status, RevocationList)

log = logging.getLogger(__name__)


class StatusSource(Protocol):
    """Knows the standing of certificates."""

    async def status(self, certificate: x509.Certificate, root: Root, now: datetime) -> Status:
        """Return the standing; UNAVAILABLE instead of an error."""
        ...


class RevocationService:
    """The standing of certificates as their authorities publish it."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._answers: _Remembered[Status] = _Remembered(_OCSP_ANSWERS)
        self._lists: _Remembered[RevocationList] = _Remembered(_LISTS)

    async def status(self, certificate: x509.Certificate, root: Root, now: datetime) -> Status:
        """Return the standing; UNAVAILABLE when there is no answer that can be believed."""
        try:
            match root.use:
                case Use.LOGIN:
                    return await self._by_ocsp(certificate, root, now)
                case Use.SIGNATURE:
                    return await self._by_crl(certificate, root, now)
                case _:
                    assert_never(root.use)
        except (Unreachable, NotBelieved) as error:
            log.warning("status.unavailable", extra={"root": root.key_id, "reason": str(error)})
            return Status(Standing.UNAVAILABLE)

    async def _by_ocsp(self, certificate: x509.Certificate, root: Root, now: datetime) -> Status:
        name = f"{root.key_id}/{certificate.serial_number:x}"
        known = self._answers.at(name, now)
        if known is None:
            known = await ask_ocsp(self._fetch, certificate, root, now)
            self._answers.keep(name, known, known.next_update)
        return known

    async def _by_crl(self, certificate: x509.Certificate, root: Root, now: datetime) -> Status:
        point = distribution_point(certificate)
        name = f"{root.key_id}/{point.rfc4514_string()}"
        known = self._lists.at(name, now)
        if known is None:
            der = await self._fetch.get(locate(point, root.crl_urls))
            known = read_list(der, point, root, now)
            self._lists.keep(name, known, known.next_update)
        return known.status_of(certificate)


class _Remembered(Generic[T]):
    """Answers that are still of use, the oldest forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[str, tuple[datetime, T]] = OrderedDict()

    def at(self, name: str, now: datetime) -> T | None:
        """Return the answer if it still speaks about `now`."""
        until, answer = self._answers.get(name, (now, None))
        return answer if now < until else None

    def keep(self, name: str, answer: T, until: datetime | None) -> None:
        """Remember the answer until its nextUpdate."""
        if until is not None:
            self._answers[name] = (until, answer)
            self._answers.move_to_end(name)
        if len(self._answers) > self._most:
            self._answers.popitem(last=False)
