# SPDX-License-Identifier: Apache-2.0
"""The two tables: what they allow is legal, nothing else is, and nobody is left in them for ever."""

import pytest

from engine.core.errors import EngineError
from engine.core.lifecycle import CASE, ENDED_CASE, ENDED_FILING, FILING, CaseState, FilingState, Lifecycle

TABLES = pytest.mark.parametrize("table", [CASE, FILING], ids=lambda table: table.name)


@TABLES
def test_every_row_of_a_table_is_legal(table: Lifecycle[CaseState] | Lifecycle[FilingState]) -> None:
    for trigger, source, target in table.moves:
        assert table.allows(table.states(source), trigger)
        assert table.after(table.states(source), trigger) is table.states(target)


@TABLES
def test_every_move_that_is_no_row_is_refused(table: Lifecycle[CaseState] | Lifecycle[FilingState]) -> None:
    rows = {(trigger, source) for trigger, source, _ in table.moves}
    triggers = {trigger for trigger, _ in rows} | {"to_completed", "to_withdrawn", "initial", ""}

    for state in table.states:
        for trigger in triggers - {trigger for trigger, source in rows if source == state.value}:
            assert not table.allows(state, trigger)
            with pytest.raises(EngineError) as refusal:
                table.after(state, trigger)
            assert refusal.value.code == "illegal-move"
            assert refusal.value.values == {"lifecycle": table.name, "state": state.value, "trigger": trigger}


@TABLES
def test_one_trigger_leads_from_a_state_to_one_other(
    table: Lifecycle[CaseState] | Lifecycle[FilingState],
) -> None:
    rows = [(trigger, source) for trigger, source, _ in table.moves]

    assert len(rows) == len(set(rows))


@TABLES
def test_the_judge_knows_no_jumps_of_its_own(table: Lifecycle[CaseState] | Lifecycle[FilingState]) -> None:
    assert table._machine.events.keys() == {trigger for trigger, _, _ in table.moves}
    assert not table._machine.models


@TABLES
def test_every_state_leads_to_an_end(table: Lifecycle[CaseState] | Lifecycle[FilingState]) -> None:
    leads = {end.value for end in table.ends}
    for _ in table.states:
        leads |= {source for _, source, target in table.moves if target in leads}

    assert leads == {state.value for state in table.states}


@TABLES
def test_every_state_is_reached_from_the_first(table: Lifecycle[CaseState] | Lifecycle[FilingState]) -> None:
    reached = {next(iter(table.states)).value}
    for _ in table.states:
        reached |= {target for _, source, target in table.moves if source in reached}

    assert reached == {state.value for state in table.states}


def test_a_case_that_has_ended_stays_ended() -> None:
    assert not {source for _, source, _ in CASE.moves} & {state.value for state in ENDED_CASE}


def test_of_the_ended_filings_only_a_completed_one_can_be_corrected_or_undone() -> None:
    left = {(source, trigger) for trigger, source, _ in FILING.moves if FilingState(source) in ENDED_FILING}

    assert left == {("completed", "revise"), ("completed", "withdraw"), ("completed", "tell-anew")}


@TABLES
def test_the_diagram_shows_every_row_and_every_end(
    table: Lifecycle[CaseState] | Lifecycle[FilingState],
) -> None:
    lines = table.mermaid().splitlines()

    assert lines[0] == "stateDiagram-v2"
    for trigger, source, target in table.moves:
        names = table.states(source).name.lower(), table.states(target).name.lower()
        assert f"    {names[0]} --> {names[1]}: {trigger}" in lines
    assert {line for line in lines if line.endswith("--> [*]")} == {
        f"    {end.name.lower()} --> [*]" for end in table.ends
    }
    assert len(lines) == 2 + len(table.states) + len(table.moves) + len(table.ends)
