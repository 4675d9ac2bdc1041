# SPDX-License-Identifier: Apache-2.0
"""The report of a rehearsal (適合試験の報告書): what was tried against one connector, and what came of it.

It is canonical JSON in a JWS by the key of the installation that rehearsed, so that another
installation, the one with the real filings, can believe it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from engine.border.envelope import PAYLOADS, schema_of
from engine.border.jwk import Kid, exported, jose_key
from engine.core.errors import Code, EngineError, register
from engine.core.text import Text

TYPE: Final = "todoke-certification+jws"
SUITE: Final = 1  # +1 when a check is added or made stricter: older reports count no more
GOOD_FOR: Final = timedelta(days=180)
_MOST_CHARS: Final = 400_000

register(
    {
        "invalid-certification": Code(
            422,
            "適合試験の報告書を確認できません",
            "The report is not signed by an installation that is trusted, is another's, or did not pass",
        ),
        "stale-certification": Code(
            409,
            "適合試験の報告書は、現在の登録・様式・有効期間に合いません。もう一度受けてください",
            "The report is too old, or about other subscriptions, channel or schemas; rehearse again",
        ),
    }
)

Verdict = Literal["passed", "failed", "not-applicable", "not-run"]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Finding(_Part):
    """What one check came to. `about` is the procedure, where each has its own."""

    check: str
    about: str | None = None
    verdict: Verdict
    title: Text
    sent: tuple[str, ...] = ()
    expected: Text
    section: str = Field(description="Where docs/connectors.md says so")
    came: tuple[str, ...] = ()
    hint: Text | None = None
    seconds: float = 0.0


class Rehearsed(_Part):
    """One subscription that was rehearsed."""

    slug: str
    area: str | None


class Report(_Part):
    """A whole rehearsal. `schemas` is the SHA-256 over the messages' schemas it was rehearsed with."""

    number: str
    channel: str
    subscriptions: tuple[Rehearsed, ...]
    suite: int
    schemas: str
    passed: bool
    begun_at: AwareDatetime
    ended_at: AwareDatetime
    findings: tuple[Finding, ...]

    def canonical(self) -> bytes:
        """Return it as the bytes that are signed: sorted names, no spaces."""
        plain = self.model_dump(mode="json", by_alias=True)
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def signed(self, key: ec.EllipticCurvePrivateKey, *, kid: Kid) -> str:
        """Return it as a compact JWS."""
        head = {"alg": "ES256", "kid": kid, "typ": TYPE}
        return jws.serialize_compact(head, self.canonical(), jose_key(key), algorithms=["ES256"])

    def check_current(
        self, *, channel: str, subscriptions: Iterable[tuple[str, str | None]], now: datetime
    ) -> None:
        """Return if it speaks for the connector as it is registered now; else `stale-certification`."""
        known = {(one.slug, one.area) for one in self.subscriptions}
        is_current = (
            self.suite == SUITE
            and self.schemas == schemas_digest()
            and self.channel == channel
            and set(subscriptions) <= known
            and now - GOOD_FOR <= self.ended_at <= now + timedelta(minutes=5)
        )
        if not is_current:
            raise EngineError("stale-certification")


def verified(text: str, keys: Mapping[str, ec.EllipticCurvePublicKey], *, number: str) -> Report:
    """Return the report in a JWS if one of these keys signed it for the number, and it was passed.

    Raises:
        EngineError: `invalid-certification`.
    """
    try:
        head: dict[str, Any] = jws.extract_compact(text[:_MOST_CHARS].encode()).headers()
        key = ECKey.import_key(dict(exported(keys[head["kid"]], use="sig")))
        report = Report.model_validate_json(jws.deserialize_compact(text, key, algorithms=["ES256"]).payload)
    except (JoseError, ValidationError, ValueError, KeyError):
        raise EngineError("invalid-certification", pointer="/report") from None
    if head.get("typ") != TYPE or report.number != number or not report.passed:
        raise EngineError("invalid-certification", pointer="/report")
    return report


def is_passed(findings: Sequence[Finding]) -> bool:
    """Say whether nothing failed and nothing was left out."""
    return bool(findings) and all(one.verdict in {"passed", "not-applicable"} for one in findings)


def schemas_digest() -> str:
    """Return the SHA-256 over the schemas of all messages, as they are now; examples bind nobody."""
    schemas = (schema_of(name) for name in sorted(PAYLOADS))
    everything = [{part: said for part, said in one.items() if part != "examples"} for one in schemas]
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()
