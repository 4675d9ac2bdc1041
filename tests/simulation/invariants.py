# SPDX-License-Identifier: Apache-2.0
"""What must be true of every world once it has come to rest: each promise a function over its history.

They are judged from outside where that is possible: from what offices saw, what citizens were told,
what lies in the boxes; the engine's own tables are held against that, not against themselves.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID

from engine.border import payloads as p
from engine.core import messages as m
from engine.core.case import Case, Filing, Party
from engine.core.declaration import CONNECTED_WAYS
from engine.core.errors import EngineError
from engine.core.evolve import evolve
from engine.core.lifecycle import CASE_MOVES, FILING_MOVES, CaseState, FilingState
from engine.runtime.journal import read, replayed
from tests.simulation.chance import Violation
from tests.simulation.life import CANARY, KANA
from tests.simulation.people import OPERATOR
from tests.simulation.world import Step, World

_JAPAN: Final = timedelta(hours=9)  # counted here anew: this is the witness, not the accused
_CANARIES: Final = (CANARY, KANA, CANARY.encode("unicode_escape").decode())
# What only a person can bring to an end, and how.
_FOR_CITIZEN: Final = {FilingState.TO_VISIT, FilingState.TO_POST, FilingState.TO_DO, FilingState.ASKING}
_CASE_ROWS: Final = {(source, target) for _, source, target in CASE_MOVES}
_FILING_ROWS: Final = {(source, target) for _, source, target in FILING_MOVES}


class _Broken(Exception):
    """What was found, for the check's name to be put before it."""


def _must(fine: object, *details: object) -> None:
    if not fine:
        raise _Broken(details)


def _events(world: World, case_id: UUID) -> list[Step]:
    """Return each row of a journal with its event, the case before it and after it."""
    if case_id not in world.told:
        told = world.told[case_id] = []
        case: Case | None = None
        for row in world.tables.journal[case_id]:
            event = read(row, world.key_of(case_id))
            after = evolve(case, event, row.at)
            told.append((row, event, case, after))
            case = after
    return world.told[case_id]


def _orders(world: World) -> dict[str, list[p.Payload]]:
    by_id: dict[str, list[p.Payload]] = defaultdict(list)
    for seen in world.history.orders:
        by_id[seen.id].append(seen.payload)
    return by_id


# --- the case ---------------------------------------------------------------------------------------


def every_case_ended_or_waits_for_a_person(world: World) -> None:
    for stored in world.tables.cases.values():
        case = stored.case
        if case.has_ended:
            _must(all(f.has_ended for f in case.filings.values()), case.id)
            continue
        _must(case.state in {CaseState.RUNNING, CaseState.CANCELLING}, case.id, case.state)
        waiting = [f for f in case.filings.values() if f.state in _FOR_CITIZEN or _is_parked(f)]
        _must(waiting, case.id, "waits for nobody")
        for filing in case.filings.values():
            waits = filing.has_ended or filing in waiting or filing.state is FilingState.RIDING
            _must(waits or filing.state is FilingState.WAITING, case.id, filing)


def every_opened_case_exists(world: World) -> None:
    for request in world.history.requests:
        _must(request.is_answered, request)
        if request.done is not None:
            stored = world.tables.cases.get(request.done.case_id)
            _must(stored and stored.case.version >= request.done.version, request)
            seen = world.tables.inbox.get((f"person:{request.person}", request.key))
            _must(seen and seen.outcome != "refused", request)


def the_journal_replays_to_the_stored_case(world: World) -> None:
    for id_, stored in world.tables.cases.items():
        rows = world.tables.journal[id_]
        try:
            case = replayed(rows, world.key_of(id_), head=stored.journal_hash)
        except EngineError as error:
            raise _Broken(id_, error.code) from error
        _must(rows[-1].seq == stored.journal_seq, id_)
        _must(case.filings == stored.case.filings, id_, _difference(case, stored.case))
        _must((case.state, case.participants) == (stored.case.state, stored.case.participants), id_)


def states_move_along_the_tables(world: World) -> None:
    for id_ in world.tables.cases:
        for row, event, before, after in _events(world, id_):
            if before is None:
                continue
            pair = (before.state.value, after.state.value)
            _must(before.state is after.state or pair in _CASE_ROWS, id_, row.seq, pair)
            filing = getattr(event, "filing", None)
            if filing is not None:
                was, is_ = before.filings[filing].state, after.filings[filing].state
                is_row = was is is_ or (was.value, is_.value) in _FILING_ROWS
                _must(is_row, id_, row.seq, was, is_)


def what_was_undone_is_not_done_afterwards(world: World) -> None:
    """A late completion does not overwrite a withdrawal: nothing leaves an end but a completed filing."""
    ends = {s for s in FilingState if s.value in ("withdrawn", "irrevocable", "closed-refused", "cancelled")}
    for id_ in world.tables.cases:
        for row, event, before, after in _events(world, id_):
            filing = getattr(event, "filing", None)
            if before is not None and filing is not None and before.filings[filing].state in ends:
                is_same = before.filings[filing].state is after.filings[filing].state
                _must(is_same, id_, row.seq, event.type)


# --- orders and offices -----------------------------------------------------------------------------


def one_order_id_is_one_content(world: World) -> None:
    bodies: dict[str, tuple[str, bytes]] = {}
    for seen in world.history.orders:
        known = bodies.setdefault(seen.id, (seen.reference, seen.body_hash))
        same = known == (seen.reference, seen.body_hash)
        _must(same, seen.id, seen.kind, [one.wire() for one in _orders(world)[seen.id]])


def one_content_is_one_order_id(world: World) -> None:
    ids: dict[tuple[str, str, bytes], str] = {}
    for seen in world.history.orders:
        what = (seen.reference, seen.kind, seen.payload.wire())
        _must(ids.setdefault(what, seen.id) == seen.id, seen.id, ids[what], seen.kind)


def an_order_takes_effect_at_most_once(world: World) -> None:
    done = [effect.order for effect in world.history.effects]
    _must(len(done) == len(set(done)), sorted(one for one in set(done) if done.count(one) > 1))


def nothing_superseded_takes_effect(world: World) -> None:
    for effect in world.history.effects:
        _must(not effect.overtaken, effect)


def sequences_do_not_contradict(world: World) -> None:
    places: dict[tuple[str, int], str] = {}
    kinds: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for seen in world.history.orders:
        known = places.setdefault((seen.reference, seen.sequence), seen.id)
        _must(known == seen.id, seen.reference, seen.sequence, known, seen.id)
        kinds[seen.reference].append((seen.sequence, seen.kind))
    for reference, some in kinds.items():
        _must(min(some)[1] in ("submit", "withdraw"), reference, sorted(set(some)))


def offices_hold_what_the_plan_says(world: World) -> None:
    """Who completed a filing and could be told of every change holds the values of the plan."""
    for case_id, stored in world.tables.cases.items():
        plan = world.contents(case_id).plan
        for filing in stored.case.filings.values():
            is_told = filing.state is FilingState.COMPLETED and filing.way in CONNECTED_WAYS
            if not is_told or filing.organisation is None or filing.reference is None or filing.flag:
                continue
            held = world.offices[filing.organisation].held(filing.reference)
            _must(held, filing.slug, "completed by nobody")
            if stored.case.rules[filing.id].amendable:
                _must(held == plan.entry(filing.id).fields, case_id, filing)


# --- what is told, and to whom ------------------------------------------------------------------------


def offices_get_exactly_the_fields_of_the_plan(world: World) -> None:
    for seen in world.history.orders:
        id_ = world.tables.filing_of[seen.reference]
        plans = [plan[id_] for plan in world.history.plans[world.tables.case_of[id_]]]
        match seen.payload:
            case p.OrderSubmit(fields=fields):
                _must(fields in plans, seen.id, sorted(fields))
            case p.OrderAmend(fields=fields):
                are_known = all(any(plan.get(k) == v for plan in plans) for k, v in fields.items())
                _must(are_known and fields.keys() <= plans[0].keys(), seen.id, sorted(fields))
            case _:
                pass


def every_field_told_is_disclosed(world: World) -> None:
    written = {(one.order_id, one.field, one.organisation) for one in world.tables.disclosures.values()}
    told = set()
    for seen in world.history.orders:
        match seen.payload:
            case p.OrderSubmit(fields=fields) | p.OrderAmend(fields=fields):
                told |= {(seen.id, field, seen.office) for field in fields}
            case p.OrderAnswer(question_id=question):
                told.add((seen.id, f"answer:{question}", seen.office))
            case _:
                pass
    _must(told <= written, sorted(told - written)[:5])
    _must(written <= told, "disclosed but never told", sorted(written - told)[:5])


def offices_share_nothing_to_join(world: World) -> None:
    owners: dict[str, str] = {}
    traces: dict[str, str] = {}
    for seen in world.history.orders:
        for thing in (seen.id, seen.reference):
            _must(owners.setdefault(thing, seen.office) == seen.office, thing)
        trace = seen.trace.split("-")[1]
        _must(traces.setdefault(trace, seen.id) == seen.id, seen.trace)


def nothing_personal_leaks(world: World) -> None:
    places = [
        *world.history.logs,
        *(f"{destination} {parcel}" for destination, parcel in world.history.routed),
        *(one.reason for one in world.tables.parked.values()),
        *(one.reason for one in world.queues.parked),
        *(f"{f.flag} {f.question}" for s in world.tables.cases.values() for f in s.case.filings.values()),
        *(f"{key} {seen.answer}" for key, seen in world.tables.inbox.items()),
    ]
    for text in places:
        _must(not any(canary in text for canary in _CANARIES), text[:300])


# --- documents ----------------------------------------------------------------------------------------


async def every_document_is_in_its_box_once(world: World) -> None:
    letters: dict[tuple[str, str], list[object]] = defaultdict(list)
    for row in world.letters.letters.values():
        letters[row.order_id, row.document_id].append(row)
    wanted: dict[tuple[str, str], bytes] = {}
    for one in world.history.issued:
        if (one.office, one.reply) in world.tables.inbox:
            wanted[one.order, one.document] = one.content
        else:
            arrived = (one.office, one.reply) in world.history.arrived
            _must(not arrived, one.reply, "arrived and was never heard")
    _must(all(len(some) == 1 for some in letters.values()), "delivered twice")
    lost = wanted.keys() - letters.keys()
    _must(not lost, "lost", sorted(lost))
    _must(letters.keys() <= wanted.keys(), "nobody issued", sorted(letters.keys() - wanted.keys()))
    mailbox = world.mailbox()
    for row in list(world.letters.letters.values()):
        read_out = await mailbox.content(row.owner, row.id)
        _must(read_out.content == wanted[row.order_id, row.document_id], row.document_id)
        _must(row.owner == world.tables.cases[row.case_id].case.owner, row.document_id)


# --- messages -------------------------------------------------------------------------------------------


def every_reply_is_heard_or_put_aside(world: World) -> None:
    for office, reply in world.history.arrived:
        _must((office, reply) in world.tables.inbox, office, world.history.replies.get(reply))


def only_forgeries_are_put_aside(world: World) -> None:
    allowed = {"reply-from-another", "malformed-envelope", "seal-mismatch", "seal-unknown-signer"}
    reasons = [one.reason for one in world.tables.parked.values()]
    _must(set(reasons) <= allowed, sorted(set(reasons) - allowed))
    _must(not world.queues.parked, [one.reason for one in world.queues.parked])
    _must(len(reasons) <= len(world.history.forged), len(reasons))
    broken = [text for text in world.history.logs if "batch.failed" in text or "reply.parked" in text]
    _must(not broken, broken[:3])


def only_its_office_moves_a_filing(world: World) -> None:
    for id_ in world.tables.cases:
        for row, event, before, _ in _events(world, id_):
            kind, _, number = row.actor.partition(":")
            if kind == "organisation" and (order := getattr(event, "order_id", None)):
                mine = before and row.filing and before.filings[row.filing].organisation == number
                _must(mine and order in world.offices[number].orders, id_, row.seq, row.actor)
            elif kind == "person":
                allowed = {str(OPERATOR), str(world.tables.cases[id_].case.owner)}
                _must(number in allowed, row.actor)


def no_forgery_counts(world: World) -> None:
    for id_ in world.tables.cases:
        for row, event, _, _ in _events(world, id_):
            _must(getattr(event, "receipt", None) != "false", id_, row.seq)


def nothing_is_left_on_the_way(world: World) -> None:
    _must(not world.tables.outbox, len(world.tables.outbox), "in the outbox")
    _must(not world.queues.lengths(), world.queues.lengths())
    held = [row for machine in world.machines for row in machine.bus._held.values()]
    held += [row for office in world.offices.values() for row in office.bus._held.values()]
    _must(not held, len(held), "taken and never acknowledged")
    _must(not world.tables.promised, "documents promised and not delivered")
    waiting = [one for one in world.tables.to_fetch.values() if one.acked_at is None]
    _must(not waiting, len(waiting), "to be fetched")
    composed = {one.order_id for one in world.tables.disclosures.values()}
    unsent = composed - {seen.id for seen in world.history.orders}
    _must(not unsent, sorted(unsent)[:5], "ordered and never seen")


def the_citizen_is_asked_what_offices_asked(world: World) -> None:
    asked = {(one.reference, one.question) for one in world.history.asked}
    for filing, question in world.history.told_citizen:
        reference = world.tables.filing(filing).reference
        _must((reference, question) in asked, filing, question)
    for id_ in world.tables.cases:
        count: dict[tuple[object, str], int] = defaultdict(int)
        for _, event, _, _ in _events(world, id_):
            if isinstance(event, m.QuestionAsked):
                count[event.filing, event.question] += 1
        for (filing_id, question), times in count.items():
            reference = world.tables.filing(filing_id).reference  # type: ignore[arg-type] # a filing's id
            most = sum((one.reference, one.question) == (reference, question) for one in world.history.asked)
            _must(times <= most, filing_id, question, times, most)


# --- time -----------------------------------------------------------------------------------------------


def lateness_is_never_said_early(world: World) -> None:
    for id_ in world.tables.cases:
        for row, event, before, _ in _events(world, id_):
            if isinstance(event, m.FilingFlagged) and before and _says_late(event, before):
                due_on = before.filings[event.filing].due_on
                in_japan = (row.at.astimezone(UTC) + _JAPAN).date()
                _must(due_on and in_japan > due_on, id_, row.seq, due_on, row.at)


def lateness_is_said_in_time(world: World) -> None:
    """Within an hour after the day is over, or after what kept the case from saying it."""
    for id_ in world.tables.cases:
        since: dict[object, datetime] = {}
        for row, event, before, _ in _events(world, id_):
            filing = getattr(event, "filing", None)
            if isinstance(event, m.FilingFlagged) and before and _says_late(event, before):
                due_on = before.filings[event.filing].due_on or row.at.date()
                midnight = datetime.combine(due_on + timedelta(days=1), time(), UTC) - _JAPAN
                latest = max(midnight, since.get(filing, midnight), since.get(None, midnight))
                _must(row.at <= latest + timedelta(hours=1), id_, row.seq, due_on, row.at)
            since[filing] = row.at


def nobody_is_reminded_twice_or_after_the_end(world: World) -> None:
    """Each reminder is one notice in its owner's box, in time, for what waits for the owner."""
    wanted: dict[tuple[UUID, tuple[object, ...]], UUID] = {}
    for id_, stored in world.tables.cases.items():
        for row, event, before, _ in _events(world, id_):
            if not isinstance(event, m.CitizenReminded):
                continue
            filing = before.filings[event.filing] if before else None
            _must(before and filing and not before.has_ended and not filing.has_ended, id_, row.seq)
            _must(filing and filing.waits and filing.waits.party is Party.CITIZEN, id_, row.seq, filing)
            in_japan = (row.at.astimezone(UTC) + _JAPAN).date()
            _must(event.is_missed == (in_japan > event.last_day), id_, row.seq, row.at, event)
            if not event.is_missed:
                key = (event.filing, (event.last_day, event.days))
                _must(key not in wanted, "reminded twice", id_, row.seq, event)
                wanted[key] = stored.case.owner
    given = world.letters.kept_notices.values()
    _must(len(given) == len(wanted), len(given), len(wanted))
    for one in given:
        mine = [
            owner for (filing, what), owner in wanted.items() if filing == one.filing and one.due_on in what
        ]
        _must(mine and set(mine) == {one.owner}, one.id)


def _says_late(event: m.FilingFlagged, before: Case) -> bool:
    return event.flag == "late/due" and before.filings[event.filing].flag != event.flag


def _asks_to_be_woken(case: Case) -> bool:
    """Say whether the case will be woken when the first of its waits is over."""
    untils = [
        filing.waits.until
        for filing in case.filings.values()
        if filing.waits and filing.waits.until and not filing.has_ended and not _is_parked(filing)
    ]
    return not untils or (case.wake_at is not None and case.wake_at <= min(untils))


def after_each_step(world: World, case: Case, before: Case | None) -> None:
    """Check what can be checked of a case that has just changed."""
    if before is not None and case.version < before.version:
        raise Violation("a_case_never_goes_back", (case.id, before.version, case.version))
    if case.state in {CaseState.RUNNING, CaseState.CANCELLING} and not _asks_to_be_woken(case):
        raise Violation("every_wait_has_a_wake_up", case)


def _is_parked(filing: Filing) -> bool:
    return filing.flag is not None and filing.flag.startswith("parked/")


def _difference(one: Case, other: Case) -> object:
    return [(a, other.filings.get(id_)) for id_, a in one.filings.items() if a != other.filings.get(id_)][:1]


Check = Callable[[World], Awaitable[None] | None]

CHECKS: Final[tuple[Check, ...]] = (
    every_case_ended_or_waits_for_a_person,
    every_opened_case_exists,
    the_journal_replays_to_the_stored_case,
    states_move_along_the_tables,
    what_was_undone_is_not_done_afterwards,
    one_order_id_is_one_content,
    one_content_is_one_order_id,
    an_order_takes_effect_at_most_once,
    nothing_superseded_takes_effect,
    sequences_do_not_contradict,
    offices_hold_what_the_plan_says,
    offices_get_exactly_the_fields_of_the_plan,
    every_field_told_is_disclosed,
    offices_share_nothing_to_join,
    nothing_personal_leaks,
    every_document_is_in_its_box_once,
    every_reply_is_heard_or_put_aside,
    only_forgeries_are_put_aside,
    only_its_office_moves_a_filing,
    no_forgery_counts,
    nothing_is_left_on_the_way,
    the_citizen_is_asked_what_offices_asked,
    lateness_is_never_said_early,
    lateness_is_said_in_time,
    nobody_is_reminded_twice_or_after_the_end,
)


async def judge(world: World) -> list[Violation]:
    """Return the promises that were not kept, by name, each with what was found."""
    found = []
    for check in CHECKS:
        try:
            verdict = check(world)
            if verdict is not None:
                await verdict
        except _Broken as broken:
            found.append(Violation(check.__name__, broken.args))
    return found


async def live(world: World) -> None:
    """Play the world to its end and judge it; raises `Violation`, the first promise that was not kept."""
    await world.play(after_each_step)
    for violation in await judge(world):
        raise violation


async def suffer(world: World) -> set[str]:
    """Play the world to its end, if it comes to one; return the names of all promises that were broken."""
    try:
        await world.play(after_each_step)
    except Violation as violation:
        return {violation.name}
    return {violation.name for violation in await judge(world)}
