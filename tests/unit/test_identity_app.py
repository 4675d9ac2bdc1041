# SPDX-License-Identifier: Apache-2.0
"""デジタル認証アプリ: who comes back from the provider is let in only if everything is as it was asked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp.test_utils import TestServer, unused_port
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from connectors.simulators.digital_app import CLIENT, Client, DigitalApp, app_of
from connectors.simulators.jpki import SoftwareCard
from connectors.simulators.jpki.rehearsal import rehearsal_gate
from engine.core.errors import EngineError
from engine.identity.app import Coming, Going
from engine.identity.challenges import Purpose
from engine.identity.fetch import HttpFetch
from engine.identity.profiles import Environment
from engine.identity.provider import App, keep_provider, load_provider
from engine.identity.signing import anybody
from engine.identity.store import Kind
from engine.identity.trust import TrustStoreError
from tests.unit.identity_desk import START, Desk

BASE = "https://app-test.example"
BACK = "https://todoke.example/login/app"
KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]


class AppDesk(Desk):
    """A gate that offers the app, and the provider behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.provider = DigitalApp(self.world, base=BASE)
        self.app = App(self.provider.described("https://todoke.example"), *KEYS)
        self.provider.register(Client("RP00000001", self.app.public_keys(), (BACK,)))
        self.between: Callable[[str, bytes], bytes] = lambda _, body: body
        self.gate = rehearsal_gate(self.world, self.ids, store=self.store, exchange=self, app=self.app)

    async def exchange(
        self, method: str, url: str, *, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        status, answer = await self.provider.exchange(method, url, body=body, headers=headers)
        return status, self.between(url, answer)

    def back(self, going: Going, card: SoftwareCard) -> Coming:
        """Hold the card to the phone, and come back."""
        query = parse_qs(urlsplit(self.provider.approve(going.url, card)).query)
        return Coming(query["state"][0], going.secret, query["code"][0])

    async def refusal(self, coming: Coming) -> str:
        with pytest.raises(EngineError) as refused:
            await self.gate.login_by_app(coming)
        return refused.value.code


@pytest.fixture
def desk() -> AppDesk:
    return AppDesk()


async def test_the_app_signs_a_person_in_and_the_same_person_again(desk: AppDesk) -> None:
    card = desk.card()

    first = await desk.gate.login_by_app(desk.back(await desk.gate.go_to_app(Purpose.LOGIN), card))
    again = await desk.gate.login_by_app(desk.back(await desk.gate.go_to_app(Purpose.LOGIN), card))

    session = await desk.gate.session(again.token)
    assert first.person == again.person == session.person
    assert session.credential.kind is Kind.APP
    assert session.credential.issuer == f"{BASE}/api/realms/main"


async def test_what_is_asked_is_what_the_specification_wants(desk: AppDesk) -> None:
    going = await desk.gate.go_to_app(Purpose.LOGIN)

    asked = {name: values[0] for name, values in parse_qs(urlsplit(going.url).query).items()}
    assert asked.pop("state") == going.state
    assert len(asked.pop("nonce")) == len(asked.pop("code_challenge")) == 43
    assert asked == {
        "response_type": "code",
        "client_id": "RP00000001",
        "redirect_uri": BACK,
        "scope": "openid",  # never the four attributes
        "code_challenge_method": "S256",
        "acr_values": "aal3 crl",
    }
    assert going.secret not in going.url


async def test_without_the_app_there_is_no_such_way_in() -> None:
    with pytest.raises(EngineError, match="app-not-offered"):
        await Desk().gate.go_to_app(Purpose.LOGIN)


async def test_an_answer_counts_once_in_the_browser_that_asked_and_in_time(desk: AppDesk) -> None:
    card = desk.card()
    coming = desk.back(await desk.gate.go_to_app(Purpose.LOGIN), card)

    assert await desk.refusal(replace(coming, secret="another browser")) == "no-such-app-visit"
    assert await desk.refusal(replace(coming, state="another visit")) == "no-such-app-visit"
    await desk.gate.login_by_app(coming)
    assert await desk.refusal(coming) == "no-such-app-visit"

    late = desk.back(await desk.gate.go_to_app(Purpose.LOGIN), card)
    desk.clock.pass_by(minutes=10)
    assert await desk.refusal(late) == "no-such-app-visit"


async def test_a_code_of_another_visit_is_worth_nothing(desk: AppDesk) -> None:
    """Somebody slips the code of their own card into the victim's visit: PKCE and nonce say no."""
    mine, theirs = [await desk.gate.go_to_app(Purpose.LOGIN) for _ in range(2)]
    stolen = desk.back(theirs, desk.card())

    assert await desk.refusal(Coming(mine.state, mine.secret, stolen.code)) == "app-refused"


async def test_a_code_that_nobody_gave_is_refused(desk: AppDesk) -> None:
    for code in ("", "x", "y" * 5000, "花子"):
        going = await desk.gate.go_to_app(Purpose.LOGIN)
        assert await desk.refusal(Coming(going.state, going.secret, code)) == "app-refused"


def signed(
    desk: AppDesk, key: ECKey | None = None, *, alg: str = "ES256", **changed: Any
) -> Callable[[str, bytes], bytes]:
    """Change the ID token on its way, signed again by the provider's own key or another."""

    def between(url: str, body: bytes) -> bytes:
        if not url.endswith("/token"):
            return body
        answer = json.loads(body)
        own = desk.provider._key
        claims = jwt.decode(answer["id_token"], own, algorithms=["ES256"]).claims
        claims = {name: value for name, value in (claims | changed).items() if value is not None}
        header = {"alg": alg, "kid": own.thumbprint()}
        answer["id_token"] = jwt.encode(header, claims, key or own, algorithms=[alg])
        return json.dumps(answer).encode()

    return between


NOW = int(START.timestamp())


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "RP00000002"},
        {"aud": ["RP00000001", "RP00000002"]},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"acr": "aal1"},
        {"acr": None},
        {"acr": 3},
        {"sub": ""},
        {"sub": None},
        {"sub": "x" * 256},
        {"sub": {"a": 1}},
        {"exp": NOW},
        {"exp": None},
        {"exp": "9999999999"},
        {"iat": NOW + 600},
        {"iat": NOW - 3600},
        {"iat": None},
    ],
    ids=str,
)
async def test_an_id_token_that_is_not_for_us_now_is_not_believed(
    desk: AppDesk, changed: dict[str, Any]
) -> None:
    coming = desk.back(await desk.gate.go_to_app(Purpose.LOGIN), desk.card())
    desk.between = signed(desk, **changed)

    assert await desk.refusal(coming) == "app-token-invalid"


async def test_an_id_token_of_another_key_is_not_believed(desk: AppDesk) -> None:
    coming = desk.back(await desk.gate.go_to_app(Purpose.LOGIN), desk.card())
    desk.between = signed(desk, ECKey.generate_key("P-256"))

    assert await desk.refusal(coming) == "app-token-invalid"


@pytest.mark.parametrize(
    "id_token",
    [
        "",
        ".",
        "..",
        "e30.e30.",
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
        "花.子.e30",
        "W10.e30.AA",
    ],
)
async def test_what_is_no_es256_token_is_not_believed(desk: AppDesk, id_token: str) -> None:
    coming = desk.back(await desk.gate.go_to_app(Purpose.LOGIN), desk.card())
    desk.between = lambda url, body: (
        json.dumps(json.loads(body) | {"id_token": id_token}).encode() if url.endswith("/token") else body
    )

    assert await desk.refusal(coming) == "app-token-invalid"


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b"<html>", b'{"access_token": 5}', b"{" * 10_000])
async def test_a_provider_that_talks_rubbish_lets_nobody_in(desk: AppDesk, answer: bytes) -> None:
    coming = desk.back(await desk.gate.go_to_app(Purpose.LOGIN), desk.card())
    desk.between = lambda _, body: answer

    assert await desk.refusal(coming) == "app-token-invalid"


async def test_while_the_provider_is_down_one_may_try_again_later(desk: AppDesk) -> None:
    coming = desk.back(await desk.gate.go_to_app(Purpose.LOGIN), desk.card())
    desk.provider.is_down = True

    with pytest.raises(EngineError) as refused:
        await desk.gate.login_by_app(coming)

    assert (refused.value.code, refused.value.status) == ("app-unavailable", 503)


async def test_a_new_key_of_the_provider_is_found(desk: AppDesk) -> None:
    card = desk.card()
    await desk.gate.login_by_app(desk.back(await desk.gate.go_to_app(Purpose.LOGIN), card))
    desk.provider._key = ECKey.generate_key("P-256")
    desk.clock.pass_by(minutes=2)

    await desk.gate.login_by_app(desk.back(await desk.gate.go_to_app(Purpose.LOGIN), card))


async def test_a_client_that_is_not_who_it_says_gets_nothing(desk: AppDesk) -> None:
    coming = desk.back(await desk.gate.go_to_app(Purpose.LOGIN), desk.card())
    stranger = replace(desk.app, signing=ec.generate_private_key(ec.SECP256R1()))
    gate = rehearsal_gate(desk.world, desk.ids, store=desk.store, exchange=desk, app=stranger)

    with pytest.raises(EngineError, match="app-refused"):
        await gate.login_by_app(coming)


# --- linking, and a second proof ---


async def test_the_app_is_linked_in_a_live_session_and_then_is_the_same_person(desk: AppDesk) -> None:
    card = desk.card()
    token = await desk.token(card)
    session = await desk.gate.session(token)

    going = await desk.gate.go_to_app(Purpose.LINK, session=session)
    await desk.gate.prove_by_app(token, desk.back(going, card))

    by_app = await desk.gate.login_by_app(desk.back(await desk.gate.go_to_app(Purpose.LOGIN), card))
    assert by_app.person == session.person


async def test_another_persons_visit_links_nothing(desk: AppDesk) -> None:
    """Somebody gets the victim to come back with the attacker's visit, or the other way round."""
    mine, theirs = await desk.token(desk.card()), await desk.token(desk.card())
    session = await desk.gate.session(mine)
    coming = desk.back(await desk.gate.go_to_app(Purpose.LINK, session=session), desk.card())

    with pytest.raises(EngineError, match="no-such-app-visit"):
        await desk.gate.prove_by_app(theirs, coming)
    with pytest.raises(EngineError, match="not-signed-in"):
        await desk.gate.go_to_app(Purpose.LINK)


async def test_the_app_proves_the_person_again_but_only_when_it_is_that_persons(desk: AppDesk) -> None:
    card = desk.card()
    token = (await desk.gate.login_by_app(desk.back(await desk.gate.go_to_app(Purpose.LOGIN), card))).token
    desk.clock.pass_by(minutes=20)
    session = await desk.gate.session(token)
    with pytest.raises(EngineError, match="login-too-old"):
        desk.gate.require_recent(session, timedelta(minutes=5))

    going = await desk.gate.go_to_app(Purpose.STEP_UP, session=session)
    with pytest.raises(EngineError, match="already-linked-credential"):
        await desk.gate.prove_by_app(token, desk.back(going, desk.card(other())))
    going = await desk.gate.go_to_app(Purpose.STEP_UP, session=session)
    proven = await desk.gate.prove_by_app(token, desk.back(going, card))

    desk.gate.require_recent(proven, timedelta(minutes=5))
    desk.gate.require_recent(await desk.gate.session(token), timedelta(minutes=5))


def other() -> Any:
    from datetime import date

    from connectors.simulators.jpki import Resident

    return Resident("別人　太郎", date(1980, 3, 4), "東京都千代田区一丁目１番１号", "1")


# --- signing ---


async def test_a_mandate_is_signed_in_the_app(desk: AppDesk) -> None:
    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)

    going = await desk.gate.sign_in_app(session, offer.content)
    signature = await desk.gate.signature_by_app(session, desk.back(going, card))
    evidence = await desk.gate.verify_mandate(session, offer.content, signature=signature, accept=anybody)

    assert evidence.verdicts.refusal() is None
    assert evidence.attributes.name == "電子　花子"
    desk.clock.pass_by(days=1)
    assert (await desk.gate.settle()).settled == 1
    assert (await desk.gate.judge_again(evidence.id)).refusal() is None


async def test_only_what_was_offered_goes_to_the_app(desk: AppDesk) -> None:
    session = await desk.signed_in(desk.card())
    offer = await desk.offer(session)
    stranger = await desk.signed_in(desk.card())

    with pytest.raises(EngineError, match="malformed-mandate"):
        await desk.gate.sign_in_app(session, offer.content + b" ")
    with pytest.raises(EngineError, match="invalid-mandate"):
        await desk.gate.sign_in_app(stranger, offer.content)


async def test_a_signature_of_the_app_over_something_else_is_refused(desk: AppDesk) -> None:
    card = desk.card()
    session = await desk.signed_in(card)
    first, second = await desk.offer(session), await desk.offer(session)
    going = await desk.gate.sign_in_app(session, first.content)
    signature = await desk.gate.signature_by_app(session, desk.back(going, card))

    with pytest.raises(EngineError, match="signature-invalid"):
        await desk.gate.verify_mandate(session, second.content, signature=signature, accept=anybody)


async def test_a_certificate_that_was_not_sealed_for_us_is_not_read(desk: AppDesk) -> None:
    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)
    going = await desk.gate.sign_in_app(session, offer.content)
    coming = desk.back(going, card)
    desk.between = lambda url, body: (
        json.dumps(json.loads(body) | {"sign_certificate_jwe": "e30.e30.e30.e30.e30"}).encode()
        if url.endswith("/result")
        else body
    )

    with pytest.raises(EngineError, match="app-token-invalid"):
        await desk.gate.signature_by_app(session, coming)


# --- over HTTP, and as it is configured ---


async def test_the_simulated_provider_stands_at_an_address_and_a_page_is_its_phone() -> None:
    desk = Desk()
    card = desk.card()
    port = unused_port()
    provider = DigitalApp(desk.world, base=f"http://127.0.0.1:{port}")
    app = App(provider.described("https://todoke.example"), *KEYS)
    provider.register(Client(CLIENT, app.public_keys(), (BACK,)))
    server = TestServer(app_of(provider, lambda: card), port=port)
    async with server, aiohttp.ClientSession() as http:
        gate = rehearsal_gate(desk.world, desk.ids, store=desk.store, exchange=HttpFetch(http), app=app)
        going = await gate.go_to_app(Purpose.LOGIN)
        async with http.get(going.url) as page:
            assert page.status == 200
            assert "見本" in await page.text()
        async with http.get(going.url.replace("S256", "plain")) as page:
            assert page.status == 400
        async with http.post(going.url, data={"pin": "9999"}, allow_redirects=False) as page:
            assert "暗証番号が違います" in await page.text()
        async with http.post(going.url, data={"pin": "1234"}, allow_redirects=False) as page:
            assert page.status == 303
            query = parse_qs(urlsplit(page.headers["Location"]).query)

        token = await gate.login_by_app(Coming(query["state"][0], going.secret, query["code"][0]))

        assert await gate.session(token.token)


def test_the_provider_is_configured_in_a_file_beside_the_roots(tmp_path: Path) -> None:
    provider = DigitalApp(Desk().world, base=BASE).described("https://todoke.example")
    keep_provider(tmp_path, Environment.DEVELOPMENT, provider)

    assert load_provider(tmp_path, Environment.DEVELOPMENT) == provider
    assert load_provider(tmp_path, Environment.PRODUCTION) is None


@pytest.mark.parametrize(
    "changed",
    [{"tokenUrl": "http://plain.example/token"}, {"issuer": 5}, {"surprise": "1"}, {"clientId": ""}],
)
def test_a_provider_that_cannot_be_right_is_not_started_with(tmp_path: Path, changed: dict[str, Any]) -> None:
    provider = DigitalApp(Desk().world, base=BASE).described("https://todoke.example")
    keep_provider(tmp_path, Environment.PRODUCTION, provider)
    file = tmp_path / "production" / "app.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))

    with pytest.raises(TrustStoreError):
        load_provider(tmp_path, Environment.PRODUCTION)
