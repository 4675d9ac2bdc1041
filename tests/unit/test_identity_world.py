# SPDX-License-Identifier: Apache-2.0
"""The rehearsal of JPKI over HTTP, over restarts, and from the command line."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import aiohttp
import click
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from click.testing import CliRunner

from connectors.simulators.jpki import JpkiWorld, resident_changed, resident_died
from connectors.simulators.jpki.rehearsal import AUDIENCE, rehearsal_gate, sign_document, sign_in
from engine.commands import card as card_commands
from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.card import JpkiCard
from engine.identity.challenges import Purpose
from engine.identity.fetch import MAX_ANSWER_BYTES, HttpFetch, Unreachable
from engine.identity.gate import Gate, open_gate
from engine.identity.profiles import Use
from engine.identity.settling import Settled
from engine.identity.signing import anybody
from engine.identity.store import MemoryIdentityStore
from tests.unit.identity_desk import CASE, HANAKO, KEYS, RECIPIENT, START, Desk, StillClock


async def test_a_gate_asks_the_world_over_http() -> None:
    desk = Desk()
    async with TestServer(desk.world.app()) as server, aiohttp.ClientSession() as http:
        gate = open_gate(
            trust=desk.world.trust(str(server.make_url("")).rstrip("/")),
            store=MemoryIdentityStore(),
            fetch=HttpFetch(http),
            clock=desk.clock,
            ids=desk.ids,
            audience=AUDIENCE,
            session_key=bytes(32),
            evidence_key=bytes(32),
        )
        card = desk.card()
        session = await gate.session((await sign_in(gate, card)).token)
        until = desk.clock.now() + timedelta(days=1)
        offer = await gate.offer_mandate(session, CASE, recipients=[RECIPIENT], expires_at=until)
        signature = sign_document(card, offer.content, desk.clock.now())
        evidence = await gate.verify_mandate(session, offer.content, signature=signature, accept=anybody)

    assert evidence.verdicts.proven is not None
    assert (evidence.verdicts.proven.source, evidence.verdicts.status.source) == ("tsa", "crl")


async def test_the_world_answers_questions_that_make_no_sense() -> None:
    async with TestServer(Desk().world.app()) as server, aiohttp.ClientSession() as http:
        for path in ("/ocsp", "/tsa"):
            async with http.post(server.make_url(path), data=b"rubbish") as answer:
                assert answer.status == 400
        async with http.get(server.make_url("/crl/2/" + "0" * 64)) as answer:
            assert answer.status == 404


async def test_an_answer_that_is_late_large_or_elsewhere_is_no_answer() -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        block = bytes(1 << 20)
        try:
            for _ in range((MAX_ANSWER_BYTES >> 20) + 2):
                await response.write(block)
        except ConnectionError:
            pass
        return response

    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("/fine")

    async def fine(_: web.Request) -> web.Response:
        return web.Response(body=b"fine")

    app = web.Application()
    app.add_routes([web.get("/large", large), web.get("/moved", moved), web.get("/fine", fine)])
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        fetch = HttpFetch(http)
        assert await fetch.get(str(server.make_url("/fine"))) == b"fine"
        for path in ("/large", "/moved", "/missing"):
            with pytest.raises(Unreachable):
                await fetch.get(str(server.make_url(path)))
    for url in ("http://127.0.0.1:9/", "ftp://x", "nonsense"):
        async with aiohttp.ClientSession() as http:
            with pytest.raises(Unreachable):
                await HttpFetch(http).post(url, b"", content_type="text/plain")


async def test_the_world_is_the_same_after_a_restart(tmp_path: Path) -> None:
    clock = StillClock()
    before = JpkiWorld(clock, state=tmp_path)
    card, lost = before.make_card(HANAKO), before.make_card(HANAKO)
    before.revoke(Use.LOGIN, lost.login_certificate)

    desk = Desk()
    desk.world = JpkiWorld(clock, state=tmp_path)
    desk.gate = rehearsal_gate(desk.world, desk.ids)

    assert (await desk.signed_in(card)).person
    with pytest.raises(EngineError, match="status-revoked"):
        await sign_in(desk.gate, lost)
    assert desk.world.make_card(HANAKO).login_certificate.serial_number > lost.login_certificate.serial_number
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / "keys").iterdir()} == {0}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Run":
    monkeypatch.setenv("TODOKE_STATE", str(tmp_path))
    monkeypatch.setenv("TODOKE_PROFILE", "demo")
    return Run()


class Run:
    def __init__(self) -> None:
        self.group = click.Group()
        card_commands.register(self.group)

    def __call__(self, *words: str) -> str:
        result = CliRunner().invoke(
            self.group, ["card", *words], catch_exceptions=False, standalone_mode=False
        )
        return str(result.stdout)


MAKE = ("make", "--name", "電子　花子", "--birth", "1990-01-02", "--address", "東京都清瀬市試験町１")


def test_a_card_is_made_shown_and_signs(run: Run, tmp_path: Path) -> None:
    run(*MAKE, "--sex", "2")
    document = tmp_path / "document.txt"
    document.write_text("text")

    shown = json.loads(run("show", "--password", "abc123"))
    told = json.loads(run("info"))
    run("sign", str(document), "--password", "ABC123")

    assert shown == {
        "name": "電子　花子",
        "birth": "1990-01-02",
        "sex": "2",
        "address": "東京都清瀬市試験町１",
    }
    assert (told["pinTriesLeft"], told["passwordTriesLeft"]) == (3, 5)
    signed = cades.read_detached((tmp_path / "document.txt.p7s").read_bytes(), b"text")
    assert "O=JPKI-TEST" in signed.certificate.issuer.rfc4514_string()


def served(gate: Gate, audience: str) -> web.Application:
    """The two routes of the web that the command speaks to."""

    async def challenges(request: web.Request) -> web.Response:
        assert await request.json() == {"purpose": "login"}
        made = await gate.challenge(Purpose.LOGIN, audience)
        told = {"challengeId": str(made.id), "text": made.text, "expiresAt": made.expires_at.isoformat()}
        return web.json_response(told, status=201)

    async def sessions(request: web.Request) -> web.Response:
        body = await request.json()
        certificate, signature = (base64.b64decode(body[name]) for name in ("certificate", "signature"))
        try:
            token = await gate.login(UUID(body["challengeId"]), certificate=certificate, signature=signature)
        except EngineError as error:
            return web.json_response({"code": error.code, "title": "no"}, status=error.status)
        return web.json_response({"token": token.token, "personId": str(token.person)}, status=201)

    app = web.Application()
    app.add_routes([web.post("/v1/login/challenges", challenges), web.post("/v1/login/sessions", sessions)])
    return app


@pytest.mark.parametrize("audience", ["here", "https://elsewhere.example"])
async def test_the_command_signs_in_where_it_came_and_nowhere_else(audience: str) -> None:
    desk = Desk()
    card, revoked = desk.card(), desk.card()
    desk.world.revoke(Use.LOGIN, revoked.login_certificate)
    port = unused_port()
    address = f"http://127.0.0.1:{port}"
    site = address if audience == "here" else audience
    gate = rehearsal_gate(desk.world, desk.ids, audience=site)
    async with TestServer(served(gate, site), host="127.0.0.1", port=port):
        if audience == "here":
            session = await card_commands._login(address, JpkiCard(card), "1234")
            assert (await gate.session(session["token"])).person == UUID(session["personId"])
            with pytest.raises(click.ClickException, match="status-revoked"):
                await card_commands._login(address, JpkiCard(revoked), "1234")
        else:
            with pytest.raises(click.ClickException, match="another site"):
                await card_commands._login(address, JpkiCard(card), "1234")
    with pytest.raises(click.ClickException, match="does not answer"):
        await card_commands._login(address, JpkiCard(card), "1234")


def test_a_wrong_pin_is_told_once_and_counted(run: Run) -> None:
    run(*MAKE)

    with pytest.raises(EngineError, match="wrong-pin"):
        run("show", "--password", "WRONG99")

    assert json.loads(run("info"))["passwordTriesLeft"] == 4


def test_a_card_nobody_could_use_is_not_made(run: Run) -> None:
    with pytest.raises(EngineError, match="invalid-pin"):
        run(*MAKE, "--pin", "12")
    with pytest.raises(click.ClickException, match="there is no card"):
        run("info")


def test_a_card_is_never_overwritten(run: Run) -> None:
    run(*MAKE)

    with pytest.raises(click.ClickException, match="already"):
        run(*MAKE)


def test_production_has_no_rehearsal_cards(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TODOKE_PROFILE", "production")

    with pytest.raises(EngineError, match="invalid-settings"):
        run(*MAKE)


async def test_a_move_revokes_the_signing_certificate_the_next_day_and_the_login_stays(
    tmp_path: Path,
) -> None:
    """What the simulated municipality does when a move-in notice is completed."""
    desk = Desk()
    desk.world = JpkiWorld(desk.clock, state=tmp_path / "jpki", keys=KEYS)
    desk.gate = rehearsal_gate(desk.world, desk.ids, store=desk.store)
    card = desk.card()
    session = await desk.signed_in(card)
    offer = await desk.offer(session)
    evidence = await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )

    for revoked in (1, 0):  # telling it twice is harmless
        found = resident_changed(tmp_path, name="電子花子", born_on=HANAKO.born_on, at=desk.clock.now())
        assert found == revoked
    desk.clock.pass_by(days=1)

    again = await desk.signed_in(card)  # the 利用者証明用 certificate stays
    later = await desk.offer(again)
    with pytest.raises(EngineError, match="status-revoked"):
        await desk.gate.verify_mandate(
            again, later.content, signature=desk.signed(card, later.content), accept=anybody
        )
    assert await desk.gate.settle() == Settled(settled=1)
    assert (await desk.gate.judge_again(evidence.id)).refusal() is None


async def test_a_death_ends_the_whole_card(tmp_path: Path) -> None:
    desk = Desk()
    desk.world = JpkiWorld(desk.clock, state=tmp_path / "jpki", keys=KEYS)
    card = desk.card()

    assert resident_died(tmp_path, name=HANAKO.name, born_on=HANAKO.born_on, at=START) == 2

    desk.gate = rehearsal_gate(desk.world, desk.ids)
    with pytest.raises(EngineError, match="status-revoked"):
        await desk.signed_in(card)


async def test_the_register_holds_no_name(tmp_path: Path) -> None:
    JpkiWorld(Desk().clock, state=tmp_path / "jpki", keys=KEYS).make_card(HANAKO)

    assert "花子" not in (tmp_path / "jpki" / "register.json").read_text()
