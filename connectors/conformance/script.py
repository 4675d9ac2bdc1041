# SPDX-License-Identifier: Apache-2.0
"""What is played, act by act (適合試験の筋書き). Each act sends real sealed orders and judges the replies.

What may not be answered is followed by an order that must be: when that one is answered, the other
was passed over, however slow the connector is.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from pydantic import JsonValue

from connectors.conformance.checks import CHECKS
from connectors.conformance.press import Mock, Sent
from connectors.conformance.run import FINAL, TAKEN, Act, Run, text
from engine.border.envelope import MAX_BATCH_EVENTS
from engine.ports import RehearsedReply

_RESTARTED: Final = 20
_SAID_LATE: Final = timedelta(minutes=5)
_DOCUMENTS: Final = ("document", "ticket", "upload", "/documents")
_UNDONE: Final = frozenset({"withdrawn", "irrevocable"})
_WRONG: Final = ("bad-signature", "wrong-key", "altered-header", "unknown-type", "unknown-member")
_LAST: Final = ("question", "documents", "replies-readable", "replies-once")


async def perform(run: Run) -> None:
    """Play everything; without an answer to the first orders, nothing else is tried."""
    since = asyncio.get_running_loop().time()
    answered = await _first_orders(run)
    is_right = not await _clock_is_wrong(run)
    await run.find(
        "clock", is_right, came=() if is_right else ("not-signed-in-organisation-time",), since=since
    )
    if answered:
        for act in ACTS:
            await act(run)
    await _conclude(run)
    tried = {one.check for one in run.findings}
    for name in CHECKS:
        if name not in tried:
            await run.find(name, "not-run")


async def _first_orders(run: Run) -> bool:
    answered = True
    for slug in run.examples:
        since = asyncio.get_running_loop().time()
        order = await run.submitted(run.mock(slug))
        is_heard = await run.until(partial(_is_answered, run, order), run.patience if answered else 1.0)
        if not is_heard and await _clock_is_wrong(run):
            return False
        answered &= is_heard
        await run.find("first-order", is_heard, about=slug, sent=[order], since=since)
    return answered


def _is_answered(run: Run, *orders: Sent) -> bool:
    return all(run.about(one) for one in orders)


async def _clock_is_wrong(run: Run) -> bool:
    # Who is turned away asks again after longer and longer pauses: the last time may be a while ago.
    since = run.rehearsal.begun_at - _SAID_LATE
    turned_away = not run.heard and await run.store.clock_was_wrong(run.number, since=since)
    return turned_away or any(
        abs(one.said_at - one.heard_at) > _SAID_LATE for one in run.good() if not _late(run, one.order_id)
    )


def _late(run: Run, order: str) -> bool:
    return order in run.asked_again  # an answer that comes again says when it was first made


async def _same_twice(run: Run) -> None:
    since = asyncio.get_running_loop().time()
    mock = run.mock()
    order = await run.submitted(mock)
    await run.answered(order)
    await run.quiet()
    before = {one.reply_id: one.payload for one in run.about(order)}
    sealed_anew = run.press.submit(mock, await run.recipient(), sequence=mock.sequence)
    await run.send_again(order)
    await run.passes_over(order)
    await run.send_again(sealed_anew)
    await run.passes_over(order)
    after = {one.reply_id: one.payload for one in run.about(order)}
    kinds = Counter(after[name] is not None and _kind(run, name) for name in after)
    same = all(after[name] == before[name] for name in before) and max(kinds.values(), default=1) == 1
    await run.find("same-order-twice", same, sent=[order], since=since)


def _kind(run: Run, reply_id: str) -> str:
    return next(one.kind for one in run.good() if one.reply_id == reply_id)


async def _withdrawn_first(run: Run) -> None:
    since = asyncio.get_running_loop().time()
    mock = run.mock()
    withdraw = run.press.withdraw(mock, await run.recipient(), sequence=2)
    await run.send(withdraw)
    await run.passes_over(withdraw)  # whether it is answered is judged by another check
    submit = run.press.submit(mock, await run.recipient(), sequence=1)
    await run.send(submit)
    passed_over = await run.passes_over(submit)
    await run.find("withdraw-before-submit", passed_over, sent=[withdraw, submit], since=since)


async def _gap(run: Run) -> None:
    since = asyncio.get_running_loop().time()
    mock = run.mock()
    first = await run.submitted(mock)
    await run.answered(first)
    later = []
    if mock.fields:
        later.append(run.press.amend(mock, await run.recipient(), sequence=mock.sequence + 4))
    later.append(run.press.withdraw(mock, await run.recipient(), sequence=mock.sequence + 4))
    await run.send(*later)  # one answer is enough: whether each is answered is judged elsewhere
    heard = await run.until(lambda: any(run.about(order) for order in later))
    await run.find("sequence-gap", heard, sent=[first, *later], since=since)


async def _undone(run: Run) -> None:
    """Accept, correct, withdraw."""
    since = asyncio.get_running_loop().time()
    mock = await filed(run)
    if mock.fields:
        amend = run.press.amend(mock, await run.recipient(), sequence=mock.sequence + 1)
        await run.send(amend)
        await run.find("amend", await run.answered(amend), sent=[amend], since=since)
    else:
        await run.find("amend", "not-applicable")

    since = asyncio.get_running_loop().time()
    withdraw = run.press.withdraw(mock, await run.recipient())
    await run.send(withdraw)
    undone = await run.until(lambda: bool(run.about(withdraw, _UNDONE)))
    await run.find("withdraw", undone, sent=[withdraw], since=since)


async def _overtaken(run: Run) -> None:
    """Withdraw, and only then let a correction come that is older."""
    since = asyncio.get_running_loop().time()
    mock = run.mock()
    if not mock.fields:
        await run.find("late-order", "not-applicable")
        return
    first = await run.submitted(mock)
    await run.answered(first)
    overtaken = mock.sequence + 1
    withdraw = run.press.withdraw(mock, await run.recipient(), sequence=overtaken + 1)
    await run.send(withdraw)
    if not await run.until(lambda: bool(run.about(withdraw))):
        await run.find("late-order", "not-run", sent=[withdraw], since=since)
        return
    late = run.press.amend(mock, await run.recipient(), sequence=overtaken)
    await run.send(late)
    passed_over = await run.passes_over(late)
    takes = {"amended"} & {one.kind for one in run.about(late)}
    await run.find("late-order", passed_over or not takes, sent=[withdraw, late], since=since)


async def filed(run: Run, slug: str | None = None) -> Mock:
    """Return a filing that went as far as the organisation lets it: questions answered, refusals mended."""
    mock = run.mock(slug)
    order = await run.submitted(mock)
    for _ in range(4):
        await run.until(lambda order=order: bool(run.about(order, FINAL)))  # type: ignore[misc]
        finals = run.about(order, FINAL)
        if not finals or finals[-1].kind in TAKEN:
            break
        last = finals[-1]
        if last.kind == "asked":
            answer = example_of(last.payload["answerSchema"])
            order = run.press.answer(mock, await run.recipient(), last.payload["questionId"], answer)
        elif last.payload.get("correctable") and mock.attempt == 1:
            mock.attempt, mock.revision = 2, 0
            order = run.press.submit(mock, await run.recipient())
        else:
            break
        await run.send(order)
    return mock


async def _question(run: Run) -> None:
    """Ask for each procedure whether one who asks goes on; the others are not concerned."""
    asked = [one for one in run.good() if one.kind == "asked"]
    for slug in dict.fromkeys(run.slugs[one.reference] for one in asked):
        since = asyncio.get_running_loop().time()
        mock = run.mock(slug)
        order = await run.submitted(mock)
        await run.until(lambda order=order: bool(run.about(order, frozenset({"asked"}))))  # type: ignore[misc]
        question = next(iter(run.about(order, frozenset({"asked"}))), None)
        if question is None:
            continue
        answer = example_of(question.payload["answerSchema"])
        said = run.press.answer(mock, await run.recipient(), question.payload["questionId"], answer)
        await run.send(said)
        goes_on = await run.until(
            lambda order=order, said=said, question=question: any(  # type: ignore[misc]
                one.order_id in {said.id, order.id} and one.position > question.position for one in run.good()
            )
        )
        await run.find("question", goes_on, about=slug, sent=[order, said], since=since)


async def _from_another_time(run: Run) -> None:
    since = asyncio.get_running_loop().time()
    ahead = run.press.submit(run.mock(), await run.recipient(), at=timedelta(minutes=10))
    old = run.press.submit(run.mock(), await run.recipient(), at=timedelta(days=-3))
    await run.send(ahead, old)
    await run.find("old-order", await run.answered(ahead, old), sent=[ahead, old], since=since)


async def _wrong(run: Run) -> None:
    since = asyncio.get_running_loop().time()
    orders = {name: run.press.wrong(name, run.mock(), await run.recipient()) for name in _WRONG}
    for order in orders.values():  # each by itself: one that cannot be read takes no other along
        await run.send(order)
    right = await run.submitted(run.mock())
    heard = await run.answered(right)
    await run.quiet()
    for name, order in orders.items():
        sent = [order, right]
        await run.find(name, heard and not run.about(order), sent=sent, since=since)


async def _engine_key(run: Run) -> None:
    since = asyncio.get_running_loop().time()
    await run.publish_other_key()
    by_other = run.press.submit(run.mock(), await run.recipient(), by_other=True)
    by_first = run.press.submit(run.mock(), await run.recipient())
    await run.send(by_other, by_first)
    heard = await run.answered(by_other, by_first)
    await run.find("engine-key-change", heard, sent=[by_other, by_first], since=since)


async def _burst(run: Run) -> None:
    since = asyncio.get_running_loop().time()
    recipient = await run.recipient()
    orders = [run.press.submit(run.mock(), recipient) for _ in range(run.size_of_burst)]
    await run.send(*orders)
    heard = await run.until(
        lambda: {one.id for one in orders} <= {one.order_id for one in run.good()}, run.patience * 2
    )
    unanswered = [one for one in orders if not run.about(one)]
    came = (f"{len(orders) - len(unanswered)} of {len(orders)} answered",)
    await run.find("burst", heard, sent=unanswered, came=came, since=since)


async def _restart(run: Run) -> None:
    since = asyncio.get_running_loop().time()
    recipient = await run.recipient()
    orders = [run.press.submit(run.mock(), recipient) for _ in range(_RESTARTED)]
    await run.send(*orders)
    await run.until(lambda: True)  # hear what is there already: it was not on its way
    before = run.position
    done = await run.step("restart")
    run.restarted = (before, run.position)
    heard = done and await run.answered(*orders)
    await run.send_again(*orders)
    await run.passes_over(orders[0])
    forgot = [one for one in orders if _more_than_once(run, one)]
    # Who answers everything anew has been told so: here it is about what a restart makes one forget.
    is_known = any(one.check == "same-order-twice" and one.verdict == "failed" for one in run.findings)
    twice = [] if is_known else forgot
    came = () if done else ("the restart was not confirmed",)
    await run.find("restart", heard and not twice, sent=twice or orders, came=came, since=since)


def _more_than_once(run: Run, order: Sent) -> bool:
    """Whether an order was answered under more than one id with the same kind of reply."""
    ids = {(one.kind, one.reply_id) for one in run.about(order)}
    return len(ids) != len({kind for kind, _ in ids})


async def _own_keys(run: Run) -> None:
    since = asyncio.get_running_loop().time()
    before = (await run.recipient()).kid
    done = await run.step("change-keys")
    after = (await run.recipient()).kid
    if not done or after == before:
        await run.find("own-key-change", False, came=("no new key to seal for was registered",), since=since)
        return
    order = await run.submitted(run.mock())
    heard = await run.answered(order)
    await run.find(
        "own-key-change", heard, sent=[order], came=() if heard else (f"sealed for {after}",), since=since
    )


async def _conclude(run: Run) -> None:
    """Judge what was heard during the whole run."""
    await run.quiet()
    if not run.heard:
        return
    if not any(one.check == "question" for one in run.findings):
        await run.find("question", "not-applicable")
    spoilt = [one for one in run.heard if one.problem and any(word in one.problem for word in _DOCUMENTS)]
    documents = [one for one in run.good() if one.payload.get("documents")]
    verdict = "failed" if spoilt else "passed" if documents else "not-applicable"
    came = [text(one) for one in spoilt or documents]
    await run.find("documents", verdict, came=came)  # type: ignore[arg-type] # one of the three
    unreadable = [one for one in run.heard if one.problem and one not in spoilt]
    await run.find("replies-readable", not unreadable, came=[text(one) for one in unreadable])
    judged = [one for one in run.good() if one.order_id not in run.asked_again]
    again, count = repeated(judged, run.restarted)
    # A lost answer may be sent again: some may come twice, many do so only where nobody notes them.
    is_once = len(again) * 3 <= count
    await run.find(
        "replies-once", is_once, came=[f"{name} came {times} times" for name, times in again.items()]
    )


def repeated(replies: Sequence[RehearsedReply], restarted: tuple[int, int]) -> tuple[dict[str, int], int]:
    """Return which replies came how often without a need, and of how many.

    Whoever is killed while a batch is on its way does not know whether it arrived, and sends it again:
    what came before the restart was confirmed and once more after it was asked for is no fault, but for
    what is more than one batch. `restarted` are the two positions.
    """
    asked, confirmed = restarted
    places: dict[str, list[int]] = {}
    for one in replies:
        places.setdefault(one.reply_id, []).append(one.position)
    several = {name: at for name, at in places.items() if len(at) > 1}
    needed = [name for name, at in several.items() if len(at) == 2 and at[0] <= confirmed and at[1] > asked]
    excused = frozenset(needed[:MAX_BATCH_EVENTS])
    return {name: len(at) for name, at in several.items() if name not in excused}, len(places)


ACTS: Final[tuple[Act, ...]] = (
    _same_twice,
    _withdrawn_first,
    _gap,
    _undone,
    _overtaken,
    _question,
    _from_another_time,
    _wrong,
    _engine_key,
    _burst,
    _restart,
    _own_keys,
)


def example_of(schema: Any) -> JsonValue:
    """Return an answer that fits a question's schema (`engine/border/questions.py`)."""
    match schema["type"]:
        case "boolean":
            return True
        case "integer" | "number":
            return schema.get("minimum", schema.get("maximum", 1))  # type: ignore[no-any-return]
        case "array":
            return [example_of(schema["items"])] * max(1, int(schema.get("minItems", 1)))
        case "object":
            return {name: example_of(part) for name, part in schema["properties"].items()}
        case _:
            return _text_of(schema)


def _text_of(schema: Any) -> str:
    if "enum" in schema:
        return str(schema["enum"][0])
    if "oneOf" in schema:
        return str(schema["oneOf"][0]["const"])
    if schema.get("format") == "date":
        return "2027-04-01"
    return "見本".ljust(int(schema.get("minLength", 0)), "本")[: int(schema.get("maxLength", 4000))]
