# SPDX-License-Identifier: Apache-2.0
"""What the authority says about a certificate now, by OCSP or CRL as its root is configured.

An answer is used until its nextUpdate and not a second longer. No answer that can be believed is
UNAVAILABLE, which is a refusal: the gate fails closed.
"""

import logging
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

from cryptography import x509

from engine.identity.crl import RevocationList, distribution_point, locate, name_of, read_list
from engine.identity.fetch import Fetch, Unreachable
from engine.identity.ocsp import NotBelieved, ask_ocsp, read_kept_answer
from engine.identity.trust import Anchor
from engine.identity.verdict import Standing, Status

_OCSP_ANSWERS: Final = 65_536
_LISTS: Final = 2_048  # there are about 1,900 municipalities and wards
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
ASK_AGAIN: Final = timedelta(minutes=10)  # for a newer answer than the one that is still good
T = TypeVar("T", Status, RevocationList)

log = logging.getLogger(__name__)


class StatusSource(Protocol):
    """Knows the standing of certificates."""

    async def status(
        self, certificate: x509.Certificate, root: Anchor, now: datetime, *, since: datetime | None = None
    ) -> Status:
        """Return the standing; UNAVAILABLE instead of an error. `since`: if there is a newer word, that."""
        ...


class RevocationService:
    """The standing of certificates as their authorities publish it."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._answers: _Remembered[Status] = _Remembered(_OCSP_ANSWERS)
        self._lists: _Remembered[RevocationList] = _Remembered(_LISTS)

    async def status(
        self, certificate: x509.Certificate, root: Anchor, now: datetime, *, since: datetime | None = None
    ) -> Status:
        """Return the standing; UNAVAILABLE when no source that is configured gives a believable answer.

        Where a root has both, the responder is asked first and the list stands in for it.
        """
        sources = [self._by_ocsp] if root.ocsp_url else []
        sources += [self._by_crl] if root.crl_urls else []
        for source in sources:
            try:
                return await source(certificate, root, now, since or EVER)
            except (Unreachable, NotBelieved) as error:
                log.warning("status.unavailable", extra={"root": root.key_id, "reason": str(error)})
        return Status(Standing.UNAVAILABLE)

    async def _by_ocsp(
        self, certificate: x509.Certificate, root: Anchor, now: datetime, since: datetime
    ) -> Status:
        name = f"{root.key_id}/{certificate.serial_number:x}"
        known = self._answers.at(name, now, since)
        if known is None:
            known = await ask_ocsp(self._fetch, certificate, root, now)
            self._answers.keep(name, known, now)
        return known

    async def _by_crl(
        self, certificate: x509.Certificate, root: Anchor, now: datetime, since: datetime
    ) -> Status:
        point = distribution_point(certificate)
        name = f"{root.key_id}/{name_of(point)}"
        known = self._lists.at(name, now, since)
        if known is None:
            der = await self._fetch.get(locate(point, root.crl_urls))
            known = read_list(der, point, root, now)
            self._lists.keep(name, known, now)
        return known.status_of(certificate)


def read_kept(evidence: bytes, certificate: x509.Certificate, root: Anchor) -> Status:
    """Return what a kept list or OCSP answer says, judged at the time it was given; raises NotBelieved."""
    try:
        return read_list(evidence, distribution_point(certificate), root, None).status_of(certificate)
    except NotBelieved:
        return read_kept_answer(evidence, certificate, root)


class _Remembered(Generic[T]):
    """Answers that are still of use, the oldest forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[str, tuple[datetime, T]] = OrderedDict()

    def at(self, name: str, now: datetime, since: datetime) -> T | None:
        """Return the answer if it still speaks about `now`, and is of `since` or was asked for just now."""
        if name not in self._answers:
            return None
        asked_at, answer = self._answers[name]
        word: Status | RevocationList = answer
        if word.next_update is None or now >= word.next_update:
            return None
        is_new = word.this_update is not None and word.this_update >= since
        return answer if is_new or now - asked_at < ASK_AGAIN else None

    def keep(self, name: str, answer: T, now: datetime) -> None:
        """Remember the answer until its nextUpdate."""
        self._answers[name] = (now, answer)
        self._answers.move_to_end(name)
        if len(self._answers) > self._most:
            self._answers.popitem(last=False)
