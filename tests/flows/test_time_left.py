"""How long the rest of a run is said to take."""

from __future__ import annotations

import pytest

from flows.run.progress_display import TimeLeft


def of(predicted: dict[str, float | None], work: dict[str, float] | None = None) -> TimeLeft:
    return TimeLeft(predicted, work or dict.fromkeys(predicted, 1.0), dict.fromkeys(predicted, "k"))


def test_predictions_add_up_until_steps_end() -> None:
    left = of({"a": 10.0, "b": 5.0})
    assert left.seconds(0) == (15.0, True)
    left.started("a", 0)
    assert left.seconds(4) == (11.0, True)
    left.ended("a", 4.0)
    assert left.seconds(4) == (5.0, True)


def test_steps_side_by_side_take_as_long_as_their_share_and_as_the_longest() -> None:
    predicted: dict[str, float | None] = {"a": 10.0, "b": 4.0, "c": 2.0}
    left = TimeLeft(predicted, dict.fromkeys(predicted, 1.0), dict.fromkeys(predicted, "k"), 2)
    assert left.seconds(0) == (10.0, True)
    left.ended("a", 10.0)
    assert left.seconds(10) == (4.0, True)


def test_unknown_steps_are_told_apart() -> None:
    assert of({"a": 10.0, "b": None}).seconds(0) == (10.0, False)


def test_own_pace_replaces_the_prediction() -> None:
    left = of({"a": 10.0})
    left.started("a", 0)
    left.progressed("a", 0.25)
    assert left.seconds(20)[0] == pytest.approx(60)


def test_late_step_does_not_make_time_negative() -> None:
    left = of({"a": 10.0})
    left.started("a", 0)
    assert left.seconds(50) == (0.0, True)


def test_ended_step_foretells_those_of_its_kind_by_work() -> None:
    left = of({"a": None, "b": None}, {"a": 1.0, "b": 3.0})
    left.started("a", 0)
    left.ended("a", 2.0)
    assert left.seconds(2) == (6.0, True)


def test_steps_that_go_together_are_foreseen_as_one() -> None:
    left = of({"a": 10.0, "b": 5.0, "c": 1.0})
    left.joined("batch", ["a", "b"])
    left.started("batch", 0)
    assert left.seconds(0) == (16.0, True)
    left.progressed("batch", 0.5)
    assert left.seconds(12)[0] == pytest.approx(12 + 1)
    left.ended("a", 6.0)
    left.ended("batch", 24.0)
    assert left.seconds(24) == (1.0, True)


def test_ended_batch_foretells_others_by_work() -> None:
    left = of(dict.fromkeys("abc"), {"a": 1.0, "b": 3.0, "c": 2.0})
    left.joined("batch", ["a", "b"])
    left.started("batch", 0)
    assert left.seconds(0) == (0.0, False)
    left.ended("batch", 8.0)
    assert left.seconds(8) == (4.0, True)
