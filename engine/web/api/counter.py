# SPDX-License-Identifier: Apache-2.0
"""The assisted counter (窓口での補助): visits of people without a usable card; and following by a code.

Within a visit staff uses the citizen's own operations, naming it in `Todoke-Assisted`.
"""

from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from engine.border.wire import TEXT, Date
from engine.identity.assistance import Basis, Errand
from engine.runtime.assistance import AssistanceView, PaperCode, Seen
from engine.web.api.common import OPEN, both
from engine.web.api.login import LOGIN, SIGN_IN_COST, ChallengeText, SessionToken, SignedChallenge, caller_of
from engine.web.operations import Call, Group
from engine.web.reading import Body
from engine.web.security import Who

COUNTER: Final = Group("counter", both("窓口での補助", "The assisted counter"))
_PERSON: Final[JsonValue] = {"family": "届出", "given": "花子", "birthDate": "1990-04-01"}
_VISIT: Final = ("no-such-assistance", "assistance-ended")
Line = Annotated[str, Field(min_length=1, max_length=100, pattern=TEXT)]
Code = Annotated[str, Field(min_length=28, max_length=60, description="控えのコード / The code on paper")]


class SeenPerson(Body):
    """Name and birth date as the document shows them; only a keyed hash of them is kept."""

    family: Line
    given: Line
    birth_date: Date

    @property
    def seen(self) -> Seen:
        """The person as staff saw them."""
        return Seen(self.family, self.given, self.birth_date)


class NewAssistance(Body):
    """Who has come, how they were identified, and for what; never the number of a document.

    `citizen` is the number of somebody known here; without it a new person is made. To go on with a
    case they bring its `code`. `consent` says how the citizen has agreed: in writing (書面), and
    the paper is kept at the counter.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"errand": "open", "basis": "driving-licence", "person": _PERSON, "consent": "written"},
            ],
            "oneOf": [
                {"properties": {"errand": {"const": "open"}, "code": {"type": "null"}}},
                {
                    "required": ["code"],
                    "properties": {
                        "errand": {"const": "continue"},
                        "code": {"type": "string"},
                        "citizen": {"type": "null"},
                    },
                },
            ],
        }
    )

    errand: Errand
    basis: Basis
    person: SeenPerson
    consent: Literal["written"]
    citizen: UUID | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.errand is Errand.CONTINUE) is not (self.code is not None) or (self.code and self.citizen):
            raise PydanticCustomError("contradicts-facts", "a code to go on, none to begin")
        return self


class FollowBody(Body):
    """The code on paper, as it was typed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV"}]}
    )

    code: Code


@COUNTER.operation(
    "POST",
    "/v1/counter/sessions",
    who=Who.COUNTER,
    words=both("来庁した方を受け付ける", "Receive somebody at the counter"),
    status=201,
    cost=5,
    recent=True,
    refusals=(
        "no-such-person",
        "no-such-code",
        "another-citizen",
        "not-allowed-own-case",
        "too-many-failures",
    ),
)
async def begin_assistance(call: Call, body: NewAssistance) -> AssistanceView:
    """Begin a visit: for half an hour, one person, one errand, one case."""
    desk = call.doors.assistance
    if body.code is not None:
        made = await desk.go_on(
            call.session, body.person.seen, body.basis, code=body.code, caller=caller_of(call)
        )
    else:
        made = await desk.open(call.session, body.person.seen, body.basis, citizen=body.citizen)
    call.headers["Location"] = f"/v1/counter/sessions/{made.id}"
    return made


@COUNTER.operation(
    "GET",
    "/v1/counter/sessions/{assistance}",
    who=Who.COUNTER,
    words=both("受付を見る", "Look at a visit"),
    refusals=("no-such-assistance",),
)
async def get_assistance(call: Call, assistance: UUID) -> AssistanceView:
    """Return the visit; of the case it says the number only."""
    return await call.doors.assistance.view(call.session, assistance)


@COUNTER.operation(
    "DELETE",
    "/v1/counter/sessions/{assistance}",
    who=Who.COUNTER,
    words=both("受付を終える", "End a visit"),
    status=204,
    refusals=("no-such-assistance",),
)
async def end_assistance(call: Call, assistance: UUID) -> None:
    """End the visit: the person leaves, and nothing of theirs can be seen any more."""
    await call.doors.assistance.end(call.session, assistance)


@COUNTER.operation(
    "POST",
    "/v1/counter/sessions/{assistance}/code",
    who=Who.COUNTER,
    words=both("控えのコードを発行する", "Give a code on paper"),
    status=201,
    refusals=(*_VISIT, "no-such-case"),
)
async def issue_code(call: Call, assistance: UUID) -> PaperCode:
    """Return a code with which the citizen follows the case; the one before falls."""
    return await call.doors.assistance.code(call.session, assistance)


@COUNTER.operation(
    "POST",
    "/v1/counter/sessions/{assistance}/card-challenge",
    who=Who.COUNTER,
    words=both("本人のカードで署名する確認文", "A text for the citizen's own card"),
    status=201,
    refusals=(*_VISIT, "citizen-has-card"),
)
async def new_card_challenge(call: Call, assistance: UUID) -> ChallengeText:
    """Return a challenge for a card that the citizen has got now, or whose PIN was set anew."""
    audience = call.context.settings.public_url
    made = await call.doors.assistance.card_challenge(call.session, assistance, audience)
    return ChallengeText(challenge_id=made.id, text=made.text, expires_at=made.expires_at)


@COUNTER.operation(
    "POST",
    "/v1/counter/sessions/{assistance}/card",
    who=Who.COUNTER,
    words=both("本人のカードを結び付ける", "Add the citizen's own card"),
    status=204,
    cost=SIGN_IN_COST,
    refusals=(
        *_VISIT,
        "citizen-has-card",
        "no-such-challenge",
        "already-used-challenge",
        "signature-invalid",
        "status-revoked",
        "status-unavailable",
        "already-linked-credential",
    ),
)
async def link_citizens_card(call: Call, assistance: UUID, body: SignedChallenge) -> None:
    """Link the card with which the citizen signed, by their own PIN; their codes on paper fall."""
    await call.doors.assistance.link_card(
        call.session,
        assistance,
        body.challenge_id,
        certificate=body.certificate,
        signature=body.signature,
        caller=caller_of(call),
    )


@LOGIN.operation(
    "POST",
    "/v1/login/codes",
    who=OPEN,
    words=both("控えのコードで案件を見る", "Follow a case with the code on paper"),
    status=201,
    cost=SIGN_IN_COST,
    refusals=("no-such-code", "too-many-failures"),
)
async def new_code_session(call: Call, body: FollowBody) -> SessionToken:
    """Return a session that sees the one case of the code, and can do nothing in it."""
    made = await call.doors.gate.login_by_code(body.code, caller=caller_of(call))
    return SessionToken(token=made.token, expires_at=made.expires_at, person=made.person)
