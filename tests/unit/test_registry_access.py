# SPDX-License-Identifier: Apache-2.0
"""An organisation signs in with a token by its own key: short-lived, for us, and in no other way."""

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from engine.border.jwk import coordinates, encoded
from engine.border.sealing import MESSAGE_TYPE
from engine.border.tokens import MAX_SKEW, MAX_TOKEN_LIFE, organisation_token, read_token
from engine.core.errors import EngineError
from engine.registry.access import OrganisationAccess
from tests.unit.registry_office import DAY, MURORAN, NOW, POWER, SECOND, Office

AUDIENCE = "https://todoke.example"
AT = int(NOW.timestamp())
CLAIMS: dict[str, Any] = {"iss": MURORAN, "sub": MURORAN, "aud": AUDIENCE, "iat": AT, "exp": AT + 300}
SIGN = jws.JWSRegistry(algorithms=["ES256", "HS256"], strict_check_header=False)


class Door:
    """The organisation in front of the engine, with two registered keys of its own."""

    def __init__(self) -> None:
        self.office = Office()
        self.access = OrganisationAccess(
            self.office.directories, self.office.clock, audience=AUDIENCE, remembered=3
        )

    async def open(self) -> "Door":
        await self.office.opens(MURORAN, POWER)
        self.kid = await self.office.adds_key(MURORAN, use="sig")
        self.sealing_kid = await self.office.adds_key(MURORAN, use="enc")
        self.foreign_kid = await self.office.adds_key(POWER, use="sig")
        return self

    def token(self, *, audience: str = AUDIENCE, token_id: str | None = None) -> str:
        return organisation_token(
            self.office.private[self.kid],
            kid=self.kid,
            number=MURORAN,
            audience=audience,
            now=self.office.clock.now(),
            token_id=token_id,
        )

    def made(self, head: dict[str, Any] | None = None, *, by: str | None = None, **claims: object) -> str:
        """A token by another library, with other contents."""
        key = ECKey.import_key(self.office.private[by or self.kid])
        full = {"alg": "ES256", "typ": "JWT", "kid": by or self.kid, **(head or {})}
        body = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
        return jws.serialize_compact(full, json.dumps(body), key, registry=SIGN)

    async def refused(self, token: str) -> str:
        with pytest.raises(EngineError) as refusal:
            await self.access.number_of(f"Bearer {token}")
        assert refusal.value.status in (401, 403)
        return refusal.value.code.removeprefix("not-signed-in-organisation-")


@pytest.fixture
async def door() -> Door:
    return await Door().open()


async def test_an_organisation_signs_in_with_its_token(door: Door) -> None:
    token = door.token()

    assert await door.access.number_of(f"Bearer {token}") == MURORAN
    assert await door.access.number_of(f"bearer {token}") == MURORAN
    assert await door.access.number_of(f"Bearer {door.made()}") == MURORAN


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "token"])
async def test_without_a_bearer_token_nobody_is_signed_in(door: Door, header: str | None) -> None:
    with pytest.raises(EngineError) as refusal:
        await door.access.number_of(header)

    assert (refusal.value.code, refusal.value.status) == ("not-signed-in-organisation", 401)


@pytest.mark.parametrize(
    "head",
    [
        {"typ": MESSAGE_TYPE},
        {"typ": "at+jwt"},
        {"kid": "short"},
        {"kid": 7},
        {"crit": ["exp"], "exp": 1},
        {"b64": True},
        {"jku": "https://evil.example/keys"},
        {"jwk": {}},
    ],
)
async def test_a_head_that_says_anything_else_is_refused(door: Door, head: dict[str, Any]) -> None:
    token = door.token()
    parts = token.split(".")

    full = {"alg": "ES256", "typ": "JWT", "kid": door.kid, **head}
    changed = ".".join([encoded(json.dumps(full).encode()).decode(), *parts[1:]])

    assert await door.refused(changed) == "token"


async def test_only_es256_is_taken(door: Door) -> None:
    public = door.office.private[door.kid].public_key()
    secret = OctKey.import_key("".join(coordinates(public)))
    confused = jws.serialize_compact(
        {"alg": "HS256", "typ": "JWT", "kid": door.kid}, json.dumps(CLAIMS), secret, registry=SIGN
    )
    unsigned = [
        encoded(json.dumps(part).encode()).decode()
        for part in ({"alg": "none", "typ": "JWT", "kid": door.kid}, CLAIMS)
    ]

    assert await door.refused(confused) == "token"
    assert await door.refused(".".join([*unsigned, ""])) == "token"


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": POWER},
        {"sub": None},
        {"iss": None},
        {"iss": "7", "sub": "7"},
        {"aud": [AUDIENCE]},
        {"aud": None},
        {"iat": None},
        {"exp": None},
        {"exp": float(AT)},
        {"exp": str(AT + 300)},
        {"iat": True},
        {"iat": -1},
        {"exp": 10**400},
        {"jti": ""},
        {"jti": "x" * 101},
    ],
)
async def test_claims_of_another_form_are_refused(door: Door, claims: dict[str, Any]) -> None:
    assert await door.refused(door.made(**claims)) == "token"


@pytest.mark.parametrize(
    "audience", ["https://todoke.example/", "https://other.example", "http://todoke.example", ""]
)
async def test_a_token_for_another_service_is_refused(door: Door, audience: str) -> None:
    assert await door.refused(door.token(audience=audience)) == "audience"


@pytest.mark.parametrize(("start", "life"), [(0, 300), (30, 300), (-329, 300), (-39, 10)])
async def test_a_token_is_good_for_300_seconds_with_clocks_30_apart(
    door: Door, start: int, life: int
) -> None:
    token = door.made(iat=AT + start, exp=AT + start + life)

    assert await door.access.number_of(f"Bearer {token}") == MURORAN


@pytest.mark.parametrize(
    ("start", "life"), [(0, 301), (0, 0), (0, -1), (31, 300), (-330, 300), (-40, 10), (-301, 331)]
)
async def test_a_token_before_or_after_its_time_or_for_too_long_is_refused(
    door: Door, start: int, life: int
) -> None:
    token = door.made(iat=AT + start, exp=AT + start + life)

    assert await door.refused(token) == "time"


async def test_only_a_valid_signing_key_of_the_issuer_itself_will_do(door: Door) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    made = [
        door.made(by=door.sealing_kid),
        door.made(by=door.foreign_kid),
        door.made(iss=POWER, sub=POWER),
        organisation_token(stranger, kid=door.kid, number=MURORAN, audience=AUDIENCE, now=NOW),
        door.token()[:-4] + "AAAA",
    ]

    assert [await door.refused(token) for token in made] == ["key"] * 5


async def test_a_revoked_key_signs_nobody_in(door: Door) -> None:
    await door.office.store.revoke_key(MURORAN, door.kid, at=NOW)

    assert await door.refused(door.token()) == "key"


async def test_an_expired_key_signs_nobody_in(door: Door) -> None:
    door.office.clock.move(30 * DAY)

    assert await door.refused(door.token()) == "key"


async def test_a_paused_organisation_may_sign_in_and_a_revoked_one_may_not(door: Door) -> None:
    await door.office.store.pause(MURORAN)
    paused = await door.access.number_of(f"Bearer {door.token()}")
    await door.office.store.revoke(MURORAN)
    door.office.clock.move(timedelta(minutes=1))

    assert paused == MURORAN
    assert await door.refused(door.token()) == "not-allowed-revoked"


async def test_a_token_with_an_id_works_once_until_it_has_ended(door: Door) -> None:
    token = door.token(token_id="t-1")
    await door.access.number_of(f"Bearer {token}")

    assert await door.refused(token) == "replayed"
    door.office.clock.move(MAX_TOKEN_LIFE + MAX_SKEW - SECOND)
    assert await door.refused(token) == "replayed"
    door.office.clock.move(SECOND)
    assert await door.refused(token) == "time"
    assert await door.access.number_of(f"Bearer {door.token(token_id='t-1')}") == MURORAN


async def test_no_more_ids_are_remembered_than_promised(door: Door) -> None:
    first = door.token(token_id="t-0")
    for token in [first, *[door.token(token_id=f"t-{n}") for n in range(1, 4)]]:
        await door.access.number_of(f"Bearer {token}")

    assert await door.access.number_of(f"Bearer {first}") == MURORAN


async def test_a_refused_token_uses_up_no_id(door: Door) -> None:
    await door.refused(door.token(audience="https://other.example", token_id="t-1"))

    assert await door.access.number_of(f"Bearer {door.token(token_id='t-1')}") == MURORAN


@given(
    st.one_of(st.text(max_size=60), st.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,9}", fullmatch=True))
)
def test_any_text_at_all_ends_in_our_own_refusal(text: str) -> None:
    with pytest.raises(EngineError) as refusal:
        read_token(text)

    assert refusal.value.code == "not-signed-in-organisation-token"


@pytest.mark.parametrize(
    "payload", ["[" * 900, "[]", "7", "\ud800".encode("utf-8", "surrogatepass"), "{" * 9]
)
async def test_contents_that_are_no_claims_are_refused(door: Door, payload: str | bytes) -> None:
    key = ECKey.import_key(door.office.private[door.kid])

    token = jws.serialize_compact(
        {"alg": "ES256", "typ": "JWT", "kid": door.kid}, payload, key, registry=SIGN
    )

    assert await door.refused(token) == "token"
