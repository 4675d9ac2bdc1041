# SPDX-License-Identifier: Apache-2.0
"""Of a move, what concerns children and those who are supported: allowances, medical aid, school, nursery."""

from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import Promptness, Severity, Soft, Within
from engine.core.declaration import Condition, Grade, Procedure
from engine.core.lifecycle import Way
from engine.core.periods import Unit
from workflows.common import both
from workflows.moving_facts import MovingFacts, SchoolKind
from workflows.moving_fields import allowance
from workflows.moving_terms import (
    BASE_NOTICES,
    MOVING_DATE,
    NEW_MUNICIPALITY,
    OLD_MUNICIPALITY,
    SCHOOLS,
    SUPPORT_DESK,
    fortnight,
    movers,
)
from workflows.persons import AllowancePayer
from workflows.terms import SHOWN_BY_PERSON, UNDATED, some

_RECIPIENT: Final = both("受給者", "The recipient")
_GUARDIAN: Final = both("保護者", "The guardian")
_ALLOWANCE_SINCE: Final = date(2024, 10, 1)  # until the 31 March after 18, whatever the income

_aided = movers(lambda facts, mover: facts.enters_municipality and mover.medical_subsidy is not None)
_with_handbook = movers(lambda facts, mover: facts.stays_in_japan and mover.disability is not None)
_in_public_school = movers(
    lambda facts, mover: (
        facts.stays_in_japan and mover.school is not None and mover.school.kind is SchoolKind.PUBLIC
    )
)
_in_daycare = movers(lambda facts, mover: facts.stays_in_japan and mover.daycare is not None)


def _is_paid_by_municipality(facts: MovingFacts) -> bool:
    return bool(facts.children) and allowance(facts).payer is AllowancePayer.MUNICIPALITY


CHILDREN: Final[tuple[Procedure[MovingFacts], ...]] = (
    Procedure(
        slug="move.child-allowance-end",
        title=both("児童手当 受給事由消滅届", "Child allowance: end"),
        receiver=OLD_MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.VISIT),
        needs=("recipient", "movingDate"),
        applies=Condition(
            both(
                "児童手当の受給者が市区町村を出る（公務員は勤務先へ）",
                "The recipient of child allowance leaves the municipality (civil servants: the employer)",
            ),
            lambda facts: facts.leaves_municipality and _is_paid_by_municipality(facts),
        ),
        deadline=Soft(
            promptness=Promptness.WITHOUT_DELAY,
            severity=Severity.CONVENIENCE,
            basis="児童手当法施行規則7条",
        ),
        basis="児童手当法施行規則7条、住民基本台帳法29条の2",
        in_force=_ALLOWANCE_SINCE,
        grade=Grade.LIKELY,
        rides_on="move.move-out-notice",
        who=_RECIPIENT,
        steps=(
            both(
                "転出届とともに届け出たものとされます",
                "It counts as filed with the notice of moving out",
            ),
        ),
        documents=("allowance-end-notice",),
    ),
    Procedure(
        slug="move.child-allowance-claim",
        title=both("児童手当 認定請求", "Child allowance: claim"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("recipient", "newAddress", "spouse", "children", "account", "insuranceKind"),
        applies=Condition(
            both(
                "18歳の年度末までの児童がいて、受給者が別の市区町村へ移る（公務員は勤務先へ）",
                "There are children up to the end of the fiscal year of 18, and the recipient moves to"
                " another municipality (civil servants: the employer)",
            ),
            lambda facts: facts.enters_municipality and _is_paid_by_municipality(facts),
        ),
        deadline=Within(
            of=MOVING_DATE,  # 転出予定日: the real day may be later and moves nothing
            amount=15,
            unit=Unit.DAYS,
            authority=Authority.MUNICIPAL,
            severity=Severity.MONEY_LOST,
            basis="児童手当法7条、8条2項・3項",
            confirm=True,
        ),
        basis="児童手当法7条、8条2項・3項",
        in_force=_ALLOWANCE_SINCE,
        grade=Grade.SURE,
        after=("move.move-out-notice",),
        opens="moving_date",
        who=both("生計を維持する程度が高い父又は母", "The parent with the main income"),
        bring=(
            both("振込先の口座が分かるもの", "What shows the account"),
            both("健康保険の資格が分かるもの", "What shows the health insurance"),
        ),
        if_late=both(
            "遅れた月の分は受け取れません", "What was due for the months before the claim is lost for good"
        ),
        documents=("allowance-decision",),
        my_number=SHOWN_BY_PERSON,
    ),
    Procedure(
        slug="move.infant-medical",
        title=both("子ども医療費助成", "Aid with children's medical costs"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.ONLINE, Way.SIGNED, Way.VISIT),
        needs=("name", "birthDate", "newAddress", "guardian", "insuranceSymbol"),
        applies=some(
            _aided,
            both(
                "医療費助成を受ける子どもが転入する（対象年齢は市区町村による）",
                "A child with this aid moves in (each municipality sets the age)",
            ),
        ),
        deadline=fortnight("市区町村の条例", Severity.MONEY_LOST, confirm=True),
        basis="市区町村の条例",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("move.move-in-notice",),
        opens="moving_date",
        who=_GUARDIAN,
        bring=(both("子どもの健康保険の資格が分かるもの", "What shows the child's health insurance"),),
        if_late=both(
            "申請の日からしか助成されないことがあります", "Often it is only given from the day of the claim"
        ),
        documents=("medical-aid-certificate",),
        subjects=_aided,
    ),
    Procedure(
        slug="move.child-support-allowance",
        title=both("児童扶養手当 住所変更", "Child support allowance: change of address"),
        receiver=SUPPORT_DESK,
        ways=(Way.VISIT,),
        needs=("singleParent", "children", "cohabitation"),
        applies=Condition(
            both("児童扶養手当を受けるひとり親がいる", "A single parent receives this allowance"),
            lambda facts: facts.stays_in_japan and facts.child_support is not None,
        ),
        deadline=fortnight("児童扶養手当法施行規則（条番号は要確認）", Severity.CONVENIENCE, confirm=True),
        basis="児童扶養手当法施行規則（条番号は要確認）",
        in_force=date(1962, 1, 1),
        grade=Grade.CHECK,
        after=BASE_NOTICES,
        opens="moving_date",
        withdrawable=False,
        who=_RECIPIENT,
        bring=(both("児童扶養手当証書", "The certificate of the allowance"),),
        documents=("support-certificate",),
    ),
    Procedure(
        slug="move.disability-handbook",
        title=both("障害者手帳・自立支援医療 住所変更", "Disability handbook: change of address"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("name", "birthDate", "handbookNumber", "newAddress"),
        applies=some(
            _with_handbook,
            both("障害者手帳又は自立支援医療の受給者証がある", "Somebody has a handbook or medical aid"),
        ),
        deadline=Soft(
            promptness=Promptness.WITHOUT_DELAY,
            severity=Severity.CONVENIENCE,
            basis="身体障害者福祉法施行令、精神保健福祉法施行令（条番号は要確認）",
        ),
        basis="身体障害者福祉法施行令、精神保健福祉法施行令（条番号は要確認）",
        in_force=UNDATED,
        grade=Grade.CHECK,
        after=BASE_NOTICES,
        opens="moving_date",
        withdrawable=False,
        who=both("手帳を持つ人", "The holder"),
        bring=(both("手帳又は受給者証", "The handbook or certificate"),),
        steps=(
            both(
                "制度により14日又は30日以内とされることがある。窓口に確かめる",
                "Some schemes set 14 or 30 days: ask the counter",
            ),
        ),
        my_number=SHOWN_BY_PERSON,
        subjects=_with_handbook,
    ),
    Procedure(
        slug="move.school-transfer",
        title=both("公立小中学校の転校", "Change of public school"),
        receiver=SCHOOLS,
        ways=(Way.VISIT,),
        needs=("name", "birthDate", "grade", "guardian", "newAddress", "oldSchool"),
        applies=some(
            _in_public_school,
            both("公立の小中学校に通う子どもがいる", "A child goes to a public school"),
        ),
        deadline=Soft(
            promptness=Promptness.BEFOREHAND,
            severity=Severity.CONVENIENCE,
            basis="学校教育法施行令3条・4条・5条・6条",
        ),
        basis="学校教育法施行令3条・4条・5条・6条",
        in_force=date(1953, 10, 31),
        grade=Grade.SURE,
        after=BASE_NOTICES,
        opens="moving_date",
        who=_GUARDIAN,
        bring=(
            both("在学証明書（前の学校）", "The certificate of the school before"),
            both("教科用図書給与証明書（前の学校）", "The certificate of the textbooks given"),
        ),
        steps=(
            both("最後の登校日までに前の学校へ伝え、証明書を受け取る", "Tell the school before the last day"),
            both("転入届又は転居届とともに転入学通知書を受け取る", "Get the notice for the new school"),
        ),
        documents=("school-transfer-notice",),
        subjects=_in_public_school,
    ),
    Procedure(
        slug="move.daycare",
        title=both("保育所 退所・入所申込", "Nursery: leaving and applying"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.SIGNED, Way.PAPER),
        needs=("name", "birthDate", "newAddress", "parentsWork", "wishes"),
        applies=some(_in_daycare, both("保育所を利用する子どもがいる", "A child goes to a nursery")),
        deadline=Soft(
            promptness=Promptness.RECEIVER_DECIDES,
            severity=Severity.CONVENIENCE,
            basis="子ども・子育て支援法20条、市区町村の定め",
        ),
        basis="子ども・子育て支援法20条",
        in_force=date(2015, 4, 1),
        grade=Grade.LIKELY,
        who=_GUARDIAN,
        bring=(both("就労証明書", "Proof of work"),),
        steps=(
            both("旧住所地の市区町村へ退所を届け出る", "Tell the old municipality that the child leaves"),
            both(
                "締切は前月10日頃のことが多い。新住所地に確かめる",
                "Often it closes on about the 10th of the month before: ask the new municipality",
            ),
        ),
        documents=("nursery-decision",),
        my_number=SHOWN_BY_PERSON,
        subjects=_in_daycare,
    ),
)
