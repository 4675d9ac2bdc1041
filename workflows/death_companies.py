# SPDX-License-Identifier: Apache-2.0
"""Of a death, what utilities and companies are told: contracts, no law, no My Number, no family register.

To tell a company, and to stop what costs money, disposes of nothing. To take money out, to sell, or to
become the contract's holder does: that waits at the gate, or, where one procedure has both, its steps say
what has to wait. A company that the deceased had registered for it is told at once (本人の事前登録); the
others when the notice of death has been taken, so that nobody's account is frozen on hearsay.
"""

from collections.abc import Callable
from typing import Final

from engine.core.deadline_rules import Anytime, Promptness, Severity, Soft
from engine.core.declaration import Condition, Grade, Procedure
from engine.core.lifecycle import Way
from workflows.common import both
from workflows.death_estate_facts import Contracts, Ended, Policy
from workflows.death_facts import DeathFacts
from workflows.death_terms import (
    GATE,
    NOTICE,
    company,
    each_company,
    had_registered,
    had_registered_one,
    has,
    office,
    things,
)
from workflows.terms import UNDATED, some

_FAMILY: Final = both("ご家族", "The family")
_HEIRS: Final = both("相続人全員", "All heirs together")
_CHART: Final = both(
    "法定相続情報一覧図の写し、又は戸籍一式", "The heirs' chart, or the whole set of family registers"
)
_SEALS: Final = both("相続人全員の印鑑証明書", "Certificates of all heirs' seals")
_DISPOSES: Final = both(
    "遺産の処分に当たり、行うと相続を承認したことになります（民法921条1号）",
    "It disposes of the estate, and whoever does it has accepted (Civil Code, art. 921)",
)
_STOP: Final = both(
    "使用を止める連絡は遺産の処分に当たりません",
    "To stop it disposes of nothing of the estate",
)
_TAKE_OVER: Final = both(
    "住み続ける家族が使うときは、停止ではなく名義変更を頼む",
    "Where the family lives on there, ask to change the holder and not to stop it",
)


def _soon(basis: str) -> Soft:
    return Soft(promptness=Promptness.PROMPTLY, severity=Severity.CONVENIENCE, basis=basis)


def _of(of: Callable[[Contracts], Ended | None]) -> Callable[[DeathFacts], Ended | None]:
    return lambda facts: of(facts.contracts)


def _own_water(contracts: Contracts) -> bool:
    return contracts.water is not None and not contracts.water.landlords


def _is_held(_: DeathFacts, policy: Policy) -> bool:
    """Say whether the policy belongs to the estate: nobody is named to be paid."""
    return policy.beneficiary is None


_banks = things("/contracts/banks")
_cards = things("/contracts/creditCards")
_mobiles = things("/contracts/mobiles")
_newspapers = things("/contracts/newspapers")
_shops = things("/contracts/shops")
_securities = things("/contracts/securities")
_held_policies = things("/contracts/policies", _is_held)

COMPANIES: Final[tuple[Procedure[DeathFacts], ...]] = (
    Procedure(
        slug="death.electricity",
        title=both("電気の解約・名義変更", "Electricity: stop or change of holder"),
        receiver=company(
            "PRIV-ELEC", _of(lambda c: c.electricity), both("契約中の電力会社", "The electricity company")
        ),
        ways=(Way.ONLINE, Way.SELF),
        needs=(
            *("deceasedName", "electricityCustomer", "lastAddress", "electricityStop"),
            *("notifierName", "phone", "notifierRelation"),
        ),
        applies=has(lambda c: c.electricity, both("電気の契約があった", "There is an electricity contract")),
        deadline=_soon("契約（小売供給約款）"),
        basis="契約（小売供給約款）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        at_once=had_registered_one(lambda c: c.electricity),
        who=_FAMILY,
        steps=(_STOP, _TAKE_OVER),
        documents=("final-bill",),
    ),
    Procedure(
        slug="death.gas",
        title=both("ガスの解約・名義変更", "Gas: stop or change of holder"),
        receiver=company("PRIV-GAS", _of(lambda c: c.gas), both("契約中のガス会社", "The gas company")),
        ways=(Way.ONLINE, Way.SELF),
        needs=(
            *("deceasedName", "gasCustomer", "lastAddress", "gasStop"),
            *("notifierName", "phone", "notifierRelation"),
        ),
        applies=has(lambda c: c.gas, both("ガスの契約があった", "There is a gas contract")),
        deadline=_soon("契約（小売供給約款）"),
        basis="契約（小売供給約款）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        at_once=had_registered_one(lambda c: c.gas),
        who=_FAMILY,
        steps=(
            _STOP,
            _TAKE_OVER,
            both("閉栓には立会いが要ることがある", "Somebody may have to be there when it is closed"),
        ),
        documents=("final-bill",),
    ),
    Procedure(
        slug="death.water",
        title=both("水道の中止・名義変更", "Water: stop or change of holder"),
        receiver=office("WATER", "{city}の水道", "Waterworks of {city}"),
        ways=(Way.ONLINE, Way.SELF),
        needs=(
            *("deceasedName", "waterCustomer", "lastAddress", "waterStop"),
            *("notifierName", "phone", "notifierRelation"),
        ),
        applies=has(
            _own_water,
            both("水道の契約があった（大家名義を除く）", "There is a water contract (not the landlord's)"),
        ),
        deadline=_soon("供給規程・条例"),
        basis="水道法14条、供給規程・条例",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        at_once=had_registered_one(lambda c: c.water),
        who=_FAMILY,
        steps=(_STOP, _TAKE_OVER),
        documents=("final-bill",),
    ),
    Procedure(
        slug="death.telephone",
        title=both("固定電話の解約・承継", "Telephone line: end or succession"),
        receiver=company(
            "PRIV-TEL", _of(lambda c: c.telephone), both("契約中の電話会社", "The telephone company")
        ),
        ways=(Way.ONLINE, Way.SELF),
        needs=(
            *("deceasedName", "telephoneCustomer", "lastAddress"),
            *("notifierName", "phone", "notifierRelation"),
        ),
        applies=has(lambda c: c.telephone, both("固定電話があった", "There is a telephone line")),
        deadline=_soon("契約（約款）"),
        basis="契約（電気通信事業法、約款）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        at_once=had_registered_one(lambda c: c.telephone),
        who=_FAMILY,
        steps=(
            both(
                "知らせることは自由。電話加入権は遺産なので、承継・解約は相続の承認を決めてから、戸籍を添えて行う",
                "Telling is free. The line itself is estate: take it over or end it only once you accept,"
                " with the registers",
            ),
        ),
        documents=("succession-notice",),
    ),
    Procedure(
        slug="death.nhk",
        title=both("NHK 受信契約の解約・名義変更", "NHK: end or change of holder"),
        receiver=company(
            "PRIV-NHK", _of(lambda c: c.nhk), both("日本放送協会（NHK）", "NHK"), is_chosen=False
        ),
        ways=(Way.ONLINE, Way.SELF),
        needs=(
            *("deceasedName", "nhkCustomer", "lastAddress", "nhkStop"),
            *("notifierName", "phone", "notifierRelation"),
        ),
        applies=has(lambda c: c.nhk, both("受信契約があった", "There is a receiving contract")),
        deadline=_soon("日本放送協会放送受信規約"),
        basis="放送法64条、日本放送協会放送受信規約",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        at_once=had_registered_one(lambda c: c.nhk),
        who=_FAMILY,
        steps=(
            both("届け出るまで受信料がかかります", "The fee runs until they are told"),
            both(
                "前払いの返金は遺産なので、相続の承認を決めるまで受け取らない",
                "What was paid ahead is estate: take no refund before you accept",
            ),
        ),
    ),
    Procedure(
        slug="death.isp",
        title=both("プロバイダの解約", "Internet: ending it"),
        receiver=company("PRIV-ISP", _of(lambda c: c.isp), both("契約中の通信会社", "The internet provider")),
        ways=(Way.ONLINE, Way.SELF),
        needs=(
            *("deceasedName", "ispCustomer", "lastAddress", "ispStop"),
            *("notifierName", "phone", "notifierRelation"),
        ),
        applies=has(lambda c: c.isp, both("インターネットの契約があった", "There is an internet contract")),
        deadline=_soon("契約（約款）"),
        basis="契約（約款）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        at_once=had_registered_one(lambda c: c.isp),
        who=_FAMILY,
        steps=(_STOP,),
    ),
    Procedure(
        slug="death.mobile",
        title=both("携帯電話の解約・承継", "Mobile phone: end or succession"),
        receiver=each_company("PRIV-MOB", both("携帯電話会社", "The mobile company")),
        ways=(Way.ONLINE, Way.VISIT),
        needs=("deceasedName", "mobileNumber", "notifierName", "phone", "notifierRelation"),
        applies=some(_mobiles, both("携帯電話があった", "There is a mobile phone")),
        deadline=Anytime(basis="契約（約款）"),
        basis="契約（約款）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=(*NOTICE, "death.bank", "death.credit-card", "death.ecommerce", "death.isp"),
        who=_FAMILY,
        bring=(both("死亡が分かるもの、来店する人の本人確認書類", "Proof of the death, and of who comes"),),
        steps=(
            both(
                "認証の番号や連絡先が要るため、ほかの解約が終わってから最後に行う",
                "Codes and contacts come over it: end it last, when the others are done",
            ),
            both("ポイントは遺産です", "Points are estate"),
        ),
        subjects=_mobiles,
    ),
    Procedure(
        slug="death.newspaper",
        title=both("新聞の解約", "Newspaper: ending it"),
        receiver=each_company("PRIV-NEWS", both("新聞販売店", "The newspaper dealer")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("deceasedName", "lastAddress", "notifierName", "phone"),
        applies=some(_newspapers, both("新聞を購読していた", "A newspaper was subscribed to")),
        deadline=_soon("契約"),
        basis="契約",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        at_once=had_registered,
        who=_FAMILY,
        steps=(_STOP,),
        subjects=_newspapers,
    ),
    Procedure(
        slug="death.ecommerce",
        title=both("通信販売・定額サービスの解約", "Online shops and subscriptions: ending them"),
        receiver=each_company("PRIV-EC", both("通信販売の会社", "The online shop")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("deceasedName", "shopAccount", "notifierName", "phone"),
        applies=some(_shops, both("通信販売の会員だった", "There is an account with an online shop")),
        deadline=_soon("契約"),
        basis="契約",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        at_once=had_registered,
        who=_FAMILY,
        steps=(
            both("課金を止める連絡は自由", "To stop the charges is free"),
            both("残高やポイントは遺産なので使わない", "A balance and points are estate: do not use them"),
        ),
        subjects=_shops,
    ),
    Procedure(
        slug="death.post",
        title=both("郵便物の取扱い", "Mail of the deceased"),
        receiver=company("PRIV-POST", lambda _: None, both("日本郵便", "Japan Post"), is_chosen=False),
        ways=(Way.VISIT,),
        needs=("deceasedName", "lastAddress", "notifierName", "phone"),
        applies=has(lambda c: c.mail, both("亡くなった人に郵便が届く", "Mail still comes for the deceased")),
        deadline=Anytime(basis="郵便法35条"),
        basis="郵便法35条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        who=_FAMILY,
        bring=(both("死亡と続柄が分かるもの、本人確認書類", "Proof of the death, the kinship and who asks"),),
        steps=(
            both(
                "亡くなった人の郵便を相続人へ送ることは転居・転送ではありません。窓口で別に申し出る",
                "To send the mail to an heir is no forwarding: ask for it separately at the counter",
            ),
        ),
    ),
    Procedure(
        slug="death.bank",
        title=both("銀行への死亡の連絡（払戻しは承認の後）", "Bank: telling of the death"),
        receiver=each_company("PRIV-BANK", both("取引先の銀行", "The bank")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("deceasedName", "deceasedBirthDate", "branch", "bankAccount", "notifierName", "phone"),
        applies=some(_banks, both("銀行口座があった", "There is a bank account")),
        deadline=Anytime(basis="取引規定（法律上の届出義務はない）"),
        basis="契約（取引規定）",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=NOTICE,
        at_once=had_registered,
        who=_FAMILY,
        bring=(_CHART, _SEALS, both("遺産分割協議書（払戻しのとき）", "The division, for the payment")),
        steps=(
            both(
                "知らせると口座は凍結されます。引落しの先を先に変えておく",
                "Once told, the bank freezes the account: move what is debited from it first",
            ),
            both(
                "知らせることは自由。払戻し・名義変更は遺産の処分なので、相続人全員が承認を決めてから行う",
                "Telling is free. To take money out or change the holder disposes of the estate: only once"
                " all heirs have accepted",
            ),
        ),
        documents=("balance-certificate",),
        subjects=_banks,
    ),
    Procedure(
        slug="death.credit-card",
        title=both("クレジットカードの退会", "Credit card: ending it"),
        receiver=each_company("PRIV-CARD", both("カード会社", "The card company")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("deceasedName", "memberNumber", "notifierName", "phone"),
        applies=some(_cards, both("クレジットカードがあった", "There is a credit card")),
        deadline=_soon("会員規約"),
        basis="契約（会員規約）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NOTICE,
        at_once=had_registered,
        who=_FAMILY,
        steps=(
            both(
                "退会の連絡は自由。残債を遺産から払うと承認とみなされることがある",
                "To end it is free. To pay its debts out of the estate may count as accepting",
            ),
        ),
        documents=("final-bill",),
        subjects=_cards,
    ),
    Procedure(
        slug="death.insurance-holder-change",
        title=both("保険の契約者変更・解約（遺産となる契約）", "Policies that belong to the estate"),
        receiver=each_company("PRIV-INS", both("保険会社", "The insurer")),
        ways=(Way.PAPER,),
        needs=("policyNumber", "deceasedName", "notifierName"),
        applies=some(
            _held_policies,
            both(
                "亡くなった人が契約者で、受取人の指定がない保険がある",
                "The deceased held a policy that names nobody to be paid",
            ),
        ),
        deadline=_soon("約款"),
        basis="契約（約款）、保険法",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        gate=GATE,
        who=_HEIRS,
        bring=(_CHART, _SEALS),
        steps=(_DISPOSES,),
        documents=("change-approval",),
        subjects=_held_policies,
    ),
    Procedure(
        slug="death.securities",
        title=both("証券口座の移管", "Securities: transfer to an heir's account"),
        receiver=each_company("PRIV-SEC", both("証券会社", "The securities firm")),
        ways=(Way.PAPER,),
        needs=("securitiesAccount", "deceasedName", "notifierName"),
        applies=some(_securities, both("証券口座があった", "There is a securities account")),
        deadline=Anytime(basis="取引規定"),
        basis="契約（取引規定）、社債、株式等の振替に関する法律",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.heir-determination", "death.estate-division"),
        gate=GATE,
        who=both("株式などを取得する相続人", "The heir who takes them"),
        bring=(_CHART, _SEALS, both("遺産分割協議書又は遺言書", "The division, or the will")),
        steps=(
            both("相続人名義の口座へ移す", "They are moved to an account of the heir"),
            _DISPOSES,
        ),
        documents=("transfer-report",),
        subjects=_securities,
    ),
    Procedure(
        slug="death.lease",
        title=both("借家・借地の契約", "The lease"),
        receiver=company("PRIV-LANDLORD", _of(lambda c: c.lease), both("家主", "The landlord")),
        ways=(Way.PAPER,),
        needs=("deceasedName", "lastAddress", "heirNames"),
        applies=Condition(
            both("借家・借地に住んでいた", "The home was rented"),
            lambda facts: facts.contracts.lease is not None,
        ),
        deadline=_soon("契約、民法896条"),
        basis="民法896条、契約",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=("death.heir-determination",),
        gate=GATE,
        who=_HEIRS,
        bring=(_CHART,),
        steps=(
            both(
                "借りる権利は相続人に移ります。解約は遺産の処分に当たります",
                "The right to rent passes to the heirs; to end the lease disposes of the estate",
            ),
            _DISPOSES,
        ),
        documents=("settlement",),
    ),
)
