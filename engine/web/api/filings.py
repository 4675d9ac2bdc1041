# SPDX-License-Identifier: Apache-2.0
"""The filings (届出・申請) of a case: look at them, answer, tick off, print the sheet to take along."""

from typing import Final
from uuid import UUID

from aiohttp import web
from pydantic import ConfigDict

from engine.border.wire import Json, Name
from engine.core.views import FilingView, View
from engine.web.api.common import CITIZEN, CaseChanged, attachment, both, changed, etag
from engine.web.operations import Call, Group
from engine.web.reading import Body
from engine.web.standing import Also

FILINGS: Final = Group("filings", both("届出・申請", "Filings"))
_PDF: Final = "application/pdf"


class FilingList(View):
    """The filings of a case, in the order of its plan."""

    filings: tuple[FilingView, ...]


class Answer(Body):
    """The answer to what an organisation asked, in the shape its question gives."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"questionId": "q-1", "answer": {"floor": 3}}]})

    question_id: Name
    answer: Json


@FILINGS.operation(
    "GET",
    "/v1/cases/{case}/filings",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED, Also.BY_CODE),
    words=both("届出・申請の一覧", "List the filings of a case"),
    refusals=("no-such-case",),
)
async def list_filings(call: Call, case: UUID) -> FilingList:
    """Return the filings of the case."""
    view = await call.doors.counter.case(call.person, case)
    call.headers["ETag"] = etag(view.version)
    return FilingList(filings=view.filings)


@FILINGS.operation(
    "POST",
    "/v1/cases/{case}/filings/{filing}/answer",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED),
    words=both("照会に回答する", "Answer a question"),
    idempotent=True,
    version="may",
    refusals=(
        "invalid-answer",
        "no-such-case",
        "no-such-filing",
        "no-such-question",
        "illegal-move",
        "idempotency-mismatch",
        "stale-version",
    ),
)
async def answer(call: Call, case: UUID, filing: UUID, body: Answer) -> CaseChanged:
    """Pass the answer on to the organisation that asked."""
    done = await call.doors.counter.answer(
        call.change, case, filing, question=body.question_id, answer=body.answer
    )
    return changed(call, done)


@FILINGS.operation(
    "POST",
    "/v1/cases/{case}/filings/{filing}/done",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED),
    words=both("自分で済ませたことを記録する", "Note that I did it"),
    idempotent=True,
    version="may",
    refusals=("no-such-case", "no-such-filing", "illegal-move", "idempotency-mismatch", "stale-version"),
)
async def mark_done(call: Call, case: UUID, filing: UUID) -> CaseChanged:
    """Tick off a visit, a letter or a step of one's own."""
    return changed(call, await call.doors.counter.mark_done(call.change, case, filing))


@FILINGS.operation(
    "GET",
    "/v1/cases/{case}/filings/{filing}/sheet",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED, Also.BY_CODE),
    words=both("窓口へ持参する用紙（PDF）", "The sheet to take along (PDF)"),
    gives=_PDF,
    refusals=("no-such-case", "no-such-filing", "no-sheet"),
)
async def sheet(call: Call, case: UUID, filing: UUID) -> web.StreamResponse:
    """Return the prepared form."""
    content = await call.doors.counter.sheet(call.person, case, filing)
    return attachment(content, media_type=_PDF, file_name=f"sheet-{filing}.pdf")
