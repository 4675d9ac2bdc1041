# SPDX-License-Identifier: Apache-2.0
"""An agent rehearses with orders as it will get them: each says for whom, right and wrong ones."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.conformance.press import Press
from connectors.government.small_towns import SOBETSU, SmallTownsSimulator
from engine.border.envelope import open_order
from engine.border.jwk import RecipientKey, thumbprint
from engine.border.sealing import Opener, Sealer
from engine.core.errors import EngineError
from tests.unit.border_desk import Moving

MOVE_OUT = "move.move-out-notice"


@pytest.mark.parametrize("principals", [{}, {MOVE_OUT: SOBETSU}])
def test_what_was_entrusted_names_who_entrusted_it(principals: dict[str, str]) -> None:
    own, engine = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    sealer = Sealer(engine, kid=thumbprint(engine.public_key()), source="/engine", clock=Moving())
    opener = Opener({thumbprint(own.public_key()): own}, lambda *_: engine.public_key())
    press = Press(
        SmallTownsSimulator.number,
        references_key=b"k" * 32,
        sealer=sealer,
        other=sealer,
        clock=Moving(),
        principals=principals,
    )
    mock = press.mock(MOVE_OUT, SmallTownsSimulator.examples[MOVE_OUT])
    recipient = RecipientKey(own.public_key())

    sent = [press.submit(mock, recipient), press.amend(mock, recipient), press.withdraw(mock, recipient)]

    for one in sent:
        payload = open_order(one.event, opener).payload
        assert getattr(payload, "organisation", None) == principals.get(MOVE_OUT)
    for name in ("bad-signature", "altered-header", "unknown-member", "unknown-type"):
        wrong = press.wrong(name, mock, recipient)
        with pytest.raises(EngineError):
            open_order(wrong.event, opener)
        assert json.loads(wrong.event)["subject"] == mock.reference
