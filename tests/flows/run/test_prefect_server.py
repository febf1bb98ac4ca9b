"""Runs on a server that the user started: they complete, schedules fire, and the server dies, comes
back or cannot write in the middle of one."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import REPOSITORY, SMALL, Workplace, own_environment
from tests.flows.free_port import free_port, wait_for_health
from tests.flows.run.test_faults import names_in
from tests.flows.run.test_interrupt import wait_for_step
from tests.shared import new_prefect_home

pytestmark = pytest.mark.slow

STEP_SECONDS = "1.5"
ALL = {"data/digits", "train/first", "train/second", "table/metrics"}

SERVE = """
from flows.run.pipeline import run_pipeline
from flows.run.run_request import RunRequest
request = RunRequest(
    pipeline="small", declaration={declaration!r}, store={store!r}, only=["data/digits"]
)
run_pipeline.serve(
    name="scheduled",
    interval=5,
    limit=1,
    parameters={{"request": request.model_dump()}},
    print_starting_message=False,
)
"""


class Server:
    """`prefect server start`, always on the same port and database. environment: of who uses it."""

    def __init__(self, home: Path) -> None:
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.environment = {
            "PREFECT_HOME": str(home),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_API_URL": f"http://127.0.0.1:{self._port}/api",
        }

    def start(self) -> None:
        """If it does not run; returns once it answers."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--port", str(self._port)],
            env=own_environment() | self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for_health(self.environment["PREFECT_API_URL"], self._process)

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(new_prefect_home(tmp_path_factory.mktemp("prefect-server")))
    yield made
    made.kill()


@pytest.fixture
def server(shared_server: Server, embedded_workplace: Workplace) -> Server:
    """The server of all tests here, which runs; the workplace uses it."""
    shared_server.start()
    embedded_workplace.environment |= shared_server.environment
    return shared_server


@pytest.fixture
def workplace(server: Server, embedded_workplace: Workplace) -> Workplace:
    return embedded_workplace


def stop_group(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_scheduled_runs_fire_and_prepare_data_once(workplace: Workplace) -> None:
    """With the real step that prepares data: the runner's processes know no fake kinds."""
    log = workplace.folder / "serve.log"
    script = SERVE.format(declaration=str(SMALL), store=str(workplace.store))
    with log.open("w") as output:
        serving = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=REPOSITORY,
            env=workplace.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        states = scheduled_states(workplace.environment["PREFECT_API_URL"], serving, wanted=2)
    finally:
        stop_group(serving)
    assert states[:2] == ["Completed", "Completed"], log.read_text()
    assert len(list(workplace.store.glob("manifest/parts/data/*"))) == 1


def scheduled_states(api: str, serving: subprocess.Popen[bytes], wanted: int) -> list[str]:
    """States of the scheduled runs that have ended, oldest first, once there are `wanted` or
    nothing more can come of `serving`."""
    from prefect.client.orchestration import SyncPrefectClient

    client = SyncPrefectClient(api)
    ended: list[str] = []
    until = time.monotonic() + 400
    while len(ended) < wanted and serving.poll() is None and time.monotonic() < until:
        time.sleep(0.5)
        runs = [run for run in client.read_flow_runs(limit=200) if run.auto_scheduled]
        runs.sort(key=lambda run: str(run.expected_start_time))
        ended = [str(run.state.name) for run in runs if run.state and run.state.is_final()]
    return ended


def test_locked_database_delays_the_run_and_no_more(workplace: Workplace) -> None:
    run = workplace.small_start("run", DARKROOM_FAKE_SECONDS=STEP_SECONDS)
    wait_for_step(workplace, "data/digits", run)
    database = Path(workplace.environment["PREFECT_HOME"], "prefect.db")
    connection = sqlite3.connect(database, timeout=60, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    time.sleep(6)
    connection.execute("ROLLBACK")
    connection.close()
    stdout, stderr = run.communicate(timeout=300)
    assert run.returncode == 0, stderr
    assert "8 done" in stdout
    assert names_in(workplace.store) > ALL


def test_server_killed_and_started_again_within_a_minute_is_not_noticed(
    workplace: Workplace, server: Server
) -> None:
    run = workplace.small_start("run", DARKROOM_FAKE_SECONDS=STEP_SECONDS)
    wait_for_step(workplace, "data/digits", run)
    server.kill()
    server.start()
    stdout, stderr = run.communicate(timeout=300)
    assert run.returncode == 0, stderr
    assert "8 done" in stdout
    assert len(workplace.computed()) == len(set(workplace.computed())) == 8
    assert names_in(workplace.store) > ALL


def test_server_gone_for_good_is_told_and_the_next_run_does_what_is_left(
    workplace: Workplace, server: Server
) -> None:
    # Prefect's client tries for minutes by default.
    run = workplace.small_start(
        "run", DARKROOM_FAKE_SECONDS=STEP_SECONDS, PREFECT_CLIENT_MAX_RETRIES="1"
    )
    wait_for_step(workplace, "data/digits", run)
    server.kill()
    _, stderr = run.communicate(timeout=180)
    assert run.returncode == 1
    address = workplace.environment.pop("PREFECT_API_URL")
    told = " ".join(stderr.split())
    assert f"Prefect's server at {address} stopped answering (Connect" in told
    assert "Every finished step is in the store. Start it again, or unset PREFECT_API_URL" in told
    assert "data/digits" in names_in(workplace.store)
    # Without a server, on an embedded one.
    done = workplace.small("run")
    assert done.returncode == 0, done.stderr
    assert workplace.computed().count("data/digits") == 1
    assert names_in(workplace.store) > ALL
