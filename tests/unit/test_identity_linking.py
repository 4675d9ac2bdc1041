# SPDX-License-Identifier: Apache-2.0
"""A new certificate is linked by a live proof or by the authority's word, never by what somebody is called."""

from dataclasses import replace
from uuid import UUID

import pytest

from connectors.simulators.jpki.rehearsal import answer, rehearsal_gate, sign_in
from connectors.simulators.jpki.world import IN_PROCESS
from engine.core.errors import EngineError
from engine.identity.challenges import Purpose
from engine.identity.gate import OPERATOR
from engine.identity.profiles import Use
from engine.identity.signing import anybody
from tests.unit.identity_desk import HANAKO, Desk


class Mapped(Desk):
    """A gate that may ask the authority which two certificates are one holder's."""

    def __init__(self) -> None:
        super().__init__()
        trust = replace(self.world.trust(), mapping_url=f"{IN_PROCESS}/mapping")
        self.gate = rehearsal_gate(
            self.world, self.ids, store=self.store, trust=trust, exchange=self.world.fetch
        )

    async def sign(self, card_in_session: object, card: object) -> UUID:
        session = await self.signed_in(card_in_session)  # type: ignore[arg-type] # cards
        offer = await self.offer(session)
        evidence = await self.gate.verify_mandate(
            session,
            offer.content,
            signature=self.signed(card, offer.content),  # type: ignore[arg-type] # as above
            accept=anybody,
        )
        return evidence.person


async def test_a_renewed_card_with_the_same_name_is_another_person_until_something_is_proven() -> None:
    desk = Desk()  # no mapping: Hanako's second card has her name, her address, her birth date
    old, renewed = desk.card(), desk.card()

    assert (await sign_in(desk.gate, old)).person != (await sign_in(desk.gate, renewed)).person


async def test_the_authority_says_whose_the_renewed_card_is() -> None:
    """Her 署名用 certificate is known here from before; the new 利用者証明用 one belongs to it."""
    desk = Mapped()
    old = desk.card()
    person = await desk.sign(old, old)
    renewed = desk.world.renew_login(old, HANAKO)
    desk.world.revoke(Use.LOGIN, old.login_certificate)

    assert (await sign_in(desk.gate, renewed)).person == person
    assert (await sign_in(desk.gate, renewed)).person == person


async def test_roles_stay_with_the_person_when_the_card_is_renewed() -> None:
    desk = Mapped()
    old = desk.card()
    person = await desk.sign(old, old)
    await desk.gate.grant_operator(person, by="host")

    session = await desk.signed_in(desk.world.renew_login(old, HANAKO))

    assert OPERATOR in session.roles


async def test_while_the_authority_cannot_be_asked_no_second_person_is_made() -> None:
    desk = Mapped()
    card = desk.card()
    challenge = await desk.gate.challenge(Purpose.LOGIN, desk.gate.audience)
    certificate, signature = answer(card, challenge)
    asked = desk.world.partner
    desk.world.partner = lambda *_: b"rubbish"  # type: ignore[method-assign] # it talks rubbish

    with pytest.raises(EngineError) as refused:
        await desk.gate.login(challenge.id, certificate=certificate, signature=signature)

    assert refused.value.code == "status-unavailable"
    desk.world.partner = asked  # type: ignore[method-assign] # and then does not
    assert await sign_in(desk.gate, card)


async def test_nobody_signs_with_the_card_of_another_person_whom_we_know() -> None:
    """A spouse's card lies on the same table: the authority says that it is not this person's."""
    from datetime import date

    from connectors.simulators.jpki import Resident

    desk = Mapped()
    taro = desk.card(Resident("電子　太郎", date(1988, 5, 6), "東京都清瀬市試験町一丁目２番３号", "1"))
    await sign_in(desk.gate, taro)

    with pytest.raises(EngineError, match="already-linked-credential"):
        await desk.sign(desk.card(), taro)
