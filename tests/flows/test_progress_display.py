"""What a run shows while it goes on."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from flows.run.progress_display import ProgressDisplay
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
