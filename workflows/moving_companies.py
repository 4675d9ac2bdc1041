# SPDX-License-Identifier: Apache-2.0
"""Of a move, what employers, utilities and companies want to know: contracts, no law, no My Number."""

from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import Anytime, Before, OpenDaysBefore, Promptness, Severity
from engine.core.declaration import Condition, Grade, Procedure
from engine.core.lifecycle import Way
from engine.core.periods import Unit
from workflows.common import both
from workflows.holdings import Owned
from workflows.moving_facts import MovingFacts
from workflows.moving_terms import (
    BASE_NOTICES,
    MOVING_DATE,
    WATERWORKS,
    Subjects,
    company,
    each_company,
    has,
    movers,
)
from workflows.terms import TO_EMPLOYER, UNDATED, soft, some, things

_HOLDER: Final = both("契約者", "The contract holder")


def _ahead(amount: int, unit: Unit, basis: str, *, authority: Authority = Authority.PRIVATE) -> Before:
    """Return the time ahead of a move that practice asks for: no law, so that it is to be confirmed."""
    return Before(
        of=MOVING_DATE,
        amount=amount,
        unit=unit,
        authority=authority,
        severity=Severity.CONVENIENCE,
        basis=basis,
        confirm=True,
    )


def _open_days_ahead(amount: int) -> OpenDaysBefore:
    return OpenDaysBefore(
        of=MOVING_DATE,
        amount=amount,
        authority=Authority.PRIVATE,
        severity=Severity.CONVENIENCE,
        basis="小売供給約款",
        confirm=True,
    )


def _water_subjects(facts: MovingFacts) -> tuple[str, ...]:
    """Return where water ends and begins: in two municipalities that is two waterworks."""
    if facts.contracts.water is None or facts.contracts.water.landlords:
        return ()
    if facts.stays_in_city:
        return ("",)
    sides = (("/oldAddress", facts.old_address), ("/newAddress", facts.new_address))
    return tuple(subject for subject, address in sides if address is not None)


def _contracts(place: str) -> Subjects:
    """Return the contracts in one of the lists of `contracts`."""

    def of(facts: MovingFacts) -> tuple[Owned, ...]:
        found: tuple[Owned, ...] = getattr(facts.contracts, place)
        return found

    head, *rest = place.split("_")
    return things(f"/contracts/{head}{''.join(word.title() for word in rest)}", of)


_employed = movers(lambda _, mover: mover.employer is not None)
_newspapers = _contracts("newspapers")
_banks = _contracts("banks")
_credit_cards = _contracts("credit_cards")
_mobiles = _contracts("mobiles")
_shops = _contracts("shops")
_life_insurance = _contracts("life_insurance")
_nonlife_insurance = _contracts("nonlife_insurance")
_securities = _contracts("securities")

COMPANIES: Final[tuple[Procedure[MovingFacts], ...]] = (
    Procedure(
        slug="move.employer-address",
        title=both("勤務先 住所変更", "Employer: change of address"),
        receiver=each_company("EMP", both("勤務先", "The employer")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("newAddress", "movingDate", "commuting"),
        applies=some(_employed, both("会社などに勤めている人がいる", "Somebody is employed")),
        deadline=soft(Promptness.RECEIVER_DECIDES, "就業規則、所得税法194条"),
        basis="就業規則、所得税法194条（扶養控除等申告書）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        opens="moving_date",
        who=both("従業員", "The employee"),
        steps=(
            both(
                "勤務先の定めに従って届け出る。公務員は児童手当も勤務先へ",
                "Tell the employer by its rules; civil servants claim child allowance there too",
            ),
        ),
        my_number=TO_EMPLOYER,
        subjects=_employed,
    ),
    Procedure(
        slug="move.water",
        title=both("水道の中止・開始", "Water: stop and start"),
        receiver=WATERWORKS,
        ways=(Way.ONLINE, Way.SELF),
        needs=(
            "name",
            "oldAddress",
            "newAddress",
            "stopOn",
            "startOn",
            "waterCustomer",
            "phone",
            "waterPayment",
        ),
        applies=some(
            _water_subjects,
            both(
                "自分名義の水道の契約がある（大家名義を除く）",
                "There is an own water contract (not the landlord's)",
            ),
        ),
        deadline=_ahead(7, Unit.DAYS, "供給規程・条例", authority=Authority.MUNICIPAL),
        basis="水道法14条、供給規程・条例",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=_HOLDER,
        steps=(
            both(
                "2〜7日前までに、旧住所の中止と新住所の開始を申し込む",
                "Two to seven days ahead, ask to stop at the old and to start at the new address",
            ),
        ),
        documents=("final-bill",),
        subjects=_water_subjects,
    ),
    Procedure(
        slug="move.electricity",
        title=both("電気の停止・開始", "Electricity: stop and start"),
        receiver=company(
            "PRIV-ELEC", lambda c: c.electricity, both("契約中の電力会社", "Your electricity company")
        ),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "oldAddress", "newAddress", "stopOn", "startOn", "electricityCustomer", "phone"),
        applies=has(
            lambda c: c.electricity,
            both("自分名義の電気の契約がある", "There is an own electricity contract"),
        ),
        deadline=_open_days_ahead(2),
        basis="契約（小売供給約款）",
        in_force=date(2016, 4, 1),
        grade=Grade.LIKELY,
        who=_HOLDER,
        steps=(
            both(
                "電力会社のページ又は電話で、旧住所の停止と新住所の開始を申し込む",
                "Ask the company, online or by telephone, to stop at the old and start at the new address",
            ),
        ),
        documents=("final-bill", "supply-contract"),
    ),
    Procedure(
        slug="move.gas",
        title=both("ガスの閉栓・開栓", "Gas: close and open"),
        receiver=company("PRIV-GAS", lambda c: c.gas, both("契約中のガス会社", "Your gas company")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "oldAddress", "newAddress", "stopOn", "startOn", "gasCustomer", "phone"),
        applies=has(lambda c: c.gas, both("自分名義のガスの契約がある", "There is an own gas contract")),
        deadline=_open_days_ahead(5),
        basis="契約（小売供給約款）、ガス事業法159条（消費機器の調査）",
        in_force=date(2017, 4, 1),
        grade=Grade.LIKELY,
        who=_HOLDER,
        steps=(
            both(
                "ガス会社に閉栓と開栓を申し込み、開栓の時間帯を予約する",
                "Ask the company to close and open, and book a time for the opening",
            ),
            both("開栓には立会いが必要です", "Somebody has to be present at the opening"),
        ),
        documents=("final-bill", "safety-notice"),
    ),
    Procedure(
        slug="move.telephone",
        title=both("固定電話の移転", "Telephone line: moving it"),
        receiver=company(
            "PRIV-TEL", lambda c: c.telephone, both("契約中の電話会社", "Your telephone company")
        ),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "oldAddress", "newAddress", "telephoneWorkOn", "telephoneCustomer", "phone"),
        applies=has(lambda c: c.telephone, both("固定電話がある", "There is a telephone line")),
        deadline=_ahead(14, Unit.DAYS, "契約約款"),
        basis="契約（電気通信事業法、約款）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=_HOLDER,
        steps=(both("2週間ほど前までに工事日を予約する", "Book the work about two weeks ahead"),),
        documents=("work-notice",),
    ),
    Procedure(
        slug="move.post-forwarding",
        title=both("郵便 転居・転送届", "Mail: forwarding"),
        receiver=company("PRIV-POST", lambda _: None, both("日本郵便", "Japan Post"), is_chosen=False),
        ways=(Way.ONLINE, Way.SELF),
        needs=("moverNames", "oldAddress", "newAddress", "forwardFrom", "phone"),
        applies=Condition(
            both("郵便の転送を希望する", "Mail is to be forwarded"),
            lambda facts: facts.contracts.post_forwarding is not None and facts.old_address is not None,
        ),
        deadline=Anytime(basis="郵便法35条"),
        basis="郵便法35条",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=both("転居する本人（郵便局が本人確認をする）", "The mover; the post checks who it is"),
        steps=(
            both(
                "登録に3〜7営業日かかる。転送は届出の日から1年間",
                "It takes 3 to 7 business days, and lasts one year from the day of the notice",
            ),
            both(
                "「転送不要」の郵便（カード、銀行）は差出人に戻ります",
                "Mail marked not to be forwarded (cards, banks) goes back to its sender",
            ),
        ),
        documents=("forwarding-receipt",),
    ),
    Procedure(
        slug="move.newspaper",
        title=both("新聞の住所変更", "Newspaper: change of address"),
        receiver=each_company("PRIV-NEWS", both("新聞販売店", "Your newspaper dealer")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "oldAddress", "newAddress", "stopOn", "startOn", "phone"),
        applies=some(_newspapers, both("新聞を購読している", "A newspaper is subscribed to")),
        deadline=_ahead(7, Unit.DAYS, "契約"),
        basis="契約",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=_HOLDER,
        steps=(both("販売店に、停止と新住所での開始を伝える", "Tell the dealer to stop and to start"),),
        subjects=_newspapers,
    ),
    Procedure(
        slug="move.nhk",
        title=both("NHK 受信契約の住所変更", "NHK: change of address"),
        receiver=company("PRIV-NHK", lambda c: c.nhk, both("日本放送協会（NHK）", "NHK"), is_chosen=False),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "oldAddress", "newAddress", "movingDate", "nhkCustomer", "phone"),
        applies=has(lambda c: c.nhk, both("受信契約がある", "There is a receiving contract")),
        deadline=soft(Promptness.WITHOUT_DELAY, "日本放送協会放送受信規約"),
        basis="放送法64条、日本放送協会放送受信規約",
        in_force=date(2025, 10, 1),
        grade=Grade.CHECK,
        who=_HOLDER,
        steps=(
            both("NHK の受信料の窓口で住所変更を届け出る", "Tell NHK's reception-fee desk the new address"),
            both(
                "契約は世帯ごと。二つの世帯が一つになるときは、一方を解約する",
                "The contract is the household's: when two become one, one contract is ended",
            ),
        ),
    ),
    Procedure(
        slug="move.isp",
        title=both("プロバイダ・光回線の移転", "Internet line: moving it"),
        receiver=company("PRIV-ISP", lambda c: c.isp, both("契約中の通信会社", "Your internet provider")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "oldAddress", "newAddress", "ispWorkOn", "ispCustomer", "phone"),
        applies=has(lambda c: c.isp, both("インターネットの回線がある", "There is an internet line")),
        deadline=_ahead(1, Unit.MONTHS, "契約約款"),
        basis="契約（約款）、電気通信事業法26条の3",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=_HOLDER,
        steps=(
            both("繁忙期は1か月ほど前までに工事日を予約する", "In season, book the work about a month ahead"),
        ),
        documents=("work-notice",),
    ),
    Procedure(
        slug="move.bank",
        title=both("銀行 住所変更", "Bank: change of address"),
        receiver=each_company("PRIV-BANK", both("取引先の銀行", "Your bank")),
        ways=(Way.ONLINE, Way.SIGNED, Way.SELF),
        needs=("name", "kana", "branch", "bankAccount", "newAddress", "phone"),
        applies=some(_banks, both("銀行口座がある", "There is a bank account")),
        deadline=soft(Promptness.PROMPTLY, "取引規定、犯罪による収益の移転防止に関する法律"),
        basis="契約（取引規定）、犯罪による収益の移転防止に関する法律",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=BASE_NOTICES,  # some ask for proof of the new address
        who=both("口座名義人", "The account holder"),
        bring=(both("新住所の本人確認書類（求められた場合）", "Proof of the new address, if asked for"),),
        steps=(
            both(
                "確認の書類が新住所へ転送不要で届く", "A letter not to be forwarded comes to the new address"
            ),
        ),
        documents=("confirmation-letter",),
        subjects=_banks,
    ),
    Procedure(
        slug="move.credit-card",
        title=both("クレジットカード 住所変更", "Credit card: change of address"),
        receiver=each_company("PRIV-CARD", both("カード会社", "Your card company")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "memberNumber", "newAddress", "phone"),
        applies=some(_credit_cards, both("クレジットカードがある", "There is a credit card")),
        deadline=soft(Promptness.WITHOUT_DELAY, "会員規約"),
        basis="契約（会員規約）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=both("会員", "The member"),
        steps=(both("会員ページ又は電話で変更する", "Change it online or by telephone"),),
        subjects=_credit_cards,
    ),
    Procedure(
        slug="move.mobile",
        title=both("携帯電話 住所変更", "Mobile phone: change of address"),
        receiver=each_company("PRIV-MOB", both("携帯電話会社", "Your mobile company")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "mobileNumber", "newAddress"),
        applies=some(_mobiles, both("携帯電話がある", "There is a mobile phone")),
        deadline=soft(Promptness.PROMPTLY, "携帯電話不正利用防止法、契約約款"),
        basis="携帯電話不正利用防止法、契約約款",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=_HOLDER,
        steps=(both("会員ページ又は店舗で変更する", "Change it online or in a shop"),),
        subjects=_mobiles,
    ),
    Procedure(
        slug="move.ecommerce",
        title=both("通信販売 住所変更", "Online shop: change of address"),
        receiver=each_company("PRIV-EC", both("通信販売の会社", "The online shop")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("shopAccount", "newAddress"),
        applies=some(_shops, both("通信販売の会員である", "There is an account with an online shop")),
        deadline=Anytime(basis="契約"),
        basis="契約",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=both("会員", "The member"),
        steps=(both("会員ページで届け先を変更する", "Change the address in the account"),),
        subjects=_shops,
    ),
    Procedure(
        slug="move.life-insurance",
        title=both("生命保険 住所変更", "Life insurance: change of address"),
        receiver=each_company("PRIV-INS", both("生命保険会社", "Your life insurer")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "policyNumber", "newAddress", "phone"),
        applies=some(_life_insurance, both("生命保険に加入している", "There is a life insurance")),
        deadline=soft(Promptness.PROMPTLY, "約款"),
        basis="契約（約款）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=both("契約者", "The policy holder"),
        steps=(both("契約者ページ又は電話で変更する", "Change it online or by telephone"),),
        subjects=_life_insurance,
    ),
    Procedure(
        slug="move.nonlife-insurance",
        title=both(
            "損害保険（火災・地震・自動車）住所変更", "Fire, earthquake, car insurance: change of address"
        ),
        receiver=each_company("PRIV-INS", both("損害保険会社", "Your insurer")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("name", "policyNumber", "newAddress", "building", "insuredGarage"),
        applies=some(
            _nonlife_insurance,
            both("火災・地震・自動車保険に加入している", "There is a fire, earthquake or car insurance"),
        ),
        deadline=soft(Promptness.WITHOUT_DELAY, "保険法29条、約款"),
        basis="保険法29条、約款",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=both("契約者", "The policy holder"),
        steps=(
            both(
                "火災保険は建物に付いています。新しい建物で契約し直すか確かめる",
                "Fire insurance is tied to the building: ask whether a new contract is needed",
            ),
        ),
        documents=("change-approval",),
        subjects=_nonlife_insurance,
    ),
    Procedure(
        slug="move.securities",
        title=both("証券 住所変更", "Securities account: change of address"),
        receiver=each_company("PRIV-SEC", both("証券会社", "Your securities firm")),
        ways=(Way.ONLINE, Way.SIGNED, Way.SELF),
        needs=("name", "securitiesAccount", "newAddress"),
        applies=some(_securities, both("証券口座がある", "There is a securities account")),
        deadline=soft(Promptness.PROMPTLY, "金融商品取引法、国税通則法74条の13の3（要確認）"),
        basis="金融商品取引法、国税通則法74条の13の3（要確認）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        who=both("口座名義人", "The account holder"),
        bring=(both("本人確認書類", "Proof of identity"),),
        steps=(
            both("会員ページで変更し、本人確認書類を示す", "Change it online and show a proof of identity"),
        ),
        subjects=_securities,
    ),
)
