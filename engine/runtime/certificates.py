# SPDX-License-Identifier: Apache-2.0
"""The certificate of a case that has ended (手続終了証明書): who was told which fields, and the outcome.

It is made once, signed, and kept sealed under the key of the case, so that every reading has the same
bytes; the printed form goes to the owner's PO box like any letter. Names of fields are in it, no value.
"""

import base64
import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.signed_json import signed_document
from engine.core.errors import Code, EngineError, register
from engine.core.text import Text
from engine.core.views import CaseView, FilingView
from engine.ports import (
    Bus,
    CareStore,
    Changes,
    Clock,
    Disclosure,
    Documents,
    Ending,
    KeptCertificate,
    Parcel,
    Staged,
    Store,
    StoreConflict,
    StoredCase,
)
from engine.runtime.case_keys import CaseKeys
from engine.runtime.owned import owned
from engine.runtime.publisher import Publisher

PLATFORM: Final = "0000000000000"  # no 法人番号 begins with 0: letters of Todoke itself
_PURPOSE: Final = "certificate"
_TITLE: Final = Text(ja="手続終了証明書", en="Closing certificate")
_ISSUER: Final = Text(ja="届（Todoke）", en="Todoke")
_QUESTION: Final = Text(ja="照会への回答", en="Answer to a question")

log = logging.getLogger(__name__)

register(
    {
        "no-such-certificate": Code(
            404,
            "証明書はありません。確定した案件が終わると発行されます",
            "There is no certificate: it is issued when a case that was confirmed has ended",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate in both forms, the same bytes for ever."""

    document: bytes = field(repr=False)
    pdf: bytes = field(repr=False)


class Cases(Protocol):
    """Where a case is looked at by its owner."""

    async def case(self, person: UUID, case_id: UUID) -> CaseView:
        """Return the case; raises `no-such-case`, `erased-case`."""
        ...


class Press(Protocol):
    """Who prints certificates and signs what is printed."""

    async def certificate(self, content: Mapping[str, Any], document: bytes, *, at: datetime) -> bytes:
        """Return the PDF with the signed document inside."""
        ...


class Certificates:
    """Issues certificates, and gives them to the owners of their cases."""

    def __init__(
        self,
        *,
        cases: Cases,
        store: Store,
        care: CareStore,
        keys: CaseKeys,
        signing: ec.EllipticCurvePrivateKey,
        press: Press,
        documents: Documents,
        bus: Bus,
        publisher: Publisher,
        clock: Clock,
        origin: str,
        is_simulation: bool,
    ) -> None:
        self._cases = cases
        self._store = store
        self._care = care
        self._keys = keys
        self._signing = signing
        self._press = press
        self._documents = documents
        self._bus = bus
        self._publisher = publisher
        self._clock = clock
        self._origin = origin
        self._is_simulation = is_simulation
        self._after: UUID | None = None

    async def of_owner(self, person: UUID, case_id: UUID) -> Issued:
        """Return the certificate of the person's case, the same bytes each time.

        Raises:
            EngineError: `no-such-case`, `erased-case`, `no-such-certificate`.
        """
        stored = await owned(self._store, person, case_id)
        if stored.data_key_wrapped is None:
            raise EngineError("erased-case")
        return await self.issued(stored)

    async def issued(self, stored: StoredCase) -> Issued:
        """Return the certificate of a case, made now if it is still owed; raises `no-such-certificate`."""
        ending = await self._care.ending(stored.case.id)
        if ending is None or not ending.owes_certificate:
            raise EngineError("no-such-certificate")
        if ending.certificate_sealed is None:
            await self._issue(stored, ending)
            ending = await self._care.ending(stored.case.id)
        if ending is None or ending.certificate_sealed is None:
            raise EngineError("erased-case")
        key = self._keys.open(stored.case.id, stored.data_key_wrapped)
        kept = json.loads(key.open(_PURPOSE, ending.certificate_sealed))
        return Issued(base64.b64decode(kept["document"]), base64.b64decode(kept["pdf"]))

    async def run_once(self, *, limit: int = 20) -> int:
        """Issue certificates that are owed; return how many were."""
        count = 0
        due = await self._care.to_certify(limit=limit, after=self._after)
        self._after = due[-1] if len(due) == limit else None  # round and round, past those that fail
        for case_id in due:
            stored = await self._store.case(case_id)
            if stored is None or stored.data_key_wrapped is None:
                continue
            try:
                await self.issued(stored)
                count += 1
            except EngineError as error:  # it holds up no other, and is tried again
                log.warning("certificate.owed", extra={"case_id": str(case_id), "code": error.code})
        return count

    async def _issue(self, stored: StoredCase, ending: Ending) -> None:
        """Make, sign, keep and send it; whoever was faster has done it already."""
        case, now = stored.case, self._clock.now()
        view = await self._cases.case(case.owner, case.id)
        told = await self._store.disclosures(case.id)
        content = self._content(view, told, ending=ending, now=now)
        document = signed_document(content, self._signing)
        pdf = await self._press.certificate(content, document, at=now)
        sealed = self._keys.open(case.id, stored.data_key_wrapped).seal(
            _PURPOSE,
            json.dumps(
                {"document": base64.b64encode(document).decode(), "pdf": base64.b64encode(pdf).decode()}
            ).encode(),
        )
        staged = await self._documents.stage(pdf)
        parcel = self._letter(stored, staged, now)
        changes = Changes(
            parcels=[parcel],
            promised_blobs=[staged.blob],
            certificates=[KeptCertificate(case.id, now, sealed)],
        )
        try:
            async with self._store.unit() as unit:
                ids = await unit.keep(changes)
        except StoreConflict:
            await self._documents.discard(staged)
            return
        if self._bus.rides_on_store:
            await self._bus.wake([parcel.destination])
        else:
            self._publisher.send(ids, [parcel])
        log.info("certificate.issued", extra={"case_id": str(case.id)})

    def _letter(self, stored: StoredCase, staged: Staged, now: datetime) -> Parcel:
        return self._documents.parcel(
            {
                "order_id": f"closing-{stored.case.id}",
                "document_id": "closing-certificate",
                "owner": stored.case.owner,
                "case_id": stored.case.id,
                "filing": "todoke.closing-certificate",
                "organisation": PLATFORM,
                "organisation_name": _ISSUER,
                "title": _TITLE,
                "kind": "closing-certificate",
                "media_type": "application/pdf",
                "size_bytes": staged.size_bytes,
                "sha256": staged.sha256,
                "blob": staged.blob,
                "key_wrapped": staged.key_wrapped,
                "received_at": now,
            }
        )

    def _content(
        self, view: CaseView, told: Sequence[Disclosure], *, ending: Ending, now: datetime
    ) -> dict[str, Any]:
        by_filing: dict[UUID, list[Disclosure]] = defaultdict(list)
        for one in told:
            by_filing[one.filing].append(one)
        return {
            "type": "todoke-closing-certificate",
            "version": 1,
            "title": _words(_TITLE),
            "issuer": {"name": _words(_ISSUER), "url": self._origin},
            "simulation": self._is_simulation,
            "case": {
                "id": str(view.id),
                "event": view.event,
                "title": _words(view.title),
                "outcome": view.state.value,
                "outcomeText": _words(view.state_text),
                "openedAt": _instant(view.opened_at),
                "endedAt": _instant(ending.ended_at),
            },
            "issuedAt": _instant(now),
            "filings": [_filing(one, by_filing.get(one.id, [])) for one in view.filings],
        }


def _filing(filing: FilingView, told: Sequence[Disclosure]) -> dict[str, Any]:
    return {
        "id": str(filing.id),
        "procedure": filing.slug,
        "title": _words(filing.title),
        "receiver": _words(filing.receiver),
        "organisation": filing.organisation,
        "way": filing.way.value,
        "law": filing.basis,
        "lastDay": filing.deadline.last_day.isoformat() if filing.deadline.last_day else None,
        "outcome": filing.state.value,
        "outcomeText": _words(filing.state_text),
        "outcomeAt": _instant(filing.since),
        "receipt": filing.receipt,
        "told": _told(filing, told),
    }


def _told(filing: FilingView, told: Sequence[Disclosure]) -> list[dict[str, Any]]:
    """Return each field that was told, by its label, with the first and the last time of it."""
    labels = {one.name: one.label for one in filing.told}
    times: dict[str, list[datetime]] = defaultdict(list)
    for one in told:
        times[one.field].append(one.at)
    return [
        {
            "field": name.partition(":")[0],
            "label": _words(labels.get(name) or _unnamed(name)),
            "firstAt": _instant(min(some)),
            "lastAt": _instant(max(some)),
        }
        for name, some in times.items()
    ]


def _unnamed(name: str) -> Text:
    return _QUESTION if name.startswith("answer:") else Text(ja=name, en=name)


def _words(text: Text) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
