"""Whole runs whose trajectories go together, over kinds of step that cost nothing."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flows.run.run_record import LAYOUT, newest_run
from tasks.store.store import Store
from tests.flows.conftest import Workplace
from tests.flows.run.test_prefect_run import Prefect, eventually

FILE = Path(__file__).with_name("batched.yaml")
SAMPLES = [f"trajectory/samples/prompt_samples/seed-{seed}" for seed in range(6)]
OTHER = "trajectory/others/prompt_samples/seed-10"
FAILING = SAMPLES[4]


def run(workplace: Workplace, *options: str, **environment: str) -> Any:
    log = str(workplace.folder / "batches")
    environment = {"DARKROOM_FAKE_BATCHES": log, **environment}
    return workplace.run("run", "batched", "--file", str(FILE), *options, **environment)


def batches(workplace: Workplace) -> list[list[str]]:
    """Names of each call so far."""
    return [line.split() for line in (workplace.folder / "batches").read_text().splitlines()]


def statuses(workplace: Workplace) -> dict[str, str]:
    store = Store.open(str(workplace.store), create=False)
    row = newest_run(store, "batched")
    assert row is not None
    layout = json.loads(store.read_object(row.objects[LAYOUT]))
    return {node["name"]: node["status"] for node in layout["nodes"]}


def test_trajectories_go_together_once_all_prompts_are_there(workplace: Workplace) -> None:
    done = run(workplace)
    assert done.returncode == 0, done.stderr
    assert sorted(map(len, batches(workplace))) == [3, 4]
    computed = workplace.computed()
    first = min(computed.index(name) for name in [*SAMPLES, OTHER])
    assert sum(name.startswith("prompt/") for name in computed[:first]) == 3
    assert set(statuses(workplace).values()) == {"done"}
    # The figure that needs the fewest is drawn first.
    assert "4 x trajectory: others, samples done in" in done.stderr, done.stderr
    assert "seed-0 done" not in done.stderr


def test_changed_seed_computes_what_is_missing(workplace: Workplace) -> None:
    run(workplace)
    count = len(batches(workplace))
    run(workplace, "--set", "figures.samples.panels.0.count=7")
    assert batches(workplace)[count:] == [["trajectory/samples/prompt_samples/seed-6"]]


def test_failed_trajectory_leaves_the_others_and_skips_its_figure(workplace: Workplace) -> None:
    done = run(workplace, "--keep-going", DARKROOM_FAKE_FAIL=FAILING)
    assert done.returncode == 1
    assert f"failed: {FAILING}: {FAILING}: asked to fail" in done.stderr
    found = statuses(workplace)
    assert found.pop(FAILING) == "failed"
    assert found.pop("figure/samples/prompt_samples") == "skipped"
    assert set(found.values()) == {"done"}


def test_two_runs_at_once_compute_each_trajectory_once(workplace: Workplace) -> None:
    arguments = ["run", "batched", "--file", str(FILE)]
    environment = {"DARKROOM_FAKE_SECONDS": "0.05"}
    processes = [workplace.start(*arguments, **environment) for _ in range(2)]
    for process in processes:
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr
    computed = [name for name in workplace.computed() if name.startswith("trajectory/")]
    assert sorted(computed) == sorted([*SAMPLES, OTHER])


def test_killed_run_goes_on_after_its_last_batch(workplace: Workplace) -> None:
    log = workplace.folder / "batches"
    process = workplace.start(
        "run",
        "batched",
        "--file",
        str(FILE),
        DARKROOM_FAKE_SECONDS="0.2",
        DARKROOM_FAKE_BATCHES=str(log),
    )
    while not log.exists() or len(batches(workplace)) < 2:
        assert process.poll() is None, process.communicate()[1]
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    first, second = batches(workplace)
    store = Store.open(str(workplace.store), create=False)
    while not set(first) <= {row.name for row in store.rows().values()}:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = run(workplace)
    assert done.returncode == 0, done.stderr
    again = [name for names in batches(workplace)[2:] for name in names]
    assert set(again) <= set(second)
    assert not set(again) & set(first)


@pytest.mark.slow
def test_batch_is_one_task_and_cached_trajectories_are_tasks_of_their_own(
    prefect_workplace: Workplace, prefect_api: str
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_api}):
        prefect = Prefect(prefect_api)
        done = run(prefect_workplace, "--set", "figures.samples.panels.0.count=2")
        assert done.returncode == 0, done.stderr
        name = "3 x trajectory: others, samples"
        eventually(lambda: task_runs(prefect).get(name), "Completed")
        second = Prefect(prefect_api)
        run(prefect_workplace, "--set", "figures.samples.panels.0.count=4")
        name = "2 x trajectory: samples"
        eventually(lambda: task_runs(second).get(name), "Completed")
        eventually(lambda: task_runs(second).get(SAMPLES[0]), "Cached")


@pytest.mark.slow
def test_batch_with_a_failure_is_shown_as_failed_and_the_rest_goes_on(
    prefect_workplace: Workplace, prefect_api: str
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_api}):
        prefect = Prefect(prefect_api)
        done = run(prefect_workplace, "--keep-going", DARKROOM_FAKE_FAIL=FAILING)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        found = statuses(prefect_workplace)
        assert found[OTHER] == found["figure/others/prompt_samples"] == "done"
        assert found["figure/samples/prompt_samples"] == "skipped"
        eventually(
            lambda: sorted(state for name, state in task_runs(prefect).items() if " x " in name),
            ["Completed", "Failed"],
        )


@pytest.mark.slow
def test_lasting_batch_shows_its_progress(prefect_workplace: Workplace, prefect_api: str) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_api}):
        prefect = Prefect(prefect_api)
        run(prefect_workplace, DARKROOM_FAKE_SECONDS="1.2")
        artifacts = prefect.artifacts("progress")
        assert artifacts["progress-4-x-trajectory-others-samples"] == 100.0


def task_runs(prefect: Prefect) -> dict[str, str]:
    """Name of each task run, batches included, to the name of its state."""
    new = {r.id for r in prefect._client.read_flow_runs(limit=200)} - prefect._before
    runs = [r for r in prefect._client.read_task_runs(limit=200) if r.flow_run_id in new]
    return {run.name: str(run.state.name) for run in runs if run.state}
