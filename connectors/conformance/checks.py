# SPDX-License-Identifier: Apache-2.0
"""The checks of the conformance suite (適合試験), by name: what is expected, where it is written, what to do.

Names are stable: a report that was signed keeps its meaning.
"""

from dataclasses import dataclass
from typing import Final

from engine.border.certification import Finding, Verdict
from engine.core.text import Text


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a connector must do. `section` is a heading of docs/connectors.md."""

    title: Text
    expected: Text
    section: str
    hint: Text


def _check(titles: tuple[str, str], expected: tuple[str, str], section: str, hint: tuple[str, str]) -> Check:
    title, awaited, advice = (Text(ja=ja, en=en) for ja, en in (titles, expected, hint))
    return Check(title, awaited, section, advice)


_RELY: Final = "what-you-can-rely-on"
_ANSWER: Final = "what-you-may-answer"
_RULES: Final = "what-every-connector-must-do"
_KEYS: Final = "keys-change-lose-revoke"

CHECKS: Final = {
    "clock": _check(
        ("時計", "Clock"),
        (
            "時計のずれは30秒以内（回答の time は5分以内）",
            "Your clock differs by no more than 30 seconds; `time` of a reply by 5 minutes",
        ),
        _RULES,
        ("サーバーの時刻を NTP で合わせてください", "Synchronise the server's clock (NTP)"),
    ),
    "first-order": _check(
        ("最初の指図", "First order"),
        (
            "手続ごとの指図に、その orderId で回答する",
            "An order of each procedure is answered under its orderId",
        ),
        _ANSWER,
        (
            "プログラムは動いていますか。鍵と経路の登録、ログの order.received を確認してください",
            "Does it run? Look at keys, channel, and `order.received` in its log",
        ),
    ),
    "same-order-twice": _check(
        ("同じ指図が二度", "The same order twice"),
        (
            "同じ id の指図は一度だけ効き、回答は同じ id・同じ内容",
            "An order takes effect once; the answer is the same under the same id",
        ),
        _RELY,
        (
            "指図の id を覚え、処理済みなら前の回答をそのまま送ってください",
            "Remember order ids; send the answer you gave before",
        ),
    ),
    "withdraw-before-submit": _check(
        ("取下げが先に届く", "A withdrawal that comes first"),
        (
            "取下げに回答し、あとから届いた古い提出は効かない",
            "The withdrawal is answered; the older submission takes no effect",
        ),
        _RELY,
        (
            "符号ごとに最大の sequence を覚え、それより古い指図は処理しないでください",
            "Keep the highest `sequence` of each reference and leave older orders alone",
        ),
    ),
    "sequence-gap": _check(
        ("番号の飛び", "A gap in the sequence"),
        ("sequence が飛んでいても回答する", "Orders are answered although numbers are left out"),
        _RULES,
        ("飛んだ番号を待たないでください", "Do not wait for the numbers between"),
    ),
    "late-order": _check(
        ("遅れて届いた古い指図", "An order that was overtaken"),
        ("取下げのあとに届いた古い訂正は効かない", "A correction older than the withdrawal takes no effect"),
        _RELY,
        ("符号ごとに最大の sequence を覚えてください", "Keep the highest `sequence` of each reference"),
    ),
    "old-order": _check(
        ("時刻の離れた指図", "An order from another time"),
        (
            "time が10分先・3日前の指図にも回答する",
            "Orders written 10 minutes ahead or 3 days ago are answered",
        ),
        _RULES,
        (
            "time で指図を断らないでください。待たされた指図は古いものです",
            "Refuse nothing for its `time`: orders wait while you are away",
        ),
    ),
    "bad-signature": _check(
        ("署名者不明", "A signature by nobody we know"),
        ("/v1/keys に無い鍵の署名は処理しない", "Nothing signed by a key outside of /v1/keys is answered"),
        _RULES,
        ("封を開けたあと JWS の署名を確かめてください", "Verify the JWS inside of the seal"),
    ),
    "wrong-key": _check(
        ("別の鍵への封", "Sealed for somebody else"),
        ("自分の鍵で開かないものは処理しない", "What your keys do not open is not answered"),
        _RULES,
        ("読めないものには回答しないでください", "Answer nothing that you could not read"),
    ),
    "altered-header": _check(
        ("封筒の書換え", "An altered envelope"),
        (
            "封筒と封の中の id・type・subject・source・sequence が違えば処理しない",
            "Where envelope and seal differ, nothing is answered",
        ),
        _RULES,
        (
            "封筒の値を JWS の保護ヘッダーと比べてください",
            "Compare the envelope with the protected header of the JWS",
        ),
    ),
    "unknown-type": _check(
        ("知らない種類", "An unknown type"),
        ("知らない type の指図は処理しない", "An order of an unknown type is not answered"),
        _RULES,
        ("type を確かめてから処理してください", "Look at `type` before you do anything"),
    ),
    "unknown-member": _check(
        ("知らない項目", "An unknown member"),
        (
            "本文の知らないメンバー（fields の中を除く）は処理しない",
            "A payload with an unknown member, outside of `fields`, is not answered",
        ),
        _RULES,
        (
            "本文を /v1/schemas のスキーマで検証してください",
            "Validate payloads by the schemas of /v1/schemas",
        ),
    ),
    "engine-key-change": _check(
        ("エンジンの鍵の変更", "The engine changes its key"),
        (
            "知らない kid の署名に出会ったら /v1/keys を読み直して回答する",
            "An unknown `kid` makes you read /v1/keys again, and the order is answered",
        ),
        _RULES,
        (
            "鍵を起動時だけでなく、知らない kid のたびに取り直してください",
            "Fetch the keys again whenever a `kid` is unknown",
        ),
    ),
    "own-key-change": _check(
        ("自機関の鍵の変更", "You change your own keys"),
        (
            "新しい鍵を登録し、その鍵宛ての指図に回答する",
            "New keys are registered, and an order sealed for them is answered",
        ),
        _KEYS,
        ("新旧の鍵を重複期間のあいだ両方持ってください", "Hold both keys until the overlap ends"),
    ),
    "amend": _check(
        ("受理後の訂正", "A correction after acceptance"),
        (
            "訂正に回答する（できないなら irrevocable か refused）",
            "A correction is answered; what cannot be corrected is `irrevocable` or `refused`",
        ),
        _ANSWER,
        ("order.amend に回答していません", "order.amend went unanswered"),
    ),
    "withdraw": _check(
        ("受理後の取下げ", "A withdrawal after acceptance"),
        ("withdrawn か irrevocable で回答する", "It is answered `withdrawn` or `irrevocable`"),
        _ANSWER,
        ("order.withdraw には必ずどちらかで回答してください", "Answer order.withdraw with one of the two"),
    ),
    "question": _check(
        ("照会への回答", "The answer to a question"),
        ("照会したら、回答を受けて先へ進む", "Who asks goes on when the answer comes"),
        _ANSWER,
        ("order.answer を受けたら次の回答を送ってください", "Reply again after order.answer"),
    ),
    "burst": _check(
        ("集中", "A burst"),
        (
            "まとめて届いた指図すべてに、それぞれ一度回答する",
            "Orders that come all at once are each answered",
        ),
        _RELY,
        ("受け取ったらまず保存し、受領を知らせてから処理してください", "Keep first, acknowledge, then work"),
    ),
    "restart": _check(
        ("処理中の再起動", "A restart in mid-order"),
        (
            "再起動をはさんでも、すべての指図に一度だけ回答する",
            "After the restart every order is answered, and none twice",
        ),
        _RELY,
        (
            "処理済みの id と回答を、再起動しても残る場所に置いてください",
            "Keep ids and answers where a restart does not lose them",
        ),
    ),
    "documents": _check(
        ("文書", "Documents"),
        (
            "文書は大きさ・SHA-256 が合い、64 KiB を超えるものはアップロードする",
            "Documents are of the announced size and SHA-256; above 64 KiB they are uploaded",
        ),
        _ANSWER,
        (
            "inline の文書は 64 KiB まで、それ以上は POST /v1/organisation/uploads",
            "Inline up to 64 KiB, else POST /v1/organisation/uploads",
        ),
    ),
    "replies-readable": _check(
        ("読める回答", "Readable replies"),
        ("どの回答も署名・封・スキーマが正しい", "Every reply is signed, sealed and in its schema"),
        _RULES,
        ("came に理由のコードがあります（docs/problems.md）", "The codes are in `came` (docs/problems.md)"),
    ),
    "replies-once": _check(
        ("回答は一度", "Each reply once"),
        (
            "受け取られた回答を、求められていないのに繰り返さない",
            "A reply that was taken is not sent again unasked",
        ),
        _RULES,
        (
            "2xx の応答を見たら、その回答を送信済みにしてください",
            "Note a reply as sent when its answer is 2xx",
        ),
    ),
}


def found(
    name: str,
    verdict: Verdict,
    *,
    about: str | None = None,
    sent: tuple[str, ...] = (),
    came: tuple[str, ...] = (),
    seconds: float = 0.0,
) -> Finding:
    """Return the finding of a check, with its words."""
    check = CHECKS[name]
    return Finding(
        check=name,
        about=about,
        verdict=verdict,
        title=check.title,
        sent=sent[:10],
        expected=check.expected,
        section=check.section,
        came=came[:10],
        hint=check.hint if verdict in {"failed", "not-run"} else None,
        seconds=round(seconds, 1),
    )
