# SPDX-License-Identifier: Apache-2.0
"""The service about itself: its documents, its codes, its health."""

import asyncio
import json
import logging
from typing import Annotated, Any, Final, Literal

from aiohttp import web
from pydantic import Field

from engine.border.asyncapi import asyncapi
from engine.border.envelope import DOCUMENT, PAYLOADS, schema_of
from engine.core.errors import EngineError
from engine.core.text import Text
from engine.core.views import View
from engine.ports import BusUnavailable, StoreUnavailable
from engine.telemetry import METRICS_MEDIA_TYPE
from engine.web.api.common import OPEN, both
from engine.web.doors import Probe
from engine.web.operations import Call, Group
from engine.web.problems import all_problems
from engine.web.security import address_of, is_within

SERVICE: Final = Group("service", both("サービス", "The service itself"))
_SCHEMA: Final = "application/schema+json"
_PROBE_SECONDS: Final = 3.0
MessageType = Annotated[str, Field(pattern=r"^jp\.todoke\.[a-z.]{1,40}\.v[0-9]{1,3}$")]

log = logging.getLogger(__name__)


class CodeView(View):
    """One code of a refusal: stable, never reused."""

    code: str
    type: str
    status: int
    title: Text


class CodeList(View):
    """Every code there is."""

    problems: tuple[CodeView, ...]


class Alive(View):
    """The process runs."""

    status: Literal["alive", "ready"]


@SERVICE.operation(
    "GET", "/v1/openapi.json", who=OPEN, words=both("この API の説明（OpenAPI）", "This document")
)
async def openapi_document(call: Call) -> web.StreamResponse:
    """Return the OpenAPI document."""
    return web.Response(body=call.context.openapi, content_type="application/json")


@SERVICE.operation(
    "GET",
    "/v1/asyncapi.json",
    who=OPEN,
    words=both("指図と回答の説明（AsyncAPI）", "Orders and replies (AsyncAPI)"),
)
async def asyncapi_document(call: Call) -> web.StreamResponse:
    """Return the AsyncAPI document."""
    return _json(asyncapi(call.context.settings.public_url, call.doors.onboarding.example_orders()))


@SERVICE.operation(
    "GET",
    "/v1/schemas/{schema}.json",
    who=OPEN,
    words=both("メッセージの JSON Schema", "The JSON Schema of a message"),
    gives=_SCHEMA,
)
async def message_schema(call: Call, schema: MessageType) -> web.StreamResponse:
    """Return the schema of one type of message."""
    del call
    if schema not in PAYLOADS and schema != DOCUMENT:
        raise EngineError("no-such-resource", pointer="/schema")
    return _json(schema_of(schema), media_type=_SCHEMA)


@SERVICE.operation(
    "GET", "/v1/problems", who=OPEN, words=both("エラーコードの一覧", "Every code of a refusal")
)
async def problem_codes(call: Call) -> CodeList:
    """Return the codes that are known to this process."""
    del call
    return CodeList(problems=tuple(CodeView.model_validate(one) for one in all_problems()))


@SERVICE.operation("GET", "/health/live", who=OPEN, words=both("動いているか", "Is it alive?"))
async def live(call: Call) -> Alive:
    """Answer."""
    del call
    return Alive(status="alive")


@SERVICE.operation("GET", "/health/ready", who=OPEN, words=both("受け付けられるか", "Is it ready?"))
async def ready(call: Call) -> Alive:
    """Answer once everything that is needed has answered; a service that stops is not ready."""
    found = await asyncio.gather(*(_is_well(name, probe) for name, probe in call.doors.probes.items()))
    if call.context.streams.are_closing or not all(found):
        raise EngineError("unavailable")
    return Alive(status="ready")


@SERVICE.operation(
    "GET",
    "/metrics",
    who=OPEN,
    words=both("計測値（Prometheus）", "Metrics (Prometheus)"),
    gives="text/plain",
)
async def metrics(call: Call) -> web.StreamResponse:
    """Return the metrics to those who may have them; to others there is nothing here."""
    settings = call.context.settings
    if not is_within(address_of(call.request, settings.trusted_proxies), settings.metrics_from):
        raise EngineError("no-such-resource")
    return web.Response(body=call.context.metrics.exposed(), headers={"Content-Type": METRICS_MEDIA_TYPE})


async def _is_well(name: str, probe: Probe) -> bool:
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            await probe()
    except (EngineError, BusUnavailable, StoreUnavailable, OSError, TimeoutError) as error:
        log.warning("probe.failed", extra={"probe": name, "error": type(error).__name__})
        return False
    return True


def _json(document: dict[str, Any], *, media_type: str = "application/json") -> web.Response:
    return web.Response(body=json.dumps(document, ensure_ascii=False).encode(), content_type=media_type)
