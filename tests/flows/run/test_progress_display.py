"""What a run shows while it goes on, and how long it says the rest will take."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from flows.run.progress_display import ProgressDisplay, TimeLeft
from flows.run.run import Run
from flows.run.run_request import RunRequest
from tasks.running.progress import BUS, Event
from tests.flows.conftest import SMALL


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.begin(
        RunRequest(pipeline="small", declaration=str(SMALL), store=str(tmp_path / "store"))
    )


def shown(run: Run, events: list[Event], *, terminal: bool) -> str:
    """All that is written while `events` happen, without control sequences."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=100, color_system=None)
    display = ProgressDisplay(console)
    with display.following(run):
        for event in events:
            BUS.publish(event)
        if terminal:
            console.print(display._render())
    return stream.getvalue()


def started(name: str) -> list[Event]:
    return [
        Event(name, "train", "started"),
        Event(name, "train", "progress", 30, 120, "epoch 1 of 4, loss 0.5"),
    ]


def test_terminal_shows_what_runs_and_what_is_to_do(run: Run) -> None:
    events = [Event("data/digits", "data", "finished", seconds=1.5), *started("train/first")]
    text = shown(run, events, terminal=True)
    assert "[1/8] data/digits done in 1.5 s" in text
    assert "1 done, 1 running, 6 to go" in text
    assert "train/first" in text and "25 %" in text and "epoch 1 of 4, loss 0.5" in text


def test_elsewhere_there_are_plain_lines_for_what_ended(run: Run) -> None:
    events = [
        *started("train/first"),
        Event("train/first", "train", "finished", seconds=70.0),
        Event("train/second", "train", "failed", message="loss is not finite"),
        Event("data/digits", "data", "cached"),
    ]
    assert shown(run, events, terminal=False).splitlines() == [
        "[1/8] train/first done in 1 min 10 s",
        "[2/8] train/second failed: loss is not finite",
    ]


def test_long_lines_are_not_broken_where_there_is_no_terminal(run: Run) -> None:
    message = "x" * 300
    text = shown(run, [Event("train/first", "train", "failed", message=message)], terminal=False)
    assert message in text


def test_markup_in_a_message_is_shown_as_it_is(run: Run) -> None:
    event = Event("train/first", "train", "progress", 1, 2, "[red]loss[/red] [0.5]")
    text = shown(run, [Event("train/first", "train", "started"), event], terminal=True)
    assert "[red]loss[/red] [0.5]" in text


def test_step_made_again_counts_once(run: Run) -> None:
    events = [
        Event("train/first", "train", "failed", message="damaged input"),
        Event("train/first", "train", "started"),
        Event("train/first", "train", "finished", seconds=1.0),
    ]
    assert "[1/8] train/first done" in shown(run, events, terminal=False)


def batch_events(*, failed: str = "") -> list[Event]:
    """Three nodes that go together, one of which may fail."""
    members = ("train/first", "train/second", "data/digits")
    ends = [
        Event(name, "train", "failed", message="not finite")
        if name == failed
        else Event(name, "train", "finished", seconds=1.0, batch="3 x train")
        for name in members
    ]
    return [
        Event("3 x train", "train", "started", members=members),
        Event("3 x train", "train", "progress", 0.4, 1.0, "sampling", members=members),
        *ends,
        Event("3 x train", "train", "finished", seconds=3.0, members=members),
    ]


def test_batch_is_one_bar_of_several_nodes(run: Run) -> None:
    text = shown(run, batch_events()[:2], terminal=True)
    assert "3 running, 5 to go" in text
    assert "3 x train" in text and "40 %" in text


def test_batch_leaves_one_line_and_its_failures(run: Run) -> None:
    text = shown(run, batch_events(failed="train/second"), terminal=False)
    assert text.splitlines() == [
        "[2/8] train/second failed: not finite",
        "[3/8] 3 x train done in 3.0 s",
    ]


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
