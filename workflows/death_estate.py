# SPDX-License-Identifier: Apache-2.0
"""Of a death, the estate: who inherits, what each heir decides, and what may be done only afterwards.

Whoever disposes of the estate has accepted it, debts and all (民法921条1号). So each procedure that
disposes of something waits at the gate `acceptance` until every heir has decided, or their time is over.
To look for things, to declare who owns them now, and to renounce dispose of nothing and do not wait.
"""

from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import (
    Anytime,
    EarliestOf,
    Offset,
    Promptness,
    Severity,
    Soft,
    Until,
    Window,
    Within,
)
from engine.core.declaration import Condition, Grade, Instead, Kind, Procedure, Receiver, Sought
from engine.core.lifecycle import Way
from engine.core.periods import Unit
from workflows.common import both
from workflows.death_estate_facts import RealEstate, Vehicle, WillForm
from workflows.death_facts import DeathFacts
from workflows.death_people import Decision, Heir
from workflows.death_terms import (
    COURT,
    DELIBERATION,
    DIED,
    DIVIDED,
    EXTENDED,
    FIRST_LEARNED,
    GATE,
    HEIR_LEARNED,
    INFRINGED,
    MUNICIPALITY,
    OWNERSHIP_KNOWN,
    PERSONS_REGISTER,
    REGISTRY,
    TAX_OFFICE,
    each_company,
    heir_at,
    heirs,
    limitation,
    nationwide,
    of_land,
    thing_at,
    things,
    within,
)
from workflows.holdings import VehicleKind
from workflows.persons import HealthInsurance
from workflows.terms import UNDATED, some

_HEIR: Final = both("相続人", "The heir")
_HEIRS: Final = both("相続人全員", "All heirs together")
_CHART: Final = both(
    "法定相続情報一覧図の写し、又は戸籍一式", "The heirs' chart, or the whole set of family registers"
)
_SEALS: Final = both("相続人全員の印鑑証明書", "Certificates of all heirs' seals")
_DIVISION: Final = both("遺産分割協議書又は遺言書", "The agreement on the division, or the will")
_DISPOSES: Final = both(
    "遺産の処分に当たり、行うと相続を承認したことになります（民法921条1号）",
    "It disposes of the estate, and whoever does it has accepted (Civil Code, art. 921)",
)
_OWN_NUMBER: Final = both(
    "各相続人の個人番号は、ご自身が申告書に書きます。Todoke は扱いません",
    "Each heir writes their own number on the return; Todoke never handles it",
)


def _is_open(_: DeathFacts, heir: Heir) -> bool:
    """Say whether the heir may still renounce: nothing is decided, or this, and no court has it yet."""
    return heir.decision in {None, Decision.RENOUNCE} and heir.declared_on is None


def _may_take(_: DeathFacts, heir: Heir) -> bool:
    return heir.decision is not Decision.RENOUNCE


_taking_persons = heirs(_may_take)


def _taking(facts: DeathFacts) -> tuple[Heir, ...]:
    return tuple(one for one in facts.heirs if _may_take(facts, one))


def _first_heir(facts: DeathFacts) -> tuple[str, ...]:
    """Return the first of the heirs who stay: somebody stands for all (代表者)."""
    return _taking_persons(facts)[:1]


def _wants_limits(facts: DeathFacts) -> bool:
    return facts.is_limited and not any(
        one.declared_on for one in facts.heirs if one.decision is Decision.LIMITED
    )


def _has_income(facts: DeathFacts) -> bool:
    return facts.deceased.business is not None or facts.deceased.files_income_tax


def _over_limit(facts: DeathFacts) -> bool:
    health, care = facts.deceased.health, facts.deceased.care
    return (health is not None and health.over_limit) or (care is not None and care.over_limit)


def _insurer(facts: DeathFacts) -> Sought:
    """Return the employees' insurer, else the municipality for the State's insurances."""
    health, home = facts.deceased.health, facts.deceased.address
    if health is None or health.kind is not HealthInsurance.EMPLOYEE:
        return Sought(home.text, area=home.municipality)
    insurer = health.insurer
    name = insurer.company_name if insurer else None
    words = both(name, name) if name else both("健康保険組合・協会けんぽ", "The health insurance society")
    return Sought(words, number=insurer.company if insurer else None, is_chosen=True)


def _vehicle_office(facts: DeathFacts, subject: str) -> Sought:
    vehicle, home = thing_at(facts, subject), facts.deceased.address
    kind = vehicle.kind if isinstance(vehicle, Vehicle) else VehicleKind.CAR
    if kind is VehicleKind.MOPED:
        return Sought(home.text, area=home.municipality)
    words = (
        both(f"軽自動車検査協会（{home.prefecture}）", f"Kei car inspection office, {home.prefecture}")
        if kind is VehicleKind.KEI
        else both(f"{home.prefecture}の運輸支局", f"Transport bureau of {home.prefecture}")
    )
    return Sought(words, area=home.municipality)


def _is_extended(facts: DeathFacts, subject: str) -> bool:
    heir = heir_at(facts, subject)
    return heir is not None and heir.extended_until is not None


def _is_farmland(_: DeathFacts, land: RealEstate) -> bool:
    return land.farmland


def _is_forest(_: DeathFacts, land: RealEstate) -> bool:
    return land.forest


def _is_infringed(_: DeathFacts, heir: Heir) -> bool:
    return heir.infringed_on is not None


_renouncing = heirs(_is_open)
_taxed = heirs(lambda facts, heir: _may_take(facts, heir) and facts.may_be_taxed)
_infringed = heirs(_is_infringed)
_land = things("/estate/realEstate")
_farmland = things("/estate/realEstate", _is_farmland)
_forest = things("/estate/realEstate", _is_forest)
_vehicles = things("/estate/vehicles")
_paying_banks = things("/contracts/banks", lambda facts, _: facts.estate.cash_needed)

ESTATE: Final[tuple[Procedure[DeathFacts], ...]] = (
    Procedure(
        slug="death.will-search",
        title=both("遺言の検索・検認", "Search for a will, and its probate"),
        receiver=COURT,
        ways=(Way.VISIT, Way.PAPER),
        needs=("deceasedName", "deceasedBirthDate", "notifierName"),
        applies=Condition(
            both(
                "遺言があるか分からない、又は自宅に手書きの遺言がある",
                "Nobody knows of a will, or there is a handwritten one at home",
            ),
            lambda facts: not facts.is_foreign and facts.will in {None, WillForm.HANDWRITTEN},
        ),
        deadline=Soft(
            promptness=Promptness.WITHOUT_DELAY, severity=Severity.FINE, basis="民法1004条、1005条"
        ),
        basis="民法1004条、1005条、法務局における遺言書の保管等に関する法律",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.koseki-removal",),
        said_kind=Kind.SEARCH,
        who=both("遺言を見つけた人・保管する人、相続人", "Who finds or keeps it, and the heirs"),
        bring=(
            both(
                "亡くなったことと相続人であることが分かる戸籍", "Registers that show the death and the heir"
            ),
        ),
        steps=(
            both(
                "公証役場で公正証書遺言を、法務局で保管された遺言を調べる",
                "Ask a notary office for a notarial will, and the Legal Affairs Bureau for one kept there",
            ),
            both(
                "封のある手書きの遺言は開けずに、家庭裁判所の検認を受ける",
                "Do not open a sealed handwritten will: have the family court probate it",
            ),
        ),
        if_late=both("検認を受けないと5万円以下の過料", "Without probate, a fine of up to 50,000 yen"),
        documents=("will-certificate",),
    ),
    Procedure(
        slug="death.heir-determination",
        title=both("法定相続人の確定（戸籍の収集）", "Finding the heirs: collecting the registers"),
        receiver=PERSONS_REGISTER,
        ways=(Way.VISIT, Way.PAPER),
        needs=("deceasedName", "deceasedBirthDate", "honseki", "notifierName"),
        applies=Condition(
            both("日本国民である（戸籍がある）", "A Japanese national: there is a family register"),
            lambda facts: not facts.is_foreign,
        ),
        deadline=Anytime(basis="戸籍法10条、120条の2"),
        basis="民法886条〜890条、戸籍法10条、120条の2",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.koseki-removal",),
        who=both("配偶者・直系の親族（広域交付は本人が窓口で）", "The spouse or lineal relatives, in person"),
        bring=(both("顔写真のある本人確認書類", "A proof of identity with a photograph"),),
        steps=(
            both(
                "亡くなった人の出生から死亡までの戸籍を、どの市区町村の窓口でもまとめて請求できる",
                "The registers from birth to death can be asked for together at any municipality",
            ),
            both(
                "兄弟姉妹は広域交付を使えません。本籍地へ請求する",
                "Siblings cannot use that: they ask the municipality of the honseki",
            ),
        ),
        documents=("family-registers",),
    ),
    Procedure(
        slug="death.heir-chart",
        title=both("法定相続情報一覧図の保管・交付", "The heirs' chart"),
        receiver=nationwide("REG", "法務局", "The Legal Affairs Bureau"),
        ways=(Way.PAPER, Way.VISIT),
        needs=("deceasedName", "deceasedBirthDate", "lastAddress", "diedOn", "chartHeirs"),
        applies=Condition(
            both(
                "戸籍の束の代わりに使える一覧図がほしい（戸籍のある人だけ）",
                "A chart is wished for in place of many registers (only of people in them)",
            ),
            lambda facts: facts.wishes.heir_chart and not facts.is_foreign and bool(facts.heirs),
        ),
        deadline=Anytime(basis="不動産登記規則247条"),
        basis="不動産登記規則247条、248条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.heir-determination",),
        who=both(
            "相続人、法定代理人、親族、弁護士などの資格者", "Heirs, representatives, relatives, lawyers"
        ),
        bring=(both("戸籍一式と、自分で作った一覧図", "The registers, and the chart that you drew"),),
        steps=(
            both(
                "無料で何通でも受け取れる。相続放棄や遺産分割は載りません",
                "Free, in any number. It shows neither renunciations nor a division",
            ),
        ),
        documents=("heir-chart",),
    ),
    Procedure(
        slug="death.renunciation",
        title=both("相続放棄の申述", "Renouncing the estate"),
        receiver=COURT,
        ways=(Way.PAPER,),
        needs=(
            *("name", "birthDate", "address", "personHonseki", "personRelation", "representative"),
            *("learnedOn", "estateOutline"),
            *("deceasedName", "deceasedHonseki", "lastAddress", "diedOn"),
        ),
        applies=some(
            _renouncing,
            both("放棄するか決めていない、又は放棄する相続人がいる", "An heir is undecided, or renounces"),
        ),
        deadline=DELIBERATION,
        instead=(
            Instead(
                both("家庭裁判所が期間を伸長した", "The court has given more time"),
                _is_extended,
                Window(
                    of=EXTENDED,
                    opens=None,
                    closes=Offset(amount=0),
                    severity=Severity.RIGHT_LOST,
                    basis="民法915条1項ただし書",
                ),
            ),
        ),
        basis="民法915条〜919条、938条〜940条、家事事件手続法201条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.heir-determination",),
        amendable=False,
        withdrawable=False,
        who=both(
            "放棄する相続人が一人ずつ。未成年者・被後見人は法定代理人（利益相反のときは特別代理人）",
            "Each heir alone; for a minor or a ward the representative, or the court's special one",
        ),
        bring=(both("収入印紙800円、郵便切手、戸籍", "Stamps of 800 yen, postage, the registers"),),
        steps=(
            both(
                "決める前に遺産を使ったり処分したりしない（民法921条）",
                "Neither use nor dispose of anything of the estate before you decide",
            ),
            both(
                "3か月で決められないときは、期間が過ぎる前に伸長を申し立てる",
                "If three months are not enough, ask the court for more before they are over",
            ),
            both("受理された後は撤回できません（民法919条1項）", "Once taken it cannot be taken back"),
            both("相続を承認する人は行いません", "Who accepts does not file it"),
        ),
        if_late=both(
            "放棄できなくなり、借金も引き継ぎます", "The right to renounce is lost, and debts are inherited"
        ),
        documents=("renunciation-accepted",),
        subjects=_renouncing,
    ),
    Procedure(
        slug="death.limited-acceptance",
        title=both("限定承認の申述", "Accepting within the limits of the estate"),
        receiver=COURT,
        ways=(Way.PAPER,),
        needs=("heirs", "estateOutline", "deceasedName", "deceasedHonseki", "lastAddress", "diedOn"),
        applies=Condition(
            both("相続人が限定承認を選ぶ", "The heirs choose to accept within limits"), _wants_limits
        ),
        deadline=within(
            3,
            Unit.MONTHS,
            "民法915条1項、924条",
            severity=Severity.RIGHT_LOST,
            of=FIRST_LEARNED,
            authority=Authority.COURT,
            confirm=True,
        ),
        basis="民法922条〜937条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.heir-determination",),
        amendable=False,
        withdrawable=False,
        who=both("相続人全員で（放棄した人を除く）", "All heirs together, but for those who renounced"),
        bring=(both("財産目録、戸籍、収入印紙800円", "The inventory, the registers, stamps of 800 yen"),),
        steps=(both("一人でも承認すると行えません", "If one of them accepts simply, nobody can"),),
        if_late=both("限定承認できなくなります", "The right is lost"),
        documents=("limited-acceptance-taken",),
    ),
    Procedure(
        slug="death.quasi-final-tax",
        title=both("所得税の準確定申告", "Income tax return of the deceased"),
        receiver=TAX_OFFICE,
        ways=(Way.SIGNED, Way.PAPER),
        needs=("deceasedName", "lastAddress", "diedOn", "income", "heirs"),
        applies=Condition(
            both(
                "亡くなった人に所得税の申告義務又は還付がある",
                "The deceased had to file an income tax return, or is due a refund",
            ),
            _has_income,
        ),
        deadline=within(
            4,
            Unit.MONTHS,
            "所得税法124条、125条",
            severity=Severity.FINE,
            of=FIRST_LEARNED,
            authority=Authority.TAX,
        ),
        basis="所得税法124条、125条、消費税法45条3項",
        in_force=UNDATED,
        grade=Grade.SURE,
        gate=GATE,
        who=both("相続人全員が連名で（付表）、又は各自で", "All heirs on one return, or each"),
        bring=(both("源泉徴収票、帳簿、控除の証明書", "Statements of income, books, proofs of deductions"),),
        steps=(
            both("還付金は遺産です", "A refund is estate"),
            _DISPOSES,
        ),
        if_late=both("加算税・延滞税がかかることがあります", "There may be additional tax and interest"),
        documents=("tax-receipt",),
        my_number=_OWN_NUMBER,
    ),
    Procedure(
        slug="death.inheritance-tax",
        title=both("相続税の申告・納付", "Inheritance tax return"),
        receiver=TAX_OFFICE,
        ways=(Way.SIGNED, Way.PAPER),
        needs=(
            *("deceasedName", "lastAddress", "diedOn"),
            *("name", "birthDate", "address", "personRelation", "representative"),
        ),
        applies=some(
            _taxed,
            both(
                "遺産が基礎控除（3,000万円＋600万円×法定相続人の数）を超える、又は分からない",
                "The estate is above 30 million yen and 6 million for each heir, or nobody knows",
            ),
        ),
        deadline=within(
            10,
            Unit.MONTHS,
            "相続税法27条、33条",
            severity=Severity.FINE,
            of=HEIR_LEARNED,
            authority=Authority.TAX,
        ),
        basis="相続税法15条、27条、33条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.heir-determination",),
        gate=GATE,
        who=both("財産を受け取った人がそれぞれ（連名も可）", "Each who receives something, or all on one"),
        bring=(_CHART, both("財産の評価が分かるもの", "What shows the value of the estate")),
        steps=(
            both(
                "分割がまとまらなくても、法定相続分で期限までに申告する",
                "Even without a division, file in time with the shares of the law",
            ),
        ),
        if_late=both(
            "加算税・延滞税がかかり、特例が使えなくなることがあります",
            "There may be additional tax and interest, and reliefs may be lost",
        ),
        documents=("tax-receipt",),
        my_number=_OWN_NUMBER,
        subjects=_taxed,
    ),
    Procedure(
        slug="death.high-cost-medical",
        title=both("高額療養費・高額介護サービス費の還付", "Refund of high medical or care costs"),
        receiver=Receiver("HINS", _insurer),
        ways=(Way.PAPER,),
        needs=("deceasedName", "insuranceSymbol", "name", "account"),
        applies=Condition(
            both("医療費・介護費を限度額より多く払っていた", "More than the limit was paid"), _over_limit
        ),
        deadline=limitation(2, "健康保険法115条、193条、国民健康保険法57条の2", severity=Severity.MONEY_LOST),
        basis="健康保険法115条、国民健康保険法57条の2、介護保険法51条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        gate=GATE,
        who=_HEIR,
        bring=(_CHART, both("領収書", "The receipts")),
        steps=(_DISPOSES,),
        if_late=both("2年を過ぎると受け取れません", "After two years it is lost"),
        documents=("refund-decision",),
        subjects=_first_heir,
    ),
    Procedure(
        slug="death.resident-tax",
        title=both("住民税 相続人代表者の届出", "Resident tax: who stands for the heirs"),
        receiver=MUNICIPALITY,
        ways=(Way.PAPER,),
        needs=("deceasedName", "name", "address"),
        applies=Condition(
            both("1月1日に住民税を課されていた", "Resident tax was due on 1 January"),
            lambda facts: facts.deceased.taxed and bool(_first_heir(facts)),
        ),
        deadline=Soft(
            promptness=Promptness.RECEIVER_DECIDES,
            severity=Severity.CONVENIENCE,
            basis="地方税法9条、9条の2",
        ),
        basis="地方税法9条、9条の2",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("death.heir-determination",),
        who=both("相続人の代表者", "Who stands for the heirs"),
        documents=("tax-notice",),
        subjects=_first_heir,
    ),
    Procedure(
        slug="death.bulky-waste",
        title=both("遺品整理・粗大ごみ", "Clearing the home: bulky waste"),
        receiver=MUNICIPALITY,
        ways=(Way.ONLINE, Way.SELF),
        needs=("notifierName", "phone", "lastAddress", "items", "collectOn"),
        applies=Condition(
            both("遺品を片付ける", "Things are to be cleared away"),
            lambda facts: facts.estate.bulky_waste is not None,
        ),
        deadline=Anytime(basis="廃棄物の処理及び清掃に関する法律6条の2、市区町村の条例"),
        basis="廃棄物の処理及び清掃に関する法律6条の2、民法921条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        gate=GATE,
        who=_HEIRS,
        steps=(
            both(
                "価値のない物だけなら処分に当たらないとされるが、迷うときは待つ",
                "What is worth nothing may be thrown away; in doubt, wait",
            ),
            _DISPOSES,
        ),
        documents=("collection-receipt",),
    ),
    Procedure(
        slug="death.estate-division",
        title=both("遺産分割協議", "Dividing the estate"),
        receiver=Receiver("HEIRS", lambda _: Sought(_HEIRS)),
        ways=(Way.PAPER,),
        needs=("deceasedName", "diedOn", "heirs"),
        applies=Condition(
            both("相続人が2人以上いる", "There are two heirs or more"), lambda facts: len(_taking(facts)) > 1
        ),
        deadline=Anytime(basis="民法907条、904条の3"),
        basis="民法906条〜914条、904条の3、826条",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.heir-determination", "death.will-search"),
        gate=GATE,
        said_kind=Kind.BRANCH,
        who=_HEIRS,
        bring=(_SEALS,),
        steps=(
            both(
                "未成年の相続人と親がともに相続人のときは、家庭裁判所に特別代理人の選任を申し立てる（民法826条）",
                "Where a minor and the parent are both heirs, the court names a special representative",
            ),
            both(
                "10年を過ぎると、特別受益・寄与分を主張できません（民法904条の3）",
                "After ten years, gifts and contributions no longer count",
            ),
            _DISPOSES,
        ),
        documents=("division-agreement",),
    ),
    Procedure(
        slug="death.deposit-partial",
        title=both("遺産分割前の預貯金の払戻し", "Withdrawing part of a deposit before the division"),
        receiver=each_company("PRIV-BANK", both("取引先の銀行", "The bank")),
        ways=(Way.PAPER,),
        needs=("deceasedName", "branch", "bankAccount", "name"),
        applies=some(
            _paying_banks, both("分割の前に預貯金が必要", "Money is needed before the estate is divided")
        ),
        deadline=Anytime(basis="民法909条の2"),
        basis="民法909条の2、家事事件手続法200条3項",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.heir-determination", "death.heir-chart"),
        gate=GATE,
        who=both("各相続人", "Each heir"),
        bring=(_CHART, both("請求する人の印鑑証明書", "A certificate of the claimant's seal")),
        steps=(
            both(
                "預金額×3分の1×法定相続分、同じ銀行から150万円まで",
                "A third of the deposit times the own share, up to 1.5 million yen from one bank",
            ),
            _DISPOSES,
        ),
        documents=("payment-notice",),
        subjects=_paying_banks,
    ),
    Procedure(
        slug="death.real-estate-registration",
        title=both("相続登記", "Registering the inheritance of real estate"),
        receiver=REGISTRY,
        ways=(Way.SIGNED, Way.PAPER),
        needs=("propertyNumber", "name", "kana", "birthDate", "address", "personEmail", "representative"),
        applies=some(_land, both("不動産を所有していた", "There is land or a house")),
        deadline=Within(
            of=OWNERSHIP_KNOWN,
            amount=3,
            unit=Unit.YEARS,
            authority=Authority.NATIONAL,
            severity=Severity.FINE,
            basis="不動産登記法76条の2、164条1項",
            in_force=date(2024, 4, 1),
        ),
        basis="不動産登記法76条の2、76条の3、164条1項",
        in_force=UNDATED,  # the duty is also over estates from before it began, with three years from then
        grade=Grade.SURE,
        after=("death.heir-determination", "death.estate-division"),
        gate=GATE,
        who=both("不動産を取得する相続人", "The heir who takes it"),
        bring=(_CHART, _DIVISION, both("固定資産評価証明書", "The certificate of its value")),
        steps=(
            both(
                "分割がまとまらないときは、相続人申告登記（76条の3）で義務を果たせる",
                "While it is not divided, an heir's simple declaration (art. 76-3) meets the duty",
            ),
        ),
        if_late=both("10万円以下の過料", "A fine of up to 100,000 yen"),
        documents=("registration-complete",),
        subjects=_land,
    ),
    Procedure(
        slug="death.property-tax-holder",
        title=both("固定資産税 現所有者の申告", "Property tax: who owns it now"),
        receiver=of_land("MUNI", "不動産のある市区町村", "The municipality of the property"),
        ways=(Way.PAPER,),
        needs=("propertyNumber", "deceasedName", "heirs"),
        applies=some(_land, both("不動産を所有していた", "There is land or a house")),
        deadline=Within(
            of=FIRST_LEARNED,
            amount=3,
            unit=Unit.MONTHS,
            authority=Authority.MUNICIPAL,
            severity=Severity.FINE,
            basis="地方税法384条の3、386条、市区町村の条例",
            until=Until.DAY_AFTER,
            confirm=True,
        ),
        basis="地方税法384条の3、市区町村の条例",
        in_force=date(2020, 4, 1),
        grade=Grade.SURE,
        after=("death.heir-determination",),
        who=_HEIR,
        steps=(both("相続登記をすれば要りません", "It is not needed once the inheritance is registered"),),
        if_late=both("条例により過料", "A fine by the ordinance"),
        subjects=_land,
    ),
    Procedure(
        slug="death.farmland",
        title=both("農地の相続の届出", "Farmland: notice of the inheritance"),
        receiver=of_land("AGRI", "農地のある市区町村の農業委員会", "The agricultural committee of the place"),
        ways=(Way.PAPER,),
        needs=("propertyNumber", "name", "address"),
        applies=some(_farmland, both("農地を所有していた", "There is farmland")),
        deadline=Soft(
            promptness=Promptness.WITHOUT_DELAY, severity=Severity.FINE, basis="農地法3条の3、69条"
        ),
        basis="農地法3条の3、69条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("death.heir-determination",),
        who=_HEIR,
        steps=(both("知った日からおおむね10か月以内とされる", "Practice asks for it within ten months"),),
        if_late=both("10万円以下の過料", "A fine of up to 100,000 yen"),
        documents=("farmland-notice-accepted",),
        subjects=_farmland,
    ),
    Procedure(
        slug="death.forest",
        title=both("森林の土地の所有者届出", "Forest land: notice of the owner"),
        receiver=of_land("MUNI", "森林のある市区町村", "The municipality of the forest"),
        ways=(Way.PAPER,),
        needs=("propertyNumber", "name", "address"),
        applies=some(_forest, both("森林の土地を所有していた", "There is forest land")),
        deadline=within(90, Unit.DAYS, "森林法10条の7の2", severity=Severity.FINE, confirm=True),
        basis="森林法10条の7の2",
        in_force=date(2012, 4, 1),
        grade=Grade.LIKELY,
        after=("death.heir-determination",),
        who=_HEIR,
        if_late=both("10万円以下の過料", "A fine of up to 100,000 yen"),
        subjects=_forest,
    ),
    Procedure(
        slug="death.car-transfer",
        title=both("自動車の移転登録・抹消", "Vehicle: transfer or scrapping"),
        receiver=Receiver("MLIT", each=_vehicle_office),
        ways=(Way.SIGNED, Way.PAPER),
        needs=("plate", "chassis", "vehicleKind", "name", "address"),
        applies=some(_vehicles, both("自動車・バイクを所有していた", "There is a vehicle")),
        deadline=within(
            15,
            Unit.DAYS,
            "道路運送車両法13条、15条、67条",
            severity=Severity.FINE,
            of=DIVIDED,
            authority=Authority.NATIONAL,
            confirm=True,
        ),
        basis="道路運送車両法13条、15条、67条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("death.heir-determination", "death.estate-division"),
        gate=GATE,
        who=both("車を取得する相続人", "The heir who takes it"),
        bring=(both("車検証、車庫証明", "The inspection and garage certificates"), _CHART, _DIVISION),
        steps=(_DISPOSES,),
        if_late=both("50万円以下の罰金", "A fine of up to 500,000 yen"),
        documents=("inspection-certificate",),
        subjects=_vehicles,
    ),
    Procedure(
        slug="death.business-close",
        title=both("個人事業の廃業・承継の届出", "Business: closing it, or going on with it"),
        receiver=TAX_OFFICE,
        ways=(Way.SIGNED, Way.PAPER),
        needs=("deceasedName", "lastAddress", "tradeName", "diedOn", "name"),
        applies=Condition(
            both("個人で事業を営んでいた", "There was a business of one's own"),
            lambda facts: facts.deceased.business is not None,
        ),
        deadline=within(
            1,
            Unit.MONTHS,
            "所得税法229条",
            severity=Severity.CONVENIENCE,
            authority=Authority.TAX,
            confirm=True,
        ),
        basis="所得税法229条、144条、消費税法57条1項4号",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=_HEIR,
        steps=(
            both(
                "事業を継ぐ人が青色申告をするには、4か月以内（9・10月の死亡は12月31日、11・12月は翌年2月15日まで）に申請する",
                "Who goes on with a blue return applies within four months (31 December for a death in"
                " September or October, 15 February for November and December)",
            ),
            both(
                "消費税の課税事業者だったときは、個人事業者の死亡届出書も速やかに出す",
                "Where consumption tax was due, notify the trader's death promptly too",
            ),
        ),
    ),
    Procedure(
        slug="death.bank-account-search",
        title=both("相続時口座照会", "Search for bank accounts"),
        receiver=nationwide("DIC", "預金保険機構（どの銀行でも申し込める）", "Deposit insurer, at any bank"),
        ways=(Way.VISIT,),
        needs=("deceasedName", "deceasedKana", "deceasedBirthDate", "lastAddress", "notifierName"),
        applies=Condition(
            both("知らない口座があるかもしれない", "There may be accounts that nobody knows"),
            lambda facts: facts.estate.searches.banks,
        ),
        deadline=Anytime(basis="口座管理法（2025年4月1日施行）"),
        basis="預貯金者の意思に基づく個人番号の利用による預貯金口座の管理等に関する法律（2025年4月1日施行）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("death.heir-determination", "death.heir-chart"),
        said_kind=Kind.SEARCH,
        who=_HEIR,
        bring=(_CHART,),
        steps=(
            both(
                "個人番号を付番していた口座だけが見つかります。手数料がかかります",
                "Only accounts with a number attached are found; there is a fee",
            ),
        ),
        documents=("account-list",),
    ),
    Procedure(
        slug="death.insurance-search",
        title=both("生命保険契約照会", "Search for life insurance"),
        receiver=nationwide("PRIV-LIA", "生命保険協会", "The Life Insurance Association"),
        ways=(Way.SIGNED, Way.PAPER),
        needs=("deceasedName", "deceasedKana", "deceasedBirthDate", "lastAddress", "notifierName"),
        applies=Condition(
            both("知らない保険があるかもしれない", "There may be policies that nobody knows"),
            lambda facts: facts.estate.searches.policies,
        ),
        deadline=Anytime(basis="生命保険契約照会制度"),
        basis="生命保険契約照会制度（生命保険協会）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("death.heir-determination", "death.heir-chart"),
        said_kind=Kind.SEARCH,
        who=_HEIR,
        bring=(_CHART, both("死亡診断書の写し", "A copy of the doctor's certificate")),
        steps=(both("1件につき手数料がかかります", "There is a fee for each search"),),
        documents=("policy-list",),
    ),
    Procedure(
        slug="death.securities-search",
        title=both("登録済加入者情報の開示", "Search for securities accounts"),
        receiver=nationwide("PRIV-JASDEC", "証券保管振替機構（ほふり）", "JASDEC"),
        ways=(Way.PAPER,),
        needs=("deceasedName", "deceasedKana", "deceasedBirthDate", "lastAddress", "notifierName"),
        applies=Condition(
            both("知らない証券口座があるかもしれない", "There may be securities that nobody knows"),
            lambda facts: facts.estate.searches.securities,
        ),
        deadline=Anytime(basis="社債、株式等の振替に関する法律277条"),
        basis="社債、株式等の振替に関する法律277条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("death.heir-determination", "death.heir-chart"),
        said_kind=Kind.SEARCH,
        who=_HEIR,
        bring=(_CHART,),
        documents=("account-list",),
    ),
    Procedure(
        slug="death.statutory-share-claim",
        title=both("遺留分侵害額の請求", "Claiming the reserved share"),
        receiver=Receiver("HEIRS", lambda _: Sought(both("財産を多く受け取った人", "Who received too much"))),
        ways=(Way.PAPER,),
        needs=("name", "deceasedName", "diedOn"),
        applies=some(
            _infringed,
            both(
                "遺言や贈与で遺留分を侵害された配偶者・直系の相続人がいる",
                "A will or gifts leave a spouse or lineal heir less than is reserved",
            ),
        ),
        deadline=EarliestOf(
            rules=(
                limitation(1, "民法1048条前段", severity=Severity.RIGHT_LOST, of=INFRINGED),
                limitation(10, "民法1048条後段", severity=Severity.RIGHT_LOST, of=DIED),
            )
        ),
        basis="民法1042条〜1048条",
        in_force=UNDATED,
        grade=Grade.SURE,
        who=both("遺留分を侵害された相続人（兄弟姉妹を除く）", "The heir concerned (no sibling)"),
        steps=(both("配達証明付きの内容証明郵便で請求する", "Claim it by certified mail"),),
        if_late=both("請求できなくなります", "The right is lost"),
        subjects=_infringed,
    ),
)
