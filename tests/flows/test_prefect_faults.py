"""A Prefect server that dies, comes back or cannot write, in the middle of a run."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import Workplace
from tests.flows.free_port import free_port
from tests.flows.test_faults import names_in
from tests.flows.test_interrupt import wait_for_step
from tests.flows.test_prefect_server import wait_for_health

pytestmark = pytest.mark.slow

STEP_SECONDS = "1.5"
ALL = {"data/digits", "train/first", "train/second", "table/metrics"}


@pytest.fixture
def start_server(embedded_workplace: Workplace) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts `prefect server start`, always on the same port and database; waits until it answers.

    The workplace runs on it.
    """
    port = free_port()
    environment = embedded_workplace.environment
    environment["PREFECT_HOME"] = str(embedded_workplace.folder / "prefect")
    environment["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        started.append(process)
        wait_for_health(environment["PREFECT_API_URL"], process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_server_gone_for_good_is_told_and_the_next_run_does_what_is_left(
    embedded_workplace: Workplace, start_server: Callable[[], subprocess.Popen[bytes]]
) -> None:
    workplace, server = embedded_workplace, start_server()
    # Prefect's client tries for minutes by default.
    run = workplace.small_start(
        "run", DARKROOM_FAKE_SECONDS=STEP_SECONDS, PREFECT_CLIENT_MAX_RETRIES="1"
    )
    wait_for_step(workplace, "data/digits", run)
    kill(server)
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


def test_server_killed_and_started_again_within_a_minute_is_not_noticed(
    embedded_workplace: Workplace, start_server: Callable[[], subprocess.Popen[bytes]]
) -> None:
    workplace, server = embedded_workplace, start_server()
    run = workplace.small_start("run", DARKROOM_FAKE_SECONDS=STEP_SECONDS)
    wait_for_step(workplace, "data/digits", run)
    kill(server)
    start_server()
    stdout, stderr = run.communicate(timeout=300)
    assert run.returncode == 0, stderr
    assert "8 done" in stdout
    assert len(workplace.computed()) == len(set(workplace.computed())) == 8
    assert names_in(workplace.store) > ALL


def test_locked_database_delays_the_run_and_no_more(
    embedded_workplace: Workplace, start_server: Callable[[], subprocess.Popen[bytes]]
) -> None:
    workplace = embedded_workplace
    start_server()
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
