"""Smoke test on a server that the user started: runs complete, schedules fire."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.flows.conftest import REPOSITORY, SMALL, Workplace
from tests.flows.free_port import free_port

pytestmark = pytest.mark.slow

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
        wait_for_health(environment["PREFECT_API_URL"], process)
        yield embedded_workplace
    finally:
        stop_group(process)


def wait_for_health(api: str, server: subprocess.Popen[bytes]) -> None:
    """Until the server answers, which `server` is the process of."""
    import httpx

    until = time.monotonic() + 400
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{api}/health").status_code == 200:
                return
        assert server.poll() is None, "the Prefect server ended"
        assert time.monotonic() < until, "the Prefect server does not answer"
        time.sleep(0.2)


def stop_group(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_run_completes(server: Workplace) -> None:
    done = server.small("run")
    assert done.returncode == 0, done.stderr
    assert set(server.statuses().values()) == {"done"}


def test_scheduled_runs_fire_and_prepare_data_once(server: Workplace) -> None:
    """With the real step that prepares data: the runner's processes know no fake kinds."""
    log = server.folder / "serve.log"
    script = SERVE.format(declaration=str(SMALL), store=str(server.store))
    with log.open("w") as output:
        serving = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=REPOSITORY,
            env=server.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        states = scheduled_states(server.environment["PREFECT_API_URL"], serving, wanted=2)
    finally:
        stop_group(serving)
    assert states[:2] == ["Completed", "Completed"], log.read_text()
    assert len(list(server.store.glob("manifest/parts/data/*"))) == 1


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
