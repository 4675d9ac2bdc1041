# SPDX-License-Identifier: Apache-2.0
"""Of a marriage, what the family register and the municipality keep: the notice and all that follows it."""

from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import Anytime, Severity, Within
from engine.core.declaration import Condition, Grade, Instead, Kind, Procedure
from engine.core.lifecycle import Way
from engine.core.periods import Counting, Unit
from workflows.common import both
from workflows.marriage_facts import ChildWish, MarriageFacts, NonAcceptance, Spouse
from workflows.marriage_terms import (
    ENTERED,
    EVERY_MARRIAGE,
    MARRIAGE_DATE,
    MARRIED_ABROAD_ON,
    MOVE_DATE,
    MUNICIPALITY,
    NAMED,
    NEW_MUNICIPALITY,
    NOTICE,
    OWN_REGISTER,
    RECORD,
    REGISTER_DESK,
    REGISTER_PLACE,
    Subjects,
    fortnight,
    spouses,
)
from workflows.registers import WITHDRAWN_WHILE_DEPOSITED
from workflows.terms import AT_COUNTER, FINE_OF_50_000, SHOWN_BY_PERSON, UNDATED, days_from, some, things

_FILERS: Final = both("本人、世帯主又は代理人", "The person, the head of the household or an agent")
_SELF: Final = both("本人", "The person")
_CARD: Final = both("マイナンバーカード又は本人確認書類", "My Number Card or another proof of identity")
_WITH_PIN: Final = both("カードと4桁の暗証番号", "The card and its PIN of four digits")
_REGISTERS_SINCE: Final = date(1948, 1, 1)  # 戸籍法
_ADULTS_OF_18: Final = date(2024, 4, 1)  # 民法: no waiting time (再婚禁止期間) since; 18 years since 2022
_RESIDENTS_SINCE: Final = date(1967, 11, 10)  # 住民基本台帳法
_CARDS_SINCE: Final = date(2016, 1, 1)


def _changes_insurance(facts: MarriageFacts, number: int, one: Spouse) -> bool:
    """Say whether they join or leave the National Health Insurance (国保), or are renamed in it."""
    before, after = one.health_insurance, one.insurance_after
    is_in = before is not None and before.value == "national"
    joins = after is not None and after.value == "national"
    leaves = is_in and (one.becomes_dependant or (after is not None and not joins))
    return one.lives_in_japan and ((joins and not is_in) or leaves or (is_in and facts.is_renamed(number)))


_residents = spouses(lambda _, _n, one: one.lives_in_japan)
_blocking = spouses(lambda _, _n, one: one.is_japanese and one.non_acceptance is NonAcceptance.WANTED)
_carded = spouses(lambda f, n, one: f.is_renamed(n) and one.has_card)
_wanting_certificate = spouses(lambda f, n, one: f.is_renamed(n) and one.wants_signing_certificate)
_former = spouses(lambda f, n, one: f.is_renamed(n) and one.lives_in_japan and one.wants_former_surname)
_sealed = spouses(lambda f, n, one: f.is_renamed(n) and one.seal_registered)
_insured = spouses(_changes_insurance)
_single_parents = spouses(lambda _, _n, one: one.lives_in_japan and one.receives_child_support)
_taking_surname = spouses(lambda f, n, _: f.is_international and f.is_renamed(n))
_joining: Subjects = things(
    "/children", lambda f: f.children, lambda _, child: child.wish is ChildWish.JOIN_REGISTER
)
_adopted: Subjects = things(
    "/children", lambda f: f.children, lambda _, child: child.wish is ChildWish.ADOPTION
)

REGISTERS: Final[tuple[Procedure[MarriageFacts], ...]] = (
    Procedure(
        slug="marriage.marriage-notice",
        title=both("婚姻届", "Notice of marriage"),
        receiver=REGISTER_DESK,
        ways=(Way.VISIT,),
        needs=("parties", "surnameOf", "newHonseki", "witnesses", "marriageDate"),
        applies=EVERY_MARRIAGE,
        deadline=Anytime(basis="民法739条、戸籍法74条（届出の期間はない）"),
        instead=(
            Instead(
                both(
                    "外国の方式で婚姻した（証書の謄本を提出する）",
                    "The marriage was made abroad by local form; a copy of its certificate is filed",
                ),
                lambda facts, _: facts.married_abroad is not None,
                Within(
                    of=MARRIED_ABROAD_ON,
                    amount=3,
                    unit=Unit.MONTHS,
                    authority=Authority.MUNICIPAL,
                    severity=Severity.FINE,
                    basis="戸籍法41条、43条",
                    counting=Counting.FROM_SAME_DAY,
                ),
            ),
        ),
        basis="民法731〜736条、739条、740条、戸籍法25条、33条、74条",
        in_force=_ADULTS_OF_18,
        grade=Grade.SURE,
        opens="marriage_date",
        amendable=False,
        # the desk says whether it still can be taken back: only what is deposited
        withdrawable=True,
        who=both(
            "夫になる人と妻になる人の両方（成年の証人2人の署名が要る。使者が持参できるが、代理人は届け出られない）",
            "Both who marry; two adult witnesses sign. A messenger may bring it, no agent may declare it",
        ),
        bring=(
            both("両人と証人2人が自署した婚姻届", "The notice, signed by hand by both and two witnesses"),
            both("持参する人の本人確認書類", "A proof of identity of who brings it"),
            both(
                "外国の方式で婚姻したときは、証書の謄本とその訳文",
                "Of a marriage made abroad, a copy of its certificate with a translation",
            ),
            both(
                "外国の方は婚姻要件具備証明書・国籍を証する書面と、その訳文",
                "Of a foreign national, the certificate of capacity to marry and the proof of nationality,"
                " with translations",
            ),
        ),
        steps=(
            both(
                "用意した届書に4人が自署する。戸籍謄本の添付は要らない（2024年3月から）",
                "All four sign the prepared form by hand; no copy of a register is needed since March 2024",
            ),
            both(
                "届け出る前に、氏・新本籍・日を二人で最後に確かめる",
                "Before it is handed in, both check surname, register and day once more",
            ),
            WITHDRAWN_WHILE_DEPOSITED,
            both(
                "夜間・休日は預かりになり、のちに不備がなければ、預かった日が婚姻の日になります",
                "At night and on holidays it is deposited; if it is complete, the marriage is of that day",
            ),
        ),
        documents=("acceptance-certificate",),
        after_here=lambda facts: ("marriage.move",) if facts.moves_first else (),
    ),
    Procedure(
        slug="marriage.non-acceptance-request",
        title=both("不受理申出", "Request that no notice be accepted"),
        receiver=OWN_REGISTER,
        ways=(Way.VISIT,),
        needs=("name", "birthDate", "ownHonseki"),
        applies=some(
            _blocking,
            both(
                "知らないうちに届が出されることを防ぎたい人がいる", "Somebody wants to block forged notices"
            ),
        ),
        deadline=Anytime(basis="戸籍法27条の2第3項"),
        basis="戸籍法27条の2第3〜5項",
        in_force=date(2008, 5, 1),
        grade=Grade.SURE,
        who=_SELF,
        bring=(_CARD,),
        steps=(
            both(
                "申出があると、本人が窓口に来て届け出たと確かめられない届は受理されません",
                "After it, a notice is refused unless the person is known to have brought it",
            ),
        ),
        subjects=_blocking,
    ),
    Procedure(
        slug="marriage.koseki-new",
        title=both("新戸籍編製・入籍", "The new family register"),
        receiver=REGISTER_PLACE,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=Condition(
            both("日本国民がいる（外国人には戸籍がない）", "One of the two is a Japanese national"),
            lambda facts: facts.namesake is not None,
        ),
        deadline=Anytime(basis="戸籍法16条"),
        basis="戸籍法6条、14条、16条、23条、30条",
        in_force=_REGISTERS_SINCE,
        grade=Grade.SURE,
        rides_on="marriage.marriage-notice",
        withdrawable=False,
        steps=(
            both(
                "婚姻届の受理により編製されます。氏の人がすでに筆頭者なら、その戸籍に入ります",
                "It is made when the notice is accepted; who heads a register already is joined in it",
            ),
            both(
                "戸籍証明書が出るまで1〜2週間かかります", "It takes one to two weeks until copies are issued"
            ),
        ),
        documents=("family-register",),
    ),
    Procedure(
        slug="marriage.resident-record-update",
        title=both("住民票・附票の更新（氏・本籍・筆頭者）", "Resident record: surname and register"),
        receiver=MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=some(_residents, both("日本に住所がある", "Somebody lives in Japan")),
        deadline=Anytime(basis="住民基本台帳法9条2項、19条"),
        basis="住民基本台帳法9条2項、19条",
        in_force=_RESIDENTS_SINCE,
        grade=Grade.SURE,
        rides_on="marriage.marriage-notice",
        withdrawable=False,
        steps=(
            both(
                "戸籍の窓口からの通知で更新されます。住所と世帯は変わりません。別の市区町村に届け出ると数日かかります",
                "The register desk reports it; address and household stay. From another municipality it"
                " takes some days",
            ),
        ),
        documents=("resident-record",),
        subjects=_residents,
    ),
    Procedure(
        slug="marriage.household-merge",
        title=both("世帯合併・世帯変更届", "Households: merging"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("members", "newHead", "relation"),
        applies=Condition(
            both("同じ住所の二つの世帯を一つにする", "Two households at one address become one"),
            lambda facts: facts.household_merge is not None,
        ),
        deadline=fortnight("住民基本台帳法25条、52条2項", Severity.FINE),
        basis="住民基本台帳法25条",
        in_force=_RESIDENTS_SINCE,
        grade=Grade.SURE,
        after=(*NOTICE, "marriage.move"),
        opens="marriage_date",
        who=_FILERS,
        bring=(_CARD,),
        if_late=FINE_OF_50_000,
        documents=("resident-record",),
    ),
    Procedure(
        slug="marriage.move",
        title=both("転入届・転居届（引越し）", "The notice of moving"),
        receiver=NEW_MUNICIPALITY,
        ways=(Way.SELF,),
        needs=(),
        applies=Condition(
            both("結婚とともに引っ越す", "Somebody moves about the same time"),
            lambda facts: facts.move is not None,
        ),
        deadline=days_from(MOVE_DATE, 14, "住民基本台帳法22条・23条、52条2項", severity=Severity.FINE),
        basis="住民基本台帳法22条〜24条",
        in_force=_RESIDENTS_SINCE,
        grade=Grade.LIKELY,
        opens="move_date",
        said_kind=Kind.BRANCH,
        same_as=("move.move-in-notice", "move.within-city-notice"),
        who=_FILERS,
        steps=(
            both(
                "引越しは別のライフイベントとして申し出る。婚姻届では住所は変わりません",
                "Tell the move as a life event of its own: the marriage changes no address",
            ),
            both(
                "同じ日に届け出るときは、決めた順番を守る。婚姻届が預かりの間は旧姓で、受理された後は新姓で転入届を書く",
                "On the same day keep the order that was chosen: while the notice of marriage is deposited"
                " only, write the old surname, once it is accepted the new one",
            ),
        ),
        if_late=FINE_OF_50_000,
        after_here=lambda facts: () if facts.moves_first else NOTICE,
    ),
    Procedure(
        slug="marriage.card-name",
        title=both("マイナンバーカード 氏名変更", "My Number Card: new name"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=(),
        applies=some(
            _carded,
            both(
                "氏が変わる人がマイナンバーカードを持っている",
                "Somebody whose surname changes has a My Number Card",
            ),
        ),
        deadline=fortnight("番号法17条（項番号は要確認）", Severity.CONVENIENCE),
        basis="番号法17条",
        in_force=_CARDS_SINCE,
        grade=Grade.SURE,
        after=NAMED,
        opens="marriage_date",
        withdrawable=False,
        who=both("本人又は同じ世帯の人（暗証番号）", "The person, or one of the household with the PIN"),
        bring=(_WITH_PIN,),
        documents=("card",),
        my_number=AT_COUNTER,
        subjects=_carded,
    ),
    Procedure(
        slug="marriage.signing-cert-reissue",
        title=both("署名用電子証明書 再発行", "New signing certificate"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=(),
        applies=some(
            _wanting_certificate,
            both(
                "氏が変わる人が署名用電子証明書を使いたい",
                "Somebody whose surname changes wants to sign online again",
            ),
        ),
        deadline=Anytime(basis="公的個人認証法3条、12条"),
        basis="公的個人認証法3条、12条",
        in_force=_CARDS_SINCE,
        grade=Grade.SURE,
        after=("marriage.card-name",),
        opens="marriage_date",
        who=_SELF,
        bring=(both("カードと6〜16文字の暗証番号", "The card and a PIN of 6 to 16 characters"),),
        same_as=("move.signing-cert-reissue",),
        steps=(
            both(
                "氏が変わると署名用電子証明書は失効します。利用者証明用はそのまま使えます",
                "With the surname the signing certificate becomes void; the one for logging in stays",
            ),
        ),
        documents=("signing-certificate",),
        subjects=_wanting_certificate,
    ),
    Procedure(
        slug="marriage.former-surname",
        title=both("旧氏併記", "Former surname on record and card"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("oldName", "newName", "kana"),
        applies=some(
            _former, both("氏が変わる人が旧氏の併記を希望する", "Somebody wants the former surname shown")
        ),
        deadline=Anytime(basis="住民基本台帳法施行令30条の13以下"),
        basis="住民基本台帳法施行令30条の13以下（旧氏の使用に関する法案の成否は要確認）",
        in_force=date(2019, 11, 5),
        grade=Grade.CHECK,
        after=NAMED,
        opens="marriage_date",
        who=_SELF,
        bring=(both("旧氏が分かる戸籍証明書", "A register that shows the former surname"), _WITH_PIN),
        documents=("resident-record", "card"),
        subjects=_former,
    ),
    Procedure(
        slug="marriage.seal-registration",
        title=both("印鑑登録", "Seal registration"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("newName", "birthDate", "address"),
        applies=some(
            _sealed,
            both("氏が変わる人が印鑑登録をしている", "Somebody whose surname changes has a registered seal"),
        ),
        deadline=Anytime(basis="市区町村の条例（印鑑登録証明事務処理要領）"),
        basis="市区町村の条例（印鑑登録証明事務処理要領）",
        in_force=UNDATED,
        grade=Grade.LIKELY,
        after=NAMED,
        opens="marriage_date",
        who=_SELF,
        bring=(both("登録する印鑑", "The seal"), _CARD),
        steps=(
            both(
                "旧姓の印鑑の登録は自動的に抹消されます。名だけの印鑑はそのまま使えることがあります",
                "A seal with the old surname becomes void by itself; one of the given name may stay",
            ),
        ),
        documents=("seal-registration-card",),
        subjects=_sealed,
    ),
    Procedure(
        slug="marriage.nhi",
        title=both("国民健康保険 氏名変更・加入・脱退", "National Health Insurance: change"),
        receiver=MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("oldName", "newName", "insuranceBefore", "insuranceAfter", "marriageDate"),
        applies=some(
            _insured,
            both(
                "国民健康保険に入る人、出る人、加入中に氏が変わる人がいる",
                "Somebody joins or leaves the National Health Insurance, or is renamed in it",
            ),
        ),
        deadline=fortnight(
            "国民健康保険法9条、同法施行規則（条番号は要確認）", Severity.CONVENIENCE, confirm=True
        ),
        basis="国民健康保険法9条、同法施行規則（条番号は要確認）",
        in_force=date(2024, 12, 2),  # 資格確認書: no cards are issued since
        grade=Grade.LIKELY,
        after=RECORD,
        opens="marriage_date",
        who=both("世帯主", "The head of the household"),
        bring=(both("医療保険の資格が分かるもの", "What shows the health insurance"), _CARD),
        documents=("eligibility-certificate",),
        my_number=AT_COUNTER,
        subjects=_insured,
    ),
    Procedure(
        slug="marriage.foreign-surname",
        title=both("外国人との婚姻による氏の変更届", "Taking the foreign spouse's surname"),
        receiver=REGISTER_DESK,
        ways=(Way.PAPER,),
        needs=("name", "ownHonseki", "foreignSurname", "marriageDate"),
        applies=some(
            _taking_surname,
            both(
                "外国人と結婚し、その氏を称したい",
                "A Japanese national wants the surname of a foreign spouse",
            ),
        ),
        deadline=Within(
            of=MARRIAGE_DATE,
            amount=6,
            unit=Unit.MONTHS,
            authority=Authority.MUNICIPAL,
            severity=Severity.RIGHT_LOST,
            basis="戸籍法107条2項、43条",
            counting=Counting.FROM_SAME_DAY,
            confirm=True,  # whether the day itself counts is to be checked; the earlier day is the safe one
        ),
        basis="戸籍法107条2項",
        in_force=date(1985, 1, 1),
        grade=Grade.SURE,
        after=NOTICE,
        opens="marriage_date",
        amendable=False,
        who=both("日本人の配偶者", "The Japanese spouse"),
        bring=(_CARD,),
        steps=(
            WITHDRAWN_WHILE_DEPOSITED,
            both(
                "結婚だけでは氏は変わりません。氏の振り仮名も届け出ます",
                "The marriage alone changes no surname; its reading is notified too",
            ),
        ),
        if_late=both(
            "6か月を過ぎると、家庭裁判所の許可が要ります",
            "After six months leave of the family court is needed",
        ),
        documents=("family-register",),
        subjects=_taking_surname,
    ),
    Procedure(
        slug="marriage.children-surname",
        title=both("子の入籍届", "A child enters the new register"),
        receiver=REGISTER_DESK,
        ways=(Way.PAPER,),
        needs=("child", "parentHonseki"),
        applies=some(
            _joining,
            both(
                "前の婚姻などの子を新しい戸籍に入れたい（養子縁組によらない）",
                "A child of an earlier union is to enter the new register, without adoption",
            ),
        ),
        deadline=Anytime(basis="戸籍法98条"),
        basis="民法791条、戸籍法98条",
        in_force=_REGISTERS_SINCE,
        grade=Grade.SURE,
        after=ENTERED,
        opens="marriage_date",
        amendable=False,
        who=both("子（15歳未満は法定代理人）", "The child; under 15, the legal representative"),
        bring=(both("家庭裁判所の許可審判書の謄本", "The leave of the family court"),),
        steps=(
            both(
                "子の戸籍は親の結婚では変わりません。先に家庭裁判所の許可を受ける",
                "A child's register does not follow the parent's: get leave of the family court first",
            ),
            both(
                "成年に達して1年以内なら、子は元の氏に戻れます（民法791条4項）",
                "Within a year of coming of age the child may go back to the old surname",
            ),
            WITHDRAWN_WHILE_DEPOSITED,
        ),
        documents=("family-register",),
        subjects=_joining,
    ),
    Procedure(
        slug="marriage.step-adoption",
        title=both("養子縁組届（配偶者の子）", "Adoption of the spouse's child"),
        receiver=REGISTER_DESK,
        ways=(Way.PAPER,),
        needs=("adopter", "child"),
        applies=some(_adopted, both("配偶者の子を養子にする", "A spouse adopts the other's child")),
        deadline=Anytime(basis="民法799条、戸籍法66条"),
        basis="民法795〜799条、戸籍法66条",
        in_force=_REGISTERS_SINCE,
        grade=Grade.SURE,
        after=NOTICE,
        opens="marriage_date",
        amendable=False,
        who=both(
            "養親と養子（15歳未満は法定代理人が代わって承諾する）",
            "Who adopts, and the child; under 15, the legal representative consents",
        ),
        bring=(both("証人2人が署名した養子縁組届", "The notice, signed by two witnesses"),),
        steps=(
            both(
                "配偶者の子なら、未成年でも家庭裁判所の許可は要りません（民法798条）。配偶者の同意が要ります",
                "For the spouse's own child no leave of the court is needed, but the spouse's consent is",
            ),
            WITHDRAWN_WHILE_DEPOSITED,
        ),
        documents=("family-register",),
        subjects=_adopted,
    ),
    Procedure(
        slug="marriage.single-parent-allowance-end",
        title=both("児童扶養手当 資格喪失届", "Child support allowance: end"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT,),
        needs=("name", "marriageDate"),
        applies=some(
            _single_parents,
            both(
                "ひとり親として児童扶養手当を受けている（事実婚のときも）",
                "Somebody receives the allowance of single parents (it ends with living together, too)",
            ),
        ),
        deadline=fortnight("児童扶養手当法施行規則（条番号は要確認）", Severity.CONVENIENCE, confirm=True),
        basis="児童扶養手当法4条、同法施行規則（条番号は要確認）",
        in_force=date(1962, 1, 1),
        grade=Grade.LIKELY,
        after=NOTICE,
        opens="marriage_date",
        who=both("受給者", "The recipient"),
        bring=(both("児童扶養手当証書", "The certificate of the allowance"),),
        if_late=both("受け過ぎた分を返すことになります", "What was paid too much has to be paid back"),
        subjects=_single_parents,
    ),
    Procedure(
        slug="marriage.child-allowance-change",
        title=both("児童手当 受給者変更", "Child allowance: another recipient"),
        receiver=MUNICIPALITY,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("recipient", "bothParents", "children", "allowanceAccount"),
        applies=Condition(
            both(
                "児童手当の受給者（主に生計を維持する人）が変わる", "The parent with the main income changes"
            ),
            lambda facts: facts.child_allowance is not None,
        ),
        deadline=days_from(
            MARRIAGE_DATE, 15, "児童手当法7条、8条2項・3項", severity=Severity.MONEY_LOST, confirm=True
        ),
        basis="児童手当法7〜9条",
        in_force=date(2024, 10, 1),
        grade=Grade.LIKELY,
        after=NOTICE,
        opens="marriage_date",
        who=both("生計を維持する程度が高い父又は母", "The parent with the main income"),
        bring=(both("振込先の口座が分かるもの", "What shows the account"),),
        if_late=both(
            "遅れた月の分は受け取れません", "What was due for the months before the claim is lost for good"
        ),
        documents=("allowance-decision",),
        my_number=SHOWN_BY_PERSON,
        subjects=lambda facts: (
            f"/spouses/{facts.child_allowance.recipient if facts.child_allowance else 0}",
        ),
    ),
)
