# SPDX-License-Identifier: Apache-2.0
"""What people are shown of a plan and of a case: both languages, every wait explained."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from engine.core import messages as m
from engine.core.case import Case, Filing, FilingRules, Participant
from engine.core.lifecycle import CaseState, FilingState, Way
from engine.core.messages import Event
from engine.core.participants import awaits_new_certificate
from engine.core.plan import Contents, Entry, LeftOut, Plan, participants_of
from engine.core.reminders import next_reminder
from engine.core.text import Text

CASE_STATES: Final[Mapping[CaseState, Text]] = {
    CaseState.DRAFT: Text(ja="確認待ち", en="Waiting for your confirmation"),
    CaseState.CONFIRMED: Text(ja="署名待ち", en="Waiting for signatures"),
    CaseState.RUNNING: Text(ja="手続中", en="Under way"),
    CaseState.CANCELLING: Text(ja="取りやめの手続中", en="Being called off"),
    CaseState.COMPLETED: Text(ja="すべて完了", en="All done"),
    CaseState.COMPLETED_PARTLY: Text(ja="一部を除き完了", en="Done, except for some"),
    CaseState.CANCELLED: Text(ja="取りやめ", en="Called off"),
    CaseState.EXPIRED: Text(ja="期限切れ（確認されませんでした）", en="Expired (it was never confirmed)"),
}
FILING_STATES: Final[Mapping[FilingState, Text]] = {
    FilingState.WAITING: Text(ja="順番待ち", en="Waiting for its turn"),
    FilingState.READY: Text(ja="準備完了", en="Ready"),
    FilingState.AWAITING_SIGNATURE: Text(ja="署名待ち", en="Waiting for a signature"),
    FilingState.SUBMITTED: Text(ja="送信済み", en="Sent"),
    FilingState.POSTPONED: Text(ja="送信先に届かず再送待ち", en="Not reachable; will be sent again"),
    FilingState.RECEIVED: Text(ja="受信済み", en="Arrived"),
    FilingState.ACCEPTED: Text(ja="受理", en="Accepted"),
    FilingState.ASKING: Text(ja="照会あり（回答をお願いします）", en="There is a question for you"),
    FilingState.SUBMITTED_ANSWER: Text(ja="回答を送信済み", en="Your answer was sent"),
    FilingState.REFUSED: Text(ja="不受理（訂正できます）", en="Refused (it can be corrected)"),
    FilingState.TO_VISIT: Text(ja="窓口へ行ってください", en="To be done at the counter"),
    FilingState.TO_POST: Text(ja="書面を送ってください", en="To be sent on paper"),
    FilingState.TO_DO: Text(ja="ご自身で手続してください", en="To be done by yourself"),
    FilingState.DONE_BY_CITIZEN: Text(ja="手続済み", en="Done by you"),
    FilingState.RIDING: Text(
        ja="ほかの手続とともに処理されます", en="Handled together with another procedure"
    ),
    FilingState.REVISING: Text(ja="訂正を連絡中", en="A correction is on its way"),
    FilingState.WITHDRAWING: Text(ja="取下げを連絡中", en="Being withdrawn"),
    FilingState.COMPLETED: Text(ja="完了", en="Done"),
    FilingState.WITHDRAWN: Text(ja="取下げ済み", en="Withdrawn"),
    FilingState.IRREVOCABLE: Text(ja="取消しできません", en="Cannot be undone"),
    FilingState.CLOSED_REFUSED: Text(ja="不受理で終了", en="Ended: refused"),
    FilingState.NOT_NEEDED: Text(ja="不要", en="Not needed"),
    FilingState.CANCELLED: Text(ja="中止", en="Dropped"),
}
FLAGS: Final[Mapping[str, Text]] = {
    "late/due": Text(ja="期限を過ぎています", en="The last day has passed"),
    "stuck/no-answer": Text(ja="回答がありません。係員が確認します", en="No answer; an operator looks at it"),
    "stuck/no-answer-from-citizen": Text(ja="お返事をお待ちしています", en="We are waiting for you"),
    "stuck/nobody-decides": Text(
        ja="判断がまだ揃っていません。期日が分からないため、当事者に確かめてください",
        en="Not everybody has decided, and no day is known that would: please ask those who have to",
    ),
    "stuck/holds-old-value": Text(
        ja="訂正を送れません。ご自身で連絡してください", en="They cannot be told; please tell them yourself"
    ),
}
_NEW_CERTIFICATE: Final = Text(
    ja="署名用電子証明書は異動の届出により失効しました。署名した届出の訂正には、窓口で新しい証明書が必要です。ほかの手続は進みます",
    en="The notice has revoked your signing certificate. To correct what you signed, get a new one at the"
    " counter; everything else goes on",
)
_UNSIGNED: Final = Text(
    ja="電子申請には本人の署名用電子証明書が必要です（窓口の係員は代わって署名できません）。窓口または書面で手続します",
    en="To file it electronically takes the person's own signing certificate, and staff of a counter cannot"
    " sign in their place: it is done at a counter or on paper",
)
_DONE_ELSEWHERE: Final = Text(
    ja="進行中の別の案件で、同じ人について同じ手続をします。ここでは行いません",
    en="Another of your running cases does the same for the same person: it is not done here",
)
_LOST_ELSEWHERE: Final = Text(
    ja="別の案件では行われませんでした。ご自身で行ってください",
    en="The other case came to its end without it: do it yourself",
)
_CAME_TO_NOTHING: Final = frozenset(
    {
        FilingState.CANCELLED,
        FilingState.WITHDRAWN,
        FilingState.CLOSED_REFUSED,
        FilingState.NOT_NEEDED,
    }
)
ACTED_FOR: Final[Mapping[str, Text]] = {
    "counter": Text(
        ja="窓口の係員が、ご本人の来庁中に補助", en="Assisted: staff of a counter, in your presence"
    ),
    "representative": Text(ja="代理人", en="By a representative"),
}
_NO_CASE: Final = UUID(int=0)  # a plan that is only looked at
_PARKED: Final = Text(ja="係員が確認中です", en="An operator is looking into it")


class View(BaseModel):
    """Something that is shown."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Told(View):
    """One field that the organisation is told, with its value."""

    name: str
    label: Text
    value: JsonValue


class Deadline(View):
    """By when, from when, and why."""

    last_day: date | None
    first_day: date | None
    why: Text
    basis: str
    severity: str
    skipped: tuple[date, ...]
    safe_day: date | None
    confirm: bool


class ElsewhereView(View):
    """Where the same is done already, and how far it is there: null as long as the plan is only looked at."""

    case: UUID
    filing: UUID
    event: str
    state: FilingState | None
    text: Text


class EntryView(View):
    """One procedure of a plan: what, to whom, how, by when, why, and exactly what is told."""

    id: UUID
    slug: str
    title: Text
    subject: str
    receiver: Text
    organisation: str | None
    kind: str = "filing"
    way: Way
    ways: tuple[Way, ...]
    applies: Text
    basis: str
    grade: str
    deadline: Deadline
    not_before: date | None
    after: tuple[UUID, ...]
    rides_on: UUID | None
    told: tuple[Told, ...]
    who: Text | None
    bring: tuple[Text, ...]
    steps: tuple[Text, ...]
    if_late: Text | None
    my_number: Text | None
    guard: str | None = None
    guard_text: Text | None = None
    gate: str | None = None
    gate_text: Text | None = None
    gate_closes_on: date | None = None
    elsewhere: ElsewhereView | None = None
    unsigned_text: Text | None = None


class ParticipantView(View):
    """A person whose part the case needs: by name, as the facts have it, and how far it is done."""

    id: UUID
    at: str
    role: str
    role_text: Text | None
    name: str | None
    signs: bool
    has_joined: bool
    has_signed: bool
    choice: str | None


class PlanView(View):
    """A plan as it is shown before anything is stored or sent."""

    event: str
    title: Text
    catalogue: str
    made_on: date
    entries: tuple[EntryView, ...]
    left_out: tuple[LeftOut, ...]
    participants: tuple[ParticipantView, ...] = ()


class Question(View):
    """What an organisation asks, and the shape of the answer."""

    id: str
    text: Text
    answer_schema: dict[str, JsonValue]
    until: date


class Refusal(View):
    """Why an organisation did not take a filing."""

    code: str
    reason: Text
    field: str | None
    correctable: bool


class Task(View):
    """What is left to do about a filing that Todoke cannot bring further, and whose it is."""

    owner: str
    owner_text: Text
    text: Text


_UNDO_YOURSELF: Final = Task(
    owner="citizen",
    owner_text=Text(ja="担当：ご本人", en="yours to do"),
    text=Text(
        ja="取り消せませんでした。必要なら、元に戻す手続を直接お申し出ください",
        en="It could not be undone. If it has to be, please ask them yourself how to put it right",
    ),
)


class FilingView(EntryView):
    """One filing as it stands."""

    state: FilingState
    state_text: Text
    attempt: int
    since: datetime
    waits_for: str | None
    waits_until: datetime | None
    flag: str | None
    flag_text: Text | None
    question: Question | None
    refusal: Refusal | None
    receipt: str | None
    task: Task | None = None
    notice: Text | None = None
    reminded_on: date | None = None
    next_reminder: datetime | None = None


class LifeEventView(View):
    """A life event as it is offered: what has to be told, and which rules apply."""

    slug: str
    title: Text
    catalogue: str
    facts_schema: dict[str, JsonValue]
    rules: dict[str, JsonValue]


class ActView(View):
    """Something that another did for the owner: when, in which capacity, and the kind of event it led to."""

    at: datetime
    by: str
    by_text: Text
    what: str


class CaseSummary(View):
    """A case in a list."""

    id: UUID
    event: str
    state: CaseState
    state_text: Text
    version: int
    opened_at: datetime
    filings_total: int
    filings_open: int


class CaseView(CaseSummary):
    """A case as its owner sees it."""

    title: Text
    facts: dict[str, JsonValue]
    participants: tuple[ParticipantView, ...] = ()
    awaits_new_certificate: Text | None = None
    filings: tuple[FilingView, ...]
    acts: tuple[ActView, ...] = ()


class DisclosureView(View):
    """Who was told which field, when and on what basis."""

    filing: UUID
    organisation: str
    organisation_name: Text | None
    through: tuple[Text, ...] = ()
    field: str
    basis: str
    at: datetime


def plan_view(plan: Plan, rules: Mapping[str, Any]) -> PlanView:
    """Return the plan with the words of its catalogue."""
    procedures = _procedures(rules)
    return PlanView(
        event=plan.event,
        title=Text(**rules["title"]),
        catalogue=plan.catalogue,
        made_on=plan.made_on,
        entries=tuple(EntryView(**_entry(e, procedures[e.slug], rules)) for e in plan.entries),
        left_out=plan.left_out,
        participants=_people(plan, participants_of(plan, _NO_CASE)),
    )


def case_summary(case: Case) -> CaseSummary:
    """Return the case as a list shows it."""
    return CaseSummary(**_summary(case))


def case_view(case: Case, contents: Contents, rules: Mapping[str, Any], said: Iterable[Event]) -> CaseView:
    """Return the case as its owner sees it; `said` is what organisations said, oldest first."""
    procedures = _procedures(rules)
    last: dict[UUID, dict[str, Any]] = {}
    for event in said:
        _remember(last, event)
    filings = tuple(
        FilingView(
            **(
                _entry(entry, procedures[entry.slug], rules)
                | _standing(case.filings[entry.id], last.get(entry.id, {}))
                | _reminders(case.filings[entry.id], case.rules[entry.id])
            ),
        )
        for entry in contents.plan.entries
    )
    return CaseView(
        **_summary(case),
        title=Text(**rules["title"]),
        facts=contents.facts,
        participants=_people(contents.plan, case.participants.values()),
        awaits_new_certificate=_NEW_CERTIFICATE if awaits_new_certificate(case, rules) else None,
        filings=filings,
    )


def _people(plan: Plan, participants: Iterable[Participant]) -> tuple[ParticipantView, ...]:
    named = {one.at: one for one in plan.signatories}
    return tuple(
        ParticipantView(
            id=one.id,
            at=one.at,
            role=one.role,
            role_text=known.title if (known := named.get(one.at)) else None,
            name=f"{known.family} {known.given}" if known else None,
            signs=one.signs,
            has_joined=one.person is not None,
            has_signed=one.has_signed,
            choice=one.choice,
        )
        for one in participants
    )


def _summary(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "event": case.event,
        "state": case.state,
        "state_text": CASE_STATES[case.state],
        "version": case.version,
        "opened_at": case.opened_at,
        "filings_total": len(case.filings),
        "filings_open": sum(not filing.has_ended for filing in case.filings.values()),
    }


def _procedures(rules: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["slug"]: one for one in rules["procedures"]}


def _entry(entry: Entry, rule: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    due = entry.due
    return {
        "id": entry.id,
        "slug": entry.slug,
        "title": rule["title"],
        "subject": entry.subject,
        "receiver": entry.receiver,
        "organisation": entry.organisation,
        "kind": entry.kind.value,
        "way": entry.way,
        "ways": entry.ways,
        "applies": rule["applies"],
        "basis": entry.basis,
        "grade": rule["grade"],
        "deadline": Deadline(
            last_day=due.last_day,
            first_day=due.first_day,
            why=due.rule_text,
            basis=due.basis,
            severity=due.severity.value,
            skipped=due.skipped,
            safe_day=due.safe_day,
            confirm=due.confirm,
        ),
        "not_before": entry.not_before,
        "after": entry.after,
        "rides_on": entry.rides_on,
        "told": [
            Told(name=name, label=Text(**rule["needs"][name]), value=value)
            for name, value in entry.fields.items()
        ],
        "who": rule["who"],
        "bring": rule["bring"],
        "steps": rule["steps"],
        "if_late": rule["ifLate"],
        "my_number": rule["myNumber"],
        "guard": entry.guard,
        "guard_text": rules.get("guards", {}).get(entry.guard),
        "gate": entry.gate.name if entry.gate else None,
        "gate_text": rules["gates"][entry.gate.name]["text"] if entry.gate else None,
        "gate_closes_on": entry.closes_on,
        "elsewhere": _elsewhere(entry),
        "unsigned_text": _UNSIGNED if entry.unsigned else None,
    }


def _elsewhere(entry: Entry) -> ElsewhereView | None:
    there = entry.elsewhere
    if there is None:
        return None
    return ElsewhereView(
        case=there.case, filing=there.filing, event=there.event, state=None, text=_DONE_ELSEWHERE
    )


def seen_elsewhere(view: CaseView, there: Mapping[UUID, FilingState]) -> CaseView:
    """Return the case with how far the same is in other cases; what came to nothing there is left to do."""
    filings = tuple(
        one.model_copy(update={"elsewhere": _as_there(one.elsewhere, there)}) if one.elsewhere else one
        for one in view.filings
    )
    return view.model_copy(update={"filings": filings})


def _as_there(known: ElsewhereView, there: Mapping[UUID, FilingState]) -> ElsewhereView:
    state = there.get(known.filing)
    is_lost = state in _CAME_TO_NOTHING
    return known.model_copy(update={"state": state, "text": _LOST_ELSEWHERE if is_lost else _DONE_ELSEWHERE})


def _standing(filing: Filing, last: Mapping[str, Any]) -> dict[str, Any]:
    flag = filing.flag
    refused = filing.state in {FilingState.REFUSED, FilingState.CLOSED_REFUSED}
    return {
        "state": filing.state,
        "state_text": FILING_STATES[filing.state],
        "way": filing.way,
        "attempt": filing.attempt,
        "since": filing.since,
        "waits_for": filing.waits.party.value if filing.waits else None,
        "waits_until": filing.waits.until if filing.waits else None,
        "flag": flag,
        "flag_text": FLAGS.get(flag, _PARKED) if flag else None,
        "question": last.get("question") if filing.state is FilingState.ASKING else None,
        "refusal": last.get("refusal") if refused else None,
        "receipt": last.get("receipt"),
        "task": _UNDO_YOURSELF if filing.state is FilingState.IRREVOCABLE else None,
    }


def _reminders(filing: Filing, rules: FilingRules) -> dict[str, Any]:
    return {"reminded_on": filing.reminded_on, "next_reminder": next_reminder(filing, rules)}


def _remember(last: dict[UUID, dict[str, Any]], event: Event) -> None:
    """Keep of what organisations said what is still worth showing."""
    match event:
        case m.QuestionAsked():
            last.setdefault(event.filing, {})["question"] = {
                "id": event.question,
                "text": event.text,
                "answer_schema": event.schema,
                "until": event.until,
            }
        case m.FilingRefused():
            last.setdefault(event.filing, {})["refusal"] = {
                "code": event.code,
                "reason": event.reason,
                "field": event.pointer,
                "correctable": event.correctable,
            }
        case m.FilingReceived() | m.FilingAccepted() | m.FilingCompleted() | m.FilingSettled():
            if event.receipt:
                last.setdefault(event.filing, {})["receipt"] = event.receipt
        case _:
            return


SAID: Final = (
    "question-asked",
    "filing-refused",
    "filing-received",
    "filing-accepted",
    "filing-completed",
    "filing-settled",
)
