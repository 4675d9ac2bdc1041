# SPDX-License-Identifier: Apache-2.0
"""How organisations are called where a citizen reads of them: through whom, and what they were before."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from engine.core.case import Case
from engine.core.views import CaseView
from engine.ports import Disclosure
from engine.registry.directory import Directory


def takers(case: Case, directory: Directory) -> dict[UUID, str]:
    """Return who takes the orders of each filing now, for those that have an organisation."""
    return {
        id_: directory.taker(one.organisation, (one.slug, case.rules[id_].area)).number
        for id_, one in case.filings.items()
        if one.organisation is not None
    }


def is_acted_for(case: Case, directory: Directory) -> bool:
    """Say whether anybody ever acted for an organisation of the case, or carries one on."""
    numbers = {one.organisation for one in case.filings.values() if one.organisation}
    return any(directory.acting.concerns(number) for number in numbers)


def called_today(view: CaseView, case: Case, directory: Directory, told: Sequence[Disclosure]) -> CaseView:
    """Return the case with its receivers as they are called today, and through whom they were told last."""
    last: Mapping[UUID, str] = {one.filing: one.through[-1] for one in told if one.through}
    filings = []
    for one in view.filings:
        number = case.filings[one.id].organisation
        if number is not None and directory.acting.concerns(number):
            through = last.get(one.id)
            agent = through if through != directory.acting.heir(number) else None
            name = directory.name_through(number, agent)
            filings.append(one.model_copy(update={"receiver": name}) if name else one)
        else:
            filings.append(one)
    return view.model_copy(update={"filings": tuple(filings)})
