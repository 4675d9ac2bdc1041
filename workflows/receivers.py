# SPDX-License-Identifier: Apache-2.0
"""What the kinds of receivers (提出先の種類) are called, for readers of the rules."""

from collections.abc import Mapping
from typing import Final

from engine.core.text import Text
from workflows.common import both

RECEIVERS: Final[Mapping[str, Text]] = {
    # municipalities and prefectures
    "MUNI": both("市区町村", "Municipality"),
    "MUNI-OLD": both("旧住所の市区町村", "Municipality of the old address"),
    "MUNI-NEW": both("新住所の市区町村", "Municipality of the new address"),
    "MUNI-K": both("戸籍の窓口（市区町村）", "Family register desk of a municipality"),
    "WIDE": both("後期高齢者医療広域連合", "Medical association for the late elderly"),
    "EDU": both("教育委員会", "Board of Education"),
    "ELECTION": both("選挙管理委員会", "Election commission"),
    "WATER": both("水道事業者", "Waterworks"),
    "AGRI": both("農業委員会", "Agricultural commission"),
    "POLICE": both("公安委員会（警察署）", "Public Safety Commission (police)"),
    # the State
    "JPS": both("日本年金機構", "Japan Pension Service"),
    "MLIT": both("運輸支局", "Transport branch office"),
    "KEI": both("軽自動車検査協会", "Light Motor Vehicle Inspection Organization"),
    "MOFA": both("旅券事務所", "Passport office"),
    "REG": both("法務局", "Legal Affairs Bureau"),
    "IMM": both("出入国在留管理局", "Immigration office"),
    "NTA": both("税務署", "Tax office"),
    "COURT": both("家庭裁判所", "Family court"),
    "LABOUR": both("労働基準監督署", "Labour Standards Inspection Office"),
    "MINISTRY": both("免許を管轄する省庁", "Ministry of the licence"),
    "J-LIS": both("地方公共団体情報システム機構", "Japan Agency for Local Authority Information Systems"),
    "DIGITAL": both("デジタル庁", "Digital Agency"),
    # others by law or by contract
    "EMP": both("勤務先", "Employer"),
    "HINS": both("健康保険の保険者", "Health insurer"),
    "HOSPITAL": both("医療機関", "Hospital"),
    "DOCTOR": both("医師", "Doctor"),
    "HEIRS": both("相続人の間", "Among the heirs"),
    "DIC": both("預金保険機構", "Deposit Insurance Corporation"),
    "JASDEC": both("証券保管振替機構", "Japan Securities Depository Center"),
    "PRIV-JASDEC": both("証券保管振替機構", "Japan Securities Depository Center"),
    "PRIV-LIA": both("生命保険協会", "Life Insurance Association"),
    "PRIV-CREM": both("火葬場", "Crematorium"),
    "PRIV-LANDLORD": both("家主", "Landlord"),
    "PRIV-ELEC": both("電力会社", "Electricity company"),
    "PRIV-GAS": both("ガス会社", "Gas company"),
    "PRIV-NHK": both("日本放送協会", "NHK"),
    "PRIV-TEL": both("電話会社", "Telephone company"),
    "PRIV-ISP": both("インターネット接続事業者", "Internet provider"),
    "PRIV-MOB": both("携帯電話会社", "Mobile company"),
    "PRIV-NEWS": both("新聞販売店", "Newspaper"),
    "PRIV-POST": both("日本郵便", "Japan Post"),
    "PRIV-BANK": both("銀行", "Bank"),
    "PRIV-CARD": both("クレジットカード会社", "Credit card company"),
    "PRIV-EC": both("通信販売の事業者", "Online shop"),
    "PRIV-INS": both("保険会社", "Insurance company"),
    "PRIV-SEC": both("証券会社", "Securities company"),
    "PRIV-OPT-IN": both("知らせることを希望した会社", "A company that was expressly chosen"),
    "NONE": both("提出不要", "Nobody"),
}


def receiver_in_words(kind: str) -> Text:
    """Return what a kind of receiver is called; a kind nobody has named is its own name."""
    return RECEIVERS.get(kind, both(kind, kind))
