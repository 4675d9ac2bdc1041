# SPDX-License-Identifier: Apache-2.0
"""Two plans side by side (もしこうなら): which procedures, days, fields, offices and ways change.

Pure, over plans as they are shown. Entries are paired by procedure and subject; a subject is a place in
the facts, so persons who change their places in the list change their filings too.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from engine.core.text import Text
from engine.core.views import EntryView, PlanView, View
from engine.core.words import WAYS


class Change(Enum):
    """What becomes of a procedure."""

    ADDED = "added"
    DROPPED = "dropped"
    CHANGED = "changed"
    SAME = "same"


class What(Enum):
    """What differs in a procedure that both plans have."""

    WAY = "way"
    OFFICE = "office"
    LAST_DAY = "last-day"
    FIRST_DAY = "first-day"
    NOT_BEFORE = "not-before"
    FIELD = "field"
    AFTER = "after"
    RIDES_ON = "rides-on"
    GUARD = "guard"


class Difference(View):
    """One difference, words in both languages. `field` is what is told; None stands where nothing was."""

    what: What
    field: str | None = None
    label: Text
    before: JsonValue
    after: JsonValue


class EntryComparison(View):
    """One procedure in both plans. `why` is the condition that is met, or no longer met."""

    slug: str
    subject: str
    title: Text
    change: Change
    why: Text
    differences: tuple[Difference, ...]
    before: EntryView | None
    after: EntryView | None


class Comparison(View):
    """Two plans side by side: the second one's procedures in order, then those that it has no more."""

    event: str
    title: Text
    catalogue: str
    added: int
    dropped: int
    changed: int
    same: int
    entries: tuple[EntryComparison, ...]


_LABELS: Final[Mapping[What, Text]] = {
    What.WAY: Text(ja="方法", en="Way"),
    What.OFFICE: Text(ja="提出先", en="Office"),
    What.LAST_DAY: Text(ja="期限", en="Last day"),
    What.FIRST_DAY: Text(ja="始められる日", en="First day"),
    What.NOT_BEFORE: Text(ja="この日より前には送らない", en="Not sent before"),
    What.FIELD: Text(ja="伝える項目", en="Field"),
    What.AFTER: Text(ja="先に終わる手続", en="Comes after"),
    What.RIDES_ON: Text(ja="一緒に処理される手続", en="Handled with"),
    What.GUARD: Text(ja="送らない理由", en="Held back"),
}
_NOT_ABOUT: Final = Text(ja="対象ではなくなります", en="It is no longer about this subject")
_NOT_THE_RULE: Final = Text(
    ja="この日の出来事に当てはまる決まりではありません", en="The rule is not for an event of this day"
)

Key = tuple[str, str]


def compare(before: PlanView, after: PlanView) -> Comparison:
    """Return both plans of one life event side by side."""
    old, new = _keyed(before), _keyed(after)
    names = {one.id: _words(one.title) for one in (*before.entries, *after.entries)}
    entries = [_paired(old.get(key), one, names) for key, one in new.items()]
    entries += [_dropped(one, after) for key, one in old.items() if key not in new]
    counts = {change: sum(one.change is change for one in entries) for change in Change}
    return Comparison(
        event=after.event,
        title=after.title,
        catalogue=after.catalogue,
        added=counts[Change.ADDED],
        dropped=counts[Change.DROPPED],
        changed=counts[Change.CHANGED],
        same=counts[Change.SAME],
        entries=tuple(entries),
    )


def _keyed(plan: PlanView) -> dict[Key, EntryView]:
    return {(one.slug, one.subject): one for one in plan.entries}


def _paired(old: EntryView | None, new: EntryView, names: Mapping[UUID, JsonValue]) -> EntryComparison:
    differences = tuple(_differences(old, new, names)) if old else ()
    same = Change.CHANGED if differences else Change.SAME
    return EntryComparison(
        slug=new.slug,
        subject=new.subject,
        title=new.title,
        change=same if old else Change.ADDED,
        why=new.applies,
        differences=differences,
        before=old,
        after=new,
    )


def _dropped(old: EntryView, after: PlanView) -> EntryComparison:
    condition = next((one.condition for one in after.left_out if one.slug == old.slug), None)
    still_there = any(one.slug == old.slug for one in after.entries)
    return EntryComparison(
        slug=old.slug,
        subject=old.subject,
        title=old.title,
        change=Change.DROPPED,
        why=condition or (_NOT_ABOUT if still_there else _NOT_THE_RULE),
        differences=(),
        before=old,
        after=None,
    )


def _differences(old: EntryView, new: EntryView, names: Mapping[UUID, JsonValue]) -> Iterator[Difference]:
    before, after = _compared(old, names), _compared(new, names)
    for what in before:
        if before[what] != after[what]:
            yield Difference(what=what, label=_LABELS[what], before=before[what], after=after[what])
    told, tells = ({one.name: one for one in entry.told} for entry in (old, new))
    for name in dict.fromkeys([*told, *tells]):
        was, now = told.get(name), tells.get(name)
        if was != now:
            yield Difference(
                what=What.FIELD,
                field=name,
                label=(now or told[name]).label,
                before=was.value if was else None,
                after=now.value if now else None,
            )


def _compared(one: EntryView, names: Mapping[UUID, JsonValue]) -> dict[What, JsonValue]:
    """Return what is compared of an entry, as people read it."""
    days = (one.deadline.last_day, one.deadline.first_day, one.not_before)
    last, first, sent = (day.isoformat() if day else None for day in days)
    return {
        What.WAY: _words(WAYS[one.way]),
        What.OFFICE: _words(one.receiver),
        What.LAST_DAY: last,
        What.FIRST_DAY: first,
        What.NOT_BEFORE: sent,
        What.AFTER: [names[each] for each in one.after],
        What.RIDES_ON: names[one.rides_on] if one.rides_on else None,
        What.GUARD: _words(one.guard_text) if one.guard_text else None,
    }


def _words(text: Text) -> JsonValue:
    return {"ja": text.ja, "en": text.en}
