# SPDX-License-Identifier: Apache-2.0
"""A service that stops ends what only waits at once, and finishes what is under way."""

import asyncio
import socket

import aiohttp

from engine.core.views import CaseView
from engine.web.app import make_runner
from tests.unit.web_office import BEARER, CASE, Web, a_case


async def test_streams_and_long_polls_end_at_once_and_a_slow_request_gets_its_answer() -> None:
    web = Web()
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> list[object]:
        begun.set()
        await may_end.wait()
        return []

    web.counter.disclosures = slow  # type: ignore[method-assign,assignment] # a counter that takes its time
    runner = make_runner(web.app())
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", web.port))
    await aiohttp.web.SockSite(runner, listener).start()
    async with aiohttp.ClientSession(web.url, headers=BEARER) as client:
        stream = await client.get(f"/v1/cases/{CASE}/events")
        poll = asyncio.create_task(_read(client, "/v1/organisation/orders?wait=30"))
        request = asyncio.create_task(_read(client, f"/v1/cases/{CASE}/disclosures"))
        await begun.wait()
        await web.feed.asked.wait()

        stopping = asyncio.create_task(runner.cleanup())
        async with asyncio.timeout(5):
            streamed = await stream.read()
            polled = await poll
            may_end.set()
            answered = await request
            await stopping

    assert streamed.endswith(b"\n\n")
    assert polled == b"[]"
    assert answered == b'{"disclosures":[]}'


async def test_a_service_that_stops_is_not_ready_and_opens_no_stream() -> None:
    web = Web()
    async with web.running() as client:
        app = client.server.app  # type: ignore[attr-defined] # the test server keeps it
        await app.shutdown()

        ready = await client.get("/health/ready")
        stream = await client.get(f"/v1/cases/{CASE}/events", headers=BEARER)

        assert (ready.status, stream.status) == (503, 503)


async def test_views_that_break_off_end_the_stream_and_the_reader_may_come_again() -> None:
    web = Web()

    async def broken(*_: object, after: int) -> object:
        yield a_case(after + 1)
        raise RuntimeError("見本 花子")

    web.counter.watch = broken  # type: ignore[method-assign,assignment] # a counter that breaks
    async with web.running() as client:
        for _ in range(6):  # more often than a person has places
            stream = await client.get(f"/v1/cases/{CASE}/events", headers=BEARER)
            text = (await stream.read()).decode()

            assert "id: 1\n" in text
            assert "花子" not in text


def test_a_case_is_one_line_of_a_stream_whatever_is_in_it() -> None:
    view = a_case().model_copy(update={"facts": {"line": "a\r\nb\n\nid: 9\u2028"}})

    text = view.model_dump_json(by_alias=True)

    assert len(text.encode().splitlines()) == 1
    assert CaseView.model_validate_json(text).facts == view.facts


async def _read(client: aiohttp.ClientSession, path: str) -> bytes:
    async with client.get(path) as answer:
        return await answer.read()
