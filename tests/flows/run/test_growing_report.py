"""The report of a run while the run goes on, and what is left of that afterwards."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from flows.run.execute import RunResult, execute
from flows.run.growing_report import GrowingReport, LivePages, Progress
from flows.run.progress_display import ProgressDisplay
from flows.run.run import Run
from flows.run.run_request import RunRequest
from tasks import StepFailed
from tasks.report.build import build_report
from tasks.report.under_way import NEWS
from tasks.running.kinds import KINDS
from tasks.running.progress import Event, request_stop
from tasks.running.step import Step, StepResult
from tasks.store.store import Store
from tests.flows import fake_kinds, in_process
from tests.flows.conftest import SMALL
from tests.report.made_up_run import files_of

LATE = "figure/f-second/loss_curve"


class RunInThread:
    """The small pipeline, whose last figure waits until it is let go on."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        in_process.prepare(folder, monkeypatch)
        self.may_go_on = threading.Event()
        self.has_begun = threading.Event()
        self.has_pages = threading.Event()
        self.fails = False
        self.console = io.StringIO()
        self.request = RunRequest(
            pipeline="small",
            declaration=str(SMALL),
            store=str(folder / "store"),
            report_folder=str(folder / "report"),
            keep_going=True,
        )
        self.result: list[RunResult] = []
        monkeypatch.setattr("tests.flows.fake_kinds.digest", self._digest)
        write = LivePages.write

        def write_and_tell(*given: Any) -> None:
            write(*given)
            self.has_pages.set()

        monkeypatch.setattr(LivePages, "write", write_and_tell)
        self._thread = threading.Thread(target=self._run)

    @property
    def report(self) -> Path:
        return self.request.report_path

    def start(self) -> None:
        self._thread.start()
        assert self.has_begun.wait(60)

    def address(self) -> str:
        """As the run has printed it before anything else, once there is a page."""
        assert self.has_pages.wait(60)
        first = self.console.getvalue().splitlines()[0]
        return first.removeprefix("The report grows at ")

    def end(self) -> RunResult:
        self.may_go_on.set()
        self._thread.join()
        return self.result[0]

    def _run(self) -> None:
        self.result.append(execute(self.request, ProgressDisplay(Console(file=self.console))))

    def _digest(self, step: Step) -> StepResult:
        if step.name == LATE:
            step.report(1, 4, "epoch 1 of 4")
            self.has_begun.set()
            self.may_go_on.wait()
            if self.fails:
                raise StepFailed("loss is not finite")
        return DIGEST(step)


DIGEST = fake_kinds.digest


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunInThread]:
    running = RunInThread(tmp_path, monkeypatch)
    yield running
    running.may_go_on.set()
    if running._thread.ident is not None:
        running._thread.join()


def alone(running: RunInThread, folder: Path) -> dict[str, bytes]:
    """The report that the manifest alone makes."""
    build_report(Store.open(running.request.store, create=False), folder)
    return files_of(folder)


@pytest.mark.browser
def test_open_page_has_figures_before_the_run_has_ended_and_is_finished_with_it(
    running: RunInThread, running_chromium: Any, tmp_path: Path
) -> None:
    running.start()
    page = running_chromium.new_page()
    page.goto(running.address())
    page.wait_for_selector("#panel-f-first-loss-curve img", state="attached")
    late = page.locator("#panel-f-second-loss-curve")
    page.wait_for_function(
        "place => place.textContent.includes('loss_curve 25 %')", arg=late.element_handle()
    )
    assert late.locator("img").count() == 0

    running.end()
    page.wait_for_function("!window.darkroomUnderWay && document.readyState === 'complete'")
    page.wait_for_selector("#panel-f-second-loss-curve img", state="attached")
    assert files_of(running.report) == alone(running, tmp_path / "alone")


@pytest.mark.browser
def test_failed_step_is_told_in_the_open_page(running: RunInThread, running_chromium: Any) -> None:
    running.fails = True
    running.start()
    page = running_chromium.new_page()
    page.goto(running.address())
    running.end()
    late = page.locator("#panel-f-second-loss-curve")
    late.get_by_text("loss is not finite").wait_for(state="attached")


def test_rendering_that_fails_costs_the_run_nothing(
    running: RunInThread,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    tried = threading.Event()

    def fail(*_: object) -> None:
        tried.set()
        raise RuntimeError("no ink")

    monkeypatch.setattr(LivePages, "write", fail)
    running.start()
    assert tried.wait(60)
    assert running.end().status == "complete"
    assert files_of(running.report) == alone(running, tmp_path / "alone")
    assert "no ink" in caplog.text


def test_run_that_is_stopped_leaves_a_report_that_asks_for_nothing(
    running: RunInThread, tmp_path: Path
) -> None:
    running.start()
    assert running.has_pages.wait(60)
    request_stop()
    assert running.end().status == "interrupted"
    assert not (running.report / NEWS).exists()
    assert files_of(running.report) == alone(running, tmp_path / "alone")


def test_only_one_run_at_a_time_grows_in_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process.prepare(tmp_path, monkeypatch)
    run = Run.begin(
        RunRequest(pipeline="small", declaration=str(SMALL), store=str(tmp_path / "store"))
    )
    first, second = GrowingReport(run), GrowingReport(run)
    assert first.begin() and not second.begin()
    first.end()
    assert second.begin()
    second.end()
    run.end()


@pytest.fixture
def progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Progress:
    for name, kind in fake_kinds.FAKE_KINDS.items():
        monkeypatch.setitem(KINDS, name, kind)
    request = RunRequest(pipeline="small", declaration=str(SMALL), store=str(tmp_path / "store"))
    run = Run.begin(request)
    run.end()
    return Progress(run.misses(), 1)


FIGURE = "figure/f-first/denoised"


def test_words_of_a_figure_name_what_it_waits_for(progress: Progress) -> None:
    assert progress.words("run")[FIGURE] == "waiting for data/digits; 3 more steps"
    progress.on_event(Event("data/digits", "data", "finished", seconds=1.0))
    progress.on_event(Event("train/first", "train", "started"))
    progress.on_event(Event("train/first", "train", "progress", 1, 4))
    told = progress.words("run")
    assert told[FIGURE] == "train/first 25 %; 2 more steps"
    assert told["run"] == "1 of 8 steps done; train/first 25 %"


def test_words_of_what_goes_in_a_batch_are_those_of_the_batch(progress: Progress) -> None:
    members = ("train/first", "train/second")
    progress.on_event(Event("2 x train", "train", "started", members=members))
    progress.on_event(Event("2 x train", "train", "progress", 1, 2))
    assert progress.words("run")["figure/f-second/loss_curve"].startswith("2 x train 50 %; ")
    assert progress.running == set(members)


def test_only_what_the_store_lacks_is_waited_for(
    running: RunInThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.start()
    running.end()
    request = running.request.model_copy(update={"overrides": ["figures.f-first.seed=5"]})
    run = Run.begin(request)
    run.end()
    progress = Progress(run.misses(), 1)
    assert progress.words("run")[FIGURE].startswith("waiting for denoise/first/epoch-001; 1 more")


def test_figure_that_has_ended_has_no_words(progress: Progress) -> None:
    assert progress.on_event(Event(FIGURE, "figure", "finished", seconds=1.0))
    assert FIGURE not in progress.words("run")
