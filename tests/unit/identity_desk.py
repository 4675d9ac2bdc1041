# SPDX-License-Identifier: Apache-2.0
"""The gate, the rehearsal of JPKI and a person with a card, for the tests of identity."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from connectors.simulators.jpki import JpkiWorld, Municipality, Resident, SoftwareCard
from connectors.simulators.jpki.keys import Keys
from connectors.simulators.jpki.rehearsal import rehearsal_gate, sign_document, sign_in
from engine.identity.mandate import Recipient
from engine.identity.sessions import Session
from engine.identity.signing import MandateOffer
from engine.identity.store import IdentityStore, MemoryIdentityStore

START = datetime(2026, 11, 9, 1, 2, 3, tzinfo=UTC)
CASE = UUID(int=0xCA5E)
HANAKO = Resident("電子　花子", date(1990, 1, 2), "東京都清瀬市試験町一丁目２番３号")
KIYOSE = Municipality("13221", "Tokyo-to", "Kiyose-shi")
KEYS = Keys()  # slow to make; the authority is the same in every test
RECIPIENT = Recipient(
    organisation="3000020132217",
    name="清瀬市",
    procedures=("move.move-out-notice",),
    fields=("name", "newAddress"),
    purpose="転出届",
)


class StillClock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **time: float) -> None:
        self.at += timedelta(**time)


class CountedIds:
    def __init__(self) -> None:
        self._last = 1 << 80

    def new(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)


class Desk:
    def __init__(self, store: IdentityStore | None = None) -> None:
        self.clock = StillClock()
        self.ids = CountedIds()
        self.world = JpkiWorld(self.clock, keys=KEYS)
        self.store = store or MemoryIdentityStore()
        self.gate = rehearsal_gate(self.world, self.ids, store=self.store)

    def card(self, resident: Resident = HANAKO, *, generation: int = 2) -> SoftwareCard:
        return self.world.make_card(resident, generation=generation)

    async def token(self, card: SoftwareCard) -> str:
        return (await sign_in(self.gate, card)).token

    async def signed_in(self, card: SoftwareCard) -> Session:
        return await self.gate.session(await self.token(card))

    async def offer(self, session: Session) -> MandateOffer:
        until = self.clock.now() + timedelta(days=365)
        return await self.gate.offer_mandate(session, CASE, recipients=[RECIPIENT], expires_at=until)

    def signed(self, card: SoftwareCard, content: bytes) -> bytes:
        return sign_document(card, content, self.clock.now())
