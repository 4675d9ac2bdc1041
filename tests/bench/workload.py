# SPDX-License-Identifier: Apache-2.0
"""The workload W: one life event of 24 online procedures, taken by eight organisations, three each.

Nothing of it is law. It is as large as a move of a household that has everything connected, so
that "cases per second" means something; the bare pipelines of `bare.py` carry the same numbers.
"""

from datetime import date
from typing import Any, Final

from pydantic import JsonValue

from connectors.sdk.keys import OwnKeys
from engine.border.payloads import OrderSubmit, ReplyAccepted, ReplyCompleted
from engine.core.calendars import Authority
from engine.core.deadline_rules import FactDay, Severity, Within
from engine.core.declaration import Condition, FactField, Grade, Procedure, Receiver, Sought
from engine.core.life_event import LifeEvent
from engine.core.lifecycle import Way
from engine.core.numbers import corporate_number
from engine.core.periods import Unit
from engine.core.text import Text
from workflows.common import Address, EventDay, Facts, Name

FILINGS: Final = 24
REPLIES_PER_FILING: Final = 2
TRANSITIONS: Final = FILINGS * REPLIES_PER_FILING
FINAL_VERSION: Final = 2 + TRANSITIONS  # opened, confirmed, then one version for each reply
NUMBERS: Final = tuple(corporate_number(f"9900010000{place:02}") for place in range(8))
SIZES: Final = (FILINGS, 40)  # of the life events that are on offer
# 200 characters of four bytes each: what stands in a reply is then 1,024 bytes when it is sealed.
RECEIPT: Final = "\U00020bb7" * 200
_DAY: Final = FactDay(name="moving_date", text=Text(ja="引越しの日", en="The day of the move"))
_WORDS: Final = Text(ja="測定", en="Measurement")


class WorkloadFacts(Facts):
    """What the citizen of the workload tells."""

    name: Name
    old_address: Address
    new_address: Address
    moving_date: EventDay


FACTS: Final[dict[str, JsonValue]] = {
    "name": {"family": "届出", "given": "花子"},
    "oldAddress": {
        "postalCode": "051-8511",
        "municipality": "012050",
        "prefecture": "北海道",
        "city": "室蘭市",
        "line": "幸町1番2号",
    },
    "newAddress": {
        "postalCode": "102-8688",
        "municipality": "131016",
        "prefecture": "東京都",
        "city": "千代田区",
        "line": "九段南一丁目2番1号",
    },
    "movingDate": "2027-04-01",
}
FIELDS: Final[tuple[FactField[WorkloadFacts], ...]] = (
    FactField("name", _WORDS, lambda facts, _: facts.name.as_json()),
    FactField("oldAddress", _WORDS, lambda facts, _: facts.old_address.as_json()),
    FactField("newAddress", _WORDS, lambda facts, _: facts.new_address.as_json()),
    FactField("movingDate", _WORDS, lambda facts, _: facts.moving_date.isoformat()),
)


def event_slug(filings: int) -> str:
    """Return the name of the life event with so many filings."""
    return f"bench-{filings}"


def life_event(filings: int = FILINGS) -> LifeEvent[WorkloadFacts]:
    """Return a life event with so many procedures, all online, none waiting for another."""
    return LifeEvent(
        slug=event_slug(filings),
        title=_WORDS,
        facts=WorkloadFacts,
        fields=FIELDS,
        dates=lambda facts: {"moving_date": facts.moving_date},
        redated=lambda facts, day: facts.model_copy(update={"moving_date": day}),
        procedures=tuple(_procedure(place) for place in range(filings)),
    )


def slug_of(place: int) -> str:
    """Return the slug of one procedure."""
    return f"bench.filing-{place:02}"


def _procedure(place: int) -> Procedure[WorkloadFacts]:
    number = NUMBERS[place % len(NUMBERS)]
    return Procedure(
        slug=slug_of(place),
        title=_WORDS,
        receiver=Receiver("BENCH", lambda _: Sought(_WORDS, number=number, is_chosen=True)),
        ways=(Way.ONLINE, Way.SELF),
        needs=tuple(FACTS),
        applies=Condition(_WORDS, lambda _: True),
        deadline=Within(
            of=_DAY,
            amount=14,
            unit=Unit.DAYS,
            authority=Authority.MUNICIPAL,
            severity=Severity.FINE,
            basis="none",
        ),
        basis="none",
        in_force=date(2000, 1, 1),
        grade=Grade.SURE,
    )


def registration(number: str, keys: OwnKeys, *, channel: str) -> dict[str, Any]:
    """Return what the registry must know of one of the organisations, for `engine.registry.seed`."""
    taken = [place for place in range(max(SIZES)) if NUMBERS[place % len(NUMBERS)] == number]
    return {
        "number": number,
        "name": _WORDS.model_dump(),
        "kind": "company",
        "channel": channel,
        "areas": [],
        "subscriptions": [{"slug": slug_of(place), "area": None} for place in taken],
        "keys": keys.public()["keys"],
    }


def answers(order_id: str, order: OrderSubmit) -> tuple[ReplyAccepted, ReplyCompleted]:
    """Return the two replies that every order of the workload gets."""
    return (
        ReplyAccepted(order_id=order_id, receipt=RECEIPT),
        ReplyCompleted(order_id=order_id, receipt=RECEIPT, effective_on=order.due_on),
    )
