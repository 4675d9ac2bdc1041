# SPDX-License-Identifier: Apache-2.0
"""Who still holds an old value (旧情報の保有先): by case for its owner and for operators, over all cases.

The marks are in the filings; which fields are old is read from the journal. No value is ever shown
here, neither the old one nor the new: names of fields, and what is being done.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from engine.core import messages as m
from engine.core.case import Case, Filing
from engine.core.evolve import evolve
from engine.core.messages import Event
from engine.core.old_values import DOINGS, doing
from engine.core.plan import Contents
from engine.core.text import Text
from engine.core.views import View
from engine.ports import FilingQuestion, OperatorStore, Store, StoredCase
from engine.registry.directory import Directories, Directory
from engine.runtime.case_keys import CaseKeys
from engine.runtime.catalogue import Catalogue
from engine.runtime.journal import read
from engine.runtime.owned import contents_of, owned
from engine.runtime.places import cursor, day_place
from engine.runtime.record import Look, Record
from engine.runtime.timeline import rows_of

_OWNERS: Mapping[str, Text] = {
    "organisation": Text(ja="機関", en="The organisation"),
    "citizen": Text(ja="本人", en="The citizen"),
    "operator": Text(ja="係員", en="An operator"),
}


class OldField(View):
    """One field of which the receiver holds an old value, and since when it is old."""

    name: str
    label: Text
    since: datetime


class OldValue(View):
    """One filing whose receiver holds old values: which fields, what is done, by whom, until when."""

    filing: UUID
    slug: str
    title: Text
    organisation: str | None
    receiver: Text | None
    fields: tuple[OldField, ...]
    since: datetime
    doing: str
    doing_text: Text
    owner: str
    owner_text: Text
    until: datetime | None


class OldValueLine(View):
    """A filing in the operators' list of old values."""

    case_id: UUID
    filing: UUID
    slug: str
    organisation: str | None
    organisation_name: Text | None
    state: str
    since: datetime
    until: datetime | None
    flag: str | None


@dataclass(slots=True)
class _Told:
    """What a journal says of old values: fields by filing, and filings that are old as a whole."""

    fields: dict[UUID, dict[str, datetime]] = field(default_factory=dict)
    whole: dict[UUID, datetime] = field(default_factory=dict)

    def hear(self, event: Event, case: Case, at: datetime) -> None:
        """Take note of one event; `case` is as it is after it."""
        marked = {id_ for id_, one in case.filings.items() if one.old_since is not None}
        match event:
            case m.FactsCorrected():
                for id_ in marked & event.changed.keys():
                    known = self.fields.setdefault(id_, {})
                    known.update({name: at for name in event.changed[id_] if name not in known})
            case m.CaseMoved(trigger="cancel"):
                self.whole = dict.fromkeys(marked, at)
            case _:
                pass
        for id_ in (self.fields.keys() | self.whole.keys()) - marked:
            self.fields.pop(id_, None)
            self.whole.pop(id_, None)


class OldValues:
    """Answers who still holds an old value."""

    def __init__(
        self,
        *,
        store: Store,
        operators: OperatorStore,
        catalogue: Catalogue,
        directories: Directories,
        keys: CaseKeys,
        record: Record,
    ) -> None:
        self._store = store
        self._operators = operators
        self._catalogue = catalogue
        self._directories = directories
        self._keys = keys
        self._record = record

    async def of_owner(self, person: UUID, case_id: UUID) -> list[OldValue]:
        """Return who holds old values in the person's case; raises `no-such-case`, `erased-case`."""
        stored = await owned(self._store, person, case_id)
        contents = await contents_of(self._store, self._keys, stored)
        receivers = {entry.id: entry.receiver for entry in contents.plan.entries}
        return await self._found(stored, contents, receivers)

    async def of_case(self, look: Look, case_id: UUID) -> list[OldValue]:
        """Return the same for an operator, who sees connected organisations by name, nobody else.

        Raises:
            EngineError: `no-such-case`, `erased-case`.
        """
        stored = await self._store.case(case_id)
        if stored is None:
            return await self.of_owner(look.operator, case_id)  # refused: nobody has it
        await self._record.note(look, "look-case", case_id=case_id)
        directory = await self._directories.current()
        receivers = {id_: _name(one, directory) for id_, one in stored.case.filings.items()}
        return await self._found(stored, await contents_of(self._store, self._keys, stored), receivers)

    async def everywhere(
        self, *, organisation: str | None, after: str | None, limit: int
    ) -> tuple[list[OldValueLine], str | None]:
        """Return filings that still hold an old value, the earliest last day first, and where to go on.

        Raises:
            EngineError: `malformed-operator-cursor`.
        """
        question = FilingQuestion(organisation=organisation, is_old=True)
        found, place = await self._operators.filings(question, after=day_place(after), limit=limit)
        directory = await self._directories.current()
        lines = [_line(one.case_id, one.filing, directory) for one in found]
        return lines, cursor(place)

    async def _found(
        self, stored: StoredCase, contents: Contents, receivers: Mapping[UUID, Text | None]
    ) -> list[OldValue]:
        marked = [one for one in stored.case.filings.values() if one.old_since is not None]
        if not marked:
            return []
        told = await self._told(stored)
        names = await self._whole_names(stored, contents, told.whole)
        rules = await self._catalogue.rules(stored.case.catalogue)
        known = {one["slug"]: one for one in rules["procedures"]}
        found = []
        for filing in marked:
            rule, whole = known[filing.slug], told.whole.get(filing.id)
            fields = dict.fromkeys(names[filing.id], whole) if whole is not None else {}
            fields |= told.fields.get(filing.id, {})
            what = doing(filing, amendable=stored.case.rules[filing.id].amendable)
            labels = rule["needs"]
            found.append(
                OldValue(
                    filing=filing.id,
                    slug=filing.slug,
                    title=Text(**rule["title"]),
                    organisation=filing.organisation,
                    receiver=receivers[filing.id],
                    fields=tuple(
                        OldField(name=name, label=_label(labels, name), since=at)
                        for name, at in fields.items()
                    ),
                    since=filing.old_since or stored.case.opened_at,
                    doing=what,
                    doing_text=DOINGS[what][1],
                    owner=DOINGS[what][0],
                    owner_text=_OWNERS[DOINGS[what][0]],
                    until=_until(filing),
                )
            )
        return found

    async def _told(self, stored: StoredCase) -> _Told:
        key = self._keys.open(stored.case.id, stored.data_key_wrapped)
        told, case = _Told(), None
        for row in await rows_of(self._store, stored):
            event = read(row, key)
            case = evolve(case, event, row.at)
            told.hear(event, case, row.at)
        return told

    async def _whole_names(
        self, stored: StoredCase, contents: Contents, whole: Iterable[UUID]
    ) -> dict[UUID, Sequence[str]]:
        """Return every field that was told, of filings that are old as a whole."""
        wanted = set(whole)
        names: dict[UUID, dict[str, None]] = {
            entry.id: dict.fromkeys(entry.fields) for entry in contents.plan.entries if entry.id in wanted
        }
        for one in await self._store.disclosures(stored.case.id) if wanted else ():
            if one.filing in wanted and not one.field.startswith("answer:"):
                names[one.filing].setdefault(one.field)
        return {id_: tuple(some) for id_, some in names.items()}


def _line(case_id: UUID, filing: Filing, directory: Directory) -> OldValueLine:
    assert filing.old_since is not None  # noqa: S101 - only such filings were asked for
    return OldValueLine(
        case_id=case_id,
        filing=filing.id,
        slug=filing.slug,
        organisation=filing.organisation,
        organisation_name=_name(filing, directory),
        state=filing.state.value,
        since=filing.old_since,
        until=_until(filing),
        flag=filing.flag,
    )


def _until(filing: Filing) -> datetime | None:
    return filing.waits.until if filing.waits and not filing.has_ended else None


def _name(filing: Filing, directory: Directory) -> Text | None:
    return directory.name(filing.organisation) if filing.organisation else None


def _label(labels: Mapping[str, Mapping[str, str]], name: str) -> Text:
    return Text(**labels[name]) if name in labels else Text(ja=name, en=name)
