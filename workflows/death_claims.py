# SPDX-License-Identifier: Apache-2.0
"""Of a death, what those who are left may claim or wish in their own right (固有の権利).

None of it belongs to the estate: who renounces may claim it all the same, so that nothing here waits
for anybody's decision. What would have been paid to the deceased is estate, and is elsewhere.
"""

from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import Anytime, EarliestOf, Promptness, Severity, Soft, Within
from engine.core.declaration import Condition, Grade, Kind, Procedure
from engine.core.lifecycle import Way
from engine.core.periods import Counting, Unit, age_on
from workflows.common import Sex, both
from workflows.death_estate_facts import Policy
from workflows.death_facts import DeathFacts
from workflows.death_people import PensionKind, Related, Relation
from workflows.death_terms import (
    DECLARED_FINAL,
    DESK,
    FUNERAL,
    GUARDIAN_SINCE,
    LABOUR_OFFICE,
    MUNICIPALITY,
    NOTICE,
    PENSION_SERVICE,
    PERSONS_MUNICIPALITY,
    PERSONS_REGISTER,
    company,
    each_company,
    kin,
    limitation,
    one_person,
    things,
    within,
)
from workflows.persons import HealthInsurance
from workflows.terms import UNDATED, some

_CLAIMANT: Final = both("請求する人", "The claimant")
_SPOUSE: Final = both("生存配偶者", "The surviving spouse")
_ACCOUNT: Final = both("請求する人名義の口座が分かるもの", "What shows the claimant's own account")
_DEATH_PROOF: Final = both("死亡診断書の写し", "A copy of the doctor's certificate")
_KINSHIP: Final = both(
    "亡くなった人との関係が分かる戸籍、世帯全員の住民票と除票",
    "The family register that shows the kinship, the resident records",
)
_OWN_RIGHT: Final = both(
    "請求する人自身の権利です。相続放棄をしても受け取れます",
    "It is the claimant's own right: who renounces the estate may still receive it",
)
_ON_THE_FORM: Final = both(
    "請求する人の個人番号は、ご自身が用紙に書くか窓口で示します。Todoke は扱いません",
    "The claimant writes their own number on the form or shows it at the counter; Todoke never handles it",
)
_TEN_YEARS: Final = 10
_PAID_FOR_LUMP_SUM: Final = 36  # 国民年金法52条の2
_PAID_FOR_WIDOW: Final = 120  # 国民年金法49条
_WIDOW_UNTIL: Final = 65

# 国民年金法19条1項, the last of them within three degrees (三親等内の親族).
_UNPAID_ORDER: Final = (
    *(Relation.SPOUSE, Relation.CHILD, Relation.PARENT, Relation.GRANDCHILD, Relation.GRANDPARENT),
    *(Relation.SIBLING, Relation.NEPHEW, Relation.OTHER),
)
_LUMP_ORDER: Final = _UNPAID_ORDER[:6]  # 国民年金法52条の3
_SURVIVOR_ORDER: Final = _UNPAID_ORDER[:5]  # 厚生年金保険法59条


def _lives_from(person: Related) -> bool:
    return person.same_livelihood


def _was_employed(facts: DeathFacts) -> bool:
    health = facts.deceased.health
    return health is not None and health.kind is HealthInsurance.EMPLOYEE and not health.dependant


def _basic(facts: DeathFacts) -> int | None:
    """Return who claims the basic survivor pension: a spouse with a child, else a child (国年法37条の2)."""
    if not facts.children or not (facts.deceased.pension or _was_employed(facts)):
        return None
    return facts.spouse if facts.spouse is not None else facts.children[0]


def _survivor(facts: DeathFacts) -> int | None:
    employees = PensionKind.EMPLOYEES in facts.pension.receives or _was_employed(facts)
    return kin(facts, _SURVIVOR_ORDER, _lives_from) if employees else _basic(facts)


def _unpaid(facts: DeathFacts) -> int | None:
    return kin(facts, _UNPAID_ORDER, _lives_from) if facts.pension.receives else None


def _lump_sum(facts: DeathFacts) -> int | None:
    """Return who claims it: never beside a basic survivor pension (国民年金法52条の2第2項)."""
    has_paid = facts.pension.paid_months >= _PAID_FOR_LUMP_SUM and not facts.pension.receives
    return kin(facts, _LUMP_ORDER, _lives_from) if has_paid and _basic(facts) is None else None


def _widow(facts: DeathFacts) -> int | None:
    number = facts.spouse
    if number is None or facts.pension.receives or facts.pension.paid_months < _PAID_FOR_WIDOW:
        return None
    widow = facts.people[number]
    is_one = facts.deceased.sex is Sex.MALE and (widow.married_years or 0) >= _TEN_YEARS
    is_young_enough = age_on(widow.birth_date, facts.died_on) < _WIDOW_UNTIL
    return number if is_one and is_young_enough and _lives_from(widow) else None


def _single_parent(facts: DeathFacts) -> int | None:
    return facts.spouse if facts.children else None


def _host(facts: DeathFacts) -> int:
    return facts.funeral.host if facts.funeral is not None else 0


def _orphans(facts: DeathFacts) -> tuple[str, ...]:
    """Return the minor children whom nobody represents but the guardian, if there is one yet."""
    guardian = facts.guardianship.guardian if facts.guardianship else None
    return tuple(
        f"/people/{number}"
        for number, one in enumerate(facts.people)
        if one.relation is Relation.CHILD and facts.is_minor(one) and one.representative in {None, guardian}
    )


def _wishes_surname(facts: DeathFacts) -> int | None:
    return facts.spouse if facts.wishes.surname_revert else None


def _wishes_end(facts: DeathFacts) -> int | None:
    return facts.spouse if facts.wishes.in_law_end else None


def _renamed(facts: DeathFacts) -> tuple[str, ...]:
    return tuple(f"/people/{n}" for n in facts.children) if facts.wishes.child_surname else ()


def _has_beneficiary(_: DeathFacts, policy: Policy) -> bool:
    return policy.beneficiary is not None


def _is_at_work(facts: DeathFacts) -> bool:
    return facts.deceased.work is not None and facts.deceased.work.at_work


def _from_the_day(of_basis: str, *, guardian: bool) -> Within:
    """Return the ten days from a judgment or an office, the first of which counts (戸籍法43条)."""
    return Within(
        of=GUARDIAN_SINCE if guardian else DECLARED_FINAL,
        amount=10,
        unit=Unit.DAYS,
        authority=Authority.MUNICIPAL,
        severity=Severity.FINE,
        basis=of_basis,
        counting=Counting.FROM_SAME_DAY,
    )


_unpaid_subject = one_person(_unpaid)
_survivor_subject = one_person(_survivor)
_lump_subject = one_person(_lump_sum)
_widow_subject = one_person(_widow)
_carer_subject = one_person(lambda facts: facts.allowance_carer)
_parent_subject = one_person(_single_parent)
_host_subject = one_person(_host)
_surname_subject = one_person(_wishes_surname)
_end_subject = one_person(_wishes_end)
_policies = things("/contracts/policies", _has_beneficiary)

CLAIMS: Final[tuple[Procedure[DeathFacts], ...]] = (
    Procedure(
        slug="death.funeral-grant",
        title=both("葬祭費", "Funeral grant"),
        receiver=MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT, Way.PAPER),
        needs=("deceasedName", "insuranceSymbol", "diedOn", "funeralOn", "name", "address", "account"),
        applies=Condition(
            both(
                "国民健康保険又は後期高齢者医療に加入していて、葬儀を行った",
                "Insured in the National Health or late-elderly insurance, and a funeral was held",
            ),
            lambda facts: (
                facts.funeral is not None
                and (facts.is_insured_by(HealthInsurance.NATIONAL) or facts.is_late_elderly)
            ),
        ),
        deadline=limitation(
            2,
            "国民健康保険法58条、110条、高齢者の医療の確保に関する法律86条、160条",
            severity=Severity.MONEY_LOST,
            of=FUNERAL,
        ),
        basis="国民健康保険法58条1項、110条、高齢者の医療の確保に関する法律86条、160条、条例",
        in_force=UNDATED,
        grade=Grade.SURE,
        opens="funeral_on",
        who=both("葬儀を行った人（喪主）", "Who held the funeral"),
        bring=(both("葬儀の領収書又は会葬礼状", "The receipt of the funeral"), _ACCOUNT),
        steps=(_OWN_RIGHT,),
        if_late=both("2年を過ぎると受け取れません", "After two years it is lost"),
        documents=("grant-decision",),
        subjects=_host_subject,
    ),
    Procedure(
        slug="death.burial-allowance",
        title=both("埋葬料・埋葬費", "Burial allowance"),
        receiver=company(
            "HINS",
            lambda facts: facts.deceased.health.insurer if facts.deceased.health else None,
            both("健康保険組合・協会けんぽ", "The health insurance society"),
        ),
        ways=(Way.PAPER,),
        needs=("deceasedName", "insuranceSymbol", "diedOn", "name", "personRelation", "account"),
        applies=Condition(
            both(
                "勤務先の健康保険に加入していた、又は被扶養者だった（退職後3か月以内を含む）",
                "Insured through an employer or a dependant there (or until three months before)",
            ),
            lambda facts: facts.is_insured_by(HealthInsurance.EMPLOYEE),
        ),
        deadline=limitation(2, "健康保険法100条、193条", severity=Severity.MONEY_LOST),
        basis="健康保険法100条、113条、193条",
        in_force=UNDATED,
        grade=Grade.SURE,
        who=both("生計を維持されていた人。いなければ埋葬を行った人", "Who was maintained, else who buried"),
        bring=(_DEATH_PROOF, _ACCOUNT),
        steps=(_OWN_RIGHT,),
        if_late=both("2年を過ぎると受け取れません", "After two years it is lost"),
        documents=("allowance-decision",),
        subjects=_host_subject,
    ),
    Procedure(
        slug="death.pension-unpaid",
        title=both("未支給年金の請求", "Pension that was not yet paid"),
        receiver=PENSION_SERVICE,
        ways=(Way.PAPER, Way.VISIT),
        needs=(
            *("basicPensionNumber", "deceasedName", "diedOn", "name", "birthDate", "address"),
            *("personRelation", "sameLivelihood", "account", "representative"),
        ),
        applies=some(
            _unpaid_subject,
            both(
                "年金を受けていて、生計を同じくしていた三親等内の親族がいる",
                "A pension was received, and a relative within three degrees shared the livelihood",
            ),
        ),
        deadline=limitation(
            5, "国民年金法19条、102条、厚生年金保険法37条、92条", severity=Severity.MONEY_LOST
        ),
        basis="国民年金法19条、102条、厚生年金保険法37条、92条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=NOTICE,
        who=_CLAIMANT,
        bring=(_KINSHIP, _ACCOUNT),
        steps=(
            _OWN_RIGHT,
            both(
                "年金は後払いのため、亡くなった月までの分が必ず残ります",
                "Pensions are paid afterwards: what was due up to the month of the death is always left",
            ),
        ),
        if_late=both("5年を過ぎると受け取れません", "After five years it is lost"),
        documents=("pension-decision",),
        my_number=_ON_THE_FORM,
        subjects=_unpaid_subject,
    ),
    Procedure(
        slug="death.survivor-pension",
        title=both("遺族基礎年金・遺族厚生年金", "Survivor pension"),
        receiver=PENSION_SERVICE,
        ways=(Way.PAPER, Way.VISIT),
        needs=(
            *("basicPensionNumber", "deceasedName", "diedOn", "name", "birthDate", "address"),
            *("personRelation", "sameLivelihood", "children", "account", "representative"),
        ),
        applies=some(
            _survivor_subject,
            both(
                "厚生年金の加入者・受給者に生計を維持されていた遺族、又は年金加入者の子どもがいる",
                "Somebody was maintained by an insured employee or such a pensioner, or there are children",
            ),
        ),
        deadline=limitation(5, "国民年金法102条、厚生年金保険法92条", severity=Severity.MONEY_LOST),
        basis="国民年金法37条、102条、厚生年金保険法58条、92条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=NOTICE,
        who=_CLAIMANT,
        bring=(_KINSHIP, _ACCOUNT, both("収入が分かるもの", "What shows the income")),
        steps=(_OWN_RIGHT,),
        if_late=both("5年より前の分は受け取れません", "What is older than five years is lost"),
        documents=("pension-certificate",),
        my_number=_ON_THE_FORM,
        subjects=_survivor_subject,
    ),
    Procedure(
        slug="death.lump-sum-on-death",
        title=both("死亡一時金", "Lump sum on death"),
        receiver=PENSION_SERVICE,
        ways=(Way.PAPER, Way.VISIT),
        needs=(
            *("basicPensionNumber", "deceasedName", "diedOn", "name", "personRelation"),
            *("sameLivelihood", "account"),
        ),
        applies=some(
            _lump_subject,
            both(
                "国民年金を36か月以上納め、年金を受けずに亡くなり、遺族基礎年金がない",
                "36 months and more were paid, no pension was drawn, and no basic survivor pension is due",
            ),
        ),
        deadline=limitation(2, "国民年金法52条の2、102条4項", severity=Severity.MONEY_LOST),
        basis="国民年金法52条の2、52条の3、102条4項",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=NOTICE,
        who=_CLAIMANT,
        bring=(_KINSHIP, _ACCOUNT),
        steps=(
            both("寡婦年金とはどちらか一方を選ぶ", "Choose between this and the widow's pension"),
            _OWN_RIGHT,
        ),
        if_late=both("2年を過ぎると受け取れません", "After two years it is lost"),
        documents=("pension-decision",),
        my_number=_ON_THE_FORM,
        subjects=_lump_subject,
    ),
    Procedure(
        slug="death.widow-pension",
        title=both("寡婦年金", "Widow's pension"),
        receiver=PENSION_SERVICE,
        ways=(Way.PAPER, Way.VISIT),
        needs=(
            *("basicPensionNumber", "deceasedName", "diedOn", "name", "birthDate", "marriedYears"),
            *("sameLivelihood", "account"),
        ),
        applies=some(
            _widow_subject,
            both(
                "国民年金を10年以上納めた夫が年金を受けずに亡くなり、婚姻期間10年以上の65歳未満の妻がいる",
                "A husband paid for ten years and drew nothing; the widow, under 65, was married for ten",
            ),
        ),
        deadline=limitation(5, "国民年金法49条、102条", severity=Severity.MONEY_LOST),
        basis="国民年金法49条、102条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=NOTICE,
        who=both("妻", "The widow"),
        bring=(_KINSHIP, _ACCOUNT),
        steps=(
            both(
                "60歳から65歳まで支給されます。死亡一時金とはどちらか一方を選ぶ",
                "It is paid from 60 to 65. Choose between this and the lump sum",
            ),
            _OWN_RIGHT,
        ),
        if_late=both("5年より前の分は受け取れません", "What is older than five years is lost"),
        documents=("pension-certificate",),
        my_number=_ON_THE_FORM,
        subjects=_widow_subject,
    ),
    Procedure(
        slug="death.child-allowance",
        title=both("児童手当 受給者変更・未支払請求", "Child allowance: new recipient"),
        receiver=PERSONS_MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("deceasedName", "diedOn", "name", "address", "children", "account"),
        applies=some(
            _carer_subject,
            both(
                "児童手当の受給者又は児童が亡くなり、養育する人がいる",
                "Who received the child allowance died, and somebody takes care of the children",
            ),
        ),
        deadline=within(
            15, Unit.DAYS, "児童手当法7条、8条、12条", severity=Severity.MONEY_LOST, confirm=True
        ),
        basis="児童手当法7条、8条、12条",
        in_force=date(2024, 10, 1),
        grade=Grade.LIKELY,
        who=both("児童を養育する人", "Who takes care of the children"),
        bring=(_ACCOUNT,),
        if_late=both("遅れた月の分は受け取れません", "What was due for the months before is lost for good"),
        documents=("allowance-decision",),
        my_number=_ON_THE_FORM,
        subjects=_carer_subject,
    ),
    Procedure(
        slug="death.single-parent-benefits",
        title=both("児童扶養手当・ひとり親家庭の医療費助成", "Benefits for a single parent"),
        receiver=PERSONS_MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("name", "address", "children"),
        applies=some(
            _parent_subject,
            both(
                "18歳の年度末までの子を一人で育てることになった",
                "A parent is left alone with children up to 18",
            ),
        ),
        deadline=Soft(
            promptness=Promptness.PROMPTLY, severity=Severity.MONEY_LOST, basis="児童扶養手当法6条、7条"
        ),
        basis="児童扶養手当法4条、6条、7条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("death.koseki-removal",),
        who=both("ひとり親となった人", "The parent who is left"),
        bring=(_KINSHIP, _ACCOUNT),
        steps=(
            both(
                "請求した月の翌月分から支給されます。遺族年金との調整があります",
                "It is paid from the month after the claim, less what survivor pensions pay",
            ),
        ),
        if_late=both("請求より前の分は受け取れません", "What was due before the claim is lost"),
        documents=("benefit-certificate",),
        my_number=_ON_THE_FORM,
        subjects=_parent_subject,
    ),
    Procedure(
        slug="death.life-insurance-claim",
        title=both("死亡保険金の請求", "Life insurance: claim"),
        receiver=each_company("PRIV-INS", both("生命保険会社", "The life insurer")),
        ways=(Way.ONLINE, Way.PAPER),
        needs=(
            "deceasedName",
            "diedOn",
            "policyNumber",
            "name",
            "personRelation",
            "account",
            "representative",
        ),
        applies=some(
            _policies, both("受取人が指定された生命保険がある", "There is a policy with a named beneficiary")
        ),
        deadline=limitation(3, "保険法95条1項", severity=Severity.MONEY_LOST),
        basis="保険法95条1項、契約（約款）",
        in_force=UNDATED,
        grade=Grade.SURE,
        who=both("保険金受取人", "The beneficiary"),
        bring=(both("保険証券", "The policy"), _DEATH_PROOF, _ACCOUNT),
        steps=(
            both(
                "受取人自身の権利で、遺産ではありません。相続放棄をしても受け取れます（相続税では課税の対象）",
                "It is the beneficiary's own right and no part of the estate; who renounces may still receive"
                " it (though inheritance tax counts it)",
            ),
        ),
        if_late=both("3年を過ぎると受け取れないことがあります", "After three years it may be lost"),
        documents=("payment-notice",),
        my_number=both(
            "100万円を超える支払では、保険会社が個人番号を求めます。受取人が直接伝え、Todoke は扱いません",
            "Above a million yen the insurer asks the beneficiary for the number; the beneficiary gives it,"
            " Todoke never handles it",
        ),
        subjects=_policies,
    ),
    Procedure(
        slug="death.workers-comp",
        title=both("労災保険 遺族補償・葬祭料", "Workers' compensation for the survivors"),
        receiver=LABOUR_OFFICE,
        ways=(Way.PAPER,),
        needs=("deceasedName", "diedOn", "employer", "name", "address", "personRelation", "account"),
        applies=Condition(
            both("業務又は通勤が原因で亡くなった", "The death came from the work or the way to it"),
            _is_at_work,
        ),
        deadline=EarliestOf(
            rules=(
                limitation(2, "労働者災害補償保険法17条、42条（葬祭料）", severity=Severity.MONEY_LOST),
                limitation(5, "労働者災害補償保険法16条、42条（遺族補償）", severity=Severity.MONEY_LOST),
            )
        ),
        basis="労働者災害補償保険法16条〜17条、42条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=both("遺族・葬祭を行った人", "The survivors, and who held the funeral"),
        bring=(_DEATH_PROOF, _KINSHIP),
        steps=(
            both(
                "葬祭料は2年、遺族補償は5年で時効になります",
                "The funeral money lapses after two years, the compensation after five",
            ),
        ),
        documents=("compensation-decision",),
        my_number=_ON_THE_FORM,
    ),
    Procedure(
        slug="death.surname-revert",
        title=both("復氏届", "Going back to the surname before marriage"),
        receiver=PERSONS_REGISTER,
        ways=(Way.PAPER,),
        needs=("name", "birthDate", "personHonseki", "deceasedName", "diedOn"),
        applies=some(
            _surname_subject,
            both("婚姻で氏を改めた配偶者が旧姓に戻りたい", "The spouse wishes the surname from before"),
        ),
        deadline=Anytime(basis="民法751条、戸籍法95条"),
        basis="民法751条、戸籍法95条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.koseki-removal",),
        amendable=False,
        withdrawable=False,
        who=_SPOUSE,
        steps=(
            both(
                "相続と遺族年金には影響しません。受理された後は取り消せません",
                "It touches neither the estate nor a pension. Once accepted it cannot be taken back",
            ),
        ),
        documents=("family-register",),
        subjects=_surname_subject,
    ),
    Procedure(
        slug="death.in-law-end",
        title=both("姻族関係終了届", "Ending the kinship with the in-laws"),
        receiver=PERSONS_REGISTER,
        ways=(Way.PAPER,),
        needs=("name", "birthDate", "personHonseki", "deceasedName", "deceasedHonseki", "diedOn"),
        applies=some(
            _end_subject, both("配偶者が姻族関係を終わらせたい", "The spouse wishes to end the kinship")
        ),
        deadline=Anytime(basis="民法728条2項、戸籍法96条"),
        basis="民法728条2項、戸籍法96条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.koseki-removal",),
        amendable=False,
        withdrawable=False,
        who=_SPOUSE,
        steps=(
            both(
                "相続と遺族年金には影響しません。受理された後は取り消せません",
                "It touches neither the estate nor a pension. Once accepted it cannot be taken back",
            ),
        ),
        documents=("family-register",),
        subjects=_end_subject,
    ),
    Procedure(
        slug="death.child-surname",
        title=both("子の入籍届", "The child takes the parent's surname"),
        receiver=PERSONS_REGISTER,
        ways=(Way.PAPER,),
        needs=("name", "birthDate", "personHonseki", "representative"),
        applies=Condition(
            both("復氏した親の戸籍に子を入れたい", "A child is to follow into the parent's register"),
            lambda facts: facts.wishes.child_surname,
        ),
        deadline=Anytime(basis="民法791条、戸籍法98条"),
        basis="民法791条、戸籍法98条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.surname-revert",),
        amendable=False,
        withdrawable=False,
        who=both("子（15歳未満は法定代理人）", "The child; under 15, the legal representative"),
        bring=(both("家庭裁判所の許可の審判書", "The family court's leave"),),
        steps=(both("先に家庭裁判所の許可を得る", "Get the family court's leave first"),),
        documents=("family-register",),
        subjects=_renamed,
    ),
    Procedure(
        slug="death.minor-guardian",
        title=both("未成年後見の届出", "Guardian of a minor: notice"),
        receiver=PERSONS_REGISTER,
        ways=(Way.PAPER,),
        needs=("guardian", "name", "birthDate", "personHonseki"),
        applies=some(
            _orphans,
            both(
                "親権を行う人のいない未成年の子がいる", "A minor child is left without anybody to act for it"
            ),
        ),
        deadline=_from_the_day("戸籍法81条、43条", guardian=True),
        basis="民法838条、839条、840条、戸籍法81条",
        in_force=UNDATED,
        grade=Grade.SURE,
        amendable=False,
        withdrawable=False,
        who=both("未成年後見人", "The guardian"),
        bring=(both("遺言又は選任の審判書", "The will, or the court's decision"),),
        steps=(
            both(
                "遺言で指定されていなければ、家庭裁判所に選任を申し立てる",
                "Unless a will names somebody, ask the family court to appoint a guardian",
            ),
        ),
        if_late=both("5万円以下の過料", "A fine of up to 50,000 yen"),
        documents=("family-register",),
        subjects=_orphans,
    ),
    Procedure(
        slug="death.disappearance",
        title=both("失踪宣告届", "Notice that a court declared the death"),
        receiver=DESK,
        ways=(Way.PAPER,),
        needs=("deceasedName", "deceasedBirthDate", "honseki", "diedOn", "finalOn", "notifierName", "phone"),
        applies=Condition(
            both("家庭裁判所が失踪を宣告した", "A family court has declared the person missing"),
            lambda facts: facts.is_declared,
        ),
        deadline=_from_the_day("戸籍法94条、63条、43条", guardian=False),
        basis="民法30条〜32条、戸籍法94条、63条",
        in_force=UNDATED,
        grade=Grade.SURE,
        said_kind=Kind.BRANCH,
        amendable=False,
        withdrawable=False,
        who=both("失踪宣告を申し立てた人", "Who had asked the court"),
        bring=(both("審判書の謄本と確定証明書", "The decision, and the proof that it is final"),),
        steps=(
            both(
                "死亡したものとみなされる日（民法31条）が亡くなった日になります",
                "The day on which the person is deemed to have died counts as the day of the death",
            ),
        ),
        if_late=both("5万円以下の過料", "A fine of up to 50,000 yen"),
        documents=("removed-register",),
    ),
)
