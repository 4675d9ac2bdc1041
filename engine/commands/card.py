# SPDX-License-Identifier: Apache-2.0
"""Rehearsal cards: make one for a synthetic person, look at it, sign in and sign with it."""

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from engine.clock import SimulatedClock, SystemClock
from engine.core.errors import EngineError
from engine.identity.card import Card, JpkiCard
from engine.identity.profiles import Use
from engine.ports import Clock
from engine.settings import Profile, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

    from connectors.simulators.jpki import SoftwareCard
    from engine.client import CitizenClient

_TIMEOUT_SECONDS: Final = 30

_file: Final = click.option(
    "--file", "file", type=click.Path(path_type=Path), help="The card. [default: card.json in TODOKE_STATE]"
)
_reader: Final = click.option(
    "--reader", help="A real card in this PC/SC reader; its name may be cut short, `-` is the first one."
)
_pin: Final = click.option("--pin", prompt="PIN", hide_input=True, help="Four digits; three tries.")
_password: Final = click.option(
    "--password",
    prompt="Password",
    hide_input=True,
    help="For signatures; 6 to 16 characters, 5 tries.",
)


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(card)


@click.group()
def card() -> None:
    """A My Number card (マイナンバーカード) as software, for rehearsals with synthetic people."""


@card.command()
@click.option("--name", required=True, help="As on the card: 電子　花子")
@click.option("--birth", required=True, type=click.DateTime(["%Y-%m-%d"]))
@click.option("--address", required=True, help="As on the card, prefecture first.")
@click.option("--sex", type=click.Choice(["1", "2", "3"]), default="3", show_default=True)
@click.option("--municipality", default="13101", show_default=True, help="Five digits.")
@click.option("--prefecture", default="Tokyo-to", show_default=True, help="In romaji.")
@click.option("--city", default="Chiyoda-ku", show_default=True, help="In romaji.")
@click.option("--pin", default="1234", show_default=True)
@click.option("--password", default="ABC123", show_default=True)
@_file
def make(
    *,
    name: str,
    birth: datetime,
    address: str,
    sex: str,
    municipality: str,
    prefecture: str,
    city: str,
    pin: str,
    password: str,
    file: Path | None,
) -> None:
    """Issue a card of the test authority; it is worth nothing outside of rehearsals."""
    from connectors.simulators.jpki import JpkiWorld, Municipality, Resident  # noqa: PLC0415

    settings = _rehearsal()
    place = file or _default(settings)
    if place.exists():
        raise click.ClickException(f"there is a card already: {place}")
    world = JpkiWorld(_clock(settings), state=settings.state / "jpki")
    born_on: date = birth.date()
    resident = Resident(name, born_on, address, sex, Municipality(municipality, prefecture, city))
    place.parent.mkdir(parents=True, exist_ok=True)
    made = world.make_card(resident, login_pin=pin, signature_pin=password)
    reader = JpkiCard(made)  # a card whose PINs nobody could type would be of no use
    reader.verify_pin(Use.LOGIN, pin)
    reader.verify_pin(Use.SIGNATURE, password)
    made.save(place)
    click.echo(place)


@card.command()
@_password
@_file
@_reader
def show(*, password: str, file: Path | None, reader: str | None) -> None:
    """Show what the 署名用 certificate says about its holder."""
    from engine.identity.attributes import attributes_of  # noqa: PLC0415
    from engine.identity.certificates import read_certificate  # noqa: PLC0415

    jpki = JpkiCard(_card(file, reader))
    jpki.verify_pin(Use.SIGNATURE, password)
    attributes = attributes_of(read_certificate(jpki.read_certificate(Use.SIGNATURE)))
    birth = attributes.birth.date
    _print(
        {
            "name": attributes.name,
            "birth": birth.isoformat() if birth else None,
            "sex": attributes.sex,
            "address": attributes.address,
        }
    )


@card.command()
@_file
@_reader
def info(*, file: Path | None, reader: str | None) -> None:
    """Show until when the card is valid, and how many tries its PINs have left. Costs no try."""
    from engine.identity.certificates import read_certificate  # noqa: PLC0415

    jpki = JpkiCard(_card(file, reader))
    certificate = read_certificate(jpki.read_certificate(Use.LOGIN))
    _print(
        {
            "serial": f"{certificate.serial_number:x}",
            "validUntil": certificate.not_valid_after_utc.isoformat(),
            "pinTriesLeft": jpki.tries_left(Use.LOGIN),
            "passwordTriesLeft": jpki.tries_left(Use.SIGNATURE),
        }
    )


@card.command()
@click.option("--server", help="Where Todoke is reached. [default: TODOKE_PUBLIC_URL]")
@_pin
@_file
@_reader
def login(*, server: str | None, pin: str, file: Path | None, reader: str | None) -> None:
    """Sign in with the card and print the session."""
    address = (server or Settings.load().origin).rstrip("/")
    _print(asyncio.run(_login(address, JpkiCard(_card(file, reader)), pin)))


@card.command()
@click.argument("document", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path), help="[default: DOCUMENT.p7s]")
@_password
@_file
@_reader
def sign(*, document: Path, out: Path | None, password: str, file: Path | None, reader: str | None) -> None:
    """Sign a file: a detached CAdES signature with the 署名用 key."""
    settings = Settings.load()
    jpki = JpkiCard(_card(file, reader))
    jpki.verify_pin(Use.SIGNATURE, password)
    signature = jpki.sign_detached(document.read_bytes(), _clock(settings).now())
    target = out or document.with_name(f"{document.name}.p7s")
    target.write_bytes(signature)
    click.echo(target)


@card.command()
@click.option(
    "--port", type=click.IntRange(1, 65534), default=0x8C7B, show_default=True, help="On 127.0.0.1."
)
@_file
def serve(*, port: int, file: Path | None) -> None:
    """Put the card into a virtual reader (vpcd), for programs that use cards over PC/SC."""
    from connectors.simulators.jpki import SoftwareCard  # noqa: PLC0415
    from connectors.simulators.jpki.vpcd import inserted  # noqa: PLC0415

    place = file or _default(_rehearsal())
    _open(place)  # says so when there is none

    async def forever() -> None:
        async with inserted(lambda: SoftwareCard.load(place), port=port):
            click.echo(f"the card is in the reader at 127.0.0.1:{port}")
            await asyncio.Event().wait()

    asyncio.run(forever())


@asynccontextmanager
async def signed_in(server: str | None, file: Path | None, pin: str) -> "AsyncIterator[CitizenClient]":
    """Yield the API for the holder of a card; what the server refuses ends the command with its words."""
    import aiohttp  # noqa: PLC0415

    from engine.client import CitizenClient, Refusal  # noqa: PLC0415

    settings = Settings.load()
    origin = (server or settings.origin).rstrip("/")
    reader = JpkiCard(_open(file))
    async with aiohttp.ClientSession() as session:
        try:
            yield CitizenClient(session, origin, card=reader, pin=pin, now=_clock(settings).now)
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal


async def _login(server: str, reader: JpkiCard, pin: str) -> dict[str, Any]:
    """Return the session. The text is shown, and signed only if it names the server we came to."""
    import aiohttp  # noqa: PLC0415

    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as client:
            challenge = await _post(client, f"{server}/v1/login/challenges", {"purpose": "login"})
            text = str(challenge["text"])
            click.echo(text, err=True)
            if f"site: {server}" not in text.splitlines():
                raise click.ClickException("the server speaks for another site; nothing was signed")
            certificate = reader.read_certificate(Use.LOGIN)
            reader.verify_pin(Use.LOGIN, pin)
            answer = {
                "challengeId": challenge["challengeId"],
                "certificate": base64.b64encode(certificate).decode(),
                "signature": base64.b64encode(reader.sign(Use.LOGIN, text.encode())).decode(),
            }
            return await _post(client, f"{server}/v1/login/sessions", answer)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise click.ClickException(f"{server} does not answer") from error


async def _post(client: "aiohttp.ClientSession", url: str, body: dict[str, Any]) -> dict[str, Any]:
    async with client.post(url, json=body) as answer:
        received = await answer.json(content_type=None)
        if answer.status != 201:
            _refused(received)
        return dict(received)


def _refused(problem: Any) -> NoReturn:
    found = problem if isinstance(problem, dict) else {}
    raise click.ClickException(f"{found.get('title', 'refused')} ({found.get('code', 'no code')})")


def _card(file: Path | None, reader: str | None) -> Card:
    """Return the card in the reader until the command ends, else the one in the file."""
    if reader is None:
        return _open(file)
    from engine.identity.pcsc import card_in_reader  # noqa: PLC0415

    name = None if reader == "-" else reader
    return click.get_current_context().with_resource(card_in_reader(name))


def _open(file: Path | None) -> "SoftwareCard":
    from connectors.simulators.jpki import SoftwareCard  # noqa: PLC0415

    place = file or _default(_rehearsal())
    if not place.exists():
        raise click.ClickException(f"there is no card: {place}; make one with `todoke card make`")
    return SoftwareCard.load(place)


def _rehearsal() -> Settings:
    settings = Settings.load()
    if settings.profile is Profile.PRODUCTION:
        raise EngineError("invalid-settings", reason="rehearsal cards are refused in production")
    return settings


def _default(settings: Settings) -> Path:
    return settings.state / "card.json"


def _clock(settings: Settings) -> Clock:
    if settings.clock == "simulated":
        return SimulatedClock(settings.state / "clock")
    return SystemClock()


def _print(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
