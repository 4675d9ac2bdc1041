# SPDX-License-Identifier: Apache-2.0
"""What can be found in a set-up: stable codes, with their weight and their words."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from engine.core.text import Text


class Weight(Enum):
    """Unsafe: something can be lost, read or forged. Watch: it should be known to somebody."""

    UNSAFE = "unsafe"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be, and which one it is; never a secret."""

    code: str
    detail: str = ""

    @property
    def weight(self) -> Weight:
        """How bad it is."""
        return FINDINGS[self.code][0]

    @property
    def text(self) -> Text:
        """What it is called."""
        return FINDINGS[self.code][1]


def _unsafe(ja: str, en: str) -> tuple[Weight, Text]:
    return Weight.UNSAFE, Text(ja=ja, en=en)


def _watch(ja: str, en: str) -> tuple[Weight, Text]:
    return Weight.WATCH, Text(ja=ja, en=en)


FINDINGS: Final[dict[str, tuple[Weight, Text]]] = {
    # settings
    "unknown-variable": _unsafe("知らない環境変数があります", "A variable that is none of ours"),
    "invalid-settings": _unsafe("設定に誤りがあります", "The settings have errors"),
    "public-url-missing": _unsafe("公開URLが設定されていません", "No public URL: links would be http"),
    "listens-everywhere": _watch(
        "すべてのアドレスで待ち受けています。前段のTLSプロキシだけが届くようにしてください",
        "It listens on every address; only the proxy that ends TLS may reach it",
    ),
    "broker-without-tls": _unsafe("ブローカーへの接続がTLSではありません", "No TLS to the broker"),
    "database-without-tls": _unsafe(
        "別の機械のデータベースへの接続でTLSと証明書の検証が必須になっていません",
        "A database on another machine, and the address does not say sslmode=verify-full",
    ),
    # database
    "database-unreachable": _unsafe("データベースに接続できません", "The database cannot be reached"),
    "fsync-off": _unsafe("fsyncが無効です", "fsync is off: a crash loses the database"),
    "full-page-writes-off": _unsafe(
        "full_page_writesが無効です", "full_page_writes is off: a crash tears pages"
    ),
    "synchronous-commit-off": _unsafe(
        "synchronous_commitが無効です", "synchronous_commit is off: what was answered can be lost"
    ),
    "checksums-off": _watch("データチェックサムが無効です", "Data checksums are off"),
    "old-postgresql": _unsafe("PostgreSQLが古すぎます", "PostgreSQL is older than 15"),
    "database-superuser": _unsafe(
        "データベースの利用者に過大な権限があります", "Todoke's database role may do more than it needs"
    ),
    "few-connections": _watch(
        "接続数の上限が役割ごとの接続数に足りません", "Fewer connections than the roles may open (10 each)"
    ),
    "migrations-pending": _unsafe("未適用の移行があります。migrate を実行してください", "Run `migrate`"),
    "migrations-foreign": _unsafe(
        "適用済みの移行がこの版と一致しません", "The database was migrated by another version"
    ),
    "clock-skew": _unsafe("時計がずれています", "The clocks differ"),
    "parked": _watch("保留された配信があります", "Deliveries were put aside and wait for a person"),
    "outbox-old": _watch("送信待ちが滞っています", "Orders have waited for long to leave"),
    "simulated-organisation": _unsafe(
        "本番に模擬の機関・事業者が登録されています", "An invented organisation is registered in production"
    ),
    # broker
    "broker-not-looked-at": _watch(
        "ブローカーの管理APIが設定されていないため確認していません",
        "TODOKE_AMQP_ADMIN_URL is not set: the broker was not looked at",
    ),
    "broker-unreachable": _unsafe("ブローカーの管理APIに接続できません", "Its management API is away"),
    "broker-undeclared": _unsafe(
        "ブローカーが宣言どおりではありません。migrate を実行してください",
        "The broker is not as `migrate` declares it",
    ),
    "broker-alarm": _unsafe("ブローカーの警報", "The broker has an alarm and takes nothing more"),
    "broker-guest": _unsafe("既定の利用者 guest が残っています", "The default user `guest` is still there"),
    "broker-rights": _unsafe(
        "機関・事業者のブローカー権限が広すぎます", "An organisation's user at the broker may do more"
    ),
    # trust, keys, files
    "trust-unusable": _unsafe("信頼ストアを利用できません", "The trust store cannot be used"),
    "root-ended": _unsafe("ルート証明書の期限が切れました", "A root has ended"),
    "root-ends-soon": _watch("ルート証明書の期限が近づいています", "A root ends within 180 days"),
    "revocation-unknown": _unsafe(
        "失効確認先のないルート証明書があります", "A root says nowhere what was revoked"
    ),
    "tsa-revocation-unknown": _watch(
        "タイムスタンプ局の証明書の失効確認先が設定されていません",
        "Nobody is asked whether the time-stamping authority's own certificate was revoked",
    ),
    "revocation-unreachable": _unsafe("失効確認先に接続できません", "Where revocation is asked is away"),
    "keys-unusable": _unsafe("鍵を利用できません", "The operator's keys cannot be used"),
    "keys-unreachable": _unsafe(
        "鍵を保管する装置に接続できません", "The token that holds the keys cannot be reached"
    ),
    "keys-in-files": _watch(
        "鍵がファイルに保管されています。PKCS#11の装置に移してください",
        "The keys are in files: who reads the directory has them all; a token (PKCS#11) keeps them",
    ),
    "key-due": _watch("鍵の交換時期です", "A key is older than two years: change it"),
    "key-change-unfinished": _watch("鍵の交換が途中です", "A change of a key was begun and not finished"),
    "keys-directory-open": _unsafe(
        "鍵のディレクトリが他の利用者に開かれています", "The directory of the keys is open to others"
    ),
    "documents-unwritable": _unsafe("文書庫に書き込めません", "The vault cannot be written to"),
    "disk-nearly-full": _unsafe("空き容量が不足しています", "Less than 1 GB is free"),
}
