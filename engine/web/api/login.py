# SPDX-License-Identifier: Apache-2.0
"""Coming in and going out: a challenge, its signature by the card, a session."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from engine.core.views import View
from engine.identity.challenges import Purpose
from engine.identity.guard import Caller
from engine.web.api.common import CITIZEN, OPEN, both
from engine.web.operations import ADDRESS, Call, Group
from engine.web.reading import Body, base64_bytes
from engine.web.security import required_token

LOGIN: Final = Group("login", both("ログイン", "Signing in"))
_CERTIFICATE_BYTES: Final = 16 * 1024
_SIGNATURE_BYTES: Final = 1024
SIGN_IN_COST: Final = 10  # a signature and a revocation check each time
_REFUSALS: Final = (
    "no-such-challenge",
    "already-used-challenge",
    "invalid-challenge-expired",
    "malformed-certificate",
    "certificate-wrong-profile",
    "chain-unknown-issuer",
    "signature-invalid",
    "status-revoked",
    "status-unavailable",
    "too-many-failures",
)


def caller_of(call: Call) -> Caller:
    """Return from where somebody tries; lock-outs are counted by it."""
    return Caller(call.request[ADDRESS])


class ChallengeFor(Body):
    """What the challenge is for; `audience` is the site that the person believes to be at."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"purpose": "login"}]})

    purpose: Literal[Purpose.LOGIN, Purpose.LINK, Purpose.STEP_UP]
    audience: Annotated[str, Field(pattern=r"^https?://[!-~]{1,200}$")] | None = None


class ChallengeText(View):
    """The text to be signed, in UTF-8, and until when."""

    challenge_id: UUID
    text: str
    expires_at: datetime


class SignedChallenge(Body):
    """A challenge signed with the 利用者証明用 certificate: RSA PKCS#1 v1.5 with SHA-256."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "challengeId": "3f0d9c0a-6a0a-4a55-9a53-9d1a6a2f7c11",
                    "certificate": "MIIBszCCAVmg",
                    "signature": "c2lnbmF0dXJl",
                }
            ]
        }
    )

    challenge_id: UUID
    certificate: base64_bytes(_CERTIFICATE_BYTES)  # type: ignore[valid-type] # mypy reads no calls
    signature: base64_bytes(_SIGNATURE_BYTES)  # type: ignore[valid-type] # as above


class SessionToken(View):
    """The session's secret, for `Authorization: Bearer`, and the number under which the person is known."""

    token: str
    expires_at: datetime
    person: UUID


@LOGIN.operation(
    "POST",
    "/v1/login/challenges",
    who=OPEN,
    words=both("署名する確認文を求める", "Ask for a text to sign"),
    status=201,
    cost=2,
    refusals=("not-signed-in", "not-allowed-cross-site", "invalid-challenge-audience"),
)
async def new_challenge(call: Call, body: ChallengeFor) -> ChallengeText:
    """Return a new challenge; what is not a login needs a live session."""
    origins = call.context.origins
    audience = body.audience or call.context.settings.public_url
    session = None
    if body.purpose is not Purpose.LOGIN:
        session = await call.doors.gate.session(required_token(call.request, origins))
    made = await call.doors.gate.challenge(body.purpose, audience, session=session)
    return ChallengeText(challenge_id=made.id, text=made.text, expires_at=made.expires_at)


@LOGIN.operation(
    "POST",
    "/v1/login/sessions",
    who=OPEN,
    words=both("署名した確認文でログインする", "Sign in with the signed text"),
    status=201,
    cost=SIGN_IN_COST,
    refusals=_REFUSALS,
)
async def new_session(call: Call, body: SignedChallenge) -> SessionToken:
    """Return a session."""
    made = await call.doors.gate.login(
        body.challenge_id, certificate=body.certificate, signature=body.signature, caller=caller_of(call)
    )
    return SessionToken(token=made.token, expires_at=made.expires_at, person=made.person)


@LOGIN.operation(
    "POST",
    "/v1/login/credentials",
    who=CITIZEN,
    words=both("別のカードを自分に結び付ける", "Add another card of mine"),
    status=204,
    cost=SIGN_IN_COST,
    recent=True,
    refusals=(*_REFUSALS, "already-linked-credential"),
)
async def link_card(call: Call, body: SignedChallenge) -> None:
    """Link the card that signed a `link` challenge of this session."""
    await call.doors.gate.link(
        call.session,
        body.challenge_id,
        certificate=body.certificate,
        signature=body.signature,
        caller=caller_of(call),
    )


@LOGIN.operation(
    "POST",
    "/v1/login/proofs",
    who=CITIZEN,
    words=both("今ここにいることをカードで示す", "Prove with my card that I am here now"),
    status=204,
    cost=SIGN_IN_COST,
    refusals=(*_REFUSALS, "already-linked-credential"),
)
async def prove_again(call: Call, body: SignedChallenge) -> None:
    """Renew the proof of the session with a signed `step-up` challenge, before what cannot be undone."""
    await call.doors.gate.step_up(
        required_token(call.request, call.context.origins),
        body.challenge_id,
        certificate=body.certificate,
        signature=body.signature,
        caller=caller_of(call),
    )


@LOGIN.operation(
    "DELETE", "/v1/login/sessions", who=CITIZEN, words=both("ログアウトする", "Sign out"), status=204
)
async def end_session(call: Call) -> None:
    """End the session at hand."""
    await call.doors.gate.logout(required_token(call.request, call.context.origins))
    call.headers["Clear-Site-Data"] = '"cache"'
