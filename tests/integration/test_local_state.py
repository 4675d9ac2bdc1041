# SPDX-License-Identifier: Apache-2.0
"""The state directory is found, kept apart and deleted with care."""

from pathlib import Path

import pytest

from engine.core.errors import EngineError
from engine.local.state import MARKER, State, state_path


def test_the_environment_chooses_the_place(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setenv("TODOKE_STATE", str(place))

    assert state_path() == place


def test_reset_deletes_what_todoke_made_and_nothing_else(place: Path) -> None:
    state = State(place).prepare()
    (state.place("documents") / "aa").mkdir(parents=True)
    state.place("clock").write_text("1")
    (place / "mine.txt").write_text("a person's own file")

    left = state.reset()

    assert left == ["mine.txt"]
    assert [child.name for child in place.iterdir()] == ["mine.txt"]


def test_reset_removes_a_state_that_holds_nothing_else(place: Path) -> None:
    State(place).prepare().place("clock").write_text("1")

    assert State(place).reset() == []
    assert not place.exists()
    assert State(place).reset() == []


def test_reset_follows_no_link_out_of_the_state(place: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    State(place).prepare().place("documents").symlink_to(tmp_path)

    State(place).reset()

    assert (tmp_path / "precious").exists()


def test_a_directory_of_somebody_else_is_neither_used_nor_deleted(place: Path) -> None:
    place.mkdir()
    (place / "thesis.tex").write_text("x")

    for act in (State(place).prepare, State(place).reset):
        with pytest.raises(EngineError, match="unsafe-path"):
            act()

    assert (place / "thesis.tex").exists()
    assert not (place / MARKER).exists()


@pytest.mark.parametrize("path", ["/", "/var", "/usr", "~", str(Path(__file__).parents[2])])
def test_dangerous_places_are_refused(path: str) -> None:
    with pytest.raises(EngineError, match="unsafe-path"):
        State(Path(path).expanduser()).reset()


def test_a_running_todoke_is_not_reset(place: Path) -> None:
    state = State(place).prepare()
    state.place("clock").write_text("1")

    with state.lock():
        with pytest.raises(EngineError, match="already-running"):
            State(place).reset()
        with pytest.raises(EngineError, match="already-running"):
            State(place).lock().acquire()

    assert State(place).place("clock").exists()
    assert State(place).holder() is None
