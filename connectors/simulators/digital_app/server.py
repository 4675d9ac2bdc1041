# SPDX-License-Identifier: Apache-2.0
"""The simulated provider over HTTP, with a page in the place of the phone: type the PIN, hold the card."""

import html
from collections.abc import Callable
from typing import Final

from aiohttp import web

from connectors.simulators.digital_app.provider import REALM, DigitalApp, Refused
from engine.core.errors import CODES, EngineError
from engine.identity.card import Card

_PAGE: Final = """<!doctype html>
<html lang="ja"><meta charset="utf-8"><title>デジタル認証アプリ（見本）</title>
<h1>デジタル認証アプリ（見本）</h1>
<p>これは練習用の画面です。本物のマイナンバーカードの暗証番号を入力しないでください。</p>
<p lang="en">This is a rehearsal. Never type the PIN of a real card here.</p>
<p role="alert">{problem}</p>
<form method="post">
<p><label>利用者証明用の暗証番号（4桁） PIN <input name="pin" type="password" inputmode="numeric"></label></p>
{password}
<p><button>カードをかざす Hold the card</button></p>
</form></html>
"""
_ASK_TO_SIGN: Final = """<p><label>署名用の暗証番号 Password
<input name="password" type="password" autocapitalize="characters"></label></p>"""


def app_of(
    provider: DigitalApp, card: Callable[[], Card], app: web.Application | None = None
) -> web.Application:
    """Return the application, or the given one with it; `card` gives the card that lies at the phone."""

    async def api(request: web.Request) -> web.Response:
        status, body = await provider.exchange(
            request.method,
            f"{provider.base}{request.path}",
            body=await request.read(),
            headers=request.headers,
        )
        return web.Response(body=body, status=status, content_type="application/json")

    async def page(request: web.Request) -> web.Response:
        return _page(provider, str(request.url))

    async def held(request: web.Request) -> web.Response:
        form = await request.post()
        pin, password = str(form.get("pin", "")), str(form.get("password", ""))
        try:
            raise web.HTTPSeeOther(provider.approve(str(request.url), card(), pin=pin, password=password))
        except EngineError as error:
            return _page(provider, str(request.url), CODES[error.code].ja)
        except Refused as refused:
            raise web.HTTPBadRequest(text=refused.code) from refused

    app = app or web.Application()
    auth = f"{REALM}/protocol/openid-connect/auth"
    app.add_routes([web.get(auth, page), web.post(auth, held), web.route("*", "/api/{rest:.*}", api)])
    return app


def _page(provider: DigitalApp, url: str, problem: str = "") -> web.Response:
    try:
        asked = provider.check(url)
    except (Refused, ValueError) as error:
        raise web.HTTPBadRequest(text="invalid_request") from error
    password = _ASK_TO_SIGN if "sign_transaction_id" in asked else ""
    return web.Response(
        text=_PAGE.format(problem=html.escape(problem), password=password), content_type="text/html"
    )
