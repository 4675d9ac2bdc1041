# SPDX-License-Identifier: Apache-2.0
"""`todoke organisation`: an organisation comes on board from the terminal, with its representative's card."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.commands.card import signed_in
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.client import CitizenClient

_BECAUSE: Final = ("lost", "stolen", "replaced", "ended")
_CHANNELS: Final = ("pull", "amqp", "webhook", "file")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(organisation)


@click.group()
@click.option("--server", help="Where Todoke is reached. [default: TODOKE_PUBLIC_URL]")
@click.option("--card", "card", type=click.Path(path_type=Path), help="[default: card.json in TODOKE_STATE]")
@click.option("--pin", help="Four digits, three tries; asked for when it is not given.")
@click.option("--about", help="Which organisation, if you represent several: 13 digits.")
@click.pass_context
def organisation(
    context: click.Context, *, server: str | None, card: Path | None, pin: str | None, about: str | None
) -> None:
    """Come on board and stay in order (機関・事業者): apply, keys, subscriptions, representatives."""
    context.obj = _Counter(server, card, pin, about)


class _Counter:
    """One representative at one server."""

    def __init__(self, server: str | None, card: Path | None, pin: str | None, about: str | None) -> None:
        self._server = server
        self._card = card
        self._pin = pin
        self._about = about

    def run(self, work: "Callable[[CitizenClient], Awaitable[Any]]") -> Any:
        """Return what comes of some requests by the holder of the card."""
        pin = self._pin or click.prompt("PIN", hide_input=True)

        async def running() -> Any:
            async with signed_in(self._server, self._card, str(pin)) as client:
                client.about = self._about
                return await work(client)

        return asyncio.run(running())

    def say(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer to one request."""
        if method == "GET":
            return self.run(lambda client: client.get(path))
        return self.run(lambda client: client.say(method, path, body))


_here: Final = click.make_pass_decorator(_Counter)


@organisation.command()
@click.argument("number")
@click.option("--takes", multiple=True, required=True, help="A procedure, SLUG or SLUG@AREA; repeat it.")
@click.option("--channel", type=click.Choice(_CHANNELS), default="pull", show_default=True)
@click.option("--endpoint", help="Webhook: where orders are brought.")
@click.option(
    "--area", "areas", multiple=True, help="Where the organisation is at home: 6 digits; repeat it."
)
@click.option("--password", help="Of the 署名用 key; asked for when it is not given.")
@click.option("--yes", is_flag=True, help="Sign without asking.")
@_here
def apply(
    counter: _Counter,
    number: str,
    *,
    takes: Sequence[str],
    channel: str,
    endpoint: str | None,
    areas: Sequence[str],
    password: str | None,
    yes: bool,
) -> None:
    """Apply by the 法人番号: see every field and its law, then sign the declaration."""
    body = {
        "number": number,
        "channel": channel,
        "subscriptions": [_wanted(one) for one in takes],
        "endpoint": endpoint,
        "areas": list(areas),
    }
    drafted = counter.say("POST", "/v1/organisations", body)
    _show(drafted)
    if not yes:
        click.confirm("署名して申し込みますか  Sign and apply?", abort=True)
    secret = password or click.prompt("Password", hide_input=True)
    signed = counter.run(lambda client: client.declare(drafted["id"], password=str(secret)))
    click.echo(f"{signed['stateText']['ja']}  {signed['stateText']['en']}: {signed['id']}")


@organisation.command()
@_here
def status(counter: _Counter) -> None:
    """Show what you represent, and what became of your applications."""
    found = counter.say("GET", "/v1/organisations")
    click.echo(f"represents: {', '.join(found['represents']) or '—'}")
    for one in found["applications"]:
        why = f" ({one['reason']})" if one["reason"] else ""
        state = one["stateText"]
        click.echo(f"{one['id']} {one['number']} {one['name']['ja']}: {state['ja']} {state['en']}{why}")


@organisation.command("register-keys")
@click.argument("number")
@click.option(
    "--home", type=click.Path(path_type=Path), required=True, help="Where the connector keeps keys."
)
@_here
def register_keys(counter: _Counter, number: str, *, home: Path) -> None:
    """Register the connector's two keys; each signs a proof that it is possessed."""
    from connectors.sdk.keys import OwnKeys  # noqa: PLC0415
    from engine.clock import SimulatedClock, SystemClock  # noqa: PLC0415

    settings = Settings.load()
    clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")
    proofs = OwnKeys.kept_in(home).proofs(number=number, audience=settings.origin, now=clock.now())

    async def registering(client: "CitizenClient") -> list[Any]:
        return [await client.say("POST", "/v1/organisation/keys", one) for one in proofs]

    for made in counter.run(registering):
        click.echo(f"{made['use']} {made['kid']} until {made['notAfter'][:10]}")


@organisation.command()
@_here
def keys(counter: _Counter) -> None:
    """List the registered keys."""
    for one in counter.say("GET", "/v1/organisation/keys")["keys"]:
        state = "valid" if one["valid"] else one["revokedBecause"] or "over"
        click.echo(f"{one['use']} {one['kid']} {one['notBefore'][:10]}–{one['notAfter'][:10]} {state}")


@organisation.command(
    "revoke-key", context_settings={"ignore_unknown_options": True}
)  # a name may begin with "-"
@click.argument("kid")
@click.option("--because", type=click.Choice(_BECAUSE), required=True)
@_here
def revoke_key(counter: _Counter, kid: str, *, because: str) -> None:
    """Revoke a key at once; what waits sealed for it is sealed anew for the next one."""
    made = counter.say("DELETE", f"/v1/organisation/keys/{kid}?because={because}")
    click.echo(f"{made['kid']} revoked {made['revokedAt']} ({made['revokedBecause']})")


@organisation.command()
@_here
def backlog(counter: _Counter) -> None:
    """Show what waits here for the organisation, and what failed."""
    click.echo(json.dumps(counter.say("GET", "/v1/organisation/backlog"), ensure_ascii=False, indent=2))


@organisation.command()
@_here
def invite(counter: _Counter) -> None:
    """Invite another representative; the code works once, for a week."""
    made = counter.say("POST", "/v1/organisation/invitations")
    click.echo(f"{made['code']} until {made['expiresAt']}")


@organisation.command()
@click.argument("code")
@_here
def join(counter: _Counter, code: str) -> None:
    """Accept an invitation."""
    made = counter.say("POST", "/v1/organisations/invitations", {"code": code})
    click.echo(f"represents: {made['number']}")


@organisation.command()
@_here
def representatives(counter: _Counter) -> None:
    """List who represents the organisation."""
    for one in counter.say("GET", "/v1/organisation/representatives")["representatives"]:
        click.echo(f"{one['person']} since {one['since'][:10]} by {one['by']}")


@organisation.command()
@click.argument("person", type=click.UUID)
@_here
def dismiss(counter: _Counter, person: object) -> None:
    """Take a representative away who left; they are out with their next request."""
    counter.say("DELETE", f"/v1/organisation/representatives/{person}")
    click.echo(f"no longer represents: {person}")


@organisation.command()
@click.argument("agent")
@click.option("--procedure", "procedures", multiple=True, required=True, help="SLUG or SLUG@AREA; repeat it.")
@click.option("--last-on", required=True, help="The last day: YYYY-MM-DD.")
@click.option("--begins-on", help="The first day; else from the acceptance on.")
@_here
def entrust(
    counter: _Counter, agent: str, *, procedures: Sequence[str], last_on: str, begins_on: str | None
) -> None:
    """Offer a grant to an agent (受託者), and see every field that it will see, with the law."""
    body = {
        "agent": agent,
        "procedures": [_wanted(one) for one in procedures],
        "beginsOn": begins_on,
        "lastOn": last_on,
    }
    _show_grant(counter.say("POST", "/v1/organisation/grants", body))


@organisation.command()
@_here
def grants(counter: _Counter) -> None:
    """List whom the organisation entrusts, and for whom it acts."""
    for one in counter.say("GET", "/v1/organisation/grants")["grants"]:
        slugs = ", ".join(each["slug"] for each in one["procedures"])
        state = one["stateText"]
        who = f"{one['principal']['name']['ja']} → {one['agent']['name']['ja']}"
        click.echo(f"{one['id']} {who}: {state['ja']} {state['en']}, until {one['endsAt'][:10]}: {slugs}")


@organisation.command("accept-grant")
@click.argument("grant", type=click.UUID)
@_here
def accept_grant(counter: _Counter, grant: object) -> None:
    """Accept a grant, as the agent: its orders come from now on, or from the day it begins."""
    _show_grant(counter.say("POST", f"/v1/organisation/grants/{grant}/acceptance"))


@organisation.command("end-grant")
@click.argument("grant", type=click.UUID)
@_here
def end_grant(counter: _Counter, grant: object) -> None:
    """End a grant at once, as the organisation or as the agent; what is not finished goes back."""
    _show_grant(counter.say("DELETE", f"/v1/organisation/grants/{grant}"))


@organisation.command()
@click.argument("predecessor")
@click.option("--overlap-days", type=click.IntRange(0, 180), default=30, show_default=True)
@_here
def succeed(counter: _Counter, predecessor: str, *, overlap_days: int) -> None:
    """Carry on what another organisation was (合併・法人番号の変更), as the published register says."""
    body = {"predecessor": predecessor, "overlapDays": overlap_days}
    made = counter.say("POST", "/v1/organisation/successions", body)
    click.echo(f"{made['predecessor']['name']['ja']}: both may answer until {made['overlapUntil'][:16]}")


def _show_grant(found: Mapping[str, Any]) -> None:
    from engine.progress import table  # noqa: PLC0415

    state = found["stateText"]
    click.echo(f"{found['id']} {state['ja']} {state['en']}")
    click.echo(f"{found['principal']['name']['ja']} → {found['agent']['name']['ja']}")
    click.echo(f"{found['beginsAt'][:16]} – {found['endsAt'][:16]}")
    rows = [
        (
            f"{one['title']['ja']} ({one['slug']})",
            one["area"] or "全国",
            one["basis"],
            "、".join(field["label"]["ja"] for field in one["fields"]),
        )
        for one in found["procedures"]
    ]
    click.echo(table([("procedure", "area", "law", "fields the agent sees"), *rows]))
    click.echo(f"{found['law']['ja']}\n{found['law']['en']}")


def _wanted(text: str) -> dict[str, str | None]:
    slug, _, area = text.partition("@")
    return {"slug": slug, "area": area or None}


def _show(drafted: Mapping[str, Any]) -> None:
    from engine.progress import table  # noqa: PLC0415

    click.echo(f"{drafted['number']} {drafted['name']['ja']} {drafted['name']['en']}\n{drafted['seat']}")
    rows = [
        (
            f"{one['title']['ja']} ({one['slug']})",
            one["area"] or "全国",
            one["basis"],
            "、".join(field["label"]["ja"] for field in one["fields"]),
            one["receivesToday"]["name"]["ja"] if one["receivesToday"] else "—",
        )
        for one in drafted["brings"]
    ]
    click.echo(table([("procedure", "area", "law", "fields", "receives today"), *rows]))
    click.echo(drafted["notice"])
