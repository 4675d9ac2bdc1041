# SPDX-License-Identifier: Apache-2.0
"""`todoke ops`: what operators see and mend, from the terminal, over the API, with their own card."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import click

from engine.commands.card import signed_in

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from engine.client import CitizenClient

Row = Mapping[str, Any]

_PATH: Final = "/v1/operator"
_MOST_ROWS: Final = 1000
_PAGE: Final = 100


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(ops)


@click.group()
@click.option("--server", help="Where Todoke is reached. [default: TODOKE_PUBLIC_URL]")
@click.option("--card", "card", type=click.Path(path_type=Path), help="[default: card.json in TODOKE_STATE]")
@click.option("--pin", help="Four digits, three tries; asked for when it is not given.")
@click.option("--json", "as_json", is_flag=True, help="Print what the server answers.")
@click.pass_context
def ops(
    context: click.Context, *, server: str | None, card: Path | None, pin: str | None, as_json: bool
) -> None:
    """Watch and mend (係員): states, not contents. Whatever is looked at or done is recorded."""
    context.obj = Terminal(server, card, pin, as_json=as_json)


why = click.option("--reason", required=True, help="Why; the person concerned reads it. Name nobody.")
_most = click.option("--most", type=click.IntRange(1, _MOST_ROWS), default=50, show_default=True)
_flag = click.option("--flag", help="stuck, late, parked, or a whole flag")


class Terminal:
    """One operator at one server."""

    def __init__(self, server: str | None, card: Path | None, pin: str | None, *, as_json: bool) -> None:
        self._server = server
        self._card = card
        self._pin = pin
        self._as_json = as_json

    def look(self, path: str, show: Callable[[Any], Iterable[str]], **asked: object) -> None:
        """Print what stands there."""
        self.show(self._run("GET", path + _query(asked), None), show)

    def listing(
        self,
        path: str,
        member: str,
        show: Callable[[Sequence[Row]], Iterable[str]],
        *,
        most: int,
        **asked: object,
    ) -> None:
        """Print a list, page after page: a page may be short, and goes on while there is a cursor."""
        found = asyncio.run(self._pages(path, member, most, asked))
        self.show(found, show)

    def all_of(self, path: str, member: str) -> Sequence[Row]:
        """Return a whole list, as far as one may be asked for."""
        return asyncio.run(self._pages(path, member, _MOST_ROWS, {}))

    def act(self, path: str, body: Row, show: Callable[[Any], Iterable[str]], **asked: object) -> None:
        """Do something, and print what became of it."""
        self.show(self._run("POST", path + _query(asked), body), show)

    def show(self, found: Any, show: Callable[[Any], Iterable[str]]) -> None:
        """Print it, as JSON or for people."""
        if self._as_json:
            click.echo(json.dumps(found, ensure_ascii=False, indent=2))
            return
        for line in show(found):
            click.echo(line)

    def _client(self) -> "AbstractAsyncContextManager[CitizenClient]":
        if self._pin is None:
            self._pin = str(click.prompt("PIN", hide_input=True))
        return signed_in(self._server, self._card, self._pin)

    def _run(self, method: str, path: str, body: Row | None) -> Any:
        async def run() -> Any:
            async with self._client() as client:
                if method == "GET":
                    return await client.get(_PATH + path)
                return await client.say(method, _PATH + path, body)

        return asyncio.run(run())

    async def _pages(self, path: str, member: str, most: int, asked: Mapping[str, object]) -> list[Row]:
        found: list[Row] = []
        after: str | None = None
        async with self._client() as client:
            while True:
                limit = min(_PAGE, most - len(found))
                page = await client.get(_PATH + path + _query({**asked, "after": after, "limit": limit}))
                found += page[member]
                after = page["after"]
                if after is None or len(found) >= most:
                    return found


here: Final = click.make_pass_decorator(Terminal)


@ops.command()
@click.option("--state")
@click.option("--event")
@_flag
@click.option("--opened-from", help="YYYY-MM-DD")
@click.option("--opened-before", help="YYYY-MM-DD")
@_most
@here
def cases(terminal: Terminal, /, *, most: int, **asked: str | None) -> None:
    """List cases, newest first."""
    terminal.listing("/cases", "cases", _cases, most=most, **asked)


@ops.command()
@click.option("--organisation", help="13 digits")
@click.option("--state")
@click.option(
    "--waits-for", type=click.Choice(["organisation", "citizen", "participant", "predecessor", "date"])
)
@_flag
@click.option("--slug")
@click.option("--older-than-days", type=click.IntRange(0, 3650))
@click.option("--due-before", help="YYYY-MM-DD")
@_most
@here
def filings(terminal: Terminal, /, *, most: int, **asked: str | int | None) -> None:
    """List what waits, the earliest last day first: for whom, why, and what happens then."""
    terminal.listing("/filings", "filings", _filings, most=most, **asked)


@ops.command()
@click.argument("case_id", type=click.UUID)
@click.option("--reason", help="Why; the owner of the case reads it.")
@here
def case(terminal: Terminal, case_id: object, *, reason: str | None) -> None:
    """Show one case's history, without contents. Its owner sees that it was looked at."""
    terminal.look(f"/cases/{case_id}", _case, reason=reason)


@ops.command("old-values")
@click.option("--case", "case_id", type=click.UUID, help="One case, with the names of the fields.")
@click.option("--organisation", help="13 digits")
@click.option("--reason", help="Why one case is looked at; its owner reads it.")
@_most
@here
def old_values(
    terminal: Terminal, *, case_id: object | None, organisation: str | None, reason: str | None, most: int
) -> None:
    """List filings whose receiver still holds an old value, or those of one case."""
    if case_id is not None:
        terminal.look(f"/cases/{case_id}/old-values", _old_values, reason=reason)
        return
    terminal.listing("/old-values", "filings", _old_lines, most=most, organisation=organisation)


@ops.command()
@_most
@here
def parked(terminal: Terminal, *, most: int) -> None:
    """List what was put aside and waits for a person."""
    terminal.listing("/parked", "parked", parked_lines, most=most)


@ops.command("re-drive")
@click.argument("parked_id", type=click.UUID)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@why
@here
def re_drive(terminal: Terminal, parked_id: object, *, dry_run: bool, reason: str) -> None:
    """Let something that was put aside go its way once more."""
    terminal.act(f"/parked/{parked_id}/re-drive", {"reason": reason}, driven_lines, dry_run=dry_run or None)


@ops.command()
@click.argument("filing", type=click.UUID, required=False)
@click.option("--organisation", help="Instead of one filing: all that wait for this organisation.")
@click.option("--older-than-days", type=click.IntRange(0, 3650), default=3, show_default=True)
@click.option("--at-most", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--dry-run", is_flag=True, help="Only say which ones.")
@why
@here
def retry(
    terminal: Terminal,
    filing: object | None,
    *,
    organisation: str | None,
    older_than_days: int,
    at_most: int,
    dry_run: bool,
    reason: str,
) -> None:
    """Send a filing again, or what waits for an organisation: the same orders with the same ids."""
    if (filing is None) == (organisation is None):
        raise click.UsageError("say one FILING, or --organisation")
    if filing is not None:
        if dry_run:
            raise click.UsageError("--dry-run goes with --organisation")
        terminal.act(f"/filings/{filing}/retry", {"reason": reason}, _changed)
        return
    body = {
        "reason": reason,
        "organisation": organisation,
        "olderThanDays": older_than_days,
        "atMost": at_most,
    }
    terminal.act("/filings/retry", body, _retried, dry_run=dry_run or None)


@ops.command()
@click.argument("filing", type=click.UUID)
@click.option(
    "--why",
    type=click.Choice(
        ["asked-by-citizen", "asked-by-organisation", "wrong-answer", "under-investigation", "law-unclear"]
    ),
    required=True,
)
@why
@here
def park(terminal: Terminal, filing: object, *, why: str, reason: str) -> None:
    """Put a filing aside until it is resumed."""
    terminal.act(f"/filings/{filing}/park", {"reason": reason, "why": why}, _changed)


@ops.command()
@click.argument("what", metavar="FILING|ORGANISATION")
@why
@here
def resume(terminal: Terminal, what: str, *, reason: str) -> None:
    """Let a parked filing (its id) or a paused organisation (13 digits) go on."""
    is_organisation = what.isdigit()
    path = f"/organisations/{what}/resume" if is_organisation else f"/filings/{what}/resume"
    terminal.act(path, {"reason": reason}, _organisation if is_organisation else _changed)


@ops.command()
@click.argument("organisation")
@why
@here
def pause(terminal: Terminal, organisation: str, *, reason: str) -> None:
    """Send an organisation nothing new."""
    terminal.act(f"/organisations/{organisation}/pause", {"reason": reason}, _organisation)


@ops.command()
@click.argument("number")
@here
def organisation(terminal: Terminal, number: str) -> None:
    """Show how an organisation stands, and what lies at it."""
    terminal.look(f"/organisations/{number}", _organisation)


@ops.command()
@click.option("--cases", "limit", type=click.IntRange(1, 200), default=100, show_default=True)
@click.option("--after", help="Where to go on: the last one said it.")
@why
@here
def reconcile(terminal: Terminal, *, limit: int, after: str | None, reason: str) -> None:
    """Compare journals with cases, and look for what was left lying."""
    terminal.act("/reconciliation", {"reason": reason, "limit": limit, "after": after}, _reconciled)


@ops.command()
@here
def gate(terminal: Terminal) -> None:
    """Show what the gate refused and why, what it believes, and what about it needs a hand."""
    terminal.look("/gate", _gate)


# --- what is printed ---


def _gate(found: Row) -> Iterable[str]:
    yield from (f"! {warning}" for warning in found["warnings"])
    yield "evidence: " + ", ".join(f"{count} {name}" for name, count in found["evidence"].items())
    yield from (f"undone: case {one['caseId']}, signed {one['signedAt'][:16]}" for one in found["undone"])
    roots = [
        (one["use"], one["key"][:16], one["algorithm"], one["notAfter"][:10], "+".join(one["sources"]))
        for one in found["roots"]
    ]
    yield from as_table(("root for", "key", "algorithm", "until", "revocation by"), roots)
    yield ""
    refusals = [(one["day"], one["code"], str(one["count"])) for one in found["refusals"]]
    yield from as_table(("day", "refused as", "times"), refusals)


def _cases(found: Sequence[Row]) -> Iterable[str]:
    rows = [
        (
            one["id"],
            one["event"],
            f"{one['stateText']['ja']} {one['state']}",
            f"{one['filingsOpen']}/{one['filingsTotal']}",
            one["openedAt"][:16],
            " ".join(one["flags"]),
        )
        for one in found
    ]
    return as_table(("case", "event", "state", "open", "opened", "flags"), rows)


def _filings(found: Sequence[Row]) -> Iterable[str]:
    rows = [
        (
            one["id"],
            one["slug"],
            (one["organisationName"] or {"ja": one["organisation"] or "—"})["ja"],
            f"{one['stateText']['ja']} {one['state']}",
            one["since"][:10],
            one["dueOn"] or "—",
            _both(one["owner"]),
            (one["waitsUntil"] or "—")[:10],
            _both(one["flagText"] or one["then"]),
        )
        for one in found
    ]
    return as_table(
        ("filing", "procedure", "at", "state", "since", "due", "waits for", "until", "why/then"), rows
    )


def _old_lines(found: Sequence[Row]) -> Iterable[str]:
    rows = [
        (
            one["filing"],
            one["slug"],
            (one["organisationName"] or {"ja": one["organisation"] or "—"})["ja"],
            one["state"],
            one["since"][:10],
            (one["until"] or "—")[:10],
            one["caseId"],
        )
        for one in found
    ]
    return as_table(("filing", "procedure", "at", "state", "old since", "until", "case"), rows)


def _old_values(found: Row) -> Iterable[str]:
    rows = [
        (
            one["slug"],
            (one["receiver"] or {"ja": "—"})["ja"],
            " ".join(field["name"] for field in one["fields"]),
            one["since"][:10],
            _both(one["doingText"]),
            one["owner"],
            (one["until"] or "—")[:10],
        )
        for one in found["oldValues"]
    ]
    return as_table(("procedure", "at", "fields", "old since", "what is done", "owner", "until"), rows)


def _case(found: Row) -> Iterable[str]:
    yield from _cases([found])
    yield ""
    yield from _filings(found["filings"])
    yield ""
    rows = [
        (
            str(one["seq"]),
            one["at"][:19],
            one["by"] + (f" {one['organisation']}" if one["organisation"] else ""),
            one["type"],
            one["state"] or one["trigger"] or one["flag"] or "",
            one["filing"] or "",
        )
        for one in found["journal"]
    ]
    yield from as_table(("no", "at", "by", "event", "state", "filing"), rows)


def parked_lines(found: Sequence[Row]) -> Iterable[str]:
    """Return the table of what was put aside."""
    rows = [
        (
            one["id"],
            one["whereFrom"],
            one["organisation"] or "—",
            one["reason"],
            str(one["attempts"]),
            one["parkedAt"][:16],
        )
        for one in found
    ]
    return as_table(("parked", "from", "organisation", "reason", "tries", "since"), rows)


def driven_lines(found: Row) -> Iterable[str]:
    """Return what became, or would become, of each event."""
    rows = [(one["event"], one["outcome"], one["code"] or "", one["filing"] or "") for one in found["events"]]
    yield from as_table(("event", "outcome", "code", "filing"), rows)
    if not found["dryRun"]:
        yield "resolved" if found["resolved"] else "still parked"


def _retried(found: Row) -> Iterable[str]:
    rows = [(one["filing"], one["caseId"], one["outcome"], one["code"] or "") for one in found["filings"]]
    return as_table(("filing", "case", "outcome", "code"), rows)


def _changed(found: Row) -> Iterable[str]:
    return [f"case {found['caseId']} is now at version {found['version']}"]


def _organisation(found: Row) -> Iterable[str]:
    rows = [
        ("organisation", f"{found['number']} {found['name']['ja']} {found['name']['en']}"),
        ("state", f"{found['state']} ({found['channel']})"),
        ("unacknowledged orders", f"{found['unacknowledged']}, oldest {found['oldest'] or '—'}"),
        (
            "open filings",
            ", ".join(f"{state} {count}" for state, count in found["filingsOpen"].items()) or "—",
        ),
        ("flagged", str(found["flagged"])),
        ("longest waiting since", found["since"] or "—"),
    ]
    return as_table(("what", ""), rows)


def _reconciled(found: Row) -> Iterable[str]:
    rows = [
        (one["kind"], _both(one["text"]), one["caseId"] or "", str(one["count"] or ""), one["since"] or "")
        for one in found["findings"]
    ]
    yield f"{found['cases']} cases compared, {len(rows)} findings"
    yield from as_table(("kind", "what", "case", "count", "since"), rows)
    yield f"record of operators: {found['auditEntries']} entries, ends in {found['auditHash']}"
    if found["after"]:
        yield f"go on with --after {found['after']}"


def as_table(heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    from engine.progress import table  # noqa: PLC0415

    return [table([heading, *rows])] if rows else ["  —"]


def _both(text: Row | None) -> str:
    return f"{text['ja']} {text['en']}" if text else "—"


def _query(asked: Mapping[str, object]) -> str:
    given = {_camel(name): _text(value) for name, value in asked.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
