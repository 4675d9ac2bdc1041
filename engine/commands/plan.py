# SPDX-License-Identifier: Apache-2.0
"""`todoke plan`: what a life event would ask of a household, without a card, a case or a trace."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CHANGES: Final = {"added": "＋", "dropped": "－", "changed": "～"}
_file: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(plan)


@click.command()
@click.argument("facts", type=_file)
@click.option("--event", default="moving", show_default=True)
@click.option("--compare", "other", type=_file, help="Other facts: show what would change.")
@click.option("--explain", "slug", help="A procedure, as move.move-in-notice: show why it applies or not.")
@click.option("--server", help="Where Todoke is reached. [default: TODOKE_PUBLIC_URL]")
def plan(*, facts: Path, event: str, other: Path | None, slug: str | None, server: str | None) -> None:
    """Show the plan for the facts in a JSON file; nothing is stored, and nobody is told."""
    if other is not None and slug is not None:
        raise click.UsageError("--compare and --explain are two questions: ask one at a time")
    body: dict[str, Any] = {"facts": read_facts(facts)}
    question = "plan"
    if other is not None:
        body["changed"], question = read_facts(other, "--compare"), "comparison"
    elif slug is not None:
        body["slug"], question = slug, "explanation"
    origin = (server or Settings.load().origin).rstrip("/")
    answer = asyncio.run(_ask(origin, f"/v1/life-events/{event}/{question}", body))
    shown = {"plan": _plan, "comparison": _comparison, "explanation": _explanations}[question]
    click.echo(shown(answer))


def read_facts(file: Path, hint: str = "FACTS") -> dict[str, Any]:
    """Return the facts in a file, as they are or as the `facts` of a request."""
    try:
        told = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise click.BadParameter("it is not JSON", param_hint=hint) from error
    if not isinstance(told, dict):
        raise click.BadParameter("it is not an object", param_hint=hint)
    inside = told.get("facts")
    return inside if isinstance(inside, dict) else told


async def _ask(server: str, path: str, body: "Mapping[str, Any]") -> Any:
    import aiohttp  # noqa: PLC0415

    from engine.client import Refusal, ask  # noqa: PLC0415

    async with aiohttp.ClientSession() as session:
        try:
            return await ask(session, server, path, body)
        except Refusal as refusal:
            wrong = [f"{one['pointer']}: {one['code']}" for one in refusal.problem.get("errors", ())]
            raise click.ClickException("\n".join([str(refusal), *wrong])) from refusal


def _plan(plan: "Mapping[str, Any]") -> str:
    from engine.progress import plan_table  # noqa: PLC0415

    return plan_table(plan)


def _comparison(two: "Mapping[str, Any]") -> str:
    lines = [line for one in two["entries"] if one["change"] != "same" for line in _changed(one)]
    counts = "added", "dropped", "changed", "same"
    total = (
        f"増える {two['added']} · なくなる {two['dropped']} · 変わる {two['changed']} · 同じ {two['same']}"
    )
    return "\n".join([*lines, f"{total} ({', '.join(f'{name} {two[name]}' for name in counts)})"])


def _changed(one: "Mapping[str, Any]") -> "Iterator[str]":
    why = "" if one["change"] == "changed" else f" — {one['why']['ja']} {one['why']['en']}"
    yield (
        f"{_CHANGES[one['change']]} {one['title']['ja']} {one['title']['en']} {one['subject']}".rstrip() + why
    )
    for each in one["differences"]:
        label = f"{each['label']['ja']} {each['label']['en']}"
        yield f"    {label}: {_words(each['before'])} → {_words(each['after'])}"


def _words(value: Any) -> str:
    match value:
        case None | []:
            return "—"
        case {"ja": str(ja), "en": str()}:
            return ja
        case list():
            return "、".join(_words(one) for one in value)
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


def _explanations(answer: "Mapping[str, Any]") -> str:
    return "\n\n".join("\n".join(_explained(one)) for one in answer["explanations"])


def _explained(one: "Mapping[str, Any]") -> "Iterator[str]":
    yield f"{one['title']['ja']} {one['title']['en']} ({one['slug']}) {one['subject'] or ''}".rstrip()
    yield f"  {one['text']['ja']}"
    yield f"  {one['text']['en']}"
    for day in one["days"]:
        yield f"  {day['label']['ja']} {day['label']['en']}: {day['day'] or '—'}"
    for way in one["ways"]:
        why = f" — {way['whyNot']['ja']} {way['whyNot']['en']}" if way["whyNot"] else ""
        yield f"  {'○' if way['isOpen'] else '×'} {way['text']['ja']} {way['text']['en']}{why}"
    for law in one["citations"]:
        yield f"  {law['name']} {law['url'] or ''}".rstrip()
    rule = one["rule"]
    grade = f"{rule['gradeText']['ja']} {rule['gradeText']['en']}"
    yield f"  規則 Rules {rule['catalogue'][:12]}, {rule['inForce']} –, {grade}"
