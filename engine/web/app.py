# SPDX-License-Identifier: Apache-2.0
"""The web application: all operations under one roof, and the one place where every error ends.

`build_app` puts it together, `make_runner` runs it. When it stops, nothing new stays open, streams
and long polls end at once, and requests under way are finished.
"""

import asyncio
import logging
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from engine.core.errors import EngineError
from engine.ports import BusUnavailable, StoreConflict, StoreUnavailable
from engine.telemetry import Metrics, new_trace_id, trace, trace_id_of, where
from engine.web.api import agents as _agents  # noqa: F401 - adds to the organisations' and operators' chapters
from engine.web.api import approvals as _approvals  # noqa: F401 - adds to the operators' chapter
from engine.web.api import certification as _certification  # noqa: F401 - as above
from engine.web.api import own_organisation as _own  # noqa: F401 - adds to the organisations' chapter
from engine.web.api import own_traffic as _own_traffic  # noqa: F401 - as above
from engine.web.api import representatives as _representatives  # noqa: F401 - as above
from engine.web.api.calendars import CALENDARS
from engine.web.api.cases import CASES
from engine.web.api.counter import COUNTER
from engine.web.api.filings import FILINGS
from engine.web.api.gate import GATE
from engine.web.api.lanes import LANES
from engine.web.api.letters import LETTERS
from engine.web.api.life_events import LIFE_EVENTS
from engine.web.api.login import LOGIN
from engine.web.api.login_app import LOGIN_APP
from engine.web.api.notices import NOTICES
from engine.web.api.onboarding import ONBOARDING
from engine.web.api.operator import OPERATOR
from engine.web.api.organisation import ORGANISATION
from engine.web.api.participants import PARTICIPANTS
from engine.web.api.places import PLACES
from engine.web.api.representations import REPRESENTATIONS
from engine.web.api.service import SERVICE
from engine.web.api.webhooks import WEBHOOKS
from engine.web.doors import Doors
from engine.web.openapi import openapi_json
from engine.web.operations import ADDRESS, CONTEXT, NAMED, Context, Operation
from engine.web.problems import preferred_language, problem, translated
from engine.web.security import (
    Buckets,
    Origins,
    WebSettings,
    add_security_headers,
    address_of,
    is_within,
    rate_name,
)
from engine.web.streams import Streams

GROUPS: Final = (
    LIFE_EVENTS,
    PLACES,
    LOGIN,
    LOGIN_APP,
    CASES,
    PARTICIPANTS,
    COUNTER,
    REPRESENTATIONS,
    CALENDARS,
    FILINGS,
    LETTERS,
    NOTICES,
    ONBOARDING,
    ORGANISATION,
    OPERATOR,
    GATE,
    LANES,
    WEBHOOKS,
    SERVICE,
)
_FOR_PROBES: Final = ("/health/live", "/health/ready", "/metrics")
_SHUTDOWN_SECONDS: Final = 20.0

log = logging.getLogger(__name__)


def build_app(doors: Doors, settings: WebSettings, *, metrics: Metrics | None = None) -> web.Application:
    """Return the application. Pages may add their own routes to it before it runs."""
    app = web.Application(middlewares=[_watched])
    app[CONTEXT] = Context(
        doors=doors,
        settings=settings,
        origins=Origins(settings.public_url),
        streams=Streams(per_person=settings.streams_per_person, most=settings.streams),
        metrics=metrics or Metrics(),
        addresses=Buckets(settings.per_address),
        subjects=Buckets(settings.per_subject),
        openapi=openapi_json(GROUPS, public_url=settings.public_url),
    )
    for one in operations():
        app.router.add_route(one.method, one.path, one.serve, name=one.id)
    app.on_response_prepare.append(_finish_headers)
    app.on_shutdown.append(_close_streams)
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """Return what serves the application: our own log lines, a bounded farewell, no decompression."""
    return web.AppRunner(
        app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, auto_decompress=False, keepalive_timeout=75
    )


def operations() -> list[Operation]:
    """Return every operation of the API."""
    return [one for group in GROUPS for one in group.operations]


@web.middleware
async def _watched(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its trace, its bounds, and an answer whatever happens."""
    context = request.app[CONTEXT]
    trusted = context.settings.trusted_proxies
    known = trace_id_of(request.headers.get("traceparent"))
    held = trace.set(known if known and is_within(request.remote or "", trusted) else new_trace_id())
    request[ADDRESS] = rate_name(address_of(request, trusted))
    request[NAMED] = {}
    started = asyncio.get_running_loop().time()
    response: web.StreamResponse | None = None
    try:
        response = await _answered(request, handler)
        return response
    finally:
        _note(request, response, seconds=asyncio.get_running_loop().time() - started)
        trace.reset(held)


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    language = preferred_language(request.headers.get("Accept-Language"))
    try:
        _check_bounds(request)
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        refusal, headers = translated(error)
        return problem(refusal, language=language, headers=headers)
    except EngineError as error:
        if error.status >= 500:
            log.warning("request.failed", extra={"code": error.code, "trace": trace.get()})
        return problem(error, language=language)
    except (BusUnavailable, StoreConflict, StoreUnavailable) as error:
        log.warning("request.failed", extra={"code": type(error).__name__, "trace": trace.get()})
        return problem(EngineError("unavailable"), language=language)
    except ConnectionError:
        raise  # the caller has gone; there is nobody to answer
    except Exception as error:
        log.error("request.broke", extra={"where": where(error), "trace": trace.get()})  # noqa: TRY400 - see where()
        return problem(EngineError("internal-error"), language=language)


def _check_bounds(request: web.Request) -> None:
    if request.path in _FOR_PROBES:
        return
    context = request.app[CONTEXT]
    context.addresses.take(request[ADDRESS], 1, asyncio.get_running_loop().time())
    context.origins.check_host(request)


def _note(request: web.Request, response: web.StreamResponse | None, *, seconds: float) -> None:
    """Write the one log line of a request: ids and numbers, no path, no query, no address."""
    operation = _name(request)
    named: dict[str, str] = request[NAMED]
    status = response.status if response is not None else 0
    request.app[CONTEXT].metrics.answered(operation, status, seconds=seconds)
    log.info(
        "request.answered",
        extra={
            "operation": operation,
            "status": status,
            "milliseconds": round(seconds * 1000),
            "trace": trace.get(),
            **named,
        },
    )


def _name(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return getattr(request.match_info.route, "name", None) or (resource.canonical if resource else "none")


async def _finish_headers(request: web.Request, response: web.StreamResponse) -> None:
    add_security_headers(response, https=request.app[CONTEXT].settings.public_url.startswith("https:"))


async def _close_streams(app: web.Application) -> None:
    app[CONTEXT].streams.close()
