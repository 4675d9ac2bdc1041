# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with one field: stable codes, and words in both languages.

pydantic's kinds are many and change; ours are few and stay. Codes that the models of life events
raise themselves are kept as they are.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from pydantic import ValidationError

from engine.border.wire import MAX_PROBLEMS, pointer
from engine.core.errors import CODES, EngineError, Problem
from engine.core.text import Text

FIELD_CODES: Final[dict[str, Text]] = {
    "missing": Text(ja="必要な項目がありません", en="It is required and missing"),
    "unknown": Text(ja="定義されていない項目です", en="There is no such member"),
    "repeated": Text(ja="同じ項目が2回あります", en="It is given twice"),
    "type": Text(ja="値の種類が違います", en="The value is of another kind"),
    "pattern": Text(ja="書き方が正しくありません", en="It is not written in the right form"),
    "too-long": Text(ja="長すぎます", en="It is too long"),
    "too-short": Text(ja="短すぎます", en="It is too short"),
    "out-of-range": Text(ja="範囲を超えています", en="It is out of range"),
    "too-many": Text(ja="数が多すぎます", en="There are too many"),
    "too-few": Text(ja="数が足りません", en="There are too few"),
    "not-allowed-value": Text(ja="選べない値です", en="It is none of the allowed values"),
    "date": Text(ja="日付は YYYY-MM-DD で書いてください", en="A date is written YYYY-MM-DD"),
    "instant": Text(
        ja="日時は YYYY-MM-DDThh:mm:ssZ で書いてください", en="An instant is written YYYY-MM-DDThh:mm:ssZ"
    ),
    "uuid": Text(ja="ID の形式が正しくありません", en="It is not a UUID"),
    "base64": Text(ja="Base64 ではありません", en="It is not Base64"),
    "control-characters": Text(ja="使えない文字があります", en="It has control characters"),
    "outer-space": Text(ja="前後に空白があります", en="It begins or ends with a space"),
    "not-kana": Text(ja="全角カタカナで書いてください", en="Write it in full-width katakana"),
    "municipality": Text(ja="市区町村コードではありません", en="It is not a municipality code"),
    "corporate-number": Text(ja="法人番号ではありません", en="It is not a corporate number"),
    "too-long-ago": Text(ja="古すぎる日付です", en="It is too long ago"),
    "same-address": Text(ja="新旧の住所が同じです", en="The new address is the old one"),
    "contradicts-facts": Text(ja="ほかの項目と合いません", en="It contradicts another fact"),
    "after-today": Text(ja="今日より後の日です", en="It is after today"),
    "before-birth": Text(ja="生まれた日より前です", en="It is before the birth"),
    "before-death": Text(ja="亡くなった日より前です", en="It is before the death"),
    "before-24-hours": Text(
        ja="亡くなってから24時間たっていません",
        en="24 hours have not passed since the death",
    ),
    "not-entitled": Text(ja="その資格がない人です", en="The person is not entitled to it"),
    "heir-missing": Text(ja="法律上の相続人が足りません", en="An heir by law is missing"),
    "not-an-heir": Text(ja="相続人ではありません", en="The person is no heir"),
    "too-young": Text(ja="年齢が足りません", en="The person is too young for it"),
    "needs-representative": Text(
        ja="15歳未満の方は法定代理人が申し出ます",
        en="For somebody under 15, the legal representative tells it",
    ),
    "differs-from-certificate": Text(
        ja="電子証明書の記載と異なります", en="The certificate has it otherwise"
    ),
    "differs-from-document": Text(
        ja="本人確認をした書類の氏名・生年月日と異なります",
        en="The document by which the person was identified has it otherwise",
    ),
    "representation-scope": Text(ja="代理権の範囲に含まれません", en="The representation does not cover it"),
    "substitute-character": Text(
        ja="電子証明書では代替文字になっています。正しい文字か確かめてください",
        en="The certificate has a substitute character here: see that yours is right",
    ),
    "partly-unknown": Text(
        ja="電子証明書では一部が不明です。正しいか確かめてください",
        en="The certificate knows only a part of it: see that it is right",
    ),
    "too-far-ahead": Text(ja="先すぎる日付です", en="It is too far ahead"),
    "not-born-yet": Text(ja="生まれる前の日付です", en="Nobody is born yet on this day"),
    "same-person": Text(ja="同じ人が二度書かれています", en="It is the same person twice"),
    "forbidden-kinship": Text(
        ja="この親族関係の二人は結婚できません（民法734〜736条）",
        en="Two who are related so may not marry (Civil Code, arts. 734 to 736)",
    ),
    "still-married": Text(
        ja="前の婚姻がまだ続いています（民法732条）",
        en="The earlier marriage still lasts (Civil Code, art. 732)",
    ),
    "non-acceptance-set": Text(
        ja="不受理申出をした本人が窓口へ行かなければ受理されません（戸籍法27条の2）",
        en="It is refused unless who asked for it comes in person (Family Register Act, art. 27-2)",
    ),
    "order-not-said": Text(
        ja="同じ日の二つの届出は、どちらを先に出すかを選んでください",
        en="Of two notices on one day, say which is handed in first",
    ),
    "may-not-file": Text(
        ja="この人は届け出る順位にありません（戸籍法52条）",
        en="It is not this person's turn to notify (Family Register Act, art. 52)",
    ),
    "not-a-name-character": Text(
        ja="名に使えない文字があります（戸籍法50条）",
        en="There is a character that no child's name may have (Family Register Act, art. 50)",
    ),
    "invalid": Text(ja="正しくありません", en="It is not right"),
}
_KINDS: Final = {
    "missing": "missing",
    "extra_forbidden": "unknown",
    "string_pattern_mismatch": "pattern",
    "string_too_long": "too-long",
    "bytes_too_long": "too-long",
    "string_too_short": "too-short",
    "bytes_too_short": "too-short",
    "too_long": "too-many",
    "too_short": "too-few",
    "greater_than": "out-of-range",
    "greater_than_equal": "out-of-range",
    "less_than": "out-of-range",
    "less_than_equal": "out-of-range",
    "enum": "not-allowed-value",
    "literal_error": "not-allowed-value",
    "wire_date": "date",
    "wire_instant": "instant",
    "uuid_parsing": "uuid",
    "uuid_type": "uuid",
    "wire_text": "control-characters",
    "wire_depth": "too-many",
    "wire_size": "too-many",
    "wire_number": "out-of-range",
}


def field_problems(error: ValidationError, *, under: str = "") -> tuple[Problem, ...]:
    """Return where and what, never the content; `under` is the pointer to what was validated."""
    wrong = error.errors(include_input=False, include_url=False, include_context=False)
    return _told(Problem(under + pointer(one["loc"]), field_code(one["type"])) for one in wrong)


def words(code: str) -> Text:
    """Return what a code of a field means."""
    if code in FIELD_CODES:
        return FIELD_CODES[code]
    if code in CODES:
        return Text(ja=CODES[code].ja, en=CODES[code].en)
    return FIELD_CODES["invalid"]


@contextmanager
def facts_under(place: str) -> Iterator[None]:
    """Make errors about the facts point to where the facts stand in the body."""
    try:
        yield
    except ValidationError as error:
        raise EngineError("invalid-facts", problems=field_problems(error, under=place)) from None
    except EngineError as error:
        if not error.code.startswith("invalid-fact"):
            raise
        moved = _told(Problem(place + one.pointer, field_code(one.code)) for one in error.problems)
        values: dict[str, Any] = error.values
        raise EngineError(error.code, problems=moved, **values) from error


def field_code(kind: str) -> str:
    """Return our code for a kind of pydantic's, written its way or as `invalid-string-too-long`.

    A kind that a life event's model raises itself (`same-address`) is a code already.
    """
    if kind in CODES:
        return kind
    name = kind.removeprefix("invalid-")
    pydantic = name.replace("-", "_")
    if pydantic in _KINDS:
        return _KINDS[pydantic]
    if name in FIELD_CODES:
        return name
    if pydantic.startswith(("date_", "datetime_", "time_")):
        return "date"
    if pydantic.endswith(("_type", "_parsing")):
        return "type"
    return name if "-" in name else "invalid"


def _told(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return what is worth telling: pydantic counts an element that is wrong as one that is not there."""
    found = list(problems)
    said = [
        one
        for one in found
        if one.code != "too-few" or not any(p.pointer.startswith(one.pointer + "/") for p in found)
    ]
    return tuple(said[:MAX_PROBLEMS])
