# SPDX-License-Identifier: Apache-2.0
"""Every refusal that the web itself makes, with its HTTP status."""

from engine.core.errors import Code, register
from engine.identity import codes as _gate  # noqa: F401 - registers `not-signed-in`
from engine.registry import access as _access  # noqa: F401 - registers `not-signed-in-organisation`
from engine.runtime import consumer as _consumer  # noqa: F401 - registers `internal-error`

register(
    {
        "malformed-json": Code(
            400,
            "本文が正しい JSON ではありません（UTF-8、重複なし、NaN なし、深さ32まで）",
            "The body is not proper JSON: UTF-8, no name twice, no NaN, no more than 32 levels",
        ),
        "malformed-request": Code(400, "リクエストの形式が正しくありません", "The request is malformed"),
        "malformed-idempotency-key": Code(
            400,
            "Idempotency-Key（空白を除く印字可能な ASCII 1〜128文字）が必要です",
            "An Idempotency-Key of 1 to 128 printable ASCII characters without spaces is needed",
        ),
        "malformed-version": Code(
            400, "If-Match は版の ETag 1つで指定してください", 'If-Match has to be one ETag, such as "3"'
        ),
        "malformed-last-event-id": Code(
            400, "Last-Event-ID が正しくありません", "Last-Event-ID is not a version"
        ),
        "not-allowed-representative": Code(
            403, "この機関・事業者を代表していません", "You do not represent this organisation"
        ),
        "ambiguous-organisation": Code(
            400,
            "複数の機関を代表しています。Todoke-Organisation で指定してください",
            "You represent several organisations; name one in Todoke-Organisation",
        ),
        "not-allowed-role": Code(403, "その権限がありません", "Your role does not allow it"),
        "not-allowed-cross-site": Code(
            403, "ほかのサイトからの操作はできません", "This cannot be asked for from another site"
        ),
        "no-such-resource": Code(404, "そのページはありません", "There is nothing here"),
        "method-not-allowed": Code(405, "そのメソッドは使えません", "The method cannot be used here"),
        "request-too-slow": Code(408, "本文が時間内に届きませんでした", "The body did not arrive in time"),
        "body-too-large": Code(413, "本文が大きすぎます", "The body is too large"),
        "unsupported-media-type": Code(
            415, "この種類の本文は受け取れません", "This kind of body is not taken here"
        ),
        "misdirected-request": Code(
            421, "このホスト名では応答しません", "This service is not known under that host name"
        ),
        "invalid-body": Code(422, "本文に誤りがあります", "The body has errors"),
        "invalid-query": Code(422, "クエリに誤りがあります", "The query has errors"),
        "version-required": Code(
            428, "If-Match で案件の版を指定してください", "Say with If-Match which version you read"
        ),
        "too-many-requests": Code(
            429, "リクエストが多すぎます。しばらくお待ちください", "Too many requests; wait a little"
        ),
        "too-many-streams": Code(
            429, "同時に開ける画面の数を超えています", "Too many event streams are open; close one first"
        ),
    }
)
