# SPDX-License-Identifier: Apache-2.0
"""What a person does with a card, and a gate that knows the test authority: for demo and tests."""

from datetime import datetime

from connectors.simulators.jpki.world import LOGIN_PIN, SIGNATURE_PIN, JpkiWorld
from engine.identity.card import Card, JpkiCard
from engine.identity.challenges import Challenge, Purpose
from engine.identity.fetch import Exchange, Fetch
from engine.identity.gate import Gate, open_gate
from engine.identity.profiles import Use
from engine.identity.provider import App
from engine.identity.sessions import SessionToken
from engine.identity.store import IdentityStore, MemoryIdentityStore
from engine.identity.trust import TrustStore
from engine.ports import Clock, Ids

AUDIENCE = "https://todoke.example"


def rehearsal_gate(
    world: JpkiWorld,
    ids: Ids,
    *,
    store: IdentityStore | None = None,
    audience: str = AUDIENCE,
    trust: TrustStore | None = None,
    fetch: Fetch | None = None,
    clock: Clock | None = None,
    exchange: Exchange | None = None,
    app: App | None = None,
) -> Gate:
    """Return a gate that believes this world and asks it in process, where nothing else is given."""
    return open_gate(
        trust=trust or world.trust(),
        store=store or MemoryIdentityStore(),
        fetch=fetch or world.fetch,
        clock=clock or world.clock,
        ids=ids,
        audience=audience,
        session_key=bytes(range(32)),
        evidence_key=bytes(range(32, 64)),
        exchange=exchange,
        app=app,
    )


def answer(card: Card, challenge: Challenge, pin: str = LOGIN_PIN) -> tuple[bytes, bytes]:
    """Return certificate and signature with which the card answers a challenge."""
    reader = JpkiCard(card)
    certificate = reader.read_certificate(Use.LOGIN)
    reader.verify_pin(Use.LOGIN, pin)
    return certificate, reader.sign(Use.LOGIN, challenge.text.encode())


async def sign_in(gate: Gate, card: Card, *, pin: str = LOGIN_PIN) -> SessionToken:
    """Return the session that the card opens."""
    challenge = await gate.challenge(Purpose.LOGIN, gate.audience)
    certificate, signature = answer(card, challenge, pin)
    return await gate.login(challenge.id, certificate=certificate, signature=signature)


def sign_document(card: Card, content: bytes, at: datetime, *, pin: str = SIGNATURE_PIN) -> bytes:
    """Return the detached CAdES-BES of the card over the content."""
    reader = JpkiCard(card)
    reader.verify_pin(Use.SIGNATURE, pin)
    return reader.sign_detached(content, at)
