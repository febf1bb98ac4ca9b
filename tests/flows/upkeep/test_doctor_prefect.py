from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.run.prefect_server import SERVER_OF
from flows.upkeep.doctor.prefect_runs import (
    OpenFlowRun,
    PrefectAddress,
    check_api,
    check_runs,
    judge_runs,
    open_runs_in_file,
)
from flows.upkeep.doctor.processes import (
    APPLICATION,
    EMBEDDED,
    Process,
    check_servers,
    list_processes,
    read_process,
    stale_servers,
)

# Starts a server in all but name, says its number, and is killed or lives on.
PARENT = """
import os, subprocess, sys, time
environment = {**os.environ, sys.argv[2]: "1", sys.argv[3]: str(os.getpid())}
arguments = [sys.executable, "-c", "import time; time.sleep(60)", sys.argv[1]]
print(subprocess.Popen(arguments, env=environment).pid, flush=True)
time.sleep(60)
"""


def server(**changes: object) -> Process:
    values = {
        "pid": 100,
        "parent": 50,
        "started": "1",
        "arguments": ["python", "-m", "uvicorn", "--factory", APPLICATION],
        "environment": {EMBEDDED: "1", SERVER_OF: "50"},
    }
    return Process(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "is_stale"),
    [
        ({}, False),
        ({"parent": 1}, True),
        ({"parent": 7}, True),
        ({"parent": 1, "environment": {EMBEDDED: "1"}}, True),
        ({"parent": 7, "environment": {EMBEDDED: "1"}}, False),
        ({"parent": 1, "environment": {EMBEDDED: "1", SERVER_OF: "1"}}, False),
        ({"parent": 1, "environment": {}}, False),
        ({"parent": 1, "arguments": ["python", "another.py"]}, False),
    ],
    ids=[
        "its run goes on",
        "orphan of init",
        "orphan of a subreaper",
        "orphan that is not ours",
        "child that is not ours",
        "its run is the first process of a container",
        "started by the user in the background",
        "another program",
    ],
)
def test_only_embedded_servers_whose_run_is_gone_are_stale(changes, is_stale):
    assert bool(stale_servers([server(**changes)])) == is_stale


@pytest.fixture
def planted() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process and the server it started."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, APPLICATION, EMBEDDED, SERVER_OF],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        yield parent, pid
        parent.kill()
    if (left := read_process(pid)) is not None and APPLICATION in left.arguments:
        os.kill(pid, 9)


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@needs_proc
def test_server_of_a_killed_run_is_found_and_ended(planted):
    parent, pid = planted
    alive = [process for process in list_processes() if process.pid == pid]
    assert check_servers(alive, fix=True).level == "ok"
    parent.kill()
    parent.wait()
    (orphan,) = [process for process in list_processes() if process.pid == pid]
    assert check_servers([orphan], fix=False).is_wrong
    assert read_process(pid) is not None
    found = check_servers([orphan], fix=True)
    assert found.is_fixed and not found.is_wrong
    assert read_process(pid) is None


@needs_proc
def test_another_process_with_the_number_of_a_stale_one_is_left_alone(planted):
    _, pid = planted
    later = read_process(pid)
    assert later is not None
    check_servers([server(pid=pid, parent=1, started="before")], fix=True)
    assert read_process(pid) == later


def open_run(run_id: str) -> OpenFlowRun:
    return OpenFlowRun("id", f"name of {run_id}", "run-pipeline", run_id)


def test_runs_are_judged_by_whether_their_process_lives(store):
    living, dead = store.lease("living"), store.lease("dead")
    dead.end()
    runs = [open_run(run_id) for run_id in ("living", "dead", "elsewhere")]
    judged = judge_runs(runs, [], is_local=False)
    assert [run.run_id for run in judged.live] == ["living"]
    assert [run.run_id for run in judged.stale] == ["dead"]
    assert [run.run_id for run in judged.unknown] == ["elsewhere"]
    living.end()


@pytest.mark.parametrize(
    ("others", "is_stale"),
    [
        ([], True),
        ([["vim", "notes.md"]], True),
        ([["python", "/venv/bin/darkroom", "run"]], False),
        ([["python", "-m", "prefect", "worker", "start"]], False),
    ],
)
def test_run_without_a_lock_is_stale_only_if_nothing_here_could_do_it(others, is_stale):
    own = [
        Process(os.getpid(), 10, "1", ["darkroom", "doctor"]),
        Process(10, 1, "1", ["sh", "-c", "darkroom doctor"]),
    ]
    processes = [*own, *(Process(900 + n, 1, "1", args) for n, args in enumerate(others))]
    judged = judge_runs([open_run("unheard of")], processes, is_local=True)
    assert bool(judged.stale) == is_stale


def test_database_not_there_yet_holds_no_run(tmp_path):
    assert open_runs_in_file(tmp_path / "prefect.db") == []
    assert not (tmp_path / "prefect.db").exists()


def test_file_that_is_no_database_of_prefect_is_a_problem(tmp_path):
    sqlite3.connect(tmp_path / "prefect.db").close()
    (tmp_path / "prefect.db").write_bytes(b"nonsense" * 200)
    found = check_runs(PrefectAddress(None, tmp_path / "prefect.db"), [], fix=False)
    assert found.is_wrong and "prefect.db" in found.text


def test_server_that_does_not_answer_is_a_problem():
    found = check_api(PrefectAddress("http://127.0.0.1:9/api", None))
    assert found.is_wrong and "PREFECT_API_URL" in found.text
    assert check_api(PrefectAddress(None, None)).level == "ok"


@pytest.mark.slow
def test_run_left_running_by_a_kill_is_found_and_marked_as_crashed(
    store, prefect_api, prefect_home
):
    from prefect.client.orchestration import get_client
    from prefect.flows import Flow
    from prefect.settings import PREFECT_API_URL, temporary_settings
    from prefect.states import Running

    living, killed = store.lease("living"), store.lease("killed")
    killed.end()
    with temporary_settings({PREFECT_API_URL: prefect_api}), get_client(sync_client=True) as client:
        assert check_api(PrefectAddress(prefect_api, None)).level == "ok"
        flow = Flow(lambda request: None, name="run-pipeline")
        other = Flow(lambda request: None, name="somebody-elses")
        planted = {
            name: client.create_flow_run(
                of, parameters={"request": {"run_id": run_id}}, state=Running()
            ).id
            for name, of, run_id in (
                ("killed", flow, "killed"),
                ("living", flow, "living"),
                ("other", other, "killed"),
            )
        }
        in_file = {run.id: run for run in open_runs_in_file(prefect_home / "prefect.db")}
        address = PrefectAddress(prefect_api, None)
        found = check_runs(address, [], fix=False)
        fixed = check_runs(address, [], fix=True)
        states = {name: client.read_flow_run(id).state.type.value for name, id in planted.items()}
    living.end()
    assert in_file[str(planted["killed"])].run_id == "killed"
    assert str(planted["other"]) not in in_file
    assert found.is_wrong and "1 left Running" in found.text
    assert fixed.is_fixed
    assert states == {"killed": "CRASHED", "living": "RUNNING", "other": "RUNNING"}


def wait_for(fact: Callable[[], object], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not fact() and time.monotonic() < until:
        time.sleep(0.2)


@pytest.mark.slow
def test_killed_run_leaves_a_running_state_that_doctor_finds_and_no_server(
    embedded_workplace, tmp_path
):
    """End to end, with a Prefect home of its own."""
    embedded_workplace.environment["PREFECT_HOME"] = str(tmp_path / "home")
    embedded_workplace.environment["TMPDIR"] = tempfile.gettempdir()
    run = embedded_workplace.small_start("run", DARKROOM_FAKE_SECONDS="60")
    wait_for(embedded_workplace.computed)
    run.kill()
    run.communicate()
    wait_for(
        lambda: not [p for p in list_processes() if p.environment.get(SERVER_OF) == str(run.pid)]
    )
    assert not [p for p in list_processes() if p.environment.get(SERVER_OF) == str(run.pid)]
    open_runs = open_runs_in_file(tmp_path / "home" / "prefect.db")
    judged = judge_runs(open_runs, list_processes(), is_local=False)
    assert {run.flow for run in judged.stale} == {"run-pipeline", "prepare-data"}
