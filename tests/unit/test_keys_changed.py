# SPDX-License-Identifier: Apache-2.0
"""Keys are changed without stopping: what the previous one made still opens, and new things are not made with it."""

from pathlib import Path
from uuid import UUID

import pytest

from connectors.simulators.jpki.rehearsal import AUDIENCE
from engine.core.errors import EngineError
from engine.identity.gate import Gate, open_gate
from engine.identity.signing import anybody
from engine.keys import Keys
from engine.runtime.case_keys import CaseKeys
from engine.settings import Profile
from tests.unit.identity_desk import Desk

OLD, NEW, OTHER = (bytes([n]) * 32 for n in (1, 2, 3))


def gate_of(desk: Desk, key: bytes, *others: bytes) -> Gate:
    return open_gate(
        trust=desk.world.trust(), store=desk.store, fetch=desk.world.fetch, clock=desk.clock, ids=desk.ids,
        audience=AUDIENCE, session_key=key, evidence_key=key,
        other_session_keys=others, other_evidence_keys=others,
    )  # fmt: skip


async def test_sessions_and_evidence_outlive_the_change_of_their_keys() -> None:
    desk = Desk()
    card = desk.card()
    desk.gate = gate_of(desk, OLD)
    token = await desk.token(card)
    session = await desk.gate.session(token)
    offer = await desk.offer(session)
    evidence = await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )

    changed, after = gate_of(desk, NEW, OLD), gate_of(desk, NEW)

    assert await changed.session(token) == session
    assert (await changed.judge_again(evidence.id)).refusal() is None
    with pytest.raises(EngineError, match="not-signed-in"):
        await after.session(token)
    with pytest.raises(EngineError, match="no-such-evidence"):
        await after.judge_again(evidence.id)
    await changed.logout(token)
    with pytest.raises(EngineError, match="not-signed-in"):
        await changed.session(token)


async def test_what_is_new_is_made_with_the_new_key() -> None:
    desk = Desk()
    card = desk.card()
    desk.gate = gate_of(desk, OLD)
    session = await desk.signed_in(card)
    offer = await desk.offer(session)
    evidence = await desk.gate.verify_mandate(
        session, offer.content, signature=desk.signed(card, offer.content), accept=anybody
    )

    desk.gate = gate_of(desk, NEW, OLD)
    token = await desk.token(card)
    desk.clock.pass_by(days=1)
    assert (await desk.gate.settle()).settled == 1  # seals anew

    after = gate_of(desk, NEW)
    assert (await after.judge_again(evidence.id)).refusal() is None
    desk.clock.pass_by(days=-1)
    assert await after.session(token)


def test_the_keys_of_cases_open_during_the_change_and_new_ones_need_the_new_key() -> None:
    case = UUID(int=1)
    key, wrapped = CaseKeys(OLD).new(case)
    sealed = key.seal("facts", b"told")

    during = CaseKeys(NEW, OLD)

    assert during.open(case, wrapped).open("facts", sealed) == b"told"
    with pytest.raises(EngineError, match="unreadable-case"):
        CaseKeys(OLD).open(case, during.new(case)[1])
    with pytest.raises(EngineError, match="unreadable-case"):
        CaseKeys(NEW, OTHER).open(case, wrapped)


def test_a_previous_key_is_a_file_beside_the_one_in_use(tmp_path: Path) -> None:
    first = Keys.create_missing(tmp_path, profile=Profile.TEST)
    assert first.previous.session is None
    for name in ("case.key", "session.key", "signing.pem", "decryption.pem"):
        (tmp_path / name).rename(tmp_path / f"{name}.previous")

    second = Keys.create_missing(tmp_path, profile=Profile.TEST)

    assert (second.previous.case, second.previous.session) == (first.case, first.session)
    assert first.evidence[0] in second.evidence
    assert second.session != first.session
    assert second.previous.signing is not None
    assert second.previous.decryption is not None
    assert second.previous.signing.private_numbers() == first.signing.private_numbers()
    assert "previous" not in repr(second)
    (tmp_path / "session.key.previous").chmod(0o644)
    with pytest.raises(EngineError, match="unusable-keys"):
        Keys.load(tmp_path)
