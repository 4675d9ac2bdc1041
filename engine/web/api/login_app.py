# SPDX-License-Identifier: Apache-2.0
"""デジタル認証アプリ: going to its provider and coming back, to sign in, to be proven again, to sign."""

import base64
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from engine.core.views import View
from engine.identity.app import Coming, Going
from engine.identity.challenges import Purpose
from engine.identity.mandate import MAX_MANDATE_BYTES
from engine.web.api.common import CITIZEN, OPEN, both
from engine.web.api.login import SIGN_IN_COST, SessionToken, caller_of
from engine.web.operations import Call, Group
from engine.web.reading import Body, base64_bytes
from engine.web.security import required_token

LOGIN_APP: Final = Group("login by app", both("デジタル認証アプリ", "By the app"))
_REFUSALS: Final = (
    "app-not-offered",
    "app-refused",
    "app-token-invalid",
    "app-unavailable",
    "no-such-app-visit",
    "too-many-failures",
)
_GOING: Final = ("app-not-offered", "app-unavailable", "app-refused")
_Secret = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]


class VisitFor(Body):
    """What the visit is for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"purpose": "login"}]})

    purpose: Literal[Purpose.LOGIN, Purpose.LINK, Purpose.STEP_UP]


class MandateToSign(Body):
    """The mandate as it was offered, byte for byte."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mandate": "e30="}]})

    mandate: base64_bytes(MAX_MANDATE_BYTES)  # type: ignore[valid-type] # mypy reads no calls


class VisitBegun(View):
    """Where the browser goes. `visit` is a secret: it stays in the browser, and comes with the answer."""

    authorization_url: str
    state: str
    visit: str
    expires_at: datetime


class Answered(Body):
    """What the provider's page sent back to the browser, and the secret of the visit."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"state": "c3RhdGU", "visit": "c2VjcmV0", "code": "Y29kZQ"}]}
    )

    state: _Secret
    visit: _Secret
    code: Annotated[str, Field(min_length=1, max_length=2048)]


class SignatureOfApp(View):
    """The signature (CMS in DER, base64), to be sent with the mandate when the plan is confirmed."""

    signature: str


@LOGIN_APP.operation(
    "POST",
    "/v1/login/app/visits",
    who=OPEN,
    words=both("アプリでの本人確認を始める", "Go to the app to prove who I am"),
    status=201,
    cost=2,
    refusals=("not-signed-in", "not-allowed-cross-site", "login-too-old", *_GOING),
)
async def begin_app_visit(call: Call, body: VisitFor) -> VisitBegun:
    """Return where to go; what is not a login needs a live session, and linking the app a proof of now."""
    session = None
    if body.purpose is not Purpose.LOGIN:
        session = await call.doors.gate.session(required_token(call.request, call.context.origins))
        if body.purpose is Purpose.LINK:
            call.doors.gate.require_recent(session, call.context.settings.proof_lasts)
    return _begun(await call.doors.gate.go_to_app(body.purpose, session=session))


@LOGIN_APP.operation(
    "POST",
    "/v1/login/app/sessions",
    who=OPEN,
    words=both("アプリの結果でログインする", "Sign in with the app's answer"),
    status=201,
    cost=SIGN_IN_COST,
    refusals=_REFUSALS,
)
async def new_app_session(call: Call, body: Answered) -> SessionToken:
    """Return a session."""
    made = await call.doors.gate.login_by_app(_coming(body), caller=caller_of(call))
    return SessionToken(token=made.token, expires_at=made.expires_at, person=made.person)


@LOGIN_APP.operation(
    "POST",
    "/v1/login/app/proofs",
    who=CITIZEN,
    words=both(
        "アプリを自分に結び付ける、または今ここにいることを示す", "Link the app, or prove that I am here now"
    ),
    status=204,
    cost=SIGN_IN_COST,
    refusals=(*_REFUSALS, "already-linked-credential"),
)
async def prove_by_app(call: Call, body: Answered) -> None:
    """Do what the visit was for: `link` or `step-up`."""
    token = required_token(call.request, call.context.origins)
    await call.doors.gate.prove_by_app(token, _coming(body), caller=caller_of(call))


@LOGIN_APP.operation(
    "POST",
    "/v1/login/app/mandates",
    who=CITIZEN,
    words=both("アプリでの署名を始める", "Go to the app to sign"),
    status=201,
    cost=SIGN_IN_COST,
    refusals=(
        *_GOING,
        "malformed-mandate",
        "invalid-mandate",
        "invalid-mandate-expired",
        "already-used-mandate",
    ),
)
async def begin_app_signature(call: Call, body: MandateToSign) -> VisitBegun:
    """Return where to go to sign a mandate that was offered to me."""
    return _begun(await call.doors.gate.sign_in_app(call.session, body.mandate))


@LOGIN_APP.operation(
    "POST",
    "/v1/login/app/signatures",
    who=CITIZEN,
    words=both("アプリでの署名を受け取る", "Take the signature from the app"),
    status=201,
    cost=SIGN_IN_COST,
    refusals=(*_REFUSALS, "malformed-certificate", "certificate-too-large"),
)
async def take_app_signature(call: Call, body: Answered) -> SignatureOfApp:
    """Return my signature; it counts when the plan is confirmed with it."""
    made = await call.doors.gate.signature_by_app(call.session, _coming(body), caller=caller_of(call))
    return SignatureOfApp(signature=base64.b64encode(made).decode())


def _begun(going: Going) -> VisitBegun:
    return VisitBegun(
        authorization_url=going.url, state=going.state, visit=going.secret, expires_at=going.expires_at
    )


def _coming(body: Answered) -> Coming:
    return Coming(body.state, body.visit, body.code)
