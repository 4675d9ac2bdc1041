# SPDX-License-Identifier: Apache-2.0
"""What operators are shown: states, times, counts and organisations; nothing that a person told.

Every wait is explained: who must act, until when, why, and what happens then.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from engine.core.case import Filing, Party
from engine.core.lifecycle import CaseState, FilingState
from engine.core.text import Text
from engine.core.views import CASE_STATES, FILING_STATES, FLAGS, View
from engine.ports import CaseLine, FilingLine
from engine.registry.directory import Directory

PARKED: Final[Mapping[str, Text]] = {
    "asked-by-citizen": Text(ja="本人の依頼により保留", en="Put aside: the citizen asked for it"),
    "asked-by-organisation": Text(ja="機関の依頼により保留", en="Put aside: the organisation asked for it"),
    "wrong-answer": Text(ja="回答に疑義があるため保留", en="Put aside: an answer seems wrong"),
    "under-investigation": Text(ja="調査のため保留", en="Put aside: under investigation"),
    "law-unclear": Text(ja="法令の確認のため保留", en="Put aside: the law has to be checked"),
    "signature-undone": Text(
        ja="署名時に電子証明書が失効していたため保留",
        en="Put aside: the certificate had been revoked before it signed",
    ),
    "participant-died": Text(
        ja="当事者の死亡が届け出られたため保留。ご遺族に確かめ、続けるものだけを再開してください",
        en="Put aside: the death of somebody in it was notified. Ask the family; resume only what goes on",
    ),
}
OWNERS: Final[Mapping[Party, Text]] = {
    Party.ORGANISATION: Text(ja="機関の回答待ち", en="The organisation has to answer"),
    Party.CITIZEN: Text(ja="本人の対応待ち", en="The citizen has to act"),
    Party.PARTICIPANT: Text(ja="当事者の判断待ち", en="Others of the case have to decide"),
    Party.PREDECESSOR: Text(ja="先行する手続の完了待ち", en="Another procedure has to be done first"),
    Party.DATE: Text(ja="指定の日時待ち", en="A date has to come"),
}
_NOBODY: Final = Text(ja="処理中", en="It goes on by itself")
_OPERATOR: Final = Text(ja="係員の対応待ち", en="An operator has to act")
# What happens when the time is over: by whom is waited for, then whether that was said once already.
_THEN: Final[Mapping[tuple[Party, bool], Text]] = {
    (Party.ORGANISATION, False): Text(
        ja="期限後は滞留として係員に知らせます", en="Then it is flagged as stuck, and waited for once more"
    ),
    (Party.ORGANISATION, True): Text(
        ja="期限後は本人が直接行う手続に切り替えます",
        en="Then the citizen is given the way to do it directly",
    ),
    (Party.CITIZEN, False): Text(
        ja="期限後は本人への督促と滞留の表示を行います", en="Then the citizen is reminded, and it is flagged"
    ),
    (Party.CITIZEN, True): Text(
        ja="期限後はこの手続を終えます", en="Then the filing ends, or goes on without"
    ),
    (Party.PARTICIPANT, False): Text(
        ja="全員が判断するか、期日が過ぎると進みます",
        en="It goes on once all have decided, or the day has passed",
    ),
    (Party.PARTICIPANT, True): Text(
        ja="全員が判断するか、期日が過ぎると進みます",
        en="It goes on once all have decided, or the day has passed",
    ),
    (Party.PREDECESSOR, False): Text(
        ja="先行手続が終わり次第進みます", en="It goes on as soon as that one has ended"
    ),
    (Party.PREDECESSOR, True): Text(
        ja="先行手続が終わり次第進みます", en="It goes on as soon as that one has ended"
    ),
    (Party.DATE, False): Text(ja="その日時に自動で進みます", en="It goes on by itself at that instant"),
    (Party.DATE, True): Text(ja="その日時に自動で進みます", en="It goes on by itself at that instant"),
}
_UNTIL_RESUMED: Final = Text(ja="再開されるまで進みません", en="Nothing happens until it is resumed")
_UNKNOWN_FLAG: Final = Text(ja="係員の確認が必要です", en="An operator has to look at it")
ACTS: Final[Mapping[str, Text]] = {
    "look-case": Text(ja="案件の進行状況を閲覧", en="Looked at the states of the case"),
    "look-parked": Text(ja="保留された回答を確認", en="Looked at a reply that was put aside"),
    "retry-filing": Text(ja="手続を再送", en="Sent a filing again"),
    "park-filing": Text(ja="手続を保留", en="Put a filing aside"),
    "resume-filing": Text(ja="手続を再開", en="Let a filing go on"),
    "retry-filings": Text(ja="手続をまとめて再送", en="Sent several filings again"),
    "re-drive": Text(ja="保留された回答を再処理", en="Handled a reply again that was put aside"),
    "discard": Text(ja="保留された回答を破棄", en="Discarded a reply that was put aside"),
    "pause-organisation": Text(ja="機関への送信を停止", en="Paused an organisation"),
    "resume-organisation": Text(ja="機関への送信を再開", en="Resumed an organisation"),
    "look-application": Text(ja="利用申込みを閲覧", en="Looked at an application of an organisation"),
    "approve-application": Text(ja="利用申込みを承認", en="Approved an application of an organisation"),
    "refuse-application": Text(ja="利用申込みを不承認", en="Refused an application of an organisation"),
    "certify-organisation": Text(ja="適合試験の合格を記録", en="Certified an organisation's connector"),
    "register-key": Text(ja="機関の鍵を登録", en="Registered a key of an organisation"),
    "revoke-key": Text(ja="機関の鍵を失効", en="Revoked a key of an organisation"),
    "resend": Text(ja="機関が指図の再送を依頼", en="An organisation had orders sent once more"),
    "replay": Text(ja="機関が期間の再送を依頼", en="An organisation had a time replayed"),
    "invite-representative": Text(ja="代表者・担当者を招待", en="Invited a representative"),
    "become-representative": Text(ja="招待を受けて代表者・担当者に", en="Became a representative"),
    "remove-representative": Text(ja="代表者・担当者を除外", en="Took a representative away"),
    "end-subscription": Text(ja="接続登録を終了", en="Ended a subscription"),
    "organisation-live": Text(ja="機関を本番へ移行", en="Let real filings through to an organisation"),
    "lane-open": Text(ja="機関への送信を再開", en="Opened the way to an organisation"),
    "lane-draining": Text(ja="機関への新規送信を停止し残りを送信", en="Drained the way to an organisation"),
    "lane-held": Text(ja="機関への送信を保留", en="Held the way to an organisation"),
    "lane-driven": Text(ja="機関への未送信分をすべて再送", en="Tried everything again that waits for one"),
    "lane-limited": Text(ja="機関への送信量の上限を変更", en="Changed the limits of an organisation"),
    "reconcile": Text(ja="記録の突き合わせを実施", en="Compared records and states"),
    "grant-operator": Text(ja="係員権限を付与", en="Made a person an operator"),
    "grant-counter": Text(ja="窓口の係員に任命", en="Gave a person the duty at the counter"),
    "withdraw-counter": Text(ja="窓口の係員を解任", en="Took the duty at the counter away"),
    "begin-assistance": Text(ja="窓口で受付（ご本人の来庁）", en="Received you at a counter"),
    "end-assistance": Text(ja="窓口の受付を終了", en="Ended the visit to the counter"),
    "assisted-look": Text(ja="窓口で、ご本人とともに案件を閲覧", en="Looked at the case, with you there"),
    "assisted-act": Text(ja="窓口で、ご本人に代わり操作（補助）", en="Assisted you at a counter"),
    "issue-code": Text(ja="控えのコードを発行", en="Gave you a code on paper"),
    "link-card": Text(ja="窓口で、ご本人のカードを結び付け", en="Added your own card, at a counter"),
    "record-representation": Text(ja="代理の記録を作成", en="Recorded a representation"),
    "revoke-representation": Text(ja="代理の記録を取消", en="Revoked a representation"),
    "withdraw-operator": Text(ja="係員権限を取消", en="Took the operator's role away"),
}


class OperatorCase(View):
    """A case in an operator's list."""

    id: UUID
    event: str
    state: CaseState
    state_text: Text
    version: int
    opened_at: datetime
    wake_at: datetime | None
    filings_total: int
    filings_open: int
    flags: tuple[str, ...]


class OperatorFiling(View):
    """A filing as it waits: for whom, since when, until when, why, and what happens then."""

    id: UUID
    case_id: UUID
    slug: str
    way: str
    state: FilingState
    state_text: Text
    organisation: str | None
    organisation_name: Text | None
    attempt: int
    tries: int
    since: datetime
    due_on: date | None
    waits_for: str | None
    waits_until: datetime | None
    owner: Text | None
    then: Text | None
    flag: str | None
    flag_text: Text | None


class JournalLine(View):
    """One event of a case: what kind, when, by whom; the state it led to, and nothing that was said."""

    seq: int
    type: str
    at: datetime
    by: str
    organisation: str | None
    filing: UUID | None
    trigger: str | None
    state: str | None
    flag: str | None


class OperatorCaseView(OperatorCase):
    """A case with all its filings and its history, without contents. Of an erased one the states are left."""

    erased: bool
    filings: tuple[OperatorFiling, ...]
    journal: tuple[JournalLine, ...]


class AccessLine(View):
    """What staff did or looked at in a case, as its owner is told."""

    at: datetime
    act: str
    act_text: Text
    filing: UUID | None
    reason: str | None


class ParkedLine(View):
    """A delivery that was put aside: where from, why, how often it was tried."""

    id: UUID
    where_from: str
    organisation: str | None
    events: int
    reason: str
    attempts: int
    parked_at: datetime | None


class RedriveLine(View):
    """What would become, or became, of one event of a parked delivery."""

    event: str
    outcome: str
    code: str | None
    case_id: UUID | None
    filing: UUID | None


class RedriveView(View):
    """What would become, or became, of a parked delivery. `resolved`: it no longer waits for a person."""

    id: UUID
    dry_run: bool
    resolved: bool
    events: tuple[RedriveLine, ...]


class RetryLine(View):
    """One filing of a bulk: `applied`, `refused` with its code, or what `would-retry`."""

    filing: UUID
    case_id: UUID
    outcome: str
    code: str | None


class RetryView(View):
    """What would be sent again, or was."""

    dry_run: bool
    filings: tuple[RetryLine, ...]


class OrganisationView(View):
    """How an organisation stands, and what lies at it. `oldest` and `since` are of the longest waiting."""

    number: str
    name: Text
    channel: str
    state: str
    unacknowledged: int
    oldest: datetime | None
    filings_open: dict[str, int]
    flagged: int
    since: datetime | None


class Finding(View):
    """One thing that is not as it should be."""

    kind: str
    text: Text
    case_id: UUID | None
    count: int | None
    since: datetime | None


class ReconciliationView(View):
    """What was compared, and what was found; `after` leads to the next cases."""

    cases: int
    findings: tuple[Finding, ...]
    audit_entries: int
    audit_hash: str
    after: str | None


def case_fields(line: CaseLine) -> dict[str, object]:
    """Return a case as lists show it."""
    state = CaseState(line.state)
    return {
        "id": line.id,
        "event": line.event,
        "state": state,
        "state_text": CASE_STATES[state],
        "version": line.version,
        "opened_at": line.opened_at,
        "wake_at": line.wake_at,
        "filings_total": line.filings_total,
        "filings_open": line.filings_open,
        "flags": line.flags,
    }


def filing_view(line: FilingLine, directory: Directory) -> OperatorFiling:
    """Return a filing with its wait explained."""
    filing = line.filing
    name = directory.name(filing.organisation) if filing.organisation else None
    return OperatorFiling(
        id=filing.id,
        case_id=line.case_id,
        slug=filing.slug,
        way=filing.way.value,
        state=filing.state,
        state_text=FILING_STATES[filing.state],
        organisation=filing.organisation,
        organisation_name=name,
        attempt=filing.attempt,
        tries=filing.tries,
        since=filing.since,
        due_on=filing.due_on,
        waits_for=filing.waits.party.value if filing.waits else None,
        waits_until=filing.waits.until if filing.waits else None,
        owner=_owner(filing),
        then=_then(filing),
        flag=filing.flag,
        flag_text=flag_text(filing.flag),
    )


def flag_text(flag: str | None) -> Text | None:
    """Return what a flag means."""
    if flag is None:
        return None
    kind, _, why = flag.partition("/")
    return PARKED.get(why, _UNKNOWN_FLAG) if kind == "parked" else FLAGS.get(flag, _UNKNOWN_FLAG)


def _owner(filing: Filing) -> Text | None:
    if filing.has_ended:
        return None
    if filing.flag is not None and filing.flag.startswith("parked/"):
        return _OPERATOR
    return OWNERS[filing.waits.party] if filing.waits else _NOBODY


def _then(filing: Filing) -> Text | None:
    if filing.has_ended or filing.waits is None:
        return None
    if filing.flag is not None and filing.flag.startswith("parked/"):
        return _UNTIL_RESUMED
    is_stuck = filing.flag is not None and filing.flag.startswith("stuck/")
    return _THEN[filing.waits.party, is_stuck]
