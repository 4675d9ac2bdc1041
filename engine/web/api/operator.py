# SPDX-License-Identifier: Apache-2.0
"""What operators do over HTTP: they see states, not contents, and mend. Every act says why."""

import re
import unicodedata
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.border.wire import TEXT, Date
from engine.core.case import Party
from engine.core.lifecycle import CaseState, FilingState
from engine.core.patience import midnight_of
from engine.core.views import View
from engine.ports import CaseQuestion, FilingQuestion
from engine.runtime.old_values import OldValue, OldValueLine
from engine.runtime.operations import MOST_AT_ONCE
from engine.runtime.operator_views import (
    OperatorCase,
    OperatorCaseView,
    OperatorFiling,
    OrganisationView,
    ParkedLine,
    ReconciliationView,
    RedriveView,
    RetryView,
)
from engine.runtime.record import Act, Look
from engine.web.api.common import CaseChanged, Cursor, Slug, both, changed
from engine.web.operations import Call, Group
from engine.web.reading import Body, Limit, Query
from engine.web.security import Who

V = TypeVar("V", RedriveView, RetryView, OrganisationView, ReconciliationView)

OPERATOR: Final = Group("operator", both("係員", "Operators"))
_OPERATOR: Final = Who.OPERATOR
_ACTED: Final = ("idempotency-mismatch",)
_MENDED: Final = (*_ACTED, "no-such-filing", "no-such-case", "illegal-move", "already-closed", "erased-case")
_SWITCHED: Final = (*_ACTED, "no-such-organisation", "already-revoked-organisation")
_PARKED: Final = (*_ACTED, "no-such-parked", "already-resolved", "unknown-sender")
# Ten to twelve digits in a row are somebody's telephone, 住民票コード or 個人番号.
_SOMEBODYS_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ -]?[0-9]){9,11}(?![0-9A-Za-z])")
_DIGITS: Final = re.compile(r"[0-9]{1,4}")
_FLAG: Final = r"^(stuck|late|parked)(/[a-z][a-z-]{0,39})?$"


def _names_nobody(text: str) -> str:
    if _SOMEBODYS_NUMBER.search(unicodedata.normalize("NFKC", text)):
        raise PydanticCustomError("invalid", "a reason names nobody")
    return text


def _truth(value: object) -> object:
    if isinstance(value, str):
        if value not in {"true", "false"}:
            raise PydanticCustomError("pattern", "true or false")
        return value == "true"
    return value


def _days(value: object) -> object:
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            raise PydanticCustomError("pattern", "digits only")
        return int(value)
    return value


def _whole(value: object) -> object:
    """Return 3.0 as 3: for JSON they are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def whole_number(least: int, most: int) -> Any:
    """Return the type of a whole number in a body."""
    number = Annotated[int, Field(ge=least, le=most)]
    return Annotated[number, BeforeValidator(_whole, json_schema_input_type=number)]


def _choices(kind: type[Enum]) -> dict[str, object]:
    return {"type": "string", "enum": [one.value for one in kind]}


Reason = Annotated[
    str,
    Field(
        min_length=1,
        max_length=300,
        pattern=TEXT,
        description="Why; the person concerned reads it. It names nobody",
    ),
    AfterValidator(_names_nobody),
]
Truth = Annotated[bool, BeforeValidator(_truth, json_schema_input_type=bool)]
_Days = Annotated[int, Field(ge=0, le=3650)]
Days = Annotated[_Days, BeforeValidator(_days, json_schema_input_type=_Days)]
OrganisationNumber = Annotated[str, Field(pattern=r"^[1-9][0-9]{12}$", description="法人番号 / 13 digits")]
Flag = Annotated[str, Field(pattern=_FLAG, description="A flag, or its kind: stuck, late, parked")]
# A parameter has no place for definitions: the choices stand in it.
CaseStateAsked = Annotated[CaseState, WithJsonSchema(_choices(CaseState))]
FilingStateAsked = Annotated[FilingState, WithJsonSchema(_choices(FilingState))]
PartyAsked = Annotated[Party, WithJsonSchema(_choices(Party))]
ProcedureSlug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([.-][a-z0-9]+)*$", max_length=80)]


class CasesAsked(Query):
    """Which cases; a page may be short: go on while `after` is not null."""

    state: CaseStateAsked | None = None
    event: Slug | None = None
    flag: Flag | None = None
    opened_from: Date | None = None
    opened_before: Date | None = None
    after: Cursor | None = None
    limit: Limit = 50


class FilingsAsked(Query):
    """Which filings; a page may be short: go on while `after` is not null."""

    organisation: OrganisationNumber | None = None
    state: FilingStateAsked | None = None
    waits_for: PartyAsked | None = None
    flag: Flag | None = None
    slug: ProcedureSlug | None = None
    older_than_days: Days | None = None
    due_before: Date | None = None
    after: Cursor | None = None
    limit: Limit = 50


class OldValuesAsked(Query):
    """At which organisation; a page may be short: go on while `after` is not null."""

    organisation: OrganisationNumber | None = None
    after: Cursor | None = None
    limit: Limit = 50


class ParkedAsked(Query):
    """Which page."""

    after: Cursor | None = None
    limit: Limit = 50


class CaseAsked(Query):
    """Why the case is looked at; its owner reads it."""

    reason: Reason | None = None


class Rehearsed(Query):
    """With `dryRun`, it is said what would happen, and nothing does."""

    dry_run: Truth = False


class CasesFound(View):
    """Cases, newest first."""

    cases: tuple[OperatorCase, ...]
    after: str | None


class FilingsFound(View):
    """Filings that wait, the earliest last day first, with who must act and what happens then."""

    filings: tuple[OperatorFiling, ...]
    after: str | None


class OldValuesFound(View):
    """Filings whose receiver still holds an old value, the earliest last day first."""

    filings: tuple[OldValueLine, ...]
    after: str | None


class OldValuesOfCase(View):
    """Who still holds an old value in one case: names of fields, no value."""

    old_values: tuple[OldValue, ...]


class ParkedFound(View):
    """What was put aside and waits for a person, oldest first."""

    parked: tuple[ParkedLine, ...]
    after: str | None


class Because(Body):
    """Why it is done."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "機関の復旧を電話で確認した"}]})

    reason: Reason


class ParkBecause(Body):
    """Why it is done, and what the filing is marked with."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "回答の内容を機関に照会中", "why": "wrong-answer"}]}
    )

    reason: Reason
    why: Literal[
        "asked-by-citizen", "asked-by-organisation", "wrong-answer", "under-investigation", "law-unclear"
    ]


class RetryBecause(Body):
    """Which filings are sent again: at this organisation, for longer than so many days, so many at most."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reason": "機関の障害が復旧した",
                    "organisation": "1000020131016",
                    "olderThanDays": 3,
                    "atMost": 100,
                }
            ]
        }
    )

    reason: Reason
    organisation: OrganisationNumber
    older_than_days: whole_number(0, 3650)  # type: ignore[valid-type] # mypy reads no calls
    at_most: whole_number(1, MOST_AT_ONCE) = 50  # type: ignore[valid-type] # as above


class ReconcileBecause(Body):
    """How many cases are compared, from which place on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "毎週の点検", "limit": 100}]})

    reason: Reason
    limit: whole_number(1, 200) = 100  # type: ignore[valid-type] # as above
    after: Cursor | None = None


@OPERATOR.operation(
    "GET",
    "/v1/operator/cases",
    who=_OPERATOR,
    words=both("案件の一覧（状態のみ）", "List cases, states only"),
    refusals=("malformed-operator-cursor",),
)
async def operator_cases(call: Call, query: CasesAsked) -> CasesFound:
    """Return cases by state, event, flag and day."""
    question = CaseQuestion(
        state=query.state.value if query.state else None,
        event=query.event,
        flag=query.flag,
        opened_from=_beginning(query.opened_from),
        opened_before=_beginning(query.opened_before),
    )
    found, after = await call.doors.control.cases(question, after=query.after, limit=query.limit)
    return CasesFound(cases=tuple(found), after=after)


@OPERATOR.operation(
    "GET",
    "/v1/operator/filings",
    who=_OPERATOR,
    words=both("待っている手続の一覧", "List filings that wait, and why"),
    refusals=("malformed-operator-cursor",),
)
async def operator_filings(call: Call, query: FilingsAsked) -> FilingsFound:
    """Return what waits, for whom, since when, until when, and what happens then."""
    question = FilingQuestion(
        organisation=query.organisation,
        state=query.state.value if query.state else None,
        waits_for=query.waits_for.value if query.waits_for else None,
        flag=query.flag,
        slug=query.slug,
        due_before=query.due_before,
    )
    found, after = await call.doors.control.filings(
        question, older_than_days=query.older_than_days, after=query.after, limit=query.limit
    )
    return FilingsFound(filings=tuple(found), after=after)


@OPERATOR.operation(
    "GET",
    "/v1/operator/cases/{case}",
    who=_OPERATOR,
    words=both("案件の経過（内容は表示しない）", "One case's history, without contents"),
    refusals=("no-such-case", "unreadable-case"),
)
async def operator_case(call: Call, case: UUID, query: CaseAsked) -> OperatorCaseView:
    """Return states and times; that it was looked at is recorded, and its owner sees it."""
    return await call.doors.control.case(Look(call.person, query.reason), case)


@OPERATOR.operation(
    "GET",
    "/v1/operator/cases/{case}/old-values",
    who=_OPERATOR,
    words=both("案件ごとの旧情報の保有先（項目名のみ）", "Who still holds an old value in one case"),
    refusals=("no-such-case", "erased-case"),
)
async def operator_case_old_values(call: Call, case: UUID, query: CaseAsked) -> OldValuesOfCase:
    """Return names of fields and what is being done; that it was looked at is recorded."""
    look = Look(call.person, query.reason)
    return OldValuesOfCase(old_values=tuple(await call.doors.care.old_values.of_case(look, case)))


@OPERATOR.operation(
    "GET",
    "/v1/operator/old-values",
    who=_OPERATOR,
    words=both("旧情報を保有している手続の一覧", "List filings whose receiver holds an old value"),
    refusals=("malformed-operator-cursor",),
)
async def operator_old_values(call: Call, query: OldValuesAsked) -> OldValuesFound:
    """Return what is not confirmed yet, over all cases, or at one organisation."""
    found, after = await call.doors.care.old_values.everywhere(
        organisation=query.organisation, after=query.after, limit=query.limit
    )
    return OldValuesFound(filings=tuple(found), after=after)


@OPERATOR.operation(
    "GET",
    "/v1/operator/parked",
    who=_OPERATOR,
    words=both("保留された配信の一覧", "List what was put aside"),
    refusals=("malformed-operator-cursor",),
)
async def operator_parked(call: Call, query: ParkedAsked) -> ParkedFound:
    """Return what waits for a person, with its reason."""
    found, after = await call.doors.control.parked(after=query.after, limit=query.limit)
    return ParkedFound(parked=tuple(found), after=after)


@OPERATOR.operation(
    "POST",
    "/v1/operator/parked/{parked}/re-drive",
    who=_OPERATOR,
    words=both("保留された配信を再処理する", "Let it go its way once more"),
    idempotent=True,
    refusals=_PARKED,
)
async def redrive(call: Call, parked: UUID, query: Rehearsed, body: Because) -> RedriveView:
    """Handle a parked delivery again, or say what would become of it."""
    if query.dry_run:
        return await call.doors.control.would_redrive(Look(call.person, body.reason), parked)
    view, replayed = await call.doors.control.redrive(_act(call, body.reason), parked)
    return _told(call, view, replayed=replayed)


@OPERATOR.operation(
    "POST",
    "/v1/operator/parked/{parked}/discard",
    who=_OPERATOR,
    words=both("保留された配信を破棄する", "Give it up"),
    status=204,
    idempotent=True,
    recent=True,
    refusals=_PARKED,
)
async def discard(call: Call, parked: UUID, body: Because) -> None:
    """Discard a parked delivery; the record keeps why."""
    replayed = await call.doors.control.discard(_act(call, body.reason), parked)
    if replayed:
        call.headers["Idempotent-Replayed"] = "true"


@OPERATOR.operation(
    "POST",
    "/v1/operator/filings/{filing}/retry",
    who=_OPERATOR,
    words=both("手続を再送する", "Send a filing again"),
    idempotent=True,
    refusals=_MENDED,
)
async def retry_filing(call: Call, filing: UUID, body: Because) -> CaseChanged:
    """Send the last order once more, the same with the same id."""
    return changed(call, await call.doors.control.retry(_act(call, body.reason), filing))


@OPERATOR.operation(
    "POST",
    "/v1/operator/filings/{filing}/park",
    who=_OPERATOR,
    words=both("手続を保留する", "Put a filing aside"),
    idempotent=True,
    refusals=_MENDED,
)
async def park_filing(call: Call, filing: UUID, body: ParkBecause) -> CaseChanged:
    """Put a filing aside; nothing reminds of it until it is resumed."""
    return changed(call, await call.doors.control.park(_act(call, body.reason), filing, why=body.why))


@OPERATOR.operation(
    "POST",
    "/v1/operator/filings/{filing}/resume",
    who=_OPERATOR,
    words=both("手続を再開する", "Let a filing go on"),
    idempotent=True,
    refusals=_MENDED,
)
async def resume_filing(call: Call, filing: UUID, body: Because) -> CaseChanged:
    """Let a parked filing go on."""
    return changed(call, await call.doors.control.resume(_act(call, body.reason), filing))


@OPERATOR.operation(
    "POST",
    "/v1/operator/filings/retry",
    who=_OPERATOR,
    words=both("ある機関で滞っている手続をまとめて再送する", "Send again what waits at an organisation"),
    idempotent=True,
    refusals=_ACTED,
)
async def retry_filings(call: Call, query: Rehearsed, body: RetryBecause) -> RetryView:
    """Send the most urgent ones again, within a bound, or say which ones that would be."""
    if query.dry_run:
        return await call.doors.control.would_retry(
            body.organisation, older_than_days=body.older_than_days, at_most=body.at_most
        )
    view, replayed = await call.doors.control.retry_all(
        _act(call, body.reason),
        body.organisation,
        older_than_days=body.older_than_days,
        at_most=body.at_most,
    )
    return _told(call, view, replayed=replayed)


@OPERATOR.operation(
    "GET",
    "/v1/operator/organisations/{organisation}",
    who=_OPERATOR,
    words=both("機関の状態と滞留", "How an organisation stands, and what lies at it"),
    refusals=("no-such-organisation",),
)
async def operator_organisation(call: Call, organisation: OrganisationNumber) -> OrganisationView:
    """Return its state and its backlog; each count ends at 5,000."""
    return await call.doors.control.organisation(organisation)


@OPERATOR.operation(
    "POST",
    "/v1/operator/organisations/{organisation}/pause",
    who=_OPERATOR,
    words=both("機関への送信を停止する", "Send an organisation nothing new"),
    idempotent=True,
    refusals=_SWITCHED,
)
async def pause_organisation(call: Call, organisation: OrganisationNumber, body: Because) -> OrganisationView:
    """Pause an organisation; every process knows within seconds."""
    view, replayed = await call.doors.control.pause(_act(call, body.reason), organisation)
    return _told(call, view, replayed=replayed)


@OPERATOR.operation(
    "POST",
    "/v1/operator/organisations/{organisation}/resume",
    who=_OPERATOR,
    words=both("機関への送信を再開する", "Send to an organisation again"),
    idempotent=True,
    refusals=_SWITCHED,
)
async def resume_organisation(
    call: Call, organisation: OrganisationNumber, body: Because
) -> OrganisationView:
    """Resume an organisation."""
    view, replayed = await call.doors.control.resume_organisation(_act(call, body.reason), organisation)
    return _told(call, view, replayed=replayed)


@OPERATOR.operation(
    "POST",
    "/v1/operator/reconciliation",
    who=_OPERATOR,
    words=both("記録と状態を突き合わせる", "Compare records and states"),
    cost=10,
    idempotent=True,
    waits=True,
    refusals=(*_ACTED, "malformed-operator-cursor"),
)
async def reconcile(call: Call, body: ReconcileBecause) -> ReconciliationView:
    """Replay journals against cases, and look for what was left lying. Nothing is changed."""
    view, replayed = await call.doors.control.reconcile(
        _act(call, body.reason), limit=body.limit, after=body.after
    )
    return _told(call, view, replayed=replayed)


def _act(call: Call, reason: str) -> Act:
    return Act(call.person, call.key, call.body_hash, reason)


def _told(call: Call, view: V, *, replayed: bool) -> V:
    if replayed:
        call.headers["Idempotent-Replayed"] = "true"
    return view


def _beginning(day: date | None) -> datetime | None:
    """Return when the day begins in Japan."""
    return midnight_of(day).astimezone(UTC) if day else None
