# SPDX-License-Identifier: Apache-2.0
"""Of a move, what the municipalities keep: the resident register, cards, insurance, pension, care, seals."""

from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import (
    Anytime,
    EarliestOf,
    Offset,
    Severity,
    Window,
    Within,
)
from engine.core.declaration import Condition, Grade, Procedure
from engine.core.lifecycle import Way
from engine.core.periods import Unit
from workflows.common import both
from workflows.moving_facts import Care, MovingFacts
from workflows.moving_fields import in_national_insurance
from workflows.moving_terms import (
    BASE_NOTICES,
    ENTERS,
    HOUSEHOLD_DESK,
    LATE_ELDERLY,
    LEAVES,
    MOVED_IN,
    MOVING_DATE,
    NEW_MUNICIPALITY,
    OLD_MUNICIPALITY,
    PENSION_SERVICE,
    STAYS,
    fortnight,
    movers,
)
from workflows.terms import AT_COUNTER, FINE_OF_50_000, UNDATED, some

_FILERS: Final = both("本人、世帯主又は代理人", "The person, the head of the household or an agent")
_SELF: Final = both("本人", "The person")
_HEAD: Final = both("世帯主", "The head of the household")
_INSURED: Final = both("本人又は世帯主", "The insured person or the head of the household")
_CARD: Final = both("マイナンバーカード又は本人確認書類", "My Number Card or another proof of identity")
_ALL_CARDS: Final = both(
    "異動する全員のマイナンバーカード（暗証番号）", "The My Number Cards of all who move, with PINs"
)
_BY_RECEIVER: Final = both(
    "個人番号は届出を受けた機関が自ら確認します。Todoke は扱いません",
    "The receiver looks the number up by itself; Todoke never handles it",
)
_IN_FORCE: Final = date(1967, 11, 10)  # 住民基本台帳法
_CARDS_SINCE: Final = date(2016, 1, 1)
_CARE_SINCE: Final = date(2000, 4, 1)

_carded = movers(lambda facts, mover: facts.stays_in_japan and mover.has_card)
_wanting_certificate = movers(lambda facts, mover: facts.stays_in_japan and mover.wants_signing_certificate)
_sealed = movers(lambda _, mover: mover.seal_registered)
_wanting_seal = movers(lambda facts, mover: facts.stays_in_japan and mover.wants_seal)
_unlinked = movers(lambda _, mover: mover.pension is not None and not mover.pension.linked)
_in_care_insurance = movers(lambda facts, mover: facts.has_care_insurance(mover))
_certified = movers(
    lambda facts, mover: facts.has_care_insurance(mover) and (mover.care or Care()).certification is not None
)
_late_elderly = movers(lambda facts, mover: facts.is_late_elderly(mover))

MUNICIPAL: Final[tuple[Procedure[MovingFacts], ...]] = (
    Procedure(
        slug="move.move-out-notice",
        title=both("転出届", "Notice of moving out"),
        receiver=OLD_MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("name", "kana", "birthDate", "oldAddress", "newAddress", "movingDate", "movers", "phone"),
        applies=LEAVES,
        deadline=Window(
            of=MOVING_DATE,
            opens=Offset(amount=-30),
            closes=Offset(amount=10),
            severity=Severity.FINE,
            basis="住民基本台帳法24条、52条2項",
            confirm=True,  # the window is that of the online service, the Act says only 「あらかじめ」
        ),
        basis="住民基本台帳法24条",
        in_force=_IN_FORCE,
        grade=Grade.SURE,
        who=_FILERS,
        bring=(_CARD,),
        if_late=FINE_OF_50_000,
        documents=("move-out-certificate",),
    ),
    Procedure(
        slug="move.move-in-notice",
        title=both("転入届", "Notice of moving in"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=(
            "name",
            "kana",
            "birthDate",
            "oldAddress",
            "newAddress",
            "movingDate",
            "movers",
            "head",
            "phone",
        ),
        applies=ENTERS,
        deadline=fortnight("住民基本台帳法22条、52条2項", Severity.FINE),
        basis="住民基本台帳法22条、24条の2",
        in_force=_IN_FORCE,
        grade=Grade.SURE,
        after=("move.move-out-notice",),
        opens="moving_date",  # it cannot be filed before the household has moved in
        who=_FILERS,
        bring=(
            _ALL_CARDS,
            both("カードがない人は転出証明書", "For those without a card, the move-out certificate"),
        ),
        steps=(
            both("住み始めてから窓口へ行く", "Go to the counter after you have moved in"),
            both(
                "カードの継続利用と署名用電子証明書の発行も同時に頼む",
                "Have the cards continued and new signing certificates issued at the same visit",
            ),
        ),
        if_late=both(
            "5万円以下の過料。カードが失効することがあります",
            "A fine of up to 50,000 yen; the cards may become void",
        ),
        documents=("resident-record",),
        my_number=AT_COUNTER,
    ),
    Procedure(
        slug="move.within-city-notice",
        title=both("転居届", "Notice of moving within the municipality"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("name", "newAddress", "movingDate", "oldAddress", "head", "relations"),
        applies=STAYS,
        deadline=fortnight("住民基本台帳法23条、52条2項", Severity.FINE),
        basis="住民基本台帳法23条",
        in_force=_IN_FORCE,
        grade=Grade.SURE,
        opens="moving_date",
        who=_FILERS,
        bring=(_ALL_CARDS, _CARD),
        steps=(
            both("住み始めてから窓口へ行く", "Go to the counter after you have moved in"),
            both(
                "指定都市の区の間の引越しは、扱いを窓口に確かめる",
                "Between wards of one city, ask the counter how it is handled",
            ),
        ),
        if_late=FINE_OF_50_000,
        documents=("resident-record",),
        my_number=AT_COUNTER,
    ),
    Procedure(
        slug="move.household-change",
        title=both("世帯変更届", "Notice of a changed household"),
        receiver=HOUSEHOLD_DESK,
        ways=(Way.VISIT,),
        needs=("changedMembers", "changedHead", "movingDate"),
        applies=Condition(
            both(
                "住所の変わらない人の世帯が変わる（世帯主変更・合併・分離）",
                "A household changes of people who do not move: its head, merged or divided",
            ),
            lambda facts: facts.household_change is not None,
        ),
        deadline=fortnight("住民基本台帳法25条、52条2項", Severity.FINE),
        basis="住民基本台帳法25条",
        in_force=_IN_FORCE,
        grade=Grade.SURE,
        after=("move.move-out-notice", "move.within-city-notice"),
        opens="moving_date",
        who=_FILERS,
        bring=(_CARD,),
        if_late=FINE_OF_50_000,
    ),
    Procedure(
        slug="move.card-continued-use",
        title=both("マイナンバーカード 継続利用・券面更新", "My Number Card: continued use"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=(),
        applies=some(
            _carded, both("マイナンバーカードを持っている人がいる", "Somebody has a My Number Card")
        ),
        deadline=fortnight(
            "番号法17条（項番号は要確認）、住民基本台帳法施行令", Severity.RIGHT_LOST, confirm=True
        ),
        basis="番号法17条",
        in_force=_CARDS_SINCE,
        grade=Grade.SURE,
        after=BASE_NOTICES,
        opens="moving_date",
        withdrawable=False,
        who=both("本人又は同じ世帯の人（暗証番号）", "The person, or one of the household with the PIN"),
        bring=(both("カードと4桁の暗証番号", "The card and its PIN of four digits"),),
        steps=(both("転入届又は転居届と同じ機会に出す", "Show it together with the notice of moving"),),
        if_late=both(
            "転入届から90日、又は転出予定日から30日を過ぎて転入届を出すとカードは失効し、再発行は有料です",
            "90 days after the notice, or with a notice later than 30 days after the planned day, the card"
            " is void; a new one costs a fee",
        ),
        documents=("card",),
        my_number=AT_COUNTER,
        subjects=_carded,
    ),
    Procedure(
        slug="move.signing-cert-reissue",
        title=both("署名用電子証明書 新規発行", "New signing certificate"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=(),
        applies=some(
            _wanting_certificate,
            both("署名用電子証明書を使いたい人がいる", "Somebody wants to sign online again"),
        ),
        deadline=Anytime(basis="公的個人認証法3条、12条"),
        basis="公的個人認証法3条、12条",
        in_force=_CARDS_SINCE,
        grade=Grade.SURE,
        after=("move.card-continued-use",),
        opens="moving_date",
        who=both("15歳以上の本人", "The person, of 15 years or more"),
        bring=(both("カードと6〜16文字の暗証番号", "The card and a PIN of 6 to 16 characters"),),
        steps=(
            both(
                "住所が変わると署名用電子証明書は失効するため、新しく発行を受ける（無料）",
                "It is void once the address has changed; a new one is free",
            ),
        ),
        same_as=("marriage.signing-cert-reissue",),
        documents=("signing-certificate",),
        subjects=_wanting_certificate,
    ),
    Procedure(
        slug="move.nhi-loss",
        title=both("国民健康保険 資格喪失", "National Health Insurance: leaving"),
        receiver=OLD_MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.VISIT),
        needs=("insuredNames", "movingDate"),
        applies=Condition(
            both(
                "国民健康保険に加入している人が市区町村を出る",
                "Somebody in the National Health Insurance leaves the municipality",
            ),
            lambda facts: facts.leaves_municipality and bool(in_national_insurance(facts)),
        ),
        deadline=fortnight("国民健康保険法9条", Severity.CONVENIENCE, confirm=True),
        basis="国民健康保険法9条、同法施行規則11〜13条（条番号は要確認）、住民基本台帳法28条",
        in_force=date(1959, 1, 1),
        grade=Grade.LIKELY,
        rides_on="move.move-out-notice",
        who=_HEAD,
        steps=(
            both(
                "転出届とともに届け出たものとされます。保険料の精算通知を待つ",
                "It counts as filed with the notice of moving out; the premium is settled afterwards",
            ),
        ),
        documents=("premium-settlement",),
    ),
    Procedure(
        slug="move.nhi-enrol",
        title=both("国民健康保険 資格取得", "National Health Insurance: joining"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.VISIT),
        needs=("insured", "newAddress", "oldAddress", "movingDate", "reason"),
        applies=Condition(
            both(
                "勤務先の保険にも後期高齢者医療にも入らない人が転入する",
                "Somebody moves in who is in neither an employer's nor the late-elderly insurance",
            ),
            lambda facts: facts.enters_municipality and bool(in_national_insurance(facts)),
        ),
        deadline=fortnight("国民健康保険法9条1項、同法施行規則2条", Severity.CONVENIENCE),
        basis="国民健康保険法9条1項、同法施行規則2条、住民基本台帳法28条",
        in_force=date(2024, 12, 2),  # 資格確認書: no cards are issued since
        grade=Grade.SURE,
        rides_on="move.move-in-notice",
        who=both("世帯主（加入していなくても）", "The head of the household, even if not insured"),
        steps=(
            both(
                "転入届の窓口で国保の加入を申し出る。転入届とともに届け出たものとされます",
                "Say so at the counter; it counts as filed with the notice of moving in",
            ),
        ),
        documents=("eligibility-certificate",),
        my_number=AT_COUNTER,
    ),
    Procedure(
        slug="move.national-pension-address",
        title=both("国民年金 住所変更", "National Pension: change of address"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=Condition(
            both(
                "国民年金の第1号被保険者がいる（別の市区町村へ引っ越す）",
                "Somebody who moves to another municipality pays the National Pension themselves",
            ),
            lambda facts: facts.enters_municipality and any(m.national_pension for m in facts.movers),
        ),
        deadline=fortnight("国民年金法12条", Severity.CONVENIENCE),
        basis="国民年金法12条、住民基本台帳法29条",
        in_force=date(2018, 3, 5),
        grade=Grade.SURE,
        rides_on="move.move-in-notice",
        steps=(
            both(
                "転入届とともに届け出たものとされます。別の届出は要りません",
                "It counts as filed with the notice of moving in; nothing else is needed",
            ),
        ),
    ),
    Procedure(
        slug="move.pensioner-address",
        title=both("年金受給者 住所変更", "Pensioner: change of address"),
        receiver=PENSION_SERVICE,
        ways=(Way.PAPER,),
        needs=("basicPensionNumber", "name", "newAddress"),
        applies=some(
            _unlinked,
            both(
                "年金を受け、日本年金機構に個人番号が結びついていない人がいる",
                "Somebody receives a pension whose office does not learn of the move by itself",
            ),
        ),
        deadline=EarliestOf(
            rules=(
                Within(
                    of=MOVED_IN,
                    amount=10,
                    unit=Unit.DAYS,
                    authority=Authority.NATIONAL,
                    severity=Severity.CONVENIENCE,
                    basis="厚生年金保険法施行規則37条（条番号は要確認）",
                    confirm=True,
                ),
                Within(
                    of=MOVED_IN,
                    amount=14,
                    unit=Unit.DAYS,
                    authority=Authority.NATIONAL,
                    severity=Severity.CONVENIENCE,
                    basis="国民年金法施行規則20条（条番号は要確認）",
                    confirm=True,
                ),
            )
        ),
        basis="国民年金法施行規則20条、厚生年金保険法施行規則37条（条番号は要確認）",
        in_force=date(2011, 7, 1),
        grade=Grade.LIKELY,
        after=BASE_NOTICES,
        who=both("年金受給者", "The pensioner"),
        my_number=both(
            "基礎年金番号の代わりに個人番号を書く場合は、用紙にご自身で書きます。Todoke は扱いません",
            "Who writes My Number instead of the basic pension number writes it on the form; Todoke never"
            " handles it",
        ),
        subjects=_unlinked,
    ),
    Procedure(
        slug="move.seal-registration-void",
        title=both("印鑑登録 抹消", "Seal registration: void"),
        receiver=OLD_MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=Condition(
            both("印鑑登録をしている人が市区町村を出る", "Somebody with a registered seal leaves"),
            lambda facts: facts.leaves_municipality and bool(_sealed(facts)),
        ),
        deadline=Anytime(basis="市区町村の条例（印鑑登録証明事務処理要領）"),
        basis="市区町村の条例（印鑑登録証明事務処理要領）",
        in_force=UNDATED,
        grade=Grade.SURE,
        rides_on="move.move-out-notice",
        steps=(
            both(
                "転出により自動的に抹消されます。転出取消で戻るとは限りません",
                "It ends with the notice of moving out; taking that back does not always restore it",
            ),
        ),
        subjects=_sealed,
    ),
    Procedure(
        slug="move.seal-registration-new",
        title=both("印鑑登録", "Seal registration"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("name", "birthDate", "newAddress"),
        applies=some(_wanting_seal, both("印鑑登録をしたい人がいる", "Somebody wants to register a seal")),
        deadline=Anytime(basis="市区町村の条例（印鑑登録証明事務処理要領）"),
        basis="市区町村の条例（印鑑登録証明事務処理要領）",
        in_force=UNDATED,
        grade=Grade.SURE,
        after=BASE_NOTICES,
        opens="moving_date",
        who=both(
            "15歳以上の本人（代理人は郵便照会で日数がかかる）", "The person, 15 or more; an agent takes days"
        ),
        bring=(both("登録する印鑑", "The seal"), _CARD),
        documents=("seal-registration-card",),
        subjects=_wanting_seal,
    ),
    Procedure(
        slug="move.ltc-insurance",
        title=both("介護保険 資格喪失・取得", "Long-term care insurance: leaving and joining"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.VISIT),
        needs=("name", "birthDate", "careInsuredNumber", "oldAddress", "newAddress"),
        applies=Condition(
            both(
                "65歳以上又は要介護認定を受けた人が別の市区町村へ引っ越す（施設入所の住所地特例を除く）",
                "Somebody of 65 or more, or certified as in need of care, moves to another municipality"
                " (not into a facility that keeps the old insurer)",
            ),
            lambda facts: not facts.stays_in_city and bool(_in_care_insurance(facts)),
        ),
        deadline=fortnight("介護保険法12条", Severity.CONVENIENCE, confirm=True),
        basis="介護保険法12条、13条、住民基本台帳法28条の3",
        in_force=_CARE_SINCE,
        grade=Grade.LIKELY,
        rides_on=("move.move-in-notice", "move.move-out-notice"),
        who=_INSURED,
        bring=(both("介護保険被保険者証", "The care insurance certificate"),),
        steps=(
            both(
                "転出届・転入届とともに届け出たものとされます",
                "It counts as filed with the notices of moving",
            ),
        ),
        documents=("care-insurance-certificate",),
        my_number=_BY_RECEIVER,
        subjects=_in_care_insurance,
    ),
    Procedure(
        slug="move.ltc-cert-transfer",
        title=both("要介護認定の引継ぎ", "Care certification: taking it along"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("name", "birthDate", "careInsuredNumber", "careLevel", "careValidUntil", "careDoctor"),
        applies=Condition(
            both(
                "要介護・要支援認定を受けた人が別の市区町村から転入する",
                "Somebody certified as in need of care moves in from another municipality",
            ),
            lambda facts: facts.enters_municipality and facts.leaves_municipality and bool(_certified(facts)),
        ),
        deadline=fortnight("介護保険法36条", Severity.RIGHT_LOST),
        basis="介護保険法36条",
        in_force=_CARE_SINCE,
        grade=Grade.SURE,
        after=("move.ltc-insurance", "move.move-in-notice"),
        opens="moving_date",
        who=both("本人、家族又はケアマネジャー", "The insured person, the family or the care manager"),
        bring=(both("受給資格証明書（旧住所地で交付）", "The certificate that the old municipality issues"),),
        if_late=both(
            "認定を引き継げず、改めて認定調査を受けることになります",
            "The certification is lost and the whole assessment is made again",
        ),
        documents=("care-certification", "care-insurance-certificate"),
        my_number=AT_COUNTER,
        subjects=_certified,
    ),
    Procedure(
        slug="move.late-elderly-medical",
        title=both("後期高齢者医療 住所変更・資格取得", "Late-elderly medical insurance"),
        receiver=LATE_ELDERLY,
        ways=(Way.AUTOMATIC, Way.VISIT),
        needs=("name", "birthDate", "newAddress", "burdenClass"),
        applies=some(
            _late_elderly,
            both(
                "75歳以上（又は認定を受けた65歳以上）の人がいる",
                "Somebody is 75 or more, or certified from 65",
            ),
        ),
        deadline=fortnight("高齢者の医療の確保に関する法律54条", Severity.CONVENIENCE),
        basis="高齢者の医療の確保に関する法律54条、住民基本台帳法28条の2",
        in_force=date(2008, 4, 1),
        grade=Grade.SURE,
        rides_on=(*BASE_NOTICES, "move.move-out-notice"),
        withdrawable=False,
        who=_INSURED,
        bring=(
            both(
                "別の都道府県からの場合は負担区分等証明書（なくても市区町村が照会できる）",
                "From another prefecture, the certificate of the share of costs; the city can ask for it too",
            ),
        ),
        steps=(
            both(
                "転入届・転居届とともに届け出たものとされます", "It counts as filed with the notice of moving"
            ),
        ),
        documents=("eligibility-certificate",),
        my_number=_BY_RECEIVER,
        subjects=_late_elderly,
    ),
)
