# SPDX-License-Identifier: Apache-2.0
"""`todoke ops organisations`: who wants to come on board, and what an operator decides about it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from engine.commands.ops import Terminal, as_table, here, ops, why

Row = Mapping[str, Any]

_STATES: Final = ("draft", "applied", "approved", "refused", "withdrawn")
_CHECKED: Final = ("register-extract", "letter-of-authority", "official-notice")


def register(group: click.Group) -> None:
    """Add the commands to those of operators."""
    del group  # `ops` is there already
    ops.add_command(organisations)


@click.group()
def organisations() -> None:
    """Applications of organisations (利用申込み), and how far each has come on board."""


@organisations.command("list")
@click.option("--state", type=click.Choice(_STATES), default="applied", show_default=True)
@click.option("--most", type=click.IntRange(1, 1000), default=50, show_default=True)
@here
def list_(terminal: Terminal, *, state: str, most: int) -> None:
    """List applications, the oldest first."""
    terminal.listing("/applications", "applications", _lines, most=most, state=state)


@organisations.command()
@click.argument("application", type=click.UUID)
@here
def show(terminal: Terminal, application: object) -> None:
    """Show one with the applicant's name, the fields it would bring, and whom it would touch."""
    terminal.look(f"/applications/{application}", _application)


@organisations.command()
@click.argument("application", type=click.UUID)
@click.option("--checked", type=click.Choice(_CHECKED), required=True, help="What you compared it with.")
@why
@here
def approve(terminal: Terminal, application: object, *, checked: str, reason: str) -> None:
    """Let the organisation into the sandbox, with its representative."""
    body = {"reason": reason, "checked": checked}
    terminal.act(f"/applications/{application}/approval", body, _application)


@organisations.command()
@click.argument("application", type=click.UUID)
@why
@here
def refuse(terminal: Terminal, application: object, *, reason: str) -> None:
    """Refuse it; the applicant reads the reason."""
    terminal.act(f"/applications/{application}/refusal", {"reason": reason}, _application)


@organisations.command()
@click.argument("number")
@here
def standing(terminal: Terminal, number: str) -> None:
    """Show how far an organisation has come on board."""
    terminal.look(f"/organisations/{number}/standing", _standing)


@organisations.command()
@click.argument("number")
@click.option("--report", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True)
@why
@here
def certify(terminal: Terminal, number: str, *, report: Path, reason: str) -> None:
    """Note that its connector passed the rehearsal, with the signed report of a sandbox."""
    body = {"reason": reason, "report": report.read_text("ascii").strip()}
    terminal.act(f"/organisations/{number}/certification", body, _standing)


@organisations.command()
@click.argument("number")
@why
@here
def live(terminal: Terminal, number: str, *, reason: str) -> None:
    """Let real filings through to a certified organisation."""
    terminal.act(f"/organisations/{number}/live", {"reason": reason}, _standing)


@organisations.command()
@click.argument("number")
@here
def grants(terminal: Terminal, number: str) -> None:
    """List whom an organisation entrusts (委託), and for whom it acts."""
    terminal.look(f"/organisations/{number}/grants", _grants)


@organisations.command("end-grant")
@click.argument("grant", type=click.UUID)
@why
@here
def end_grant(terminal: Terminal, grant: object, *, reason: str) -> None:
    """End a grant at once; what its agent has not finished goes back to the organisation."""
    terminal.act(f"/grants/{grant}/end", {"reason": reason}, lambda found: _grants({"grants": [found]}))


@organisations.command()
@click.argument("number")
@click.argument("successor")
@click.option("--overlap-days", type=click.IntRange(0, 180), default=30, show_default=True)
@why
@here
def succession(terminal: Terminal, number: str, successor: str, *, overlap_days: int, reason: str) -> None:
    """Declare who carries on an organisation (合併・法人番号の変更)."""
    body = {"reason": reason, "successor": successor, "overlapDays": overlap_days}
    terminal.act(f"/organisations/{number}/succession", body, _succession)


@organisations.command()
@click.argument("number")
@here
def representatives(terminal: Terminal, number: str) -> None:
    """List who represents an organisation, by their number."""
    terminal.look(f"/organisations/{number}/representatives", _representatives)


@organisations.command()
@click.argument("number")
@click.argument("person", type=click.UUID)
@why
@here
def dismiss(terminal: Terminal, number: str, person: object, *, reason: str) -> None:
    """Take a representative away who left, also the last one; they are out with their next request."""
    path = f"/organisations/{number}/representatives/{person}/removal"
    terminal.act(path, {"reason": reason}, lambda _: [f"no longer represents {number}: {person}"])


def _grants(found: Row) -> Iterable[str]:
    rows = [
        (
            one["id"],
            f"{one['principal']['name']['ja']} → {one['agent']['name']['ja']}",
            one["state"],
            one["endsAt"][:10],
            ", ".join(each["slug"] for each in one["procedures"]),
        )
        for one in found["grants"]
    ]
    return as_table(("grant", "who acts for whom", "state", "until", "procedures"), rows)


def _succession(found: Row) -> Iterable[str]:
    rows = [
        ("predecessor", f"{found['predecessor']['number']} {found['predecessor']['name']['ja']}"),
        ("successor", f"{found['successor']['number']} {found['successor']['name']['ja']}"),
        ("both may answer until", found["overlapUntil"][:16]),
    ]
    return as_table(("what", ""), rows)


def _representatives(found: Row) -> Iterable[str]:
    rows = [(one["person"], one["since"][:16], one["by"]) for one in found["representatives"]]
    return as_table(("person", "since", "let in by"), rows)


def _lines(found: Sequence[Row]) -> Iterable[str]:
    rows = [
        (one["id"], one["number"], one["name"]["ja"], one["kind"], one["state"], one["madeAt"][:16])
        for one in found
    ]
    return as_table(("application", "number", "name", "for", "state", "since"), rows)


def _application(found: Row) -> Iterable[str]:
    rows = [
        ("application", f"{found['id']} {found['stateText']['ja']} ({found['state']})"),
        ("organisation", f"{found['number']} {found['name']['ja']} {found['name']['en']}"),
        ("seat", found["seat"] or "—"),
        ("applicant", found["applicantName"] or "—"),
        (
            "registered",
            f"{'yes' if found['registered'] else 'no'}, {found['representatives']} representatives",
        ),
        ("channel", found["channel"]),
        ("checked", found["checked"] or "—"),
        ("reason", found["reason"] or "—"),
    ]
    yield from as_table(("what", ""), rows)
    brings = [
        (
            one["slug"],
            one["area"] or "全国",
            one["basis"],
            "、".join(field["label"]["ja"] for field in one["fields"]),
            one["receivesToday"]["name"]["ja"] if one["receivesToday"] else "—",
        )
        for one in found["brings"]
    ]
    yield from as_table(("procedure", "area", "law", "fields", "receives today"), brings)
    touched = [
        (
            one["slug"],
            one["area"] or "全国",
            one["withName"]["ja"],
            one["withArea"] or "全国",
            one["relation"],
        )
        for one in found["conflicts"]
    ]
    yield from as_table(("procedure", "area", "also taken by", "there", "lies"), touched)


def _standing(found: Row) -> Iterable[str]:
    rows = [
        ("organisation", f"{found['number']} {found['name']['ja']}"),
        ("stage", found["stage"]),
        ("state", found["state"]),
        ("report", json.dumps(found["report"], ensure_ascii=False) if found["report"] is not None else "—"),
    ]
    return as_table(("what", ""), rows)
