"""Runs on a real Dask cluster of two workers, over kinds that cost nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.flows.conftest import SMALL_NODES
from tests.flows.runners.conftest import Lab, require_dask, start_lab
from tests.flows.serve.conftest import Site, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("dask")]


@pytest.fixture
def dask() -> None:
    require_dask()


def overlap(lab: Lab, store: str) -> bool:
    """Whether the two trainings were computed at the same time. One host, so one clock."""
    first, second = (lab.rows(store)[f"train/{name}"].metrics for name in ("first", "second"))
    return max(first["began"], second["began"]) < min(first["ended"], second["ended"])


def gated_trainings(gate: Path) -> dict[str, str]:
    """What makes every training that has begun wait for a file."""
    return {"DARKROOM_FAKE_GATE": str(gate), "DARKROOM_FAKE_GATED": "train/"}


def trainings(lab: Lab) -> list[str]:
    """Those that have begun."""
    return [name for name in lab.site.computed() if name.startswith("train/")]


def test_every_node_is_done_once_by_the_workers(lab: Lab) -> None:
    lab.forget_computed()
    told = lab.run("whole")
    assert "small (quick): complete" in told and "8 done" in told
    assert sorted(lab.site.computed()) == sorted(SMALL_NODES)
    processes = {row.metrics["process"] for row in lab.rows("whole").values()}
    assert processes == {worker.pid for worker in lab.workers}
    # Neither declares a device of its own, so they share the host's.
    assert not overlap(lab, "whole")
    assert (lab.site.folder / "whole" / "report" / "small.html").is_file()


def test_stop_reaches_the_workers_and_they_go_on_to_the_next_run(lab: Lab) -> None:
    lab.forget_computed()
    process = lab.start("stopped", log="stopped.log")
    wait_for(lab.site.computed, "nothing begins")
    process.send_signal(signal.SIGINT)
    wait_for(lambda: process.poll() is not None, "the run does not end")
    told = (lab.site.folder / "stopped.log").read_text()
    assert process.returncode == 130, told
    assert "Stopping; finished steps are kept" in told and "Traceback" not in told
    assert len(lab.site.computed()) < len(SMALL_NODES)
    lab.run("stopped")
    assert set(lab.rows("stopped")) == SMALL_NODES


def test_worker_killed_in_the_middle_of_a_training_costs_that_step_alone(
    tmp_path: Path, prefect_api: str
) -> None:
    gate = tmp_path / "killed-one"
    lab = start_lab(tmp_path, prefect_api, seconds="0.2", **gated_trainings(gate))
    try:
        process = lab.start("killed", log="run.log")
        wait_for(lambda: trainings(lab), "no training")
        lost, worker = lab.holder()
        assert trainings(lab) == [lost]
        os.kill(worker, signal.SIGKILL)
        gate.touch()
        told = lab.ended(process)
        assert sorted(lab.site.computed()) == sorted([*SMALL_NODES, lost])
        assert set(lab.rows("killed")) == SMALL_NODES
        assert "8 done" in told
        assert len([worker for worker in lab.workers if worker.poll() is None]) == 1
    finally:
        lab.site.end()


def test_workers_that_declare_an_accelerator_compute_on_it_at_once(
    tmp_path: Path, prefect_api: str
) -> None:
    resources = ("--resources", "accelerator=1")
    gate = tmp_path / "both-train"
    lab = start_lab(tmp_path, prefect_api, *resources, seconds="0.2", **gated_trainings(gate))
    try:
        process = lab.start("granted", log="run.log")
        wait_for(lambda: len(trainings(lab)) == 2, "one training waits for the other")
        gate.touch()
        lab.ended(process)
        assert overlap(lab, "granted")
    finally:
        lab.site.end()


def test_scheduler_that_does_not_answer_is_told(tmp_path: Path, prefect_api: str) -> None:
    site = Site.at(tmp_path)
    site.environment["PREFECT_API_URL"] = prefect_api
    done = site.run("flows.cli", "run", "small", "--runner", "dask:tcp://127.0.0.1:9")
    assert done.returncode == 2, done.stderr
    assert "--runner dask:tcp://127.0.0.1:9: no Dask scheduler answers there" in done.stderr


def test_cluster_of_its_own_uses_the_runs_embedded_server(tmp_path: Path) -> None:
    """Without PREFECT_API_URL: its workers would each start a server."""
    site = Site.at(tmp_path)
    try:
        done = site.run("flows.cli", "run", "small", "--runner", "dask")
        assert done.returncode == 0, done.stderr
        assert "8 done" in done.stdout
        assert sorted(site.computed()) == sorted(SMALL_NODES)
        wait_for(lambda: not site.processes(), "processes are left behind")
    finally:
        site.end()
