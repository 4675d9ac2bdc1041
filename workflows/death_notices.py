# SPDX-License-Identifier: Apache-2.0
"""Of a death, the first weeks: the notice, the cremation, what follows by itself, what is returned.

To notify is nobody's acceptance of the estate: nothing here waits for the heirs' decisions.
"""

from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import Anytime, NotBefore, Promptness, Severity, Soft, Within
from engine.core.declaration import Condition, Grade, Instead, Kind, Procedure
from engine.core.lifecycle import Way
from engine.core.periods import Counting, Unit
from workflows.common import both
from workflows.death_facts import DeathFacts
from workflows.death_people import PensionKind
from workflows.death_terms import (
    CREMATED,
    DESK,
    DIED_AT,
    LATE_ELDERLY,
    MUNICIPALITY,
    NOTICE,
    NOTIFIER_LEARNED,
    PASSPORTS,
    PENSION_SERVICE,
    PERSONS_MUNICIPALITY,
    POLICE,
    REGISTER,
    SEEN,
    company,
    nationwide,
    things,
    within,
)
from workflows.persons import HealthInsurance
from workflows.terms import UNDATED, some

_FAMILY: Final = both("ご家族", "The family")
_NOTIFIERS: Final = both(
    "同居の親族、その他の同居者、家主・地主・家屋や土地の管理人（届出の義務がある人）。別居の親族、後見人、保佐人、補助人、"
    "任意後見人、任意後見受任者も届け出られる",
    "Relatives living together, others living together, the landlord, landowner or caretaker have to;"
    " relatives living apart and guardians may",
)
_BY_ITSELF: Final = both(
    "何もする必要はありません。死亡届により自動的に行われます",
    "Nothing is to do: it follows from the notice of death by itself",
)
_PROOF: Final = both(
    "死亡を証明するもの（死亡届の写し、除籍・除票の写し）",
    "Proof of the death (a copy of the notice, the removed register or record)",
)
_ID: Final = both("届け出る人の本人確認書類", "Proof of who notifies")
_FOURTEEN: Final = 14


def _learned(amount: int, unit: Unit) -> Within:
    """Return a period of the family register's kind: the day of learning counts (戸籍法43条)."""
    return Within(
        of=NOTIFIER_LEARNED,
        amount=amount,
        unit=unit,
        authority=Authority.MUNICIPAL,
        severity=Severity.FINE,
        basis="戸籍法86条1項、43条、137条",
        counting=Counting.FROM_SAME_DAY,
    )


def _fortnight(basis: str, *, severity: Severity = Severity.CONVENIENCE, confirm: bool = True) -> Within:
    return within(_FOURTEEN, Unit.DAYS, basis, severity=severity, confirm=confirm)


def _without_delay(basis: str) -> Soft:
    return Soft(promptness=Promptness.WITHOUT_DELAY, severity=Severity.CONVENIENCE, basis=basis)


_dogs = things("/estate/dogs", lambda facts, dog: facts.has_to_be_registered(dog))

NOTICES: Final[tuple[Procedure[DeathFacts], ...]] = (
    Procedure(
        slug="death.death-certificate",
        title=both("死亡診断書・死体検案書", "The doctor's certificate of death"),
        receiver=nationwide("DOCTOR", "医師", "The doctor"),
        ways=(Way.SELF,),
        needs=(),
        applies=SEEN,
        deadline=Soft(
            promptness=Promptness.AT_ONCE, severity=Severity.CONVENIENCE, basis="医師法19条2項、20条"
        ),
        basis="医師法19条2項、20条、戸籍法86条2項",
        in_force=UNDATED,
        grade=Grade.SURE,
        who=_FAMILY,
        steps=(
            both(
                "医師から受け取る。後の手続で使うため、出す前に写しを数枚取る",
                "Get it from the doctor, and make some copies before it is handed in",
            ),
            both(
                "死因は診断書にだけ書かれます。Todoke は扱いません",
                "What the person died of stands in it alone; Todoke never handles it",
            ),
        ),
    ),
    Procedure(
        slug="death.death-notice",
        title=both("死亡届", "Notice of death"),
        receiver=DESK,
        ways=(Way.PAPER,),
        needs=(
            *("deceasedName", "deceasedKana", "deceasedBirthDate", "deceasedSex", "diedOn", "diedAt"),
            *("placeOfDeath", "lastAddress", "deceasedIsHead", "honseki", "nationality", "spouseState"),
            *("notifierName", "notifierBirthDate", "notifierAddress", "notifierHonseki", "capacity", "phone"),
        ),
        applies=SEEN,
        deadline=_learned(7, Unit.DAYS),
        instead=(
            Instead(
                both("国外で亡くなった", "The death was abroad"),
                lambda facts, _: facts.abroad is not None,
                _learned(3, Unit.MONTHS),
            ),
        ),
        basis="戸籍法86条、87条、88条、43条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.death-certificate",),
        amendable=False,
        withdrawable=False,
        who=_NOTIFIERS,
        bring=(
            both(
                "死亡診断書又は死体検案書（同じ用紙の右半分）",
                "The doctor's certificate, the form's right half",
            ),
            _ID,
        ),
        steps=(
            both(
                "死亡地、本籍地、届出人の所在地のどこでも、夜間・休日も出せる。葬儀社などが代わりに持って行ってもよい",
                "It can be handed in at the place of death, the honseki or where the notifier is, day and"
                " night; somebody else may carry it",
            ),
            both(
                "受理された後は取り消せません。誤りは戸籍の訂正（戸籍法24条、113条）によります",
                "Once accepted it cannot be taken back: an error is mended by correcting the register",
            ),
        ),
        if_late=both(
            "5万円以下の過料。遅れても届け出られます", "A fine of up to 50,000 yen; it is still accepted"
        ),
        documents=("notice-accepted", "notice-contents"),
    ),
    Procedure(
        slug="death.cremation-permit",
        title=both("火葬許可", "Permit for the cremation"),
        receiver=DESK,
        ways=(Way.PAPER,),
        needs=(
            *("deceasedName", "deceasedBirthDate", "lastAddress", "honseki", "diedOn", "diedAt"),
            *("placeOfDeath", "notifierName", "notifierAddress", "notifierRelation", "crematorium"),
        ),
        applies=CREMATED,
        deadline=Soft(
            promptness=Promptness.BEFOREHAND,
            severity=Severity.CONVENIENCE,
            basis="墓地、埋葬等に関する法律5条、14条",
        ),
        basis="墓地、埋葬等に関する法律3条、5条、8条、14条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.death-notice",),
        amendable=False,
        withdrawable=False,
        who=both("ご家族又は葬儀社", "The family or the undertaker"),
        bring=(_ID,),
        steps=(
            both(
                "死亡届を受理した窓口へ、死亡届と一緒に申請する",
                "Ask for it at the desk that takes the notice",
            ),
            both(
                "亡くなってから24時間がたつまで火葬はできません",
                "No cremation is allowed before 24 hours have passed since the death",
            ),
        ),
        documents=("cremation-permit",),
    ),
    Procedure(
        slug="death.cremation-record",
        title=both("火葬執行済の証明（埋葬に必要）", "Record of the cremation, needed for the burial"),
        receiver=company(
            "PRIV-CREM",
            lambda facts: facts.cremation.undertaker if facts.cremation else None,
            both("葬儀社・火葬場", "The undertaker or crematorium"),
        ),
        ways=(Way.ONLINE, Way.SELF),
        needs=("deceasedName", "diedOn", "diedAt", "crematorium", "cremationAt"),
        applies=CREMATED,
        deadline=NotBefore(
            of=DIED_AT,
            hours=24,
            severity=Severity.RIGHT_LOST,
            basis="墓地、埋葬等に関する法律3条",
        ),
        basis="墓地、埋葬等に関する法律3条、16条2項、同法施行規則8条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.cremation-permit",),
        who=_FAMILY,
        steps=(
            both(
                "火葬の後、火葬した日時が記入された許可証を受け取り、埋葬まで大切に保管する",
                "After the cremation, keep the permit with its time written in until the burial",
            ),
        ),
        documents=("cremation-record",),
    ),
    Procedure(
        slug="death.koseki-removal",
        title=both("戸籍からの除籍", "Removal from the family register"),
        receiver=REGISTER,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=Condition(
            both("日本国民である（戸籍がある）", "A Japanese national: there is a family register"),
            lambda facts: not facts.is_foreign,
        ),
        deadline=Anytime(basis="戸籍法23条"),
        basis="戸籍法23条",
        in_force=UNDATED,
        grade=Grade.SURE,
        rides_on=NOTICE,
        steps=(_BY_ITSELF,),
        documents=("removed-register",),
    ),
    Procedure(
        slug="death.resident-record-delete",
        title=both("住民票の消除", "Removal from the resident register"),
        receiver=MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=Condition(both("すべての死亡", "Every death"), lambda _: True),
        deadline=Anytime(basis="住民基本台帳法8条、同法施行令8条"),
        basis="住民基本台帳法8条、同法施行令8条、12条、34条",
        in_force=UNDATED,
        grade=Grade.SURE,
        rides_on=NOTICE,
        steps=(_BY_ITSELF,),
        documents=("removed-record",),
    ),
    Procedure(
        slug="death.household-head",
        title=both("世帯主変更届", "Notice of a new head of the household"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("newHead", "members", "deceasedName", "diedOn"),
        applies=Condition(
            both(
                "世帯主が亡くなり、15歳以上の世帯員が2人以上いる（1人なら自動）",
                "The head died, and two or more of 15 years and more remain (with one it is automatic)",
            ),
            lambda facts: facts.deceased.head_of_household and len(facts.remaining) >= 2,
        ),
        deadline=_fortnight("住民基本台帳法25条、52条2項", severity=Severity.FINE, confirm=False),
        basis="住民基本台帳法25条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=NOTICE,
        who=both("新しい世帯主又は世帯員", "The new head or a member"),
        bring=(_ID,),
        if_late=both("5万円以下の過料", "A fine of up to 50,000 yen"),
        documents=("resident-record",),
    ),
    Procedure(
        slug="death.mynumber-card",
        title=both("マイナンバーカード", "My Number Card"),
        receiver=MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=Condition(
            both("マイナンバーカードを持っていた", "There was a My Number Card"),
            lambda facts: facts.deceased.has_card,
        ),
        deadline=Anytime(basis="番号法17条、同法施行令"),
        basis="番号法17条、同法施行令",
        in_force=UNDATED,
        grade=Grade.SURE,
        rides_on=NOTICE,
        steps=(
            both(
                "カードは自動的に失効します。返す義務はありません。税や保険金の手続で番号が要るため、終わるまで保管する",
                "It is void by itself and need not be returned. Keep it: tax and insurance claims may ask for"
                " the number",
            ),
        ),
        my_number=both(
            "亡くなった人の個人番号も保護されます。必要な提出先へはご家族が直接伝え、Todoke は扱いません",
            "The number stays protected after death; the family gives it to whom it is due, Todoke never"
            " handles it",
        ),
    ),
    Procedure(
        slug="death.certs-revoked",
        title=both("電子証明書の失効", "The electronic certificates end"),
        receiver=nationwide("J-LIS", "地方公共団体情報システム機構", "J-LIS"),
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=Condition(
            both("電子証明書を持っていた", "There were electronic certificates"),
            lambda facts: facts.deceased.has_card,
        ),
        deadline=Anytime(basis="公的個人認証法12条、31条"),
        basis="公的個人認証法12条、31条",
        in_force=UNDATED,
        grade=Grade.SURE,
        rides_on="death.resident-record-delete",
        steps=(_BY_ITSELF,),
    ),
    Procedure(
        slug="death.seal-registration",
        title=both("印鑑登録 抹消", "Seal registration: void"),
        receiver=MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=Condition(
            both("印鑑登録をしていた", "There was a registered seal"),
            lambda facts: facts.deceased.seal_registered,
        ),
        deadline=Anytime(basis="市区町村の条例（印鑑登録証明事務処理要領）"),
        basis="市区町村の条例（印鑑登録証明事務処理要領）",
        in_force=UNDATED,
        grade=Grade.SURE,
        rides_on=NOTICE,
        steps=(_BY_ITSELF,),
    ),
    Procedure(
        slug="death.nhi-loss",
        title=both("国民健康保険 資格喪失", "National Health Insurance: its end"),
        receiver=MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.VISIT),
        needs=("deceasedName", "diedOn"),
        applies=Condition(
            both("国民健康保険に加入していた", "The National Health Insurance was theirs"),
            lambda facts: facts.is_insured_by(HealthInsurance.NATIONAL),
        ),
        deadline=_fortnight("国民健康保険法9条、同法施行規則（条番号は要確認）"),
        basis="国民健康保険法9条、同法施行規則（条番号は要確認）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        rides_on=NOTICE,
        who=both("世帯主", "The head of the household"),
        steps=(
            both(
                "多くの市区町村では死亡届で済みます。保険料の精算通知を待つ。還付金は遺産です",
                "In most municipalities the notice of death is enough. A premium paid back is estate",
            ),
        ),
        documents=("premium-settlement",),
    ),
    Procedure(
        slug="death.late-elderly-loss",
        title=both("後期高齢者医療 資格喪失", "Late-elderly insurance: its end"),
        receiver=LATE_ELDERLY,
        ways=(Way.AUTOMATIC, Way.VISIT),
        needs=("deceasedName", "diedOn"),
        applies=Condition(
            both("後期高齢者医療に加入していた", "The late-elderly insurance was theirs"),
            lambda facts: facts.is_late_elderly,
        ),
        deadline=_fortnight("高齢者の医療の確保に関する法律54条"),
        basis="高齢者の医療の確保に関する法律54条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        rides_on=NOTICE,
        who=_FAMILY,
        steps=(
            both(
                "多くの市区町村では死亡届で済みます。保険料の還付金は遺産です",
                "In most municipalities the notice of death is enough. A premium paid back is estate",
            ),
        ),
        documents=("premium-settlement",),
    ),
    Procedure(
        slug="death.ltc-loss",
        title=both("介護保険 資格喪失・被保険者証の返納", "Care insurance: its end"),
        receiver=MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.VISIT),
        needs=("deceasedName", "careInsuredNumber", "diedOn"),
        applies=Condition(
            both("65歳以上又は認定を受けていた", "65 and more, or certified"),
            lambda facts: facts.had_care_insurance,
        ),
        deadline=_fortnight("介護保険法12条"),
        basis="介護保険法12条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        rides_on=NOTICE,
        who=_FAMILY,
        steps=(
            both(
                "死亡届で済むことが多い。被保険者証を返す。保険料の還付金は遺産です",
                "Mostly the notice of death is enough; return the certificate. A premium paid back is estate",
            ),
        ),
        documents=("premium-settlement",),
    ),
    Procedure(
        slug="death.hi-loss",
        title=both("健康保険 資格喪失・被扶養者異動", "Employee health insurance: its end"),
        receiver=company(
            "EMP",
            lambda facts: facts.deceased.work.company if facts.deceased.work else None,
            both("勤務先", "The employer"),
        ),
        ways=(Way.ONLINE, Way.SELF),
        needs=("deceasedName", "employeeNumber", "diedOn"),
        applies=Condition(
            both(
                "勤務先の健康保険に加入していた、又は被扶養者だった",
                "Insured through an employer, or a dependant there",
            ),
            lambda facts: facts.is_insured_by(HealthInsurance.EMPLOYEE),
        ),
        deadline=within(
            5,
            Unit.DAYS,
            "健康保険法施行規則29条、38条",
            severity=Severity.CONVENIENCE,
            authority=Authority.NATIONAL,
        ),
        basis="健康保険法施行規則29条、38条",
        in_force=UNDATED,
        grade=Grade.SURE,
        who=both("勤務先（ご家族は勤務先へ知らせる）", "The employer; the family tells the employer"),
        steps=(
            both(
                "勤務先へ知らせる。被扶養者だったご家族は、国民健康保険などへの加入も14日以内に届け出る",
                "Tell the employer. Dependants who are left join another insurance within 14 days",
            ),
        ),
        my_number=both(
            "個人番号が要る場合は勤務先が扱います。Todoke は扱いません",
            "Where the number is needed the employer handles it; Todoke never does",
        ),
    ),
    Procedure(
        slug="death.pension-stop",
        title=both("年金受給権者死亡届", "Pension: notice of the pensioner's death"),
        receiver=PENSION_SERVICE,
        ways=(Way.AUTOMATIC, Way.PAPER),
        needs=("basicPensionNumber", "deceasedName", "deceasedBirthDate", "diedOn", "notifierName"),
        applies=Condition(
            both("年金を受けていた", "A pension was received"),
            lambda facts: bool(facts.pension.receives),
        ),
        deadline=within(
            14,
            Unit.DAYS,
            "国民年金法105条4項、同法施行規則24条",
            severity=Severity.CONVENIENCE,
            authority=Authority.NATIONAL,
        ),
        instead=(
            Instead(
                both("厚生年金を受けていた", "An employees' pension was received"),
                lambda facts, _: PensionKind.EMPLOYEES in facts.pension.receives,
                within(
                    10,
                    Unit.DAYS,
                    "厚生年金保険法98条4項、同法施行規則41条",
                    severity=Severity.CONVENIENCE,
                    authority=Authority.NATIONAL,
                ),
            ),
        ),
        basis="国民年金法105条4項、同法施行規則24条、厚生年金保険法98条4項、同法施行規則41条",
        in_force=UNDATED,
        grade=Grade.SURE,
        rides_on=NOTICE,
        who=both("戸籍法の届出義務者", "Who has to notify the death"),
        bring=(both("年金証書", "The pension certificate"), _PROOF),
        steps=(
            both(
                "個人番号が結びついていて、7日以内に死亡届を出せば、届出は要りません",
                "Where the number is linked and the death is notified within 7 days, nothing is to do",
            ),
        ),
        if_late=both(
            "受け取り過ぎた年金は返すことになります", "A pension that was paid too long has to be paid back"
        ),
    ),
    Procedure(
        slug="death.disability-return",
        title=both("障害者手帳 返還", "Disability handbook: return"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("handbookNumber", "deceasedName"),
        applies=Condition(
            both("障害者手帳を持っていた", "There was a handbook"),
            lambda facts: facts.deceased.disability is not None,
        ),
        deadline=Soft(
            promptness=Promptness.PROMPTLY,
            severity=Severity.CONVENIENCE,
            basis="身体障害者福祉法16条（要確認）",
        ),
        basis="身体障害者福祉法16条（要確認）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        who=_FAMILY,
        bring=(both("手帳", "The handbook"),),
    ),
    Procedure(
        slug="death.drivers-license",
        title=both("運転免許証 返納", "Driving licence: return"),
        receiver=POLICE,
        ways=(Way.VISIT,),
        needs=("licenceNumber", "deceasedName", "diedOn", "notifierName"),
        applies=Condition(
            both("運転免許を持っていた", "There was a driving licence"),
            lambda facts: facts.deceased.licence_number is not None,
        ),
        deadline=Anytime(basis="道路交通法105条、107条（要確認）"),
        basis="道路交通法105条、107条（要確認）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        who=_FAMILY,
        bring=(both("運転免許証", "The licence"), _PROOF),
        steps=(
            both(
                "免許は死亡により効力を失います。知らせないと更新の案内が届き続けます",
                "The licence ends with the death; unless told, the police go on sending reminders",
            ),
        ),
    ),
    Procedure(
        slug="death.passport",
        title=both("旅券 返納", "Passport: return"),
        receiver=PASSPORTS,
        ways=(Way.VISIT,),
        needs=("passportNumber", "deceasedName"),
        applies=Condition(
            both("有効な旅券を持っていた", "There was a valid passport"),
            lambda facts: facts.deceased.passport_number is not None,
        ),
        deadline=_without_delay("旅券法18条1項、19条（要確認）"),
        basis="旅券法18条1項、19条（要確認）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        who=_FAMILY,
        bring=(both("旅券", "The passport"), _PROOF),
        steps=(
            both(
                "希望すれば、穴を開けて無効にした旅券を返してもらえる",
                "On request the passport is given back, punched",
            ),
        ),
    ),
    Procedure(
        slug="death.residence-card",
        title=both("在留カード等 返納", "Residence card: return"),
        receiver=nationwide("IMM", "出入国在留管理庁", "The Immigration Services Agency"),
        ways=(Way.PAPER, Way.VISIT),
        needs=("residenceCardNumber", "deceasedName", "nationality"),
        applies=Condition(
            both("在留カード又は特別永住者証明書を持っていた", "There was a residence card"),
            lambda facts: facts.deceased.residence is not None,
        ),
        deadline=within(
            14,
            Unit.DAYS,
            "出入国管理及び難民認定法19条の15第4項",
            severity=Severity.FINE,
            authority=Authority.NATIONAL,
            confirm=True,
        ),
        basis="出入国管理及び難民認定法19条の15第4項",
        in_force=date(2012, 7, 9),
        grade=Grade.LIKELY,
        after=NOTICE,
        who=both("親族又は同居者", "Relatives, or who lived together"),
        bring=(both("在留カード等", "The card"), _PROOF),
    ),
    Procedure(
        slug="death.dog-owner",
        title=both("犬の所有者変更", "Dog: new owner"),
        receiver=PERSONS_MUNICIPALITY,
        ways=(Way.ONLINE, Way.VISIT),
        needs=("deceasedName", "name", "address", "dogNumber"),
        applies=some(_dogs, both("生後91日以上の犬がいた", "There was a dog of 91 days or more")),
        deadline=within(30, Unit.DAYS, "狂犬病予防法4条5項", severity=Severity.CONVENIENCE),
        basis="狂犬病予防法4条5項、動物の愛護及び管理に関する法律39条の7",
        in_force=UNDATED,
        grade=Grade.SURE,
        who=both("新しい飼い主", "The new owner"),
        bring=(both("鑑札又はマイクロチップの登録証明書", "The tag, or the proof of the microchip"),),
        documents=("dog-tag",),
        subjects=_dogs,
    ),
    Procedure(
        slug="death.tax-office-notice",
        title=both("税務署への死亡の通知", "The tax office is told of the death"),
        receiver=nationwide("NTA", "国税庁", "National Tax Agency"),
        ways=(Way.AUTOMATIC,),
        needs=(),
        applies=Condition(both("すべての死亡", "Every death"), lambda _: True),
        deadline=Anytime(basis="相続税法58条"),
        basis="相続税法58条",
        in_force=date(2024, 3, 1),
        grade=Grade.SURE,
        said_kind=Kind.NO_OP,
        steps=(
            both(
                "何もする必要はありません。法務大臣が翌月末までに国税庁長官へ通知します。後日「お尋ね」が届くことがあります",
                "Nothing is to do: the Minister of Justice tells the tax agency by the end of the next month;"
                " a letter with questions may follow",
            ),
        ),
    ),
)
