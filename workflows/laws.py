# SPDX-License-Identifier: Apache-2.0
"""The laws that rules cite, each with its id at e-Gov (法令ID), so that a reader comes to the text.

An id is written only where it is sure; a law without one is known by name, and its id is to be checked.
A basis begins with a law, an ordinance, a contract, a practice, or says that there is none.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

from engine.core.explain import Citation

_EGOV: Final = "https://laws.e-gov.go.jp/law/"

# By the name under which rules cite it. The id is era, year, kind (AC act, CO cabinet order, M
# ministerial order) and number: Civil Code 明治29年法律89号 is 129AC0000000089.
LAWS: Final[Mapping[str, str | None]] = {
    # persons and registers
    "民法": "129AC0000000089",
    "戸籍法": "322AC0000000224",
    "戸籍法施行規則": None,
    "国籍法": "325AC0000000147",
    "住民基本台帳法": "342AC0000000081",
    "住民基本台帳法施行令": "342CO0000000292",
    "番号法": "425AC0000000027",
    "番号法施行令": None,
    "公的個人認証法": "414AC0000000153",
    "公的個人認証法施行規則": None,
    "公的給付の支給等の迅速かつ確実な実施のための預貯金口座の登録等に関する法律": "503AC0000000038",
    "口座管理法": "503AC0000000039",
    "預貯金者の意思に基づく個人番号の利用による預貯金口座の管理等に関する法律": "503AC0000000039",
    "公職選挙法": "325AC1000000100",
    "旅券法": "326AC0000000267",
    "出入国管理及び難民認定法": "326CO0000000319",
    "日本国との平和条約に基づき日本の国籍を離脱した者等の出入国管理に関する特例法": "403AC0000000071",
    "法の適用に関する通則法": "418AC0000000078",
    "地方自治法": "322AC0000000067",
    "後見登記等に関する法律": "411AC0000000152",
    # health, care, pension, children
    "健康保険法": "211AC0000000070",
    "健康保険法施行規則": None,
    "国民健康保険法": "333AC0000000192",
    "国民健康保険法施行規則": None,
    "高齢者の医療の確保に関する法律": "357AC0000000080",
    "高齢者の医療の確保に関する法律施行規則": None,
    "介護保険法": "409AC0000000123",
    "介護保険法施行規則": None,
    "国民年金法": "334AC0000000141",
    "国民年金法施行規則": None,
    "厚生年金保険法": "329AC0000000115",
    "厚生年金保険法施行規則": None,
    "雇用保険法": "349AC0000000116",
    "労働基準法": "322AC0000000049",
    "労働者災害補償保険法": "322AC0000000050",
    "育児休業、介護休業等育児又は家族介護を行う労働者の福祉に関する法律": "403AC0000000076",
    "児童手当法": "346AC0000000073",
    "児童手当法施行規則": None,
    "児童扶養手当法": "336AC0000000238",
    "児童扶養手当法施行規則": None,
    "児童福祉法": "322AC0000000164",
    "児童福祉法施行規則": None,
    "特別児童扶養手当等の支給に関する法律": "339AC0000000134",
    "子ども・子育て支援法": "424AC0000000065",
    "子ども・子育て支援法施行規則": None,
    "母子保健法": "340AC0000000141",
    "母子及び父子並びに寡婦福祉法": "339AC0000000129",
    "予防接種法": "323AC0000000068",
    "医師法": "323AC0000000201",
    "医師法施行令": None,
    "保健師助産師看護師法": "323AC0000000203",
    "身体障害者福祉法": None,
    "身体障害者福祉法施行令": None,
    "精神保健福祉法": None,
    "精神保健福祉法施行令": None,
    "障害者総合支援法": None,
    "難病の患者に対する医療等に関する法律": "426AC0000000050",
    "生活保護法": "325AC0000000144",
    "墓地、埋葬等に関する法律": "323AC0000000048",
    "墓地、埋葬等に関する法律施行規則": None,
    "死産の届出に関する規程": None,
    "学校教育法": "322AC0000000026",
    "学校教育法施行令": "328CO0000000340",
    # taxes and property
    "所得税法": "340AC0000000033",
    "相続税法": "325AC0000000073",
    "消費税法": "363AC0000000108",
    "国税通則法": "337AC0000000066",
    "地方税法": "325AC0000000226",
    "租税特別措置法": "332AC0000000026",
    "不動産登記法": "416AC0000000123",
    "不動産登記規則": None,
    "農地法": "327AC0000000229",
    "森林法": "326AC1000000249",
    "借地借家法": "403AC0000000090",
    "家事事件手続法": "423AC0000000052",
    "法務局における遺言書の保管等に関する法律": "430AC0000000073",
    "社債、株式等の振替に関する法律": "413AC0000000075",
    # vehicles and animals
    "道路交通法": "335AC0000000105",
    "道路交通法施行規則": None,
    "道路運送車両法": "326AC0000000185",
    "自動車の保管場所の確保等に関する法律": "337AC0000000145",
    "自動車損害賠償保障法": "330AC0000000097",
    "狂犬病予防法": "325AC0000000247",
    "動物の愛護及び管理に関する法律": "348AC1000000105",
    "銃砲刀剣類所持等取締法": "333AC0000000006",
    # services
    "郵便法": "322AC0000000165",
    "放送法": "325AC0000000132",
    "水道法": "332AC0000000177",
    "電気事業法": "339AC0000000170",
    "ガス事業法": "329AC0000000051",
    "電気通信事業法": "359AC0000000086",
    "携帯電話不正利用防止法": None,
    "保険法": "420AC0000000056",
    "金融商品取引法": "323AC0000000025",
    "犯罪による収益の移転防止に関する法律": "419AC0000000022",
    "廃棄物の処理及び清掃に関する法律": "345AC0000000137",
}


class Source(Enum):
    """What a rule rests on."""

    LAW = "law"
    ORDINANCE = "ordinance"
    CONTRACT = "contract"
    PRACTICE = "practice"
    NONE = "none"


_OTHER: Final[Mapping[Source, re.Pattern[str]]] = {
    Source.ORDINANCE: re.compile(r"(市区町村の|都道府県の)?(税)?条例|供給規程|市区町村の定め|都道府県の定め"),
    Source.CONTRACT: re.compile(
        r"契約|約款|会員規約|取引規定|小売供給約款|就業規則|健康保険組合の規約|共済の規約"
        r"|日本放送協会放送受信規約|利用規約"
    ),
    Source.PRACTICE: re.compile(
        r"引越し手続オンラインサービスの取扱い|生命保険契約照会制度|登録済加入者情報|.{0,20}(の取扱い|事務処理要領|制度要綱)"
    ),
    Source.NONE: re.compile(r"なし|法令の定めなし|根拠法なし"),
}
_LONGEST_FIRST: Final = sorted(LAWS, key=len, reverse=True)
_CITED: Final = re.compile("|".join([*map(re.escape, _LONGEST_FIRST), "同法施行令", "同法施行規則", "同法"]))
_ORDERS: Final = re.compile(r"(施行令|施行規則)$")


def source_of(basis: str) -> Source | None:
    """Return what the basis rests on first, None where it begins with nothing that is known."""
    if any(basis.startswith(name) for name in LAWS):
        return Source.LAW
    return next((source for source, words in _OTHER.items() if words.match(basis)), None)


def citations(basis: str) -> tuple[Citation, ...]:
    """Return the laws that a basis cites, each once, in order; the law meant by 同法 by its own name."""
    return tuple(dict.fromkeys(_citations(basis)))


def _citations(basis: str) -> Iterator[Citation]:
    act = ""
    for found in _CITED.finditer(basis):
        name = found[0].replace("同法", act) if act else found[0]
        if name in LAWS:
            act = _ORDERS.sub("", name)
            law = LAWS[name]
            yield Citation(name=name, law_id=law, url=f"{_EGOV}{law}" if law else None)
