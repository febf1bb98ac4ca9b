"""The nodes of a run as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.run import run_artifacts as text_dag
from flows.run.node_queue import NodeOutcome
from flows.run.run import Run
from flows.run.run_request import RunRequest
from tests.flows.conftest import SMALL


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    request = RunRequest(pipeline="small", declaration=str(SMALL), store=str(tmp_path / "store"))
    begun = Run.begin(request)
    for node in begun.plan.nodes:
        begun.outcomes[node.name] = NodeOutcome("cached")
    begun.outcomes["train/second"] = NodeOutcome("failed", "no")
    begun.outcomes["figure/f-second/loss_curve"] = NodeOutcome("skipped", "needs train/second")
    yield begun
    begun.end()


def test_each_node_stands_in_its_stage_with_what_it_was_made_from(run: Run) -> None:
    data, train, *_ = text_dag.text_dag(run).split("\n\n")
    assert data.splitlines() == ["data", "  = data/digits"]
    assert train.splitlines() == [
        "train",
        "  x train/second  <- data/digits",
        "  = train/first   <- data/digits",
    ]


def test_long_stage_shows_what_changed_and_counts_the_rest(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_dag, "MAX_NODES", 1)
    figures = text_dag.text_dag(run).split("\n\n")[3]
    assert figures.splitlines() == [
        "figures",
        "  - figure/f-second/loss_curve  <- train/second",
        "  ... and 2 more",
    ]
