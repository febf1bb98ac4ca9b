"""`darkroom deploy` and prefect.yaml: runs done by `prefect worker start`."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import REPOSITORY, SMALL_NODES
from tests.flows.free_port import free_port
from tests.flows.serve.conftest import Site, Up, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A server of the user's with a process pool."""
    site = Site.at(tmp_path_factory.mktemp("lab"))
    try:
        served = site.serve()
        made = site.run("prefect", "work-pool", "create", "darkroom", "--type", "process")
        assert made.returncode == 0, made.stderr
        yield served
    finally:
        site.end()


def end(*workers: subprocess.Popen[bytes]) -> None:
    """So that they take no runs of later tests. A busy worker of Prefect may miss a signal."""
    for worker in workers:
        worker.terminate()
    for worker in workers:
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def test_pool_that_does_not_exist_is_refused_with_how_to_make_it(lab: Up) -> None:
    done = lab.site.run("flows.cli", "deploy", "--pool", "nowhere")
    assert done.returncode == 2
    assert "`prefect work-pool create nowhere --type process`" in done.stderr


def test_worker_completes_a_deployed_run_in_its_folder(lab: Up, tmp_path: Path) -> None:
    done = lab.site.run("flows.cli", "deploy", "--pool", "darkroom", "--store", "results")
    assert (done.returncode, done.stdout) == (0, "run-pipeline/small\n"), done.stderr
    run = lab.ask()
    worker = lab.site.start(
        "prefect", "worker", "start", "--pool", "darkroom", "--type", "process", log="worker.log"
    )
    ended = lab.ended(run)
    assert ended.state.name == "Completed", (lab.site.folder / "worker.log").read_text()
    assert (lab.site.folder / "results" / "report" / "small.html").exists()
    end(worker)


def test_two_runs_started_together_on_two_workers_do_each_node_once(lab: Up) -> None:
    site = lab.site
    site.run("flows.cli", "deploy", "--pool", "darkroom", "--store", "together")
    (site.folder / "log").unlink(missing_ok=True)
    gate = site.folder / "both-run"
    environment = {"DARKROOM_FAKE_SECONDS": "0.2", "DARKROOM_FAKE_GATE": str(gate)}
    workers = [
        site.start(
            *["prefect", "worker", "start", "--pool", "darkroom", "--type", "process"],
            *["--limit", "1"],
            log=f"worker-{number}.log",
            **environment,
        )
        for number in range(2)
    ]
    runs = [lab.ask(), lab.ask()]

    def are_running() -> bool:
        return all(lab.client.read_flow_run(run).state.is_running() for run in runs)

    wait_for(are_running, lab)
    gate.touch()
    ended = [lab.ended(run) for run in runs]
    logs = [(site.folder / f"worker-{number}.log").read_text() for number in range(2)]
    assert [run.state.name for run in ended] == ["Completed", "Completed"], logs
    # Each worker does one run at a time, so they went on together.
    assert all(any(run.name in log for run in ended) for log in logs), logs
    assert len(site.computed()) == len(set(site.computed())) == 8
    end(*workers)


def test_worker_killed_with_its_run_costs_the_steps_it_was_at(lab: Up) -> None:
    from flows.upkeep.doctor.processes import list_processes

    site = lab.site
    site.run("flows.cli", "deploy", "--pool", "darkroom", "--store", "killed")
    (site.folder / "log").unlink(missing_ok=True)
    worker = ["prefect", "worker", "start", "--pool", "darkroom", "--type", "process"]
    gated = {"DARKROOM_FAKE_GATE": "never", "DARKROOM_FAKE_GATED": "train/"}
    victim = site.start(*worker, log="victim.log", VICTIM="yes", **gated)
    lab.ask()
    wait_for(lambda: any(name.startswith("train/") for name in site.computed()), lab)
    for process in list_processes():
        if process.environment.get("VICTIM"):
            os.kill(process.pid, signal.SIGKILL)
    victim.wait()
    lost = [name for name in site.computed() if name.startswith("train/")]
    heir = site.start(*worker, log="heir.log")
    again = lab.ended(lab.ask())
    assert again.state.name == "Completed", (site.folder / "heir.log").read_text()
    assert sorted(site.computed()) == sorted([*SMALL_NODES, *lost])
    end(heir)


def test_deployed_schedules_stand_at_the_server(lab: Up) -> None:
    lab.site.run("flows.cli", "deploy", "--pool", "darkroom")
    active = {s.slug: s.active for s in lab.deployment().schedules}
    assert active == {"nightly": False, "hourly": True}


def test_server_that_does_not_answer_is_named(lab: Up) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    elsewhere = Site(lab.site.folder, {**lab.site.environment, "PREFECT_API_URL": url})
    done = elsewhere.run("flows.cli", "deploy", "--pool", "darkroom")
    assert done.returncode == 1
    assert f"{url}, does not answer" in done.stderr


def test_prefect_yaml_works_as_it_is(lab: Up) -> None:
    there = {**lab.site.environment, "PYTHONPATH": str(REPOSITORY)}
    done = Site(REPOSITORY, there).run("prefect", "--no-prompt", "deploy", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    names = {deployment.name for deployment in lab.client.read_deployments()}
    assert names >= {"seed501", "seed180", "seed100", "seed34224309", "gallery"}
