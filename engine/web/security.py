# SPDX-License-Identifier: Apache-2.0
"""Who may come in, from where, how often, and what browsers are told to refuse on our behalf."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, assert_never
from urllib.parse import urlsplit

from aiohttp import web

from engine.core.errors import EngineError
from engine.identity.assistance import COUNTER
from engine.identity.gate import OPERATOR
from engine.identity.sessions import Session
from engine.runtime.onboarding import represented
from engine.web import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.web.doors import Doors

COOKIE: Final = "__Host-todoke-session"
ABOUT: Final = "Todoke-Organisation"  # which organisation a request of a person is about
_JWT_DOTS: Final = 2
LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_STRICT_TRANSPORT: Final = "max-age=63072000; includeSubDomains"

Network = IPv4Network | IPv6Network


class Who(Enum):
    """Whom an operation is for."""

    OPEN = "open"
    CITIZEN = "citizen"
    ORGANISATION = "organisation"
    REPRESENTATIVE = "representative"  # a person who represents the organisation, signed in with a card
    OWN = "own"  # the organisation itself by its key, or such a person
    OPERATOR = "operator"
    COUNTER = "counter"  # staff who assists people without a usable card


DUTY: Final = {Who.OPERATOR: OPERATOR, Who.COUNTER: COUNTER}  # which role somebody needs


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second in the long run, so many at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What the operator decides about the web. `public_url` is an origin, without a path.

    A trusted proxy sets X-Forwarded-For itself; everybody else's is not looked at.
    """

    public_url: str
    per_address: Rate = Rate(50, 200)
    per_subject: Rate = Rate(20, 100)
    streams_per_person: int = 4
    streams: int = 2000
    heartbeat_seconds: float = 15.0
    stream_seconds: float = 900.0  # then the browser reconnects, and the session is looked at again
    answer_seconds: float = 30.0
    proof_lasts: timedelta = timedelta(minutes=10)  # how long a proof with the card is one of now
    trusted_proxies: tuple[Network, ...] = LOOPBACK
    metrics_from: tuple[Network, ...] = LOOPBACK


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who was let in, and the name under which requests are counted."""

    subject: str | None = None
    session: Session | None = None
    organisation: str | None = None


class Origins:
    """Under which hosts and origins the service is known: the public one, on loopback all its names."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        host = (parts.hostname or "").lower()
        names = (
            _LOOPBACK_NAMES
            if host in {name.strip("[]") for name in _LOOPBACK_NAMES}
            else (f"[{host}]" if ":" in host else host,)
        )
        default = _DEFAULT_PORTS.get(parts.scheme)
        port = parts.port or default
        self.hosts = {f"{name}:{port}" for name in names}
        if port == default:
            self.hosts |= set(names)
        self.origins = {f"{parts.scheme}://{host}" for host in self.hosts}

    def check_host(self, request: web.Request) -> None:
        """Return if the request was meant for us; raises `misdirected-request`."""
        if len(request.headers.getall("Host", [])) != 1 or request.host.lower() not in self.hosts:
            raise EngineError("misdirected-request")

    def are_same(self, request: web.Request) -> bool:
        """Say whether a browser's request comes from one of our own pages, as the browser tells it."""
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        safe = request.method in _SAFE_METHODS
        if origin is not None:
            return origin in self.origins
        if site is not None:
            return site == "same-origin" or (safe and site == "none")
        return safe


class Buckets:
    """Token buckets by name: the least recently used are forgotten, which gives them a full one again."""

    def __init__(self, rate: Rate, *, most: int = 10_000) -> None:
        self._rate = rate
        self._most = most
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, cost: int, now: float) -> None:
        """Return if the request fits; raises `too-many-requests` with the seconds to wait."""
        level, at = self._level.pop(name, (float(self._rate.burst), now))
        level = min(self._rate.burst, level + (now - at) * self._rate.per_second)
        fits = level >= cost
        self._level[name] = (level - cost if fits else level, now)
        if len(self._level) > self._most:
            self._level.popitem(last=False)
        if not fits:
            raise EngineError(
                "too-many-requests", retry_after=1 + int((cost - level) / self._rate.per_second)
            )


async def admit(request: web.Request, who: Who, *, doors: Doors, origins: Origins) -> Admitted:
    """Return who it is; raises `not-signed-in…`, `not-allowed-…`."""
    match who:
        case Who.OPEN:
            return Admitted()
        case Who.ORGANISATION:
            number = await doors.access.number_of(request.headers.get("Authorization"))
            return Admitted(f"organisation:{number}", organisation=number)
        case Who.OWN if _has_organisations_token(request):
            number = await doors.access.number_of(request.headers.get("Authorization"))
            return Admitted(f"organisation:{number}", organisation=number)
        case Who.OWN | Who.REPRESENTATIVE:
            session = await doors.gate.session(required_token(request, origins))
            number = represented_by(request, session)
            return Admitted(f"person:{session.person}", session=session, organisation=number)
        case Who.CITIZEN | Who.OPERATOR | Who.COUNTER:
            session = await doors.gate.session(required_token(request, origins))
            if (duty := DUTY.get(who)) is not None and duty not in session.roles:
                raise EngineError("not-allowed-role")
            return Admitted(f"person:{session.person}", session=session)
        case _:
            assert_never(who)


def represented_by(request: web.Request, session: Session) -> str:
    """Return which organisation a representative's request is about; one alone need not be said.

    Raises:
        EngineError: `not-allowed-representative`, `ambiguous-organisation`.
    """
    numbers = represented(session)
    said = request.headers.get(ABOUT)
    if said is not None and said in numbers:
        return said
    if said is not None or not numbers:
        raise EngineError("not-allowed-representative")
    if len(numbers) > 1:
        raise EngineError("ambiguous-organisation", pointer=f"/{ABOUT}")
    return numbers[0]


def _has_organisations_token(request: web.Request) -> bool:
    """Say whether the bearer token is a JWT; a session's has no dots."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and token.count(".") == _JWT_DOTS


def required_token(request: web.Request, origins: Origins) -> str:
    """Return the token of the session; raises `not-signed-in`, `not-allowed-cross-site`."""
    token = session_token(request, origins)
    if token is None:
        raise EngineError("not-signed-in")
    return token


def session_token(request: web.Request, origins: Origins) -> str | None:
    """Return the token in `Authorization` or else in the cookie; a cookie counts on our own pages only."""
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return token if scheme.lower() == "bearer" and token else None
    token = request.cookies.get(COOKIE, "")
    if not token:
        return None
    if not origins.are_same(request):
        raise EngineError("not-allowed-cross-site")
    return token


def set_session_cookie(response: web.StreamResponse, token: str, *, max_age: int) -> None:
    """Give the browser the session: sent to this host only, over TLS only, hidden from scripts."""
    response.set_cookie(
        COOKIE, token, max_age=max_age, path="/", secure=True, httponly=True, samesite="Strict"
    )


def forget_session_cookie(response: web.StreamResponse) -> None:
    """Take the session from the browser."""
    response.del_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")


def address_of(request: web.Request, trusted: tuple[Network, ...]) -> str:
    """Return the address of the caller: behind trusted proxies, the last one they did not vouch for."""
    address = request.remote or ""
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    while hops and is_within(address, trusted):
        hop = hops.pop().strip()
        if not _is_address(hop):
            break
        address = hop
    return address


def rate_name(address: str) -> str:
    """Return under which name an address is counted: one IPv6 customer has at least a /64."""
    if not _is_address(address):
        return address
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return address


def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    """Say whether the address is in one of the networks."""
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def add_security_headers(response: web.StreamResponse, *, https: bool) -> None:
    """Add what browsers are told; what an answer has set itself stays."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "todoke"  # aiohttp has put its version there
    if https:
        response.headers.setdefault("Strict-Transport-Security", _STRICT_TRANSPORT)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
