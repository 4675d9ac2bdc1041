# SPDX-License-Identifier: Apache-2.0
"""The agency's Web-API as its specification shapes it, on a port of its own, for the tests of the client."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from engine.registry.corporate_records import COLUMNS
from engine.registry.nta import NtaWebApi

APPLICATION_ID = "Ktest00test00"
TODAY = "2026-11-24"


class Agency:
    """Answers `/4/num` for an application id that it knows."""

    def __init__(self) -> None:
        text = resources.files("engine.registry.data").joinpath("corporations.csv").read_text("utf-8")
        self.rows = list(csv.reader(io.StringIO(text)))
        self.asked: list[dict[str, str]] = []
        self.instead: web.Response | None = None
        self.slow_seconds = 0.0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/4/num", self._num)
        return app

    async def _num(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.asked.append(asked)
        if self.instead is not None:
            return self.instead
        if asked.get("id") != APPLICATION_ID:
            return web.Response(status=404, text="")
        if asked.get("type") not in {"02", "12"} or not 0 < len(asked["number"].split(",")) <= 10:
            return web.Response(status=400, text="010,bad parameter")
        wanted = asked["number"].split(",")
        found = [row for row in self.rows if row[1] in wanted]
        if asked.get("history") != "1":
            found = [row for row in found if row[23] == "1"]
        return csv_answer(found) if asked["type"] == "02" else xml_answer(found)


def csv_answer(rows: list[list[str]]) -> web.Response:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        [[TODAY, str(len(rows)), "1", "1"], *rows]
    )
    return web.Response(body=out.getvalue().encode(), content_type="text/csv", charset="utf-8")


def xml_answer(rows: list[list[str]]) -> web.Response:
    each = "".join(
        "<corporation>"
        + "".join(f"<{n}>{escape(v)}</{n}>" if v else f"<{n}/>" for n, v in zip(COLUMNS, row, strict=True))
        + "</corporation>"
        for row in rows
    )
    head = f"<lastUpdateDate>{TODAY}</lastUpdateDate><count>{len(rows)}</count>"
    parts = "<divideNumber>1</divideNumber><divideSize>1</divideSize>"
    text = f'<?xml version="1.0" encoding="UTF-8"?><corporations>{head}{parts}{each}</corporations>'
    return web.Response(body=text.encode(), content_type="application/xml", charset="utf-8")


@asynccontextmanager
async def asking(
    agency: Agency, *, form: str = "csv", application_id: str = APPLICATION_ID
) -> AsyncIterator[NtaWebApi]:
    async with TestServer(agency.app()) as server, aiohttp.ClientSession() as session:
        base = str(server.make_url("/4"))
        yield NtaWebApi(
            session, base=base, application_id=application_id, form="xml" if form == "xml" else "csv"
        )
