# SPDX-License-Identifier: Apache-2.0
"""Of a birth, what parents claim: allowances, insurance, pay during leave, pension, tax, nursery.

Nothing goes to a company unless somebody wished it for a child by name (`birth.private-optin`).
"""

from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import Anytime, FactDay, Offset, Promptness, Severity, Window, Within
from engine.core.declaration import Condition, Grade, Kind, Procedure
from engine.core.lifecycle import Way
from engine.core.periods import Unit
from workflows.birth_facts import LOW_WEIGHT, BirthFacts, Newborn
from workflows.birth_terms import (
    BIRTH_DATE,
    CHOSEN_COMPANY,
    DELIVERY,
    DUE_DATE,
    EACH_PARENTS_MUNICIPALITY,
    EMPLOYER,
    EVERY_BIRTH,
    INSURER,
    LEAVE_DATE,
    MOTHERS_MUNICIPALITY,
    MUNICIPALITY,
    NOTICE,
    RECIPIENTS_MUNICIPALITY,
    RECORD,
    Subjects,
    children,
    living,
    parents,
    the_mother,
)
from workflows.common import both
from workflows.persons import AllowancePayer
from workflows.terms import (
    AT_COUNTER,
    SHOWN_BY_PERSON,
    TO_EMPLOYER,
    UNDATED,
    days_from,
    nobody,
    soft,
    some,
    things,
)

_GUARDIAN: Final = both("保護者", "A guardian")
_EMPLOYEE: Final = both("従業員（父又は母）", "The employee")
_MOTHER: Final = both("母（被保険者）", "The mother, who is insured")
_RECIPIENT: Final = both("生計を維持する程度が高い父又は母", "The parent with the main income")
_ACCOUNT: Final = both("振込先の口座が分かるもの", "What shows the account")
_MONTHS_LOST: Final = both(
    "遅れた月の分は受け取れません", "What was due for the months before the claim is lost for good"
)
_EMPLOYEES_SINCE: Final = date(2022, 10, 1)
_ALLOWANCE_SINCE: Final = date(2024, 10, 1)  # until the 31 March after 18, whatever the income


def _barred_after_two_years(of: FactDay, basis: str) -> Within:
    """Return a claim that time bars (時効): no closed day moves it, so the day before is the safe one."""
    return Within(
        of=of,
        amount=2,
        unit=Unit.YEARS,
        authority=Authority.NATIONAL,
        severity=Severity.MONEY_LOST,
        basis=basis,
        rolls=False,
    )


def _from_before(amount: int, unit: Unit, basis: str) -> Window:
    """Return a claim that opens before the day on which the birth was due, and has no last day."""
    return Window(
        of=DUE_DATE,
        opens=Offset(amount=-amount, unit=unit),
        closes=None,
        severity=Severity.MONEY_LOST,
        basis=basis,
    )


def _fifteen_days(basis: str) -> Within:
    """Return the fifteen days from the birth: its own day does not count, unlike that of the notice."""
    return days_from(BIRTH_DATE, 15, basis, severity=Severity.MONEY_LOST)


def _is_paid_by_municipality(facts: BirthFacts) -> bool:
    payer = facts.allowance.payer if facts.allowance else AllowancePayer.MUNICIPALITY
    lives = any(child.lives for child in facts.children)
    return lives and facts.recipient.address is not None and payer is AllowancePayer.MUNICIPALITY


def _receives_already(facts: BirthFacts) -> bool:
    return facts.allowance is not None and facts.allowance.already


def _is_premature(facts: BirthFacts, child: Newborn) -> bool:
    return child.lives and child.premature_care and facts.home is not None


_dependants = children(lambda facts, child: child.lives and facts.supporter.insures_themselves_at_work)
_national = children(
    lambda facts, child: child.lives and facts.supporter.is_in_national_insurance and facts.home is not None
)
_light = children(
    lambda facts, child: (
        child.lives
        and facts.home is not None
        and child.weight_grams is not None
        and child.weight_grams < LOW_WEIGHT
    )
)
_premature = children(_is_premature)
_nursery = children(lambda facts, child: child.daycare is not None and facts.home is not None)
_insured_mother = the_mother(lambda _, mother: mother.health_insurance is not None)
_working_mother = the_mother(lambda _, mother: mother.insures_themselves_at_work)
_paying_mother = the_mother(lambda _, mother: mother.national_pension)
_mother_in_national = the_mother(lambda _, mother: mother.is_in_national_insurance)
_mother_here = the_mother(lambda _, mother: mother.address is not None)
_on_childcare_leave = parents(
    lambda facts, one: one.childcare_leave is not None and any(child.lives for child in facts.children)
)
_on_leave = parents(
    lambda _, one: one.insures_themselves_at_work and bool(one.maternity_leave or one.childcare_leave)
)
_paying = parents(lambda facts, one: one.national_pension and any(child.lives for child in facts.children))
_wishes: Subjects = things("/optIns", lambda facts: facts.opt_ins)


def _taxed(facts: BirthFacts) -> tuple[str, ...]:
    """Return the parent who declares the children to the employer: one of the two, not both."""
    lives = any(child.lives for child in facts.children)
    return tuple(
        place
        for place, one in facts.parents.items()
        if lives and one is facts.supporter and one.employer is not None
    )


CLAIMS: Final[tuple[Procedure[BirthFacts], ...]] = (
    Procedure(
        slug="birth.child-allowance-claim",
        title=both("児童手当 認定請求", "Child allowance: claim"),
        receiver=RECIPIENTS_MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("recipient", "recipientAddress", "children", "siblings", "account"),
        applies=Condition(
            both(
                "児童手当をまだ受けていない人の最初の子である（公務員は勤務先へ）",
                "The first child of a recipient who receives no allowance yet (civil servants: the employer)",
            ),
            lambda facts: _is_paid_by_municipality(facts) and not _receives_already(facts),
        ),
        deadline=_fifteen_days("児童手当法7条、8条2項・3項"),
        basis="児童手当法7条、8条2項・3項",
        in_force=_ALLOWANCE_SINCE,
        grade=Grade.SURE,
        opens="birth_date",
        who=_RECIPIENT,
        bring=(_ACCOUNT, both("健康保険の資格が分かるもの", "What shows the health insurance")),
        steps=(
            both(
                "出生届を待たずに、受給者の住所地に請求する。里帰り先に出生届を出すときも同じです",
                "Claim it where the recipient lives, without waiting for the notice of birth, wherever that"
                " is filed",
            ),
        ),
        if_late=_MONTHS_LOST,
        documents=("allowance-decision",),
        my_number=SHOWN_BY_PERSON,
    ),
    Procedure(
        slug="birth.child-allowance-increase",
        title=both("児童手当 額改定請求", "Child allowance: increase"),
        receiver=RECIPIENTS_MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("recipient", "children", "siblings"),
        applies=Condition(
            both(
                "児童手当を受けている人の次の子である（公務員は勤務先へ）",
                "A further child of a recipient (civil servants: the employer)",
            ),
            lambda facts: _is_paid_by_municipality(facts) and _receives_already(facts),
        ),
        deadline=_fifteen_days("児童手当法9条、8条2項・3項"),
        basis="児童手当法9条",
        in_force=_ALLOWANCE_SINCE,
        grade=Grade.SURE,
        opens="birth_date",
        who=_RECIPIENT,
        steps=(
            both(
                "第3子以降の数え方には、22歳の年度末までの兄姉も入る（監護相当・生計費の負担についての確認書を添える）",
                "For the third child, elder siblings count until the 31 March after 22, with a statement",
            ),
        ),
        if_late=_MONTHS_LOST,
        documents=("allowance-decision",),
        my_number=SHOWN_BY_PERSON,
    ),
    Procedure(
        slug="birth.hi-dependent",
        title=both("健康保険 被扶養者（異動）届", "Health insurance: dependant"),
        receiver=EMPLOYER,
        ways=(Way.ONLINE, Way.SELF),
        needs=("supporterName", "childName", "childKana", "childBirthDate", "childSex"),
        applies=some(
            _dependants,
            both("子を被用者保険に入れる", "The child enters the employee insurance of a parent"),
        ),
        deadline=days_from(
            BIRTH_DATE,
            5,
            "健康保険法施行規則38条（事業主の届出）",
            authority=Authority.NATIONAL,
            confirm=True,
        ),
        basis="健康保険法施行規則38条",
        in_force=date(2024, 12, 2),
        grade=Grade.SURE,
        after=NOTICE,
        opens="birth_date",
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
        slug="birth.nhi-enrol",
        title=both("国民健康保険 資格取得", "National Health Insurance: joining"),
        receiver=MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("childName", "childBirthDate", "head"),
        applies=some(
            _national, both("子を国民健康保険に入れる", "The child enters the National Health Insurance")
        ),
        deadline=days_from(
            BIRTH_DATE, 14, "国民健康保険法9条、同法施行規則3条（条番号は要確認）", confirm=True
        ),
        basis="国民健康保険法9条、同法施行規則3条（条番号は要確認）",
        in_force=date(2024, 12, 2),  # 資格確認書: no cards are issued since
        grade=Grade.LIKELY,
        after=NOTICE,
        opens="birth_date",
        who=both("世帯主", "The head of the household"),
        steps=(both("出生届とともに窓口で申し出られます", "It can be asked for with the notice of birth"),),
        documents=("eligibility-certificate",),
        my_number=AT_COUNTER,
        subjects=_national,
    ),
    Procedure(
        slug="birth.infant-medical",
        title=both("乳幼児・子ども医療費助成", "Aid with the child's medical costs"),
        receiver=MUNICIPALITY,
        ways=(Way.ONLINE, Way.SIGNED, Way.VISIT),
        needs=("childName", "childBirthDate", "guardians", "insuranceSymbol", "address"),
        applies=some(living, both("日本に住所のある子がいる", "A child has an address in Japan")),
        deadline=soft(Promptness.PROMPTLY, "市区町村の条例", severity=Severity.MONEY_LOST),
        basis="市区町村の条例",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("birth.hi-dependent", "birth.nhi-enrol"),
        opens="birth_date",
        who=_GUARDIAN,
        bring=(both("子の健康保険の資格が分かるもの（後からでもよい）", "What shows the child's insurance"),),
        if_late=both(
            "申請の日からしか助成されないことがあります", "Often it is only given from the day of the claim"
        ),
        documents=("medical-aid-certificate",),
        subjects=living,
    ),
    Procedure(
        slug="birth.lump-sum",
        title=both("出産育児一時金", "Lump sum for childbirth"),
        receiver=INSURER,
        ways=(Way.SELF,),
        needs=("motherName", "birthDate", "childCount"),
        applies=some(
            _insured_mother,
            both(
                "母が医療保険に加入している（妊娠85日以上。死産も含む）",
                "The mother is insured; from the 85th day of pregnancy, stillbirth included",
            ),
        ),
        deadline=_barred_after_two_years(DELIVERY, "健康保険法193条、国民健康保険法110条"),
        basis="健康保険法101条、193条、国民健康保険法58条（2026年の改正案の成否は要確認）",
        in_force=date(2023, 4, 1),
        grade=Grade.CHECK,
        opens="birth_date",
        who=_MOTHER,
        steps=(
            both(
                "多くは病院への直接支払で、手続は要りません。費用が一時金より少ないときは差額を請求する",
                "Mostly it is paid to the hospital directly; claim the rest where the bill was lower",
            ),
        ),
        documents=("payment-decision",),
        my_number=both(
            "保険者が個人番号を要する場合は、請求書にご自身で書きます。Todoke は扱いません",
            "Where the insurer needs My Number, the insured writes it; Todoke never handles it",
        ),
        subjects=_insured_mother,
    ),
    Procedure(
        slug="birth.maternity-pay",
        title=both("出産手当金", "Maternity pay"),
        receiver=EMPLOYER,
        ways=(Way.ONLINE, Way.PAPER),
        needs=("parentName", "birthDate", "maternityLeave"),
        applies=some(
            _working_mother,
            both(
                "母が勤務先の健康保険の被保険者である（被扶養者を除く）",
                "The mother is insured at work in her own right",
            ),
        ),
        deadline=_barred_after_two_years(LEAVE_DATE, "健康保険法193条（休んだ日ごとに2年）"),
        basis="健康保険法102条、193条",
        in_force=UNDATED,
        grade=Grade.SURE,
        opens="birth_date",
        who=_MOTHER,
        bring=(both("医師・助産師の証明と事業主の証明", "The doctor's and the employer's statements"),),
        steps=(
            both(
                "休んだ日ごとに2年で時効になるので、休み始めた日から数えています",
                "Each day of leave is barred after two years, so it is counted from the first",
            ),
        ),
        documents=("payment-decision",),
        my_number=TO_EMPLOYER,
        subjects=_working_mother,
    ),
    Procedure(
        slug="birth.childcare-benefit",
        title=both("育児休業給付・出生後休業支援給付", "Childcare leave benefit"),
        receiver=EMPLOYER,
        ways=(Way.ONLINE, Way.SELF),
        needs=("parentName", "birthDate", "childcareLeave"),
        applies=some(_on_childcare_leave, both("育児休業を取る親がいる", "A parent takes childcare leave")),
        deadline=soft(
            Promptness.RECEIVER_DECIDES,
            "雇用保険法61条の6以下（支給単位期間ごと）",
            severity=Severity.MONEY_LOST,
        ),
        basis="雇用保険法61条の6以下",
        in_force=date(2025, 4, 1),
        grade=Grade.LIKELY,
        opens="birth_date",
        who=_EMPLOYEE,
        steps=(both("勤務先がハローワークに申請する", "The employer files it with Hello Work"),),
        my_number=TO_EMPLOYER,
        subjects=_on_childcare_leave,
    ),
    Procedure(
        slug="birth.si-exemption",
        title=both("社会保険料の免除（産休・育休）", "Social insurance premiums: exempt during leave"),
        receiver=EMPLOYER,
        ways=(Way.ONLINE, Way.SELF),
        needs=("parentName", "birthDate", "maternityLeave", "childcareLeave"),
        applies=some(
            _on_leave,
            both(
                "勤務先の社会保険に入っていて、産休か育休を取る親がいる",
                "A parent insured at work takes maternity or childcare leave",
            ),
        ),
        deadline=soft(
            Promptness.RECEIVER_DECIDES,
            "健康保険法159条、厚生年金保険法81条の2（休業中又は終了後1か月以内）",
            severity=Severity.MONEY_LOST,
        ),
        basis="健康保険法159条、159条の3、厚生年金保険法81条の2、81条の2の2",
        in_force=_EMPLOYEES_SINCE,
        grade=Grade.LIKELY,
        opens="birth_date",
        who=_EMPLOYEE,
        steps=(
            both(
                "勤務先が日本年金機構に、休業中か終了後1か月以内に申し出る",
                "The employer files it during the leave, or within a month after it",
            ),
        ),
        my_number=TO_EMPLOYER,
        subjects=_on_leave,
    ),
    Procedure(
        slug="birth.np-prepost-exemption",
        title=both("国民年金 産前産後の免除", "National Pension: exempt around the birth"),
        receiver=MOTHERS_MUNICIPALITY,
        ways=(Way.ONLINE, Way.SIGNED, Way.VISIT),
        needs=("motherName", "dueDate", "birthDate"),
        applies=some(
            _paying_mother,
            both("母が国民年金の第1号被保険者である", "The mother pays the National Pension herself"),
        ),
        deadline=_from_before(6, Unit.MONTHS, "国民年金法88条の2（予定日の6か月前から、終わりはない）"),
        basis="国民年金法88条の2",
        in_force=date(2019, 4, 1),
        grade=Grade.SURE,
        who=_MOTHER,
        bring=(both("母子健康手帳", "The mother and child handbook"),),
        documents=("exemption-notice",),
        my_number=SHOWN_BY_PERSON,
        subjects=_paying_mother,
    ),
    Procedure(
        slug="birth.np-childcare-exemption",
        title=both(
            "国民年金 育児期間の免除（子が1歳まで）", "National Pension: exempt until the child is one"
        ),
        receiver=EACH_PARENTS_MUNICIPALITY,
        ways=(Way.ONLINE, Way.SIGNED, Way.VISIT),
        needs=("parentName", "children"),
        applies=some(
            _paying,
            both(
                "国民年金の第1号被保険者である親がいる（収入や休業を問わない。養親も）",
                "A parent pays the National Pension, whatever the income or leave",
            ),
        ),
        deadline=Anytime(basis="国民年金法（令和6年法律47号による改正。条番号は要確認）"),
        basis="国民年金法（令和6年法律47号による改正。条番号は要確認）",
        in_force=date(2026, 10, 1),
        grade=Grade.SURE,
        after=NOTICE,
        opens="birth_date",
        who=_GUARDIAN,
        steps=(
            both(
                "母は産前産後の免除に続けて、父は生まれた月から",
                "The mother after the exemption around the birth, the father from the month of the birth",
            ),
        ),
        documents=("exemption-notice",),
        my_number=SHOWN_BY_PERSON,
        subjects=_paying,
    ),
    Procedure(
        slug="birth.nhi-premium-relief",
        title=both("国民健康保険料 産前産後の軽減", "National Health Insurance: lower premium"),
        receiver=MOTHERS_MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("motherName", "dueDate", "birthDate"),
        applies=some(
            _mother_in_national,
            both("母が国民健康保険に加入している", "The mother is in the National Health Insurance"),
        ),
        deadline=_from_before(6, Unit.MONTHS, "国民健康保険法施行令、地方税法703条の5（条番号は要確認）"),
        basis="国民健康保険法施行令、地方税法703条の5（条番号は要確認）",
        in_force=date(2024, 1, 1),
        grade=Grade.LIKELY,
        who=both("世帯主", "The head of the household"),
        bring=(both("母子健康手帳", "The mother and child handbook"),),
        documents=("premium-decision",),
        subjects=_mother_in_national,
    ),
    Procedure(
        slug="birth.pregnancy-benefit-2",
        title=both("妊婦支援給付金 2回目（胎児の数の届出）", "Benefit for pregnant women: second part"),
        receiver=MOTHERS_MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("motherName", "foetuses", "account"),
        applies=some(
            _mother_here,
            both(
                "母が日本に住んでいる（流産・死産の後も）",
                "The mother lives in Japan; after a miscarriage or stillbirth too",
            ),
        ),
        deadline=_from_before(8, Unit.WEEKS, "子ども・子育て支援法10条の2〜10条の15"),
        basis="子ども・子育て支援法10条の2〜10条の15",
        in_force=date(2025, 4, 1),
        grade=Grade.SURE,
        who=_MOTHER,
        steps=(
            both(
                "胎児1人につき5万円。面談は条件ではありません",
                "50,000 yen for each foetus; an interview is no condition",
            ),
        ),
        documents=("payment-decision",),
        subjects=_mother_here,
    ),
    Procedure(
        slug="birth.health-centre-card",
        title=both("出生通知票・低体重児の届出", "Card to the health centre: low weight"),
        receiver=MUNICIPALITY,
        ways=(Way.ONLINE, Way.PAPER),
        needs=("childName", "childBirthDate", "motherName", "weight", "phone"),
        applies=some(_light, both("体重2,500グラム未満の子がいる", "A child weighs less than 2,500 grams")),
        deadline=soft(Promptness.PROMPTLY, "母子保健法18条"),
        basis="母子保健法11条、18条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        opens="birth_date",
        who=_GUARDIAN,
        steps=(both("母子健康手帳に付いたはがきでも出せます", "The card in the handbook will do, too"),),
        subjects=_light,
    ),
    Procedure(
        slug="birth.premature-medical",
        title=both("未熟児養育医療", "Medical care of a premature child"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("childName", "childBirthDate", "guardians", "weight"),
        applies=some(
            _premature, both("未熟児として入院している子がいる", "A premature child is in hospital")
        ),
        deadline=days_from(
            BIRTH_DATE, 14, "母子保健法20条、市区町村の定め", severity=Severity.MONEY_LOST, confirm=True
        ),
        basis="母子保健法20条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        opens="birth_date",
        who=_GUARDIAN,
        bring=(
            both("養育医療意見書（医師）", "The doctor's statement"),
            both("世帯の所得が分かるもの", "What shows the household's income"),
        ),
        if_late=both("退院の後では認められません", "After the child has left hospital it is refused"),
        documents=("medical-aid-certificate",),
        my_number=AT_COUNTER,
        subjects=_premature,
    ),
    Procedure(
        slug="birth.tax-dependent",
        title=both("扶養控除等申告書 異動", "Tax: child to be supported"),
        receiver=EMPLOYER,
        ways=(Way.ONLINE, Way.SELF),
        needs=("parentName", "children"),
        applies=some(
            _taxed, both("子を扶養する親が勤めている", "The parent who supports the child is employed")
        ),
        deadline=soft(Promptness.RECEIVER_DECIDES, "所得税法194条（次の給与の支払日の前日まで）"),
        basis="所得税法194条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        opens="birth_date",
        who=_EMPLOYEE,
        steps=(
            both(
                "住民税に関する事項（16歳未満の扶養親族）の欄に書く",
                "Write it in the part on resident tax, for dependants under 16",
            ),
        ),
        my_number=TO_EMPLOYER,
        subjects=_taxed,
    ),
    Procedure(
        slug="birth.daycare",
        title=both("保育所 入所申込", "Nursery: applying"),
        receiver=MUNICIPALITY,
        ways=(Way.SIGNED, Way.PAPER),
        needs=("childName", "childBirthDate", "address", "parentsWork", "wishes"),
        applies=some(_nursery, both("保育所を希望する", "A place in a nursery is wished for")),
        deadline=soft(Promptness.RECEIVER_DECIDES, "子ども・子育て支援法20条、市区町村の定め"),
        basis="子ども・子育て支援法20条",
        in_force=date(2015, 4, 1),
        grade=Grade.LIKELY,
        after=RECORD,
        opens="birth_date",
        who=_GUARDIAN,
        bring=(both("就労証明書", "Proof of work"),),
        documents=("nursery-decision",),
        my_number=AT_COUNTER,
        subjects=_nursery,
    ),
    Procedure(
        slug="birth.single-parent-allowance",
        title=both("児童扶養手当 認定請求", "Child support allowance: claim"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("parentName", "children"),
        applies=Condition(
            both("ひとり親として育てる", "A parent raises the child alone"),
            lambda facts: (
                facts.raises_alone and facts.home is not None and any(child.lives for child in facts.children)
            ),
        ),
        deadline=soft(
            Promptness.PROMPTLY, "児童扶養手当法6条、7条（請求の翌月から）", severity=Severity.MONEY_LOST
        ),
        basis="児童扶養手当法6条、7条",
        in_force=date(1962, 1, 1),
        grade=Grade.LIKELY,
        after=NOTICE,
        opens="birth_date",
        who=both("ひとり親", "The single parent"),
        bring=(both("戸籍証明書と所得が分かるもの", "The register, and what shows the income"),),
        if_late=_MONTHS_LOST,
        documents=("support-certificate",),
        my_number=AT_COUNTER,
    ),
    Procedure(
        slug="birth.household-utilities",
        title=both("電気・ガス・水道など", "Electricity, gas, water and the like"),
        receiver=nobody(),
        ways=(Way.AUTOMATIC,),
        needs=(),
        applies=EVERY_BIRTH,
        deadline=Anytime(basis="契約（出生を知らせる義務はない）"),
        basis="契約（出生を知らせる義務はない）",
        in_force=UNDATED,
        grade=Grade.SURE,
        said_kind=Kind.NO_OP,
        steps=(
            both(
                "何もする必要はありません。出生のことは、どの会社にも知らせません",
                "Nothing is to do: no company is told of a birth",
            ),
        ),
    ),
    Procedure(
        slug="birth.private-optin",
        title=both("学資保険・子の口座・携帯電話の申込み", "Insurance, account or telephone for the child"),
        receiver=CHOSEN_COMPANY,
        ways=(Way.ONLINE, Way.SELF),
        needs=("childName", "childBirthDate", "customerNumber", "product"),
        applies=some(
            _wishes,
            both(
                "会社に知らせることを、子ごとにはっきり希望した",
                "It was expressly wished, child by child, that a company is told",
            ),
        ),
        deadline=Anytime(basis="契約"),
        basis="契約（明示の申込み）",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=NOTICE,
        opens="birth_date",
        who=_GUARDIAN,
        steps=(both("申し込みはいつでも取りやめられます", "It can be called off at any time"),),
        subjects=_wishes,
    ),
)
