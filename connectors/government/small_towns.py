# SPDX-License-Identifier: Apache-2.0
"""見本受託株式会社, simulated: one vendor, the agent (受託者) of several small towns, with one connector.

Every order says for which town it is. What is done for one town stays with it: its own numbers on its
own receipts, and nothing that joins a citizen of one town with one of another.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connectors.government.muroran_city import MoveOut, MuroranCitySimulator
from connectors.sdk import (
    Amend,
    Amended,
    Answer,
    Clerk,
    Completed,
    Desk,
    Irrevocable,
    Office,
    Order,
    Received,
    Refused,
    Reply,
    Submit,
    Text,
    Withdraw,
    Withdrawn,
)

TOYOURA, SOBETSU, TOYAKO = "5000020015717", "4000020015750", "5000020015849"
TOWNS: Mapping[str, Text] = {
    TOYOURA: Text(ja="豊浦町（見本）", en="Toyoura Town (Simulator)"),
    SOBETSU: Text(ja="壮瞥町（見本）", en="Sobetsu Town (Simulator)"),
    TOYAKO: Text(ja="洞爺湖町（見本）", en="Toyako Town (Simulator)"),
}
_NOT_OURS = Text(
    ja="この町からは受託していません。町へ直接お問い合わせください",
    en="We do not act for this town; please contact it",
)
_MOVED = Text(ja="転出予定日を過ぎています", en="The day of moving has come")


class MoveOutForTowns(Clerk):
    """Keeps the move-out registers of all towns: one book for each, under the town's own numbers."""

    fields = MoveOut
    receipts = "転出-{}"

    def submit(self, order: Submit[MoveOut], desk: Desk) -> Iterator[Reply]:
        if order.organisation not in TOWNS:
            yield Refused("not-ours", _NOT_OURS)
            return
        desk.take_effect(order, "registered")
        yield Received(self.number(order), promised_by=desk.today())
        yield Completed(self.number(order), effective_on=order.fields.moving_date)

    def amend(self, order: Amend[MoveOut], desk: Desk) -> Answer:
        desk.take_effect(order, "corrected")
        return Amended(self.number(order))

    def withdraw(self, order: Withdraw[MoveOut], desk: Desk) -> Answer:
        if desk.today() >= order.fields.moving_date:
            return Irrevocable(self.number(order), _MOVED)
        desk.take_effect(order, "undone")
        return Withdrawn(self.number(order))

    def number(self, order: Order[MoveOut]) -> str:
        """Return the town's own number for it (受付番号)."""
        town = TOWNS[order.organisation].ja.removesuffix("（見本）") if order.organisation in TOWNS else ""
        return f"{town}{self.receipt(order.id)}"


class SmallTownsSimulator(Office):
    """A vendor's data centre in Sapporo."""

    number = "6999999000060"
    name = Text(ja="見本受託株式会社", en="Mihon Agent Co., Ltd. (Simulator)")
    acts_for = TOWNS
    clerks: ClassVar[Mapping[str, Clerk]] = {"move.move-out-notice": MoveOutForTowns()}
    examples: ClassVar[Mapping[str, dict[str, Any]]] = {
        slug: MuroranCitySimulator.examples[slug] for slug in clerks
    }
