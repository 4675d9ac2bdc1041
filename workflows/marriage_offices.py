# SPDX-License-Identifier: Apache-2.0
"""Of a marriage, what employers, insurers and other offices of the State keep: support, papers, things."""

from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import Anytime, Promptness, Severity, Within
from engine.core.declaration import Grade, Procedure
from engine.core.lifecycle import Way
from engine.core.periods import Unit, age_on
from workflows.common import both
from workflows.holdings import VehicleKind
from workflows.marriage_facts import MarriageFacts, Spouse
from workflows.marriage_terms import (
    DIGITAL_AGENCY,
    EMPLOYER,
    EMPLOYER_OF_OTHER,
    ENTERED,
    IMMIGRATION,
    MARRIAGE_DATE,
    MINISTRY,
    NAMED,
    NOTICE,
    PASSPORTS,
    POLICE,
    REGISTRY,
    VEHICLES,
    Subjects,
    is_holder_renamed,
    renamed,
    spouses,
)
from workflows.terms import TO_EMPLOYER, UNDATED, days_from, pension_service, soft, some, things

_OWNER: Final = both("所有者又は代理人", "The owner or an agent")
_EMPLOYEE: Final = both("従業員（扶養する人）", "The employee who supports them")
_HOLDER: Final = both("本人", "The holder")
_NEW_RECORD: Final = both("新しい氏名の住民票の写し", "A copy of the resident record with the new name")
_THIRD_KIND: Final = range(20, 60)  # 国民年金法7条: the third kind is for those of 20 to 59 years
# What is signed with the new name needs a certificate with the new name.
_SIGNED_ANEW: Final = (*NAMED, "marriage.signing-cert-reissue")


def _is_third_kind(facts: MarriageFacts, one: Spouse) -> bool:
    return one.becomes_dependant and age_on(one.birth_date, facts.marriage_date) in _THIRD_KIND


_dependants = spouses(lambda _, _n, one: one.becomes_dependant)
_third_kind = spouses(lambda f, _, one: _is_third_kind(f, one))
_tax_dependants = spouses(lambda _, _n, one: one.tax_dependant)
_employed = spouses(lambda _, _n, one: one.employer is not None)
_licensed = spouses(lambda f, n, one: one.licence is not None and (f.is_renamed(n) or f.honseki_changes(n)))
_travelling = spouses(
    lambda f, n, one: one.passport is not None and (f.is_renamed(n) or f.prefecture_changes(n))
)
_residing = spouses(lambda _, _n, one: one.residence is not None)
_paid = spouses(lambda f, n, one: f.is_renamed(n) and one.public_money_account)
_vehicles: Subjects = things(
    "/vehicles",
    lambda facts: facts.vehicles,
    lambda facts, one: is_holder_renamed(facts, one) and one.kind is not VehicleKind.MOPED,
)
_land: Subjects = things(
    "/realEstate",
    lambda facts: facts.real_estate,
    lambda facts, one: is_holder_renamed(facts, one) and not one.ex_officio,
)


def _qualified(facts: MarriageFacts) -> tuple[str, ...]:
    """Return the qualifications whose register shows another name or 本籍 now."""
    return tuple(
        f"/spouses/{number}/qualifications/{at}"
        for number, one in enumerate(facts.spouses)
        for at, _ in enumerate(one.qualifications)
        if facts.is_renamed(number) or facts.prefecture_changes(number)
    )


OFFICES: Final[tuple[Procedure[MarriageFacts], ...]] = (
    Procedure(
        slug="marriage.hi-dependent",
        title=both("健康保険 被扶養者（異動）届", "Health insurance: dependant"),
        receiver=EMPLOYER_OF_OTHER,
        ways=(Way.ONLINE, Way.SELF),
        needs=("dependant", "income", "livesTogether", "marriageDate"),
        applies=some(
            _dependants,
            both("配偶者の健康保険の被扶養者になる人がいる", "Somebody becomes a dependant in the insurance"),
        ),
        deadline=days_from(
            MARRIAGE_DATE,
            5,
            "健康保険法施行規則38条（事業主の届出）",
            authority=Authority.NATIONAL,
            confirm=True,
        ),
        basis="健康保険法施行規則38条",
        in_force=date(2024, 12, 2),
        grade=Grade.SURE,
        after=NOTICE,
        opens="marriage_date",
        who=_EMPLOYEE,
        steps=(
            both(
                "勤務先を通して届け出る。事業主が5日以内に保険者へ出します",
                "Through the employer, who files it with the insurer within five days",
            ),
        ),
        documents=("eligibility-certificate",),
        my_number=TO_EMPLOYER,
        subjects=_dependants,
    ),
    Procedure(
        slug="marriage.pension-type",
        title=both("国民年金 種別変更（第3号）", "National Pension: third kind"),
        receiver=EMPLOYER_OF_OTHER,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=some(
            _third_kind,
            both("20歳以上60歳未満で被扶養者になる人がいる", "A dependant is of 20 to 59 years"),
        ),
        deadline=days_from(
            MARRIAGE_DATE,
            14,
            "国民年金法12条5〜8項（項番号は要確認）",
            authority=Authority.NATIONAL,
            confirm=True,
        ),
        basis="国民年金法7条、12条5〜8項（項番号は要確認）",
        in_force=date(2002, 4, 1),
        grade=Grade.LIKELY,
        rides_on="marriage.hi-dependent",
        who=_EMPLOYEE,
        steps=(
            both(
                "被扶養者届と同じ用紙で、勤務先を通して届け出たものになります",
                "It is on the same form as the notice of the dependant, through the employer",
            ),
        ),
        documents=("pension-confirmation",),
        my_number=TO_EMPLOYER,
        subjects=_third_kind,
    ),
    Procedure(
        slug="marriage.pension-name",
        title=both("年金 氏名変更", "Pension: new name"),
        receiver=pension_service(),
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=some(renamed, both("氏が変わる人がいる", "Somebody's surname changes")),
        deadline=Anytime(basis="国民年金法施行規則、厚生年金保険法施行規則（条番号は要確認）"),
        basis="国民年金法施行規則、厚生年金保険法施行規則（条番号は要確認）",
        in_force=date(2018, 3, 5),
        grade=Grade.LIKELY,
        rides_on="marriage.resident-record-update",
        steps=(
            both(
                "基礎年金番号と個人番号が結びついていれば届出は要りません。結びついていない人は年金事務所に確かめる",
                "Nothing is to do where the pension office knows the person's number; others ask the office",
            ),
        ),
        subjects=renamed,
    ),
    Procedure(
        slug="marriage.tax-dependent",
        title=both("扶養控除等申告書 異動", "Tax: spouse to be supported"),
        receiver=EMPLOYER_OF_OTHER,
        ways=(Way.ONLINE, Way.SELF),
        needs=("dependant", "income", "marriageDate"),
        applies=some(
            _tax_dependants, both("配偶者控除などを受ける", "The deduction for a spouse is claimed")
        ),
        deadline=soft(Promptness.RECEIVER_DECIDES, "所得税法194条2項（次の給与の支払日の前日まで）"),
        basis="所得税法194条2項",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        opens="marriage_date",
        who=_EMPLOYEE,
        steps=(
            both(
                "次の給与の支払日の前日までに勤務先へ出す", "Give it to the employer before the next pay day"
            ),
        ),
        my_number=TO_EMPLOYER,
        subjects=_tax_dependants,
    ),
    Procedure(
        slug="marriage.employer",
        title=both("勤務先 氏名・扶養の届出", "Employer: name and dependants"),
        receiver=EMPLOYER,
        ways=(Way.ONLINE, Way.SELF),
        needs=("oldName", "newName", "marriageDate", "dependants"),
        applies=some(_employed, both("会社などに勤めている人がいる", "Somebody is employed")),
        deadline=soft(Promptness.RECEIVER_DECIDES, "就業規則"),
        basis="就業規則",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=ENTERED,
        opens="marriage_date",
        who=both("従業員", "The employee"),
        steps=(both("勤務先の定めに従って届け出る", "Tell the employer by its rules"),),
        my_number=TO_EMPLOYER,
        subjects=_employed,
    ),
    Procedure(
        slug="marriage.drivers-license",
        title=both("運転免許 氏名・本籍の変更", "Driving licence: name and 本籍"),
        receiver=POLICE,
        ways=(Way.VISIT,),
        needs=("licenceNumber", "newName", "newHonseki", "address"),
        applies=some(
            _licensed,
            both(
                "運転免許を持ち、氏又は本籍が変わる人がいる（多くの婚姻では二人とも本籍が変わる）",
                "Somebody with a driving licence gets another surname or 本籍; mostly both do",
            ),
        ),
        deadline=soft(Promptness.PROMPTLY, "道路交通法94条1項、121条", severity=Severity.FINE),
        basis="道路交通法94条1項、同法施行規則21条の13",
        in_force=date(1960, 12, 20),
        grade=Grade.SURE,
        after=NAMED,
        opens="marriage_date",
        who=_HOLDER,
        bring=(
            both("運転免許証", "The licence"),
            both("本籍の記載がある住民票の写し", "A copy of the resident record that shows the 本籍"),
        ),
        steps=(
            both(
                "マイナ免許証では、本籍の変更をオンラインでできることがあります。登録した人は氏名も自動で変わります",
                "With the licence on the My Number Card, the 本籍 can often be changed online; for those who"
                " signed up the name changes by itself",
            ),
        ),
        if_late=both("2万円以下の罰金又は科料", "A fine of up to 20,000 yen"),
        documents=("licence-entry",),
        subjects=_licensed,
    ),
    Procedure(
        slug="marriage.passport",
        title=both("旅券 氏名・本籍（都道府県）の変更", "Passport: name or prefecture of the 本籍"),
        receiver=PASSPORTS,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("newName", "romaji", "passportNumber", "honsekiPrefecture"),
        applies=some(
            _travelling,
            both(
                "旅券を持ち、氏又は本籍の都道府県が変わる人がいる（同じ都道府県の中の変更では何も要らない）",
                "Somebody with a passport gets another surname or another prefecture of the 本籍 (within one"
                " prefecture nothing is to do)",
            ),
        ),
        deadline=soft(Promptness.WITHOUT_DELAY, "旅券法10条（条番号は要確認）"),
        basis="旅券法10条（条番号は要確認）",
        in_force=date(2023, 3, 27),  # 記載事項変更 is no more: a new one, or one of the remaining time
        grade=Grade.SURE,
        after=("marriage.koseki-new", "marriage.foreign-surname", "marriage.signing-cert-reissue"),
        opens="marriage_date",
        who=_HOLDER,
        bring=(both("今の旅券と写真", "The passport and a photograph"),),
        steps=(
            both(
                "切替申請か、残りの有効期間の旅券の申請かを選ぶ。航空券の氏名に合わせる",
                "Choose a new passport or one of the remaining time; the name has to be that of the ticket",
            ),
            both(
                "氏名の変更をオンラインで申請できるかは窓口に確かめる",
                "Whether a change of name can be asked for online is to be checked with the office",
            ),
        ),
        documents=("passport",),
        subjects=_travelling,
    ),
    Procedure(
        slug="marriage.car-registration",
        title=both("自動車 氏名変更", "Car: owner's name"),
        receiver=VEHICLES,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("oldName", "newName", "plate", "chassis"),
        applies=some(
            _vehicles, both("氏が変わる人が自動車を所有している", "Somebody whose surname changes owns a car")
        ),
        deadline=days_from(
            MARRIAGE_DATE,
            15,
            "道路運送車両法12条1項、67条1項、109条",
            authority=Authority.NATIONAL,
            severity=Severity.FINE,
        ),
        basis="道路運送車両法12条1項、67条1項",
        in_force=date(1951, 7, 1),
        grade=Grade.SURE,
        after=_SIGNED_ANEW,
        opens="marriage_date",
        who=_OWNER,
        bring=(
            both("車検証", "The inspection certificate"),
            both(
                "氏の変更が分かる戸籍証明書（求められた場合）",
                "A register that shows the change, if asked for",
            ),
        ),
        if_late=both("50万円以下の罰金", "A fine of up to 500,000 yen"),
        documents=("inspection-certificate",),
        subjects=_vehicles,
    ),
    Procedure(
        slug="marriage.real-estate-name",
        title=both("不動産 氏名変更登記", "Real estate: owner's name"),
        receiver=REGISTRY,
        ways=(Way.SIGNED, Way.PAPER),
        needs=("oldName", "newName", "newKana", "birthDate", "email", "propertyNumber"),
        applies=some(
            _land,
            both(
                "氏が変わる人が不動産を所有している（職権登記の申出をしていない）",
                "Somebody whose surname changes owns land or a house (and did not sign up for the change ex"
                " officio)",
            ),
        ),
        deadline=Within(
            of=MARRIAGE_DATE,
            amount=2,
            unit=Unit.YEARS,
            authority=Authority.NATIONAL,
            severity=Severity.FINE,
            basis="不動産登記法76条の5、164条2項",
            in_force=date(2026, 4, 1),
        ),
        basis="不動産登記法76条の5",
        in_force=date(2026, 4, 1),
        grade=Grade.SURE,
        after=_SIGNED_ANEW,
        opens="marriage_date",
        who=both("所有権の登記名義人", "The owner in the register"),
        bring=(_NEW_RECORD,),
        steps=(
            both(
                "検索用情報を一度申し出れば、次からは法務局が職権で変更します（76条の6）",
                "Once the data to be found by are given, the registry changes it by itself (art. 76-6)",
            ),
        ),
        if_late=both("5万円以下の過料", "A fine of up to 50,000 yen"),
        documents=("registration-complete",),
        subjects=_land,
    ),
    Procedure(
        slug="marriage.residence-card",
        title=both("在留カード 氏名等・配偶者に関する届出", "Residence card: name, and notice of the spouse"),
        receiver=IMMIGRATION,
        ways=(Way.VISIT,),
        needs=("name", "nationality", "residenceCardNumber"),
        applies=some(_residing, both("在留する外国人がいる", "One of the two resides as a foreign national")),
        deadline=days_from(
            MARRIAGE_DATE,
            14,
            "出入国管理及び難民認定法19条の10、19条の16",
            authority=Authority.NATIONAL,
            confirm=True,
        ),
        basis="出入国管理及び難民認定法19条の10、19条の16",
        in_force=date(2012, 7, 9),
        grade=Grade.LIKELY,
        after=NOTICE,
        opens="marriage_date",
        who=both("在留する本人", "The foreign resident"),
        bring=(
            both("在留カードと写真", "The residence card and a photograph"),
            both("婚姻を証する書面（受理証明書）", "Proof of the marriage (certificate of acceptance)"),
        ),
        steps=(
            both(
                "氏名・国籍が変わる人と、配偶者としての在留資格を持つ人が届け出る。そのほかの人は入管に確かめる",
                "For those whose name or nationality changes, and holders of a spouse's status; others ask",
            ),
        ),
        documents=("residence-card",),
        subjects=_residing,
    ),
    Procedure(
        slug="marriage.public-money-account",
        title=both("公金受取口座 名義の変更", "Account for public payments: name"),
        receiver=DIGITAL_AGENCY,
        ways=(Way.SELF,),
        needs=("newName", "newKana"),
        applies=some(
            _paid,
            both(
                "氏が変わる人が公金受取口座を登録している",
                "Somebody whose surname changes has registered an account with the State",
            ),
        ),
        deadline=Anytime(basis="公的給付の支給等の迅速かつ確実な実施のための預貯金口座の登録等に関する法律"),
        basis="公的給付の支給等の迅速かつ確実な実施のための預貯金口座の登録等に関する法律",
        in_force=date(2022, 3, 28),
        grade=Grade.LIKELY,
        after=("marriage.bank",),
        opens="marriage_date",
        who=_HOLDER,
        steps=(
            both(
                "銀行の名義を変えた後に、マイナポータルで登録し直す。振り仮名は銀行の口座と同じにする",
                "After the bank, register it anew on Mynaportal; the reading has to be that of the account",
            ),
        ),
        subjects=_paid,
    ),
    Procedure(
        slug="marriage.licences",
        title=both("国家資格 氏名・本籍の訂正", "State qualifications: name and 本籍"),
        receiver=MINISTRY,
        ways=(Way.SIGNED, Way.PAPER),
        needs=("qualification", "oldName", "newName", "newHonseki"),
        applies=some(
            _qualified,
            both(
                "国家資格の登録があり、氏又は本籍の都道府県が変わる人がいる",
                "Somebody with a state qualification gets another surname or another prefecture of the 本籍",
            ),
        ),
        deadline=days_from(
            MARRIAGE_DATE,
            30,
            "医師法施行令5条など（資格により異なる）",
            authority=Authority.NATIONAL,
            confirm=True,
        ),
        basis="医師法施行令5条など、資格の根拠法による",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("marriage.koseki-new", "marriage.foreign-surname"),
        opens="marriage_date",
        who=_HOLDER,
        bring=(both("免許証と戸籍証明書", "The licence and the register"),),
        documents=("qualification-certificate",),
        subjects=_qualified,
    ),
)
