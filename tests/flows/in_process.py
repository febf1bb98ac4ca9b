"""Whole runs within the test's process, of the small pipeline over kinds that cost nothing."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from flows.run.execute import RunResult, execute
from flows.run.progress_display import ProgressDisplay
from flows.run.run_request import RunRequest
from tasks.running.kinds import KINDS
from tests.flows import fake_cli, fake_kinds
from tests.flows.conftest import SMALL


def prepare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fake kinds, threads in place of Prefect's flows, and locks and a log below `folder`."""
    without_prefect(folder, monkeypatch)
    monkeypatch.setenv("DARKROOM_FAKE_LOG", str(folder / "log"))
    for name, kind in fake_kinds.FAKE_KINDS.items():
        monkeypatch.setitem(KINDS, name, kind)


def without_prefect(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads in place of Prefect's flows, and locks below `folder`."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr("flows.run.execute._run_flow", fake_cli.run_in_threads)


def run(request: RunRequest, report_grows: bool = True) -> RunResult:
    display = ProgressDisplay(Console(file=io.StringIO()))
    return execute(request, display, report_grows=report_grows)


def run_small(address: str, folder: Path, *overrides: str) -> RunResult:
    """overrides: `path=value` texts. The report goes to a folder below `folder`."""
    request = RunRequest(
        pipeline="small",
        declaration=str(SMALL),
        store=address,
        overrides=list(overrides),
        report_folder=str(folder / "report"),
    )
    return run(request)


def computed(folder: Path) -> list[str]:
    """Names of the nodes computed so far, in order."""
    log = folder / "log"
    return log.read_text().split() if log.exists() else []
