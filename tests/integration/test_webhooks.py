# SPDX-License-Identifier: Apache-2.0
"""Orders on their way to web servers in every mood, out of a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, time, timedelta
from uuid import uuid4

import pytest
from aiohttp import web

from connectors.channels.circuit import FAILURES_TO_OPEN, SCHEDULE
from engine.border.envelope import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE
from engine.ports import Changes, Limits, PullOrder, StoreUnavailable
from engine.registry.acting import Grant
from engine.registry.acting_store import PostgresActing
from engine.registry.model import Channel
from tests.integration.lane_ground import BANK, CITY, Ground, ground, trusting

OTHER, THIRD, SLUG = "5000020015717", "4000020015750", "move.move-out-notice"


@pytest.fixture
async def here(postgres_dsn: str) -> AsyncIterator[Ground]:
    async with ground(postgres_dsn) as made:
        yield made


async def test_an_order_is_brought_signed_and_then_no_more(here: Ground) -> None:
    city = await here.receiver()
    await here.order("o_1")

    async with here.sending():
        await here.until(lambda rows: rows["o_1"]["acked_at"] is not None)

    ((headers, body),) = city.bodies
    assert (
        trusting().verified({k.lower(): v for k, v in headers.items()}, body, now=here.clock.now()) == "o_1"
    )
    assert headers["Content-Type"] == EVENT_MEDIA_TYPE
    assert (await here.rows())["o_1"]["last_status"] == "202"
    assert await here.store.pull_orders(CITY, after=0, limit=10) == []


async def test_what_comes_while_the_worker_waits_is_brought_at_once(here: Ground) -> None:
    city = await here.receiver()

    async with here.sending():
        await here.order("o_1")
        await city.has(1)
        await here.order("o_2")
        await city.has(2)

    assert city.got == ["o_1", "o_2"]


async def test_the_earliest_last_day_comes_first(here: Ground) -> None:
    city = await here.receiver(limits=Limits(rate=10_000, concurrency=1))
    await here.order("o_none")
    await here.order("o_late", due=date(2026, 12, 24))
    await here.order("o_soon", due=date(2026, 12, 1))

    async with here.sending():
        await city.has(3)

    assert city.got == ["o_soon", "o_late", "o_none"]


async def test_replies_in_the_answer_are_heard_and_the_order_is_done(here: Ground) -> None:
    city = await here.receiver()
    city.mood = lambda _: web.Response(body=b'[{"a":1},{"b":2}]', content_type=BATCH_MEDIA_TYPE)
    await here.order("o_1")

    async with here.sending():
        await here.until(lambda rows: rows["o_1"]["acked_at"] is not None)

    assert here.heard.replies == [(CITY, b'{"a":1}'), (CITY, b'{"b":2}')]


async def test_replies_that_we_cannot_keep_now_are_asked_for_again(here: Ground) -> None:
    city = await here.receiver()
    city.mood = lambda _: web.Response(body=b'{"a":1}', content_type=EVENT_MEDIA_TYPE)
    here.heard.troubles = [StoreUnavailable("test")]
    await here.order("o_1")

    async with here.sending():
        await city.has(1)
        await here.until(lambda rows: rows["o_1"]["next_at"] is not None)
        here.clock.move(timedelta(minutes=1))
        await here.until(lambda rows: rows["o_1"]["acked_at"] is not None)

    assert city.got == ["o_1", "o_1"]
    assert here.heard.replies == [(CITY, b'{"a":1}')]


async def test_what_is_refused_is_put_aside_and_stands_in_nobodys_way(here: Ground) -> None:
    city = await here.receiver()
    city.mood = lambda request: web.Response(status=422 if request.headers["webhook-id"] == "o_1" else 204)
    await here.order("o_1", "o_2")

    async with here.sending():
        await here.until(
            lambda rows: rows["o_1"]["aside"] == "refused" and rows["o_2"]["acked_at"] is not None
        )

    assert sorted(city.got) == ["o_1", "o_2"]
    assert (await here.lanes.backlog(CITY)).aside == 1


async def test_a_refusal_that_says_why_is_a_reply(here: Ground) -> None:
    city = await here.receiver()
    city.mood = lambda _: web.Response(status=422, body=b'{"a":1}', content_type=EVENT_MEDIA_TYPE)
    await here.order("o_1")

    async with here.sending():
        await here.until(lambda rows: rows["o_1"]["acked_at"] is not None)

    assert here.heard.replies == [(CITY, b'{"a":1}')]


@pytest.mark.parametrize("status", [500, 400, 401, 404, 302, 304])
async def test_an_order_that_fails_is_tried_again_later_under_the_same_id(here: Ground, status: int) -> None:
    city = await here.receiver()
    elsewhere = {"Location": "http://127.0.0.1:1/"}
    city.mood = lambda _: web.Response(status=status if len(city.got) == 1 else 200, headers=elsewhere)
    await here.order("o_1")

    async with here.sending():
        await here.until(lambda rows: rows["o_1"]["attempts"] == 1)
        assert city.got == ["o_1"]
        here.clock.move(SCHEDULE[0] * 2)
        await here.until(lambda rows: rows["o_1"]["acked_at"] is not None)

    assert city.got == ["o_1", "o_1"]


async def test_an_order_that_is_never_taken_is_put_aside_after_days(here: Ground) -> None:
    city = await here.receiver()
    city.mood = lambda request: web.Response(status=500 if request.headers["webhook-id"] == "o_bad" else 200)
    await here.order("o_bad")

    async with here.sending():
        for attempt in range(1, len(SCHEDULE) + 2):
            await here.order(f"o_{attempt}")  # others go through: it is the order, not the organisation
            await here.until(lambda rows, n=attempt: rows["o_bad"]["attempts"] >= n)  # type: ignore[misc]
            here.clock.move(timedelta(days=2))
        await here.until(lambda rows: rows["o_bad"]["aside"] == "given-up")

    assert here.clock.now() - timedelta(days=7) > (await here.rows())["o_bad"]["created_at"]


async def test_429_is_obeyed_to_the_second(here: Ground) -> None:
    city = await here.receiver()
    busy = web.Response(status=429, headers={"Retry-After": "120"})
    city.mood = lambda _: busy if len(city.got) == 1 else web.Response(status=200)
    await here.order("o_1", "o_2", "o_3")

    async with here.sending():
        await here.until_lane(last_status="429")
        before = len(city.got)
        here.clock.move(timedelta(seconds=119))
        await asyncio.sleep(1.2)  # longer than it looks away
        assert len(city.got) == before == 1  # it is begun gently: nobody else was on the way
        here.clock.move(timedelta(seconds=2))
        await here.until(lambda rows: all(row["acked_at"] for row in rows.values()))

    assert sorted(set(city.got)) == ["o_1", "o_2", "o_3"]


@pytest.mark.parametrize(
    "said",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +99999999999999",
        "Mon, 01 Jan 9999 00:00:00 GMT",
        "-1",
        "soon",
    ],
)
async def test_whatever_pause_is_asked_for_is_a_pause(here: Ground, said: str) -> None:
    city = await here.receiver()
    busy = web.Response(status=429, headers={"Retry-After": said})
    city.mood = lambda _: busy if len(city.got) == 1 else web.Response(status=200)
    await here.order("o_1")

    async with here.sending():
        await here.until_lane(last_status="429")
        here.clock.move(timedelta(hours=25))
        await here.until(lambda rows: rows["o_1"]["acked_at"] is not None)


async def test_a_way_that_dies_is_opened_anew_and_costs_no_other_anything(
    here: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    city, bank = await here.receiver(), await here.receiver(BANK)
    here.heard.troubles = [RuntimeError("what nobody thought of")]
    city.mood = lambda _: web.Response(body=b'{"a":1}', content_type=EVENT_MEDIA_TYPE)
    await here.order("o_1")
    worker = here.webhooks()

    async with here.sending(worker):
        await city.has(1)
        await here.order("b_1", to=BANK)
        await here.until(lambda rows: rows["b_1"]["acked_at"] is not None, BANK)
        await here.until(lambda rows: rows["o_1"]["acked_at"] is not None)

    assert (city.got, bank.got) == (["o_1", "o_1"], ["b_1"])
    (told,) = [one for one in caplog.records if one.message == "way.died"]
    assert vars(told)["where"].startswith("RuntimeError take")
    assert "nobody thought" not in caplog.text


@pytest.mark.parametrize("status", [429, 503])
async def test_no_order_is_given_up_because_its_organisation_was_busy_often(
    here: Ground, status: int
) -> None:
    city = await here.receiver()
    busy = {"Retry-After": "1"}
    answers = iter([*[status] * len(SCHEDULE), 500, 202])
    city.mood = lambda _: web.Response(status=next(answers), headers=busy if len(city.got) < 18 else None)
    await here.order("o_1")

    async with here.sending():
        for asked in range(1, len(SCHEDULE) + 3):
            await city.has(asked)
            await here.until(lambda rows: rows["o_1"]["last_status"] is not None)
            here.clock.move(timedelta(hours=1))
        await here.until(lambda rows: rows["o_1"]["acked_at"] is not None)

    assert (await here.rows())["o_1"]["attempts"] == 2  # the one that failed, and the last one


async def test_no_order_is_given_up_because_we_could_not_keep_what_was_answered(here: Ground) -> None:
    city = await here.receiver()
    city.mood = lambda _: web.Response(body=b'{"a":1}', content_type=EVENT_MEDIA_TYPE)
    here.heard.troubles = [StoreUnavailable("test")]
    await here.order("o_1")

    async with here.sending():
        await here.until(lambda rows: rows["o_1"]["last_status"] == "engine-unavailable")

    assert (await here.rows())["o_1"]["attempts"] == 0


async def test_410_stops_everything_until_an_operator_says_so(here: Ground) -> None:
    city = await here.receiver()
    city.mood = lambda _: web.Response(status=410)
    await here.order("o_1", "o_2")

    async with here.sending():
        await here.until_lane(last_status="410")
        asked = len(city.got)
        here.clock.move(timedelta(days=30))
        await asyncio.sleep(1.2)
        assert len(city.got) == asked
        city.mood = lambda _: web.Response(status=200)
        assert (await here.lanes.lane(CITY)).health.stopped_at is not None
        await here.lanes.drive(CITY)
        await here.until(lambda rows: all(row["acked_at"] for row in rows.values()))

    assert (await here.lanes.lane(CITY)).health.stopped_at is None


async def test_a_new_address_begins_anew(here: Ground) -> None:
    city = await here.receiver()
    city.mood = lambda _: web.Response(status=410)
    await here.order("o_1")

    async with here.sending():
        await here.until_lane(last_status="410")
        moved = await here.receiver()
        here.clock.move(timedelta(seconds=10))  # the directory is looked at again
        await moved.has(1)

    assert moved.got == ["o_1"]


async def test_the_dead_is_left_alone_and_its_backlog_drains_by_urgency_when_it_is_back(here: Ground) -> None:
    city = await here.receiver(limits=Limits(rate=10_000, concurrency=4))
    city.mood = lambda _: web.Response(status=503)
    days = [date(2026, 12, 1) + timedelta(days=number % 20) for number in range(60)]
    for number, day in enumerate(days):
        await here.order(f"o_{number:02}", due=day)

    async with here.sending():
        await here.until_lane(circuit="open")
        failed = len(city.got)
        assert failed <= FAILURES_TO_OPEN + 4
        await asyncio.sleep(1.2)
        assert len(city.got) == failed
        city.mood = lambda _: web.Response(status=202)
        city.got.clear()
        city.most_at_once = 0
        here.clock.move(timedelta(seconds=60))
        await here.until(lambda rows: all(row["acked_at"] for row in rows.values()))

    assert sorted(city.got) == sorted(f"o_{number:02}" for number in range(60))  # nothing lost, nothing twice
    drained = [days[int(name[2:])] for name in city.got[1:]]  # the first one only asked
    assert all(
        later - earlier < timedelta(days=3) for later, earlier in zip(drained, drained[8:], strict=False)
    )
    assert city.most_at_once <= 4
    assert (await here.lanes.lane(CITY)).health.failing_since is None


async def test_one_that_hangs_holds_up_nobody_else(here: Ground) -> None:
    city = await here.receiver()
    bank = await here.receiver(BANK)
    city.hangs = True
    await here.order(*(f"o_{number}" for number in range(50)))

    async with here.sending():
        await city.has(1)
        await here.order(*(f"b_{number}" for number in range(200)), to=BANK)
        async with asyncio.timeout(5):
            await here.until(lambda rows: all(row["acked_at"] for row in rows.values()), BANK)

    assert len(bank.got) == 200
    assert not any(row["acked_at"] for row in (await here.rows()).values())


async def test_outside_its_hours_an_office_is_not_disturbed(here: Ground) -> None:
    limits = Limits(rate=1000, concurrency=2, opens=time(9), closes=time(17))
    city = await here.receiver(limits=limits)
    here.clock.move(timedelta(hours=10))  # 20:02 in Japan, a Monday
    await here.order("o_1")

    async with here.sending():
        await asyncio.sleep(1.2)
        assert city.got == []
        here.clock.move(timedelta(hours=13))
        await city.has(1)


async def test_a_held_lane_sends_nothing_and_a_paused_organisation_is_drained_if_so_wished(
    here: Ground,
) -> None:
    city = await here.receiver()
    await here.order("o_1")
    await here.registry.pause(CITY)

    async with here.sending():
        await asyncio.sleep(1.2)
        assert city.got == []
        await here.lanes.switch(CITY, "draining")
        await city.has(1)
        await here.lanes.switch(CITY, "held")
        await asyncio.sleep(2.5)
        await here.order("o_2")
        await asyncio.sleep(1.2)

    assert city.got == ["o_1"]


async def test_a_rate_is_kept(here: Ground) -> None:
    city = await here.receiver(limits=Limits(rate=20, concurrency=8))
    await here.order(*(f"o_{number}" for number in range(60)))
    loop = asyncio.get_running_loop()

    async with here.sending():
        await city.has(1)
        began = loop.time()
        await city.has(41)

    assert loop.time() - began >= 40 / 20 - 0.3


async def test_a_killed_worker_leaves_everything_to_the_next(here: Ground) -> None:
    city = await here.receiver()
    city.hangs = True
    await here.order("o_1")
    async with here.sending():
        await city.has(1)
    city.hangs = False

    async with here.sending():
        await here.until(lambda rows: rows["o_1"]["acked_at"] is not None)

    assert city.got == ["o_1", "o_1"]


async def test_two_workers_share_the_organisations_and_bring_nothing_twice(here: Ground) -> None:
    city, bank = await here.receiver(), await here.receiver(BANK)
    await here.order(*(f"o_{number}" for number in range(100)))
    await here.order(*(f"b_{number}" for number in range(100)), to=BANK)

    async with here.sending(here.webhooks(), here.webhooks()):
        await city.has(100)
        await bank.has(100)
        await here.until(lambda rows: all(row["acked_at"] for row in rows.values()))

    assert len(set(city.got)) == len(city.got) == 100
    assert len(set(bank.got)) == len(bank.got) == 100


async def test_a_secret_is_changed_without_an_order_lost(here: Ground) -> None:
    city = await here.receiver()
    await here.lanes.change_secret(CITY, at=here.clock.now(), before=1)
    await here.order("o_1")

    async with here.sending():
        await city.has(1)

    ((headers, body),) = city.bodies
    plain = {name.lower(): value for name, value in headers.items()}
    for generation in (1, 2):
        trusting(generation=generation).verified(plain, body, now=here.clock.now())


async def test_an_organisation_that_goes_over_to_pull_finds_its_orders_there(here: Ground) -> None:
    city = await here.receiver()
    city.mood = lambda _: web.Response(status=500)
    await here.order("o_1", "o_2")
    async with here.sending():
        await here.until_lane(last_status="500")
        await here.register(CITY, Channel.PULL)
        here.clock.move(timedelta(seconds=10))
        await asyncio.sleep(2.5)
        asked = len(city.got)
        here.clock.move(timedelta(hours=1))
        await asyncio.sleep(1.2)
        assert len(city.got) == asked

    assert {one.order_id for one in await here.store.pull_orders(CITY, after=0, limit=10)} == {"o_1", "o_2"}


async def test_a_backlog_that_no_statistics_know_of_is_read_in_its_order_not_sorted(here: Ground) -> None:
    await here.pool.execute("alter table engine.pull_orders set (autovacuum_enabled = false)")
    await here.pool.execute(_BACKLOG, CITY)
    await here.pool.execute("select pg_stat_force_next_flush(), pg_stat_reset()")

    first = await here.lanes.due(CITY, now=here.clock.now(), limit=400, busy=())
    busy = [one.order_id for one in first]
    then = await here.lanes.due(CITY, now=here.clock.now(), limit=200, busy=busy)

    await here.pool.execute("select pg_stat_force_next_flush()")
    read = await here.pool.fetchval(_ENTRIES_READ)
    assert read == 400 + 600
    due = await here.pool.fetch(_DUE_FIRST, [one.order_id for one in (*first, *then)])
    assert [row["place"] for row in due] == list(range(1, 601))


_BACKLOG = """
insert into engine.pull_orders (organisation, order_id, due_on, event)
select $1, 'o_' || n, date '2026-12-01' + n * 7919 % 365, '{}' from generate_series(1, 30000) n
"""
_ENTRIES_READ = """
select sum(idx_tup_read)::int from pg_stat_user_indexes where relname = 'pull_orders'
"""
_DUE_FIRST = """
select row_number() over (order by due_on, position) as place
from engine.pull_orders join unnest($1::text[]) with ordinality as given (order_id, sent) using (order_id)
order by sent
"""


async def test_an_agents_way_goes_on_for_the_others_while_one_of_them_is_held(here: Ground) -> None:
    agent = await here.receiver()
    for number in (OTHER, THIRD):
        await here.register(number, Channel.PULL)
    acting, begins = PostgresActing(here.pool), here.clock.now()
    for principal in (OTHER, THIRD):
        grant = Grant(
            id=uuid4(),
            principal=principal,
            agent=CITY,
            procedures=((SLUG, None),),
            begins_at=begins,
            ends_at=begins + timedelta(days=9),
            offered_by="person:1",
            offered_at=begins,
        )
        await acting.offer(grant)
        await acting.accept(grant.id, by="person:2", at=begins)
    await here.registry.pause(OTHER)
    async with here.store.unit() as unit:
        orders = [PullOrder(CITY, f"o_{of}", None, b"{}", of) for of in (OTHER, THIRD)]
        await unit.keep(Changes(pull_orders=orders))

    async with here.sending():
        await agent.has(1)
        await here.until(lambda rows: rows[f"o_{THIRD}"]["acked_at"] is not None)
        held = dict(await here.rows())
        await here.registry.resume(OTHER)
        here.clock.move(timedelta(seconds=9))  # the directory is asked again
        await agent.has(2)

    assert held[f"o_{OTHER}"]["acked_at"] is None
    assert agent.got == [f"o_{THIRD}", f"o_{OTHER}"]
