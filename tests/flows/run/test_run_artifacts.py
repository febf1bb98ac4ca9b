"""The summary of a run: its nodes as text, and its figures, however large they are."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
from PIL import Image

from flows.run import run_artifacts
from flows.run.node_queue import NodeOutcome
from flows.run.run import Run
from flows.run.run_artifacts import summary, text_dag
from flows.run.run_request import REPORT_URL, RunRequest
from flows.serve.report_server import MAX_BYTES, report_server
from tests.flows import fake_kinds
from tests.flows.conftest import SMALL
from tests.flows.in_process import prepare, run


def test_every_figure_of_large_pictures_has_a_thumbnail_that_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, monkeypatch)
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    monkeypatch.setattr(fake_kinds, "PIXEL", buffer.getvalue())
    folder = tmp_path / "report"
    request = RunRequest(
        pipeline="small",
        declaration=str(SMALL),
        store=str(tmp_path / "store"),
        report_folder=str(folder),
    )
    run(request)
    made = Run.begin(request)
    try:
        with report_server(folder, 0) as url:
            monkeypatch.setenv(REPORT_URL, url)
            shown = re.findall(r"!\[(\w+)\]\((\S+)\)", summary(made))
            assert [title for title, _ in shown] == ["First", "Second"]
            for _, address in shown:
                with urlopen(address) as answer:
                    content = answer.read()
                assert len(content) <= MAX_BYTES
                assert Image.open(io.BytesIO(content)).size[0] > 100
    finally:
        made.end()


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Run]:
    request = RunRequest(pipeline="small", declaration=str(SMALL), store=str(tmp_path / "store"))
    made = Run.begin(request)
    for node in made.plan.nodes:
        made.outcomes[node.name] = NodeOutcome("cached")
    made.outcomes["train/second"] = NodeOutcome("failed", "no")
    made.outcomes["figure/f-second/loss_curve"] = NodeOutcome("skipped", "needs train/second")
    yield made
    made.end()


def test_each_node_stands_in_its_stage_with_what_it_was_made_from(begun: Run) -> None:
    data, train, *_ = text_dag(begun).split("\n\n")
    assert data.splitlines() == ["data", "  = data/digits"]
    assert train.splitlines() == [
        "train",
        "  x train/second  <- data/digits",
        "  = train/first   <- data/digits",
    ]


def test_long_stage_shows_what_changed_and_counts_the_rest(
    begun: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_artifacts, "MAX_NODES", 1)
    figures = text_dag(begun).split("\n\n")[3]
    assert figures.splitlines() == [
        "figures",
        "  - figure/f-second/loss_curve  <- train/second",
        "  ... and 2 more",
    ]
