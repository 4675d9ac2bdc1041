# SPDX-License-Identifier: Apache-2.0
"""Both sides of the border with their keys, for the tests of what crosses it."""

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.jwk import RecipientKey, thumbprint
from engine.border.sealing import Attributes, Opener, Sealer

NUMBER = "1130001012345"
ORGANISATION = f"/organisations/{NUMBER}"
REFERENCE = "r_" + "0123456789abcdefghjkmnpqrs"
ORDER = "o_" + "0123456789abcdefghjkmnpqrs"
NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
ORDERED = Attributes(ORDER, "jp.todoke.order.submit.v1", REFERENCE, "/engine", 7, NOW)


class Moving:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def move(self, step: timedelta) -> None:
        self.at += step


class Side:
    """One party: its keys, and what it knows of the others."""

    def __init__(self, source: str, clock: Moving) -> None:
        self.source = source
        self.signing = ec.generate_private_key(ec.SECP256R1())
        self.decryption = ec.generate_private_key(ec.SECP256R1())
        self.kid = thumbprint(self.signing.public_key())
        self.address = RecipientKey(self.decryption.public_key())
        self.sealer = Sealer(self.signing, kid=self.kid, source=source, clock=clock)
        self.known: dict[tuple[str, str], ec.EllipticCurvePublicKey] = {}
        self.own = {self.address.kid: self.decryption}
        self.opener = Opener(self.own, lambda of, kid: self.known.get((of, kid)), remembered=8)

    def meets(self, other: "Side") -> None:
        self.known[other.source, other.kid] = other.signing.public_key()
        other.known[self.source, self.kid] = self.signing.public_key()


class Border:
    """The engine and two organisations that know the engine."""

    def __init__(self) -> None:
        self.clock = Moving()
        self.engine = Side("/engine", self.clock)
        self.office = Side(ORGANISATION, self.clock)
        self.bank = Side("/organisations/2130001099999", self.clock)
        self.engine.meets(self.office)
        self.engine.meets(self.bank)
