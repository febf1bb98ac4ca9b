"""Runs through Prefect's own flows, seen through its client."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.flows.conftest import Workplace
from tests.flows.run.test_interrupt import wait_for_step

PARTS = ("data", "models", "evaluation", "report")
"""Figures are drawn with what they show."""


class Prefect:
    """What a Prefect server knows of the runs made since this was created."""

    def __init__(self, api: str) -> None:
        from prefect.client.orchestration import SyncPrefectClient

        self._client = SyncPrefectClient(api)
        self._before = {run.id for run in self._client.read_flow_runs(limit=200)}

    def flow_runs(self) -> dict[str, str]:
        """Name of each flow run to the name of its state."""
        runs = [r for r in self._client.read_flow_runs(limit=200) if r.id not in self._before]
        return {run.name: str(run.state.name) for run in runs if run.state}

    def task_runs(self) -> dict[str, str]:
        new = {r.id for r in self._client.read_flow_runs(limit=200)} - self._before
        runs = [r for r in self._client.read_task_runs(limit=200) if r.flow_run_id in new]
        # A subflow is a task run of its parent too.
        nodes = [run for run in runs if run.task_key.startswith("do_node-")]
        return {run.name: str(run.state.name) for run in nodes if run.state}

    def artifacts(self, kind: str) -> dict[str, Any]:
        """Key of each artifact of a type to its newest data."""
        response = self._client.request(
            "POST", "/artifacts/filter", json={"sort": "CREATED_DESC", "limit": 200}
        )
        newest_last = reversed(response.json())
        return {a["key"]: a["data"] for a in newest_last if a["type"] == kind}


@pytest.fixture
def prefect(prefect_api: str) -> Iterator[Prefect]:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_api}):
        yield Prefect(prefect_api)


def eventually(read: Callable[[], Any], expected: Any) -> None:
    """Prefect's server learns of task states through events, a moment late."""
    until = time.monotonic() + 120
    while (found := read()) != expected and time.monotonic() < until:
        time.sleep(0.1)
    assert found == expected


def test_run_shows_as_named_flows_and_tasks_with_cached_ones(
    prefect_workplace: Workplace, prefect: Prefect
) -> None:
    done = prefect_workplace.small("run", "--only", "*/f-first/*")
    assert done.returncode == 0, done.stderr
    names = ["data/digits", "train/first", "denoise/first/epoch-001"]
    figures = ["figure/f-first/loss_curve", "figure/f-first/denoised"]
    eventually(prefect.task_runs, dict.fromkeys([*names, *figures], "Completed"))
    assert prefect.flow_runs() == dict.fromkeys(
        ["small", *(f"{part} of small" for part in PARTS)], "Completed"
    )

    second = Prefect(prefect_workplace.environment["PREFECT_API_URL"])
    prefect_workplace.small("run")
    eventually(
        second.task_runs,
        {
            "train/first": "Cached",
            "train/second": "Completed",
            "denoise/first/epoch-001": "Cached",
            "table/metrics": "Completed",
            "figure/f-first/loss_curve": "Cached",
            "figure/f-first/denoised": "Cached",
            "figure/f-second/loss_curve": "Completed",
        },
    )
    assert "data of small" not in second.flow_runs()
    assert "train/second" in prefect.artifacts("table")["metrics-small"]
    assert "| figures | 1 | 2 | 0 | 0 |" in prefect.artifacts("markdown")["summary-small"]


def test_failed_step_fails_its_flow_and_the_parent(
    prefect_workplace: Workplace, prefect: Prefect
) -> None:
    done = prefect_workplace.small("run", DARKROOM_FAKE_FAIL="train/first")
    assert done.returncode == 1
    assert "train/first: asked to fail" in done.stderr and "Traceback" not in done.stderr
    states = prefect.flow_runs()
    assert (states["small"], states["models of small"]) == ("Failed", "Failed")
    assert states["report of small"] == "Completed"
    eventually(lambda: prefect.task_runs().get("train/first"), "Failed")
    assert prefect_workplace.statuses()["train/first"] == "failed"


def test_lasting_step_shows_its_progress(prefect_workplace: Workplace, prefect: Prefect) -> None:
    prefect_workplace.small("run", "--only", "data/digits", DARKROOM_FAKE_SECONDS="3.5")
    assert prefect.artifacts("progress")["progress-data-digits"] == 100.0


def test_single_flow_runs_alone_in_prefect(prefect_workplace: Workplace, prefect: Prefect) -> None:
    done = prefect_workplace.small("flow train-models")
    assert done.returncode == 0, done.stderr
    assert prefect.flow_runs() == {"models of small": "Completed"}
    statuses = prefect_workplace.statuses()
    assert (statuses["train/first"], statuses["table/metrics"]) == ("done", "skipped")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_run_shows_as_cancelled(
    prefect_workplace: Workplace, prefect: Prefect, number: signal.Signals
) -> None:
    process = prefect_workplace.small_start("run", DARKROOM_FAKE_SECONDS="60")
    wait_for_step(prefect_workplace, "data/digits", process)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert prefect.flow_runs() == {"small": "Cancelled", "data of small": "Cancelled"}
    assert prefect_workplace.statuses()["data/digits"] == "skipped"


def test_embedded_server_hears_of_an_interrupt_and_ends_with_the_run(
    embedded_workplace: Workplace,
) -> None:
    # As a terminal does it: the signal goes to the whole process group, the server's too.
    process = embedded_workplace.small_start("run", new_group=True, DARKROOM_FAKE_SECONDS="60")
    wait_for_step(embedded_workplace, "data/digits", process)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert embedded_workplace.statuses()["data/digits"] == "skipped"
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_embedded_server_carries_a_whole_run(embedded_workplace: Workplace) -> None:
    done = embedded_workplace.small("run")
    assert done.returncode == 0, done.stderr
    assert "Starting Prefect" in done.stderr
    assert set(embedded_workplace.statuses().values()) == {"done"}
