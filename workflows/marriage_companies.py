# SPDX-License-Identifier: Apache-2.0
"""Of a marriage, what companies want to know: contracts, no law, no My Number, no family register.

Nobody is told a new name before it is entered: a marriage that is planned has changed nobody's name.
"""

from typing import Final

from engine.core.deadline_rules import Promptness
from engine.core.declaration import Grade, Procedure
from engine.core.lifecycle import Way
from workflows.common import both
from workflows.holdings import Owned
from workflows.marriage_facts import MarriageFacts, MobileLine, Policy, Utility
from workflows.marriage_terms import (
    ENTERED,
    NAMED,
    TERMS,
    WATERWORKS,
    contracts,
    each_company,
    is_holder_renamed,
)
from workflows.terms import UNDATED, soft, some

_HOLDER: Final = both("契約者", "The contract holder")
_RENAMED_OR_MERGED: Final = both(
    "契約者の氏が変わるか、二つの世帯の契約が一つになる",
    "The holder's surname changes, or the contracts of two households become one",
)
_RENAMED: Final = both("契約者の氏が変わる", "The holder's surname changes")
_NEW_NAME_ID: Final = both(
    "新しい氏名の本人確認書類（マイナンバーカード又は運転免許証）",
    "A proof of identity with the new name: My Number Card or driving licence",
)
_RULES_OF_BANKS: Final = "取引規定、犯罪による収益の移転防止に関する法律"


def _changes(facts: MarriageFacts, one: Owned) -> bool:
    """Say whether the contract gets another name, or ends as two become one."""
    return is_holder_renamed(facts, one) or (isinstance(one, Utility) and one.merges)


def _gets_line(facts: MarriageFacts, one: Owned) -> bool:
    return is_holder_renamed(facts, one) or (isinstance(one, MobileLine) and one.joins_family)


def _gets_policy(facts: MarriageFacts, one: Owned) -> bool:
    return is_holder_renamed(facts, one) or (isinstance(one, Policy) and one.beneficiary is not None)


def _licence_first(facts: MarriageFacts) -> tuple[str, ...]:
    """Return the proof of the new name that somebody without a card has: the licence."""
    renamed = [one for number, one in enumerate(facts.spouses) if facts.is_renamed(number)]
    is_needed = any(one.licence is not None and not one.has_card for one in renamed)
    return ("marriage.drivers-license",) if is_needed else ()


# What proves the new name: the card, and where there is none the licence (`_licence_first`).
_PROOF: Final = (*NAMED, "marriage.card-name")

_electricity = contracts("electricity", _changes)
_gas = contracts("gas", _changes)
_water = contracts("water", _changes)
_telephone = contracts("telephone", _changes)
_newspaper = contracts("newspaper", _changes)
_nhk = contracts("nhk", _changes)
_isp = contracts("isp", _changes)
_shops = contracts("shops", is_holder_renamed)
_banks = contracts("banks", is_holder_renamed)
_credit_cards = contracts("creditCards", is_holder_renamed)
_mobiles = contracts("mobiles", _gets_line)
_insurance = contracts("insurance", _gets_policy)
_securities = contracts("securities", is_holder_renamed)

COMPANIES: Final[tuple[Procedure[MarriageFacts], ...]] = (
    Procedure(
        slug="marriage.electricity",
        title=both("電気 名義変更", "Electricity: name"),
        receiver=each_company("PRIV-ELEC", both("契約中の電力会社", "Your electricity company")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("oldName", "newName", "customerNumber", "phone", "ends"),
        applies=some(_electricity, _RENAMED_OR_MERGED),
        deadline=TERMS,
        basis="契約（小売供給約款）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NAMED,
        opens="marriage_date",
        who=_HOLDER,
        steps=(
            both(
                "電力会社のページ又は電話で名義を変える。一つになる契約は解約する",
                "Change the name online or by telephone; end the contract that merges",
            ),
        ),
        subjects=_electricity,
    ),
    Procedure(
        slug="marriage.gas",
        title=both("ガス 名義変更", "Gas: name"),
        receiver=each_company("PRIV-GAS", both("契約中のガス会社", "Your gas company")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("oldName", "newName", "customerNumber", "phone", "ends"),
        applies=some(_gas, _RENAMED_OR_MERGED),
        deadline=TERMS,
        basis="契約（小売供給約款）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NAMED,
        opens="marriage_date",
        who=_HOLDER,
        steps=(
            both(
                "ガス会社のページ又は電話で名義を変える。一つになる契約は解約する",
                "Change the name online or by telephone; end the contract that merges",
            ),
        ),
        subjects=_gas,
    ),
    Procedure(
        slug="marriage.water",
        title=both("水道 名義変更", "Water: name"),
        receiver=WATERWORKS,
        ways=(Way.ONLINE, Way.SELF),
        needs=("oldName", "newName", "customerNumber", "phone", "ends"),
        applies=some(_water, _RENAMED_OR_MERGED),
        deadline=TERMS,
        basis="供給規程・条例",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NAMED,
        opens="marriage_date",
        who=_HOLDER,
        steps=(
            both(
                "水道局に名義の変更を申し込む。一つになる契約は中止する",
                "Ask the waterworks to change the name; stop the contract that merges",
            ),
        ),
        subjects=_water,
    ),
    Procedure(
        slug="marriage.telephone",
        title=both("固定電話 名義変更", "Telephone line: name"),
        receiver=each_company("PRIV-TEL", both("契約中の電話会社", "Your telephone company")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("oldName", "newName", "customerNumber", "ends"),
        applies=some(_telephone, _RENAMED_OR_MERGED),
        deadline=TERMS,
        basis="契約約款",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NAMED,
        opens="marriage_date",
        who=_HOLDER,
        steps=(both("電話会社に改姓の手続を申し込む", "Ask the company to change the name"),),
        subjects=_telephone,
    ),
    Procedure(
        slug="marriage.newspaper",
        title=both("新聞 名義変更", "Newspaper: name"),
        receiver=each_company("PRIV-NEWS", both("新聞販売店", "Your newspaper dealer")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("newName", "customerNumber", "ends"),
        applies=some(_newspaper, _RENAMED_OR_MERGED),
        deadline=TERMS,
        basis="契約",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=ENTERED,
        opens="marriage_date",
        who=_HOLDER,
        steps=(both("販売店に伝える", "Tell the dealer"),),
        subjects=_newspaper,
    ),
    Procedure(
        slug="marriage.nhk",
        title=both("NHK 名義変更・世帯同一化", "NHK: name, or two households become one"),
        receiver=each_company("PRIV-NHK", both("日本放送協会（NHK）", "NHK")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("oldName", "newName", "address", "customerNumber", "mergingNumbers", "ends"),
        applies=some(_nhk, _RENAMED_OR_MERGED),
        deadline=TERMS,
        basis="放送法64条、日本放送協会放送受信規約",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NAMED,
        opens="marriage_date",
        who=_HOLDER,
        steps=(
            both(
                "名義を変える。契約は世帯ごとなので、二つの世帯が一つになるときは一方を解約する",
                "Change the name; it is the household's contract: when two become one, one is ended",
            ),
        ),
        subjects=_nhk,
    ),
    Procedure(
        slug="marriage.isp",
        title=both("プロバイダ 名義変更", "Internet line: name"),
        receiver=each_company("PRIV-ISP", both("契約中の通信会社", "Your internet provider")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("oldName", "newName", "customerNumber", "ends"),
        applies=some(_isp, _RENAMED_OR_MERGED),
        deadline=TERMS,
        basis="契約約款",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NAMED,
        opens="marriage_date",
        who=_HOLDER,
        steps=(both("会員ページ又は電話で名義を変える", "Change the name online or by telephone"),),
        subjects=_isp,
    ),
    Procedure(
        slug="marriage.ecommerce",
        title=both("通信販売 氏名・カード名の変更", "Online shop: name"),
        receiver=each_company("PRIV-EC", both("通信販売の会社", "The online shop")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("shopAccount", "newName"),
        applies=some(_shops, _RENAMED),
        deadline=TERMS,
        basis="契約",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=ENTERED,
        opens="marriage_date",
        who=both("会員", "The member"),
        steps=(
            both("会員ページで氏名と支払のカードを変える", "Change the name and the card in the account"),
        ),
        subjects=_shops,
    ),
    Procedure(
        slug="marriage.bank",
        title=both("銀行 名義変更", "Bank: name"),
        receiver=each_company("PRIV-BANK", both("取引先の銀行", "Your bank")),
        ways=(Way.ONLINE, Way.SIGNED, Way.VISIT),
        needs=("oldName", "newName", "newKana", "branch", "bankAccount", "newSeal"),
        applies=some(_banks, _RENAMED),
        deadline=soft(Promptness.PROMPTLY, _RULES_OF_BANKS),
        basis="契約（取引規定）、犯罪による収益の移転防止に関する法律",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=_PROOF,
        opens="marriage_date",
        who=both("口座名義人", "The account holder"),
        bring=(_NEW_NAME_ID, both("通帳、カード、届出印", "Passbook, card and seal")),
        steps=(
            both(
                "戸籍証明書提供用識別符号は銀行では使えません。新しい氏名の本人確認書類を持って行く",
                "The State's register code is of no use at a bank: bring a proof of the new name",
            ),
        ),
        documents=("bank-card",),
        after_here=_licence_first,
        subjects=_banks,
    ),
    Procedure(
        slug="marriage.credit-card",
        title=both("クレジットカード 氏名変更", "Credit card: name"),
        receiver=each_company("PRIV-CARD", both("カード会社", "Your card company")),
        ways=(Way.ONLINE, Way.SELF),
        needs=("oldName", "newName", "cardRomaji", "memberNumber"),
        applies=some(_credit_cards, _RENAMED),
        deadline=TERMS,
        basis="契約（会員規約）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=("marriage.bank",),
        opens="marriage_date",
        who=both("会員", "The member"),
        steps=(
            both(
                "引落口座の名義と同じでなければならないので、銀行の後に変える",
                "The name has to be that of the account it is paid from: change it after the bank",
            ),
        ),
        documents=("credit-card",),
        subjects=_credit_cards,
    ),
    Procedure(
        slug="marriage.mobile",
        title=both("携帯電話 氏名変更・家族割", "Mobile phone: name, family plan"),
        receiver=each_company("PRIV-MOB", both("携帯電話会社", "Your mobile company")),
        ways=(Way.ONLINE, Way.VISIT),
        needs=("oldName", "newName", "mobileNumber"),
        applies=some(
            _mobiles,
            both(
                "契約者の氏が変わるか、家族割に入る",
                "The holder's surname changes, or the line joins a family plan",
            ),
        ),
        deadline=TERMS,
        basis="携帯電話不正利用防止法、契約約款",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=_PROOF,
        opens="marriage_date",
        who=_HOLDER,
        bring=(_NEW_NAME_ID,),
        steps=(both("会員ページ又は店舗で変える", "Change it online or in a shop"),),
        after_here=_licence_first,
        subjects=_mobiles,
    ),
    Procedure(
        slug="marriage.insurance",
        title=both("生命保険・損害保険 名義・受取人の変更", "Insurance: name and beneficiary"),
        receiver=each_company("PRIV-INS", both("保険会社", "Your insurer")),
        ways=(Way.ONLINE, Way.PAPER),
        needs=("oldName", "newName", "policyNumber", "beneficiary"),
        applies=some(
            _insurance,
            both(
                "契約者の氏が変わるか、受取人を変える",
                "The holder's surname changes, or there is another beneficiary",
            ),
        ),
        deadline=TERMS,
        basis="保険法43条〜47条、約款",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NAMED,
        opens="marriage_date",
        who=both(
            "契約者（受取人の変更には被保険者の同意が要る）",
            "The policy holder; another beneficiary needs the consent of the insured",
        ),
        steps=(both("契約者ページ又は書面で変える", "Change it online or on paper"),),
        documents=("change-approval",),
        subjects=_insurance,
    ),
    Procedure(
        slug="marriage.securities",
        title=both("証券 氏名変更", "Securities account: name"),
        receiver=each_company("PRIV-SEC", both("証券会社", "Your securities firm")),
        ways=(Way.ONLINE, Way.PAPER),
        needs=("oldName", "newName", "securitiesAccount"),
        applies=some(_securities, _RENAMED),
        deadline=TERMS,
        basis="金融商品取引法、約款",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=_PROOF,
        opens="marriage_date",
        who=both("口座名義人", "The account holder"),
        bring=(_NEW_NAME_ID,),
        steps=(both("会員ページ又は書面で変える", "Change it online or on paper"),),
        after_here=_licence_first,
        subjects=_securities,
    ),
)
