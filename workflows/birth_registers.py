# SPDX-License-Identifier: Apache-2.0
"""Of a birth, the notice, the family register and the resident register, and what follows from them."""

from datetime import date
from typing import Final

from engine.core.deadline_rules import Anytime, Promptness, Severity
from engine.core.declaration import Grade, Instead, Kind, Procedure
from engine.core.lifecycle import Way
from engine.core.periods import Counting
from workflows.birth_facts import BirthFacts, Outcome, RecognitionKind
from workflows.birth_terms import (
    BIRTH_DATE,
    DELIVERY,
    HOSPITAL,
    IMMIGRATION,
    JUDGED_ON,
    MOTHERS_MUNICIPALITY,
    MUNICIPALITY,
    NOTICE,
    NOTICE_BASIS,
    NOTICE_PERIOD,
    PASSPORTS,
    RECORD,
    REGISTER_DESK,
    REGISTER_PLACE,
    born_alive,
    children,
    living,
    months_abroad,
)
from workflows.common import both
from workflows.registers import WITHDRAWN_WHILE_DEPOSITED
from workflows.terms import AT_COUNTER, FINE_OF_50_000, UNDATED, days_from, soft, some

_PARENT: Final = both("父又は母", "The father or the mother")
_FILERS: Final = both(
    "嫡出子は父又は母、嫡出でない子は母。できないときは同居者、医師・助産師その他の立会者、法定代理人（使者が持参できる）",
    "Of a marriage the father or the mother, else the mother; if they cannot, those who live with them,"
    " the doctor or midwife, the legal representative. A messenger may bring it",
)
_REGISTERS_SINCE: Final = date(1948, 1, 1)  # 戸籍法
_ALIVE: Final = both("生きて生まれた子がいる", "A child was born alive")

_reserved = children(
    lambda facts, child: child.was_born_alive and facts.born_abroad is not None and facts.born_abroad.reserves
)
_recognised = children(
    lambda facts, child: (
        child.was_born_alive
        and facts.recognition is not None
        and facts.recognition.kind is not RecognitionKind.BEFORE_BIRTH
    )
)
_registered = children(lambda facts, child: child.was_born_alive and facts.is_japanese)
_carded = children(lambda facts, child: child.wants_card and facts.home is not None)
_travelling = children(
    lambda facts, child: child.wants_passport and facts.is_japanese and facts.home is not None
)
_residing = children(lambda facts, child: child.lives and not facts.is_japanese and facts.home is not None)
_stillborn = children(lambda _, child: child.outcome is Outcome.STILLBORN)
_died = children(lambda _, child: child.outcome is Outcome.DIED)

REGISTERS: Final[tuple[Procedure[BirthFacts], ...]] = (
    Procedure(
        slug="birth.birth-certificate",
        title=both("出生証明書", "Certificate of birth"),
        receiver=HOSPITAL,
        ways=(Way.SELF,),
        needs=(),
        applies=some(born_alive, _ALIVE),
        deadline=soft(Promptness.PROMPTLY, "戸籍法49条3項（出生届に添付する）"),
        basis="戸籍法49条3項",
        in_force=_REGISTERS_SINCE,
        grade=Grade.SURE,
        who=both("医師、助産師、その他の立会者の順", "The doctor, else the midwife, else whoever was there"),
        steps=(
            both(
                "出生届の用紙の右半分に書いてもらう。やむを得ない事情があれば、なくても届け出られます",
                "It is written on the right half of the notice; for good cause it may be missing",
            ),
        ),
        subjects=born_alive,
    ),
    Procedure(
        slug="birth.birth-notice",
        title=both("出生届", "Notice of birth"),
        receiver=REGISTER_DESK,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("child", "parents", "head", "filer"),
        applies=some(born_alive, _ALIVE),
        deadline=NOTICE_PERIOD,
        instead=(
            Instead(
                both("国外で生まれた", "The birth was abroad"),
                lambda facts, _: facts.born_abroad is not None,
                months_abroad(Severity.FINE, NOTICE_BASIS, rolls=True),
            ),
        ),
        basis="戸籍法25条、43条、49条〜52条、56条",
        in_force=_REGISTERS_SINCE,
        grade=Grade.SURE,
        after=("birth.birth-certificate",),
        opens="birth_date",
        amendable=False,
        # the desk says whether it still can be taken back: only what is deposited
        withdrawable=True,
        who=_FILERS,
        bring=(
            both("届出人の本人確認書類", "A proof of identity of who brings it"),
            both("出生証明書", "The certificate of birth"),
            both("母子健康手帳（出生の証明を受ける）", "The mother and child handbook, to be stamped"),
        ),
        steps=(
            both(
                "名は常用漢字・人名用漢字・仮名で書き、振り仮名を付ける（2025年5月26日から）。読みは一般に認められるものに限ります",
                "The name has common characters and, since 26 May 2025, its reading, as it is generally"
                " accepted",
            ),
            both(
                "オンラインは、受け付ける市区町村で、父母の本籍地に、父又は母がカードで届け出るときだけです",
                "Online it goes to the parents' place of registration alone, where that city takes it, by a"
                " parent with a card",
            ),
            both(
                "受理された後に名を変えるには家庭裁判所の許可が要ります（107条の2）",
                "Once accepted, another name needs leave of the family court",
            ),
            WITHDRAWN_WHILE_DEPOSITED,
        ),
        if_late=both(
            "遅れても受理されますが、5万円以下の過料（催告の後は10万円以下）があり得ます",
            "It is accepted late too, with a fine of up to 50,000 yen, 100,000 after a summons",
        ),
        documents=("acceptance-certificate",),
        subjects=born_alive,
    ),
    Procedure(
        slug="birth.nationality-reservation",
        title=both("国籍留保の届出", "Reservation of nationality"),
        receiver=REGISTER_DESK,
        ways=(Way.PAPER,),
        needs=("child", "reservation", "filer"),
        applies=some(
            _reserved,
            both(
                "国外で生まれ、出生により外国の国籍も取得した日本国民の子で、国籍を留保する",
                "A Japanese child is born abroad and gets a foreign nationality by birth; the Japanese one is"
                " reserved",
            ),
        ),
        # Whether a closed last day moves it is not settled: counted to the day that is safe.
        deadline=months_abroad(Severity.RIGHT_LOST, "国籍法12条、戸籍法104条、43条", rolls=False),
        basis="国籍法12条、戸籍法104条",
        in_force=date(1985, 1, 1),
        grade=Grade.SURE,
        opens="birth_date",
        amendable=False,
        withdrawable=False,
        who=both("出生届の届出人（父母など）", "Those who may notify the birth"),
        steps=(
            both(
                "出生届の「その他」欄に「日本国籍を留保する」と書き、署名して、出生届とともに出す",
                "Write and sign it in the notice of birth, and hand in both together",
            ),
        ),
        if_late=both(
            "期間を過ぎると、生まれた時にさかのぼって日本国籍を失います（国籍法17条で再取得できることがある）",
            "After it the Japanese nationality is lost from birth; art. 17 may let it be acquired again",
        ),
        subjects=_reserved,
    ),
    Procedure(
        slug="birth.child-recognition",
        title=both("認知届", "Recognition by the father"),
        receiver=REGISTER_DESK,
        ways=(Way.PAPER,),
        needs=("child", "recognising", "recognisedMother"),
        applies=some(
            _recognised,
            both(
                "父母が結婚しておらず、父が認知する（胎児のうちに認知していない）",
                "The parents are not married, and the father recognises the child (not before birth)",
            ),
        ),
        deadline=Anytime(basis="戸籍法60〜64条（任意認知に期間はない）"),
        instead=(
            Instead(
                both("裁判による認知である", "It is by judgment"),
                lambda facts, _: facts.recognition is not None and facts.recognition.judged_on is not None,
                days_from(
                    JUDGED_ON, 10, "戸籍法63条、43条", severity=Severity.FINE, counting=Counting.FROM_SAME_DAY
                ),
            ),
        ),
        basis="民法779〜786条、戸籍法60〜64条",
        in_force=_REGISTERS_SINCE,
        grade=Grade.SURE,
        after=NOTICE,
        opens="birth_date",
        amendable=False,
        withdrawable=False,
        who=both("父（裁判による認知は訴えた人）", "The father; by judgment, who sued"),
        steps=(both("認知は取り消せません（民法785条）", "A recognition cannot be taken back"),),
        documents=("family-register",),
        subjects=_recognised,
    ),
    Procedure(
        slug="birth.koseki-entry",
        title=both("戸籍の記載・新戸籍", "Entry in the family register"),
        receiver=REGISTER_PLACE,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=some(
            _registered,
            both("日本国民の子である（外国人には戸籍がない）", "The child is a Japanese national"),
        ),
        deadline=Anytime(basis="戸籍法15条、17条、18条、22条"),
        basis="戸籍法15条、17条、18条、22条",
        in_force=_REGISTERS_SINCE,
        grade=Grade.SURE,
        rides_on="birth.birth-notice",
        withdrawable=False,
        steps=(
            both(
                "出生届の受理により記載されます。親が筆頭者でないとき（親の戸籍にいる未婚の母など）は新しい戸籍ができます",
                "It is entered when the notice is accepted; a parent who heads no register, as an unmarried"
                " mother in that of her parents, gets a new one",
            ),
        ),
        documents=("family-register",),
        subjects=_registered,
    ),
    Procedure(
        slug="birth.resident-record",
        title=both("住民票の記載・マイナンバーの付番", "Resident record and My Number"),
        receiver=MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=some(living, both("日本に住所のある子がいる", "A child has an address in Japan")),
        deadline=Anytime(basis="住民基本台帳法施行令12条2項、番号法7条"),
        basis="住民基本台帳法施行令12条2項、番号法7条",
        in_force=date(2015, 10, 5),
        grade=Grade.SURE,
        rides_on="birth.birth-notice",
        withdrawable=False,
        steps=(
            both(
                "出生届により記載されます。別の市区町村やオンラインで届け出ると2週間ほどかかることがあります",
                "It follows from the notice; from another municipality or online it may take two weeks",
            ),
            both("個人番号通知書が住所へ届きます", "The notice of My Number comes to the address"),
        ),
        documents=("resident-record",),
        subjects=living,
    ),
    Procedure(
        slug="birth.mynumber-card",
        title=both("マイナンバーカード（出生届と同時）", "My Number Card with the notice"),
        receiver=MUNICIPALITY,
        ways=(Way.VISIT, Way.PAPER),
        needs=("childName", "childBirthDate", "address", "guardians"),
        applies=some(_carded, both("子のカードを希望する", "A card is wished for the child")),
        deadline=Anytime(basis="番号法16条の2以下"),
        basis="番号法16条の2以下",
        in_force=date(2024, 12, 2),  # express issue; no photograph under one year
        grade=Grade.LIKELY,
        after=NOTICE,
        opens="birth_date",
        who=_PARENT,
        steps=(
            both(
                "出生届の用紙で同時に申し込める。1歳未満は顔写真が要らず、カードは郵送されます",
                "It can be asked for on the notice; under one year without a photograph; it comes by post",
            ),
            both(
                "オンラインの出生届では同時に申し込めない市区町村があります",
                "Some municipalities do not take it with a notice online",
            ),
        ),
        documents=("card",),
        my_number=AT_COUNTER,
        subjects=_carded,
    ),
    Procedure(
        slug="birth.passport",
        title=both("旅券", "Passport"),
        receiver=PASSPORTS,
        ways=(Way.SIGNED, Way.VISIT),
        needs=("childName", "childBirthDate", "honsekiPrefecture", "guardians", "address"),
        applies=some(_travelling, both("子の旅券を希望する", "A passport is wished for the child")),
        deadline=Anytime(basis="旅券法3条"),
        basis="旅券法3条",
        in_force=date(2023, 3, 27),
        grade=Grade.SURE,
        after=("birth.koseki-entry",),
        opens="birth_date",
        who=both("法定代理人", "The legal representative"),
        bring=(both("子の写真", "A photograph of the child"),),
        documents=("passport",),
        subjects=_travelling,
    ),
    Procedure(
        slug="birth.residence-status",
        title=both("在留資格の取得", "Status of residence"),
        receiver=IMMIGRATION,
        ways=(Way.VISIT,),
        needs=("childName", "childBirthDate", "parentsResidence", "guardians", "address"),
        applies=some(
            _residing,
            both(
                "日本国民でない子が60日を超えて在留する",
                "The child is no Japanese national and stays longer than 60 days",
            ),
        ),
        deadline=days_from(
            BIRTH_DATE,
            30,
            "出入国管理及び難民認定法22条の2",
            severity=Severity.RIGHT_LOST,
            confirm=True,
        ),
        basis="出入国管理及び難民認定法22条の2",
        in_force=date(2012, 7, 9),
        grade=Grade.LIKELY,
        after=NOTICE,
        opens="birth_date",
        who=_PARENT,
        bring=(
            both("出生届受理証明書", "The certificate that the notice was accepted"),
            both("父母の在留カード", "The parents' residence cards"),
        ),
        if_late=both(
            "60日を過ぎると在留できる根拠を失います", "After 60 days there is no right to stay any more"
        ),
        documents=("residence-card",),
        subjects=_residing,
    ),
    Procedure(
        slug="birth.vaccination",
        title=both("予防接種の予診票", "Vaccination"),
        receiver=MUNICIPALITY,
        ways=(Way.AUTOMATIC, Way.SELF),
        needs=(),
        applies=some(living, both("日本に住所のある子がいる", "A child has an address in Japan")),
        deadline=Anytime(basis="予防接種法5条"),
        basis="予防接種法5条",
        in_force=UNDATED,
        grade=Grade.SURE,
        rides_on=RECORD[0],
        steps=(
            both(
                "住民票ができると予診票が届きます。最初の接種は生後2か月からです",
                "The papers come with the resident record; the first is due from two months",
            ),
        ),
        subjects=living,
    ),
    Procedure(
        slug="birth.stillbirth-branch",
        title=both("死産届", "Notice of stillbirth"),
        receiver=MOTHERS_MUNICIPALITY,
        ways=(Way.PAPER,),
        needs=("motherName", "weeks", "birthDate", "hospital"),
        applies=some(
            _stillborn, both("妊娠12週以後の死産である", "A child was stillborn from the 12th week")
        ),
        # Whether the day itself counts is for the desk; the earlier day is the safe one.
        deadline=days_from(
            DELIVERY,
            7,
            "死産の届出に関する規程4条",
            severity=Severity.FINE,
            counting=Counting.FROM_SAME_DAY,
            confirm=True,
        ),
        basis="死産の届出に関する規程3条、4条、7条",
        in_force=date(1946, 9, 30),
        grade=Grade.LIKELY,
        opens="birth_date",
        said_kind=Kind.BRANCH,
        who=both(
            "父又は母（できないときは同居人、医師、助産師）", "The father or mother; else who lives there"
        ),
        bring=(both("死産証書又は死胎検案書", "The certificate of stillbirth"),),
        steps=(
            both(
                "出生届は出しません。妊娠4か月以後は火葬の許可を同時に受ける",
                "No birth is notified; from the fourth month ask for the permit of cremation as well",
            ),
            both(
                "お祝いに関わる案内や企業への連絡は、すべて止めています",
                "Nothing congratulatory is sent, and no company is told",
            ),
        ),
        documents=("cremation-permit",),
        subjects=_stillborn,
    ),
    Procedure(
        slug="birth.neonatal-death-branch",
        title=both("出生届に続く死亡届", "The notice of death after that of birth"),
        receiver=REGISTER_DESK,
        ways=(Way.SELF,),
        needs=(),
        applies=some(_died, both("生まれた後に亡くなった子がいる", "A child was born alive and then died")),
        deadline=soft(
            Promptness.PROMPTLY, "戸籍法49条、86条（それぞれの期間による）", severity=Severity.FINE
        ),
        basis="戸籍法49条、86条",
        in_force=_REGISTERS_SINCE,
        grade=Grade.SURE,
        after=NOTICE,
        opens="birth_date",
        said_kind=Kind.BRANCH,
        who=_PARENT,
        steps=(
            both(
                "出生届と死亡届の両方を、この順で出す。死亡は別のライフイベントとして申し出る",
                "Both are notified, in this order; tell the death as a life event of its own",
            ),
        ),
        if_late=FINE_OF_50_000,
        subjects=_died,
    ),
)
