# SPDX-License-Identifier: Apache-2.0
"""Everything an operator is shown has its words in both languages, and every wait an owner and a way on."""

import typing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from engine.core.case import Filing, Party, Waits
from engine.core.lifecycle import FilingState, Way
from engine.core.text import Text
from engine.core.views import FLAGS
from engine.ports import FilingLine
from engine.registry.directory import Directory
from engine.registry.model import Contents
from engine.runtime.operator_views import ACTS, PARKED, filing_view, flag_text
from engine.web.api.operator import ParkBecause
from tests.unit.border_desk import Moving

NOW = datetime(2026, 11, 9, tzinfo=UTC)
NOBODY = Directory(Contents(1, {}, (), ()), Moving())


def waiting(party: Party, flag: str | None) -> Filing:
    waits = Waits(party, NOW + timedelta(days=14))
    return Filing(UUID(int=1), "move.nhk", Way.ONLINE, FilingState.SUBMITTED, NOW, waits=waits, flag=flag)


@pytest.mark.parametrize("party", list(Party))
@pytest.mark.parametrize("flag", [None, *FLAGS, *(f"parked/{why}" for why in PARKED)])
def test_each_wait_has_an_owner_a_time_and_a_way_on(party: Party, flag: str | None) -> None:
    view = filing_view(FilingLine(UUID(int=2), waiting(party, flag)), NOBODY)

    assert is_bilingual(view.owner)
    assert is_bilingual(view.then)
    assert view.waits_until == NOW + timedelta(days=14)
    assert (view.flag_text is None) == (flag is None)


def test_a_parked_filing_waits_for_an_operator_whoever_it_waited_for() -> None:
    views = [
        filing_view(FilingLine(UUID(int=2), waiting(party, "parked/law-unclear")), NOBODY) for party in Party
    ]

    assert {view.owner.en for view in views if view.owner} == {"An operator has to act"}


@pytest.mark.parametrize("flag", [*FLAGS, *(f"parked/{why}" for why in PARKED), "parked/new", "stuck/new"])
def test_each_flag_has_words(flag: str) -> None:
    assert is_bilingual(flag_text(flag))


def test_each_reason_for_parking_that_can_be_given_has_its_own_words() -> None:
    reasons = typing.get_args(ParkBecause.model_fields["why"].annotation)

    assert set(PARKED) - set(reasons) == {"signature-undone", "participant-died"}  # the engine's own
    assert set(reasons) <= set(PARKED)
    assert all(map(is_bilingual, (*PARKED.values(), *ACTS.values())))


def is_bilingual(text: Text | None) -> bool:
    return text is not None and not text.ja.isascii() and text.en.isascii()
