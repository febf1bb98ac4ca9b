"""Smoke test on a server that the user started: runs complete, schedules fire."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import REPOSITORY, SMALL, Workplace

pytestmark = pytest.mark.slow

SERVE = """
from tests.flows import fake_kinds
fake_kinds.install()
from flows.pipeline import run_pipeline
from flows.run_request import RunRequest
request = RunRequest(pipeline="small", declaration={declaration!r}, store={store!r})
run_pipeline.serve(
    name="scheduled", interval=3, parameters={{"request": request.model_dump()}}, print_starting_message=False
)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def server(embedded_workplace: Workplace) -> Iterator[Workplace]:
    """A `prefect server start` with a database of its own."""
    port = free_port()
    environment = embedded_workplace.environment
    environment["PREFECT_HOME"] = str(embedded_workplace.folder / "prefect")
    environment["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    try:
        wait_for_health(environment["PREFECT_API_URL"])
        yield embedded_workplace
    finally:
        stop_group(process)


def wait_for_health(api: str) -> None:
    import httpx

    for _ in range(300):
        try:
            if httpx.get(f"{api}/health").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError("the Prefect server did not start in a minute")


def stop_group(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_run_completes_and_scheduled_run_fires(server: Workplace) -> None:
    from prefect.client.orchestration import SyncPrefectClient

    done = server.small("run", "--only", "figure/f-first/*")
    assert done.returncode == 0, done.stderr
    assert "Starting Prefect" in done.stderr

    script = SERVE.format(declaration=str(SMALL), store=str(server.store))
    log = Path(server.folder / "serve.log")
    with log.open("w") as output:
        serving = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=REPOSITORY,
            env=server.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    client = SyncPrefectClient(server.environment["PREFECT_API_URL"])
    try:
        for _ in range(240):
            runs = [run for run in client.read_flow_runs(limit=200) if run.auto_scheduled]
            completed = [run for run in runs if run.state and run.state.is_completed()]
            if completed:
                break
            time.sleep(0.5)
    finally:
        stop_group(serving)
    assert completed, log.read_text()
    assert set(server.statuses().values()) <= {"done", "cached"}
    assert server.computed().count("train/second") == 1
