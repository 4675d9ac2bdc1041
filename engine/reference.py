# SPDX-License-Identifier: Apache-2.0
"""The reference of the life events, for people: what each asks, of whom, by when, on which law.

Everything comes from the declarations, so a page cannot say what the engine does not do. What is still
to be checked is shown as such.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

from engine.core.declaration import Gate, Grade, Procedure
from engine.core.life_event import LifeEvent
from engine.core.rule_words import rule_in_words
from engine.core.text import Text
from engine.core.words import GRADES, KINDS, WAYS
from workflows.laws import citations
from workflows.receivers import receiver_in_words

AnyEvent = LifeEvent[Any]
AnyProcedure = Procedure[Any]

_FOLDER: Final = "docs/life-events"
_WRITTEN: Final = "Written by `./todoke check --write` from the declarations in `workflows/`."
_MARKS: Final = {Grade.SURE: "", Grade.LIKELY: "△ ", Grade.CHECK: "⚠ "}
_LEGEND: Final = (
    "確かさ Certainty: "
    + " · ".join(f"{_MARKS[one]}{words.ja} {words.en}".strip() for one, words in GRADES.items())
    + "。法律の条文は施行前に e-Gov で確かめてください。 Re-read the text at e-Gov before a rule goes live."
)
_HASHED: Final = (
    "The last column is the SHA-256 of the rules, which every plan names as its `catalogue`: of the file's"
    " JSON with its names in order and no space between them, as `GET /v1/life-events/{event}/catalogue`"
    " serves it."
)


def life_event_documents(events: Iterable[AnyEvent]) -> dict[str, Callable[[], str]]:
    """Return the pages and the catalogues of all life events, by their path in the tree."""
    every = tuple(events)
    pages: dict[str, Callable[[], str]] = {f"{_FOLDER}/README.md": partial(_index, every)}
    for event in every:
        pages[f"{_FOLDER}/{event.slug}.md"] = partial(page, event)
        pages[f"{_FOLDER}/{event.slug}.json"] = partial(_catalogue, event)
    return pages


def page(event: AnyEvent) -> str:
    """Return the page of one life event: an overview, the order as a picture, each procedure."""
    parts = [
        f"# {event.title.ja} {event.title.en}",
        _WRITTEN,
        _LEGEND,
        "## 一覧 Overview",
        _overview(event),
        *_order(event),
        *_decisions(event),
        *_held_back(event),
        "## 手続 Procedures",
        *(_procedure(one, event) for one in event.procedures),
    ]
    return "\n\n".join(parts) + "\n"


def _index(events: tuple[AnyEvent, ...]) -> str:
    rows = [
        (
            f"[{event.title.ja} {event.title.en}]({event.slug}.md)",
            str(len(event.procedures)),
            *(str(_graded(event)[grade]) for grade in Grade),
            f"[{event.catalogue[:12]}]({event.slug}.json)",
        )
        for event in events
    ]
    heads = ("ライフイベント Life event", "手続 Procedures", *(_both(GRADES[grade]) for grade in Grade))
    parts = [
        "# ライフイベント Life events",
        _WRITTEN,
        _HASHED,
        _table((*heads, "規則 Rules"), rows),
    ]
    return "\n\n".join(parts) + "\n"


def _graded(event: AnyEvent) -> Counter[Grade]:
    return Counter(one.grade for one in event.procedures)


def _catalogue(event: AnyEvent) -> str:
    return json.dumps(event.rules, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def _overview(event: AnyEvent) -> str:
    rows = [
        (
            f"{_MARKS[one.grade]}[{one.title.ja}](#{_anchor(one.slug)})<br>{one.title.en}",
            _both(receiver_in_words(one.receiver.kind)),
            "<br>".join(_both(WAYS[way]) for way in one.ways),
            _both(rule_in_words(one.deadline), "<br>"),
            one.basis,
        )
        for one in event.procedures
    ]
    return _table(("手続 Procedure", "提出先 Receiver", "方法 Ways", "期限 Deadline", "根拠 Law"), rows)


def _order(event: AnyEvent) -> Iterator[str]:
    """Yield the picture of what comes before what, of those that wait or are waited for."""
    edges = [
        f"  {_node(before)} {arrow} {_node(one.slug)}"
        for one in event.procedures
        for arrow, several in (("-->", one.after), ("-.->", one.hosts))
        for before in several
    ]
    edges += [f"  gate_{_node(one.gate)} ==> {_node(one.slug)}" for one in event.procedures if one.gate]
    if not edges:
        return
    joined = "\n".join(edges)
    nodes = [
        f'  {_node(one.slug)}["{one.title.ja}"]' for one in event.procedures if _node(one.slug) in joined
    ]
    nodes += [f'  gate_{_node(gate.name)}{{"{_choices(gate)}"}}' for gate in event.gates]
    yield "## 順序 Order"
    yield (
        "実線は先に終わる手続、点線は一緒に処理される手続、太線は決定を待つ手続です。"
        " A solid arrow comes first, a dotted one carries with it, a thick one waits for a decision."
    )
    yield "\n".join(["```mermaid", "flowchart LR", *nodes, *edges, "```"])


def _choices(gate: Gate[Any]) -> str:
    return "・".join(choice.title.ja for choice in gate.choices)


def _decisions(event: AnyEvent) -> Iterator[str]:
    if event.gates:
        yield "## 決定 Decisions that filings wait for"
    for gate in event.gates:
        choices = "、".join(_both(choice.title) for choice in gate.choices)
        yield f"- `{gate.name}`: {_both(gate.text)} ({choices})"


def _held_back(event: AnyEvent) -> Iterator[str]:
    if event.guards:
        yield "## 送らない場合 What keeps filings from being sent"
        yield "\n".join(f"- `{one.name}`: {_both(one.text)}" for one in event.guards)


def _procedure(one: AnyProcedure, event: AnyEvent) -> str:
    rows = [(label, text) for label, text in _facts(one, event) if text]
    return f"### `{one.slug}`\n\n**{one.title.ja}** {one.title.en}\n\n{_table(('', ''), rows)}"


def _facts(one: AnyProcedure, event: AnyEvent) -> Iterator[tuple[str, str]]:
    titles = {each.slug: each.title for each in event.procedures}
    fields = event.known_fields
    until = f" → {one.until.isoformat()}" if one.until else ""
    yield "種類 Kind", _both(KINDS[one.kind])
    yield "条件 Applies when", _both(one.applies.text, "<br>")
    yield "提出先 Receiver", f"{_both(receiver_in_words(one.receiver.kind))} (`{one.receiver.kind}`)"
    yield "方法 Ways", " → ".join(_both(WAYS[way]) for way in one.ways)
    yield "届け出る人 Who", _both(one.who, "<br>")
    yield "期限 Deadline", _both(rule_in_words(one.deadline), "<br>")
    for other in one.instead:
        yield "ただし But", f"{_both(other.text, '<br>')}<br>→ {_both(rule_in_words(other.deadline), '<br>')}"
    yield "遅れると If late", _both(one.if_late, "<br>")
    yield "根拠 Law", _law(one.basis)
    yield "確かさ Certainty", f"{_MARKS[one.grade]}{_both(GRADES[one.grade])}"
    yield "施行 In force", f"{one.in_force.isoformat()}{until}"
    yield "伝える項目 Told", "<br>".join(_both(fields[name].label) for name in one.needs)
    yield "持ち物 Bring", "<br>".join(_both(each) for each in one.bring)
    yield "手順 Steps", "<br>".join(_both(each) for each in one.steps)
    yield "先に終わる手続 After", "<br>".join(_both(titles[slug]) for slug in one.after)
    yield "一緒に処理 Rides on", "<br>".join(_both(titles[slug]) for slug in one.hosts)
    yield "決定を待つ Gate", f"`{one.gate}`" if one.gate else ""
    yield "届く文書 Documents", ", ".join(f"`{each}`" for each in one.documents)
    yield "個人番号 My Number", _both(one.my_number, "<br>")
    yield "訂正・取下げ Undoing", _undoing(one)


def _undoing(one: AnyProcedure) -> str:
    amend = "訂正できる can be corrected" if one.amendable else "訂正できない cannot be corrected"
    withdraw = (
        "取り下げられる can be withdrawn" if one.withdrawable else "取り下げられない cannot be withdrawn"
    )
    return f"{amend}、{withdraw}"


def _law(basis: str) -> str:
    """Return the basis, and after it a link to each law whose id is sure."""
    links = [f"[{one.name}]({one.url})" if one.url else one.name for one in citations(basis)]
    return f"{basis}<br>e-Gov: {' · '.join(links)}" if links else basis


def _both(text: Text | None, between: str = " ") -> str:
    return f"{text.ja}{between}{text.en}" if text else ""


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows)])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _node(name: str) -> str:
    return name.replace(".", "_").replace("-", "_")


def _anchor(slug: str) -> str:
    """Return where a page's heading `slug` is found: code marks and dots fall out."""
    return slug.replace(".", "")
