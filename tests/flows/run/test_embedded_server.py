"""The server that a run starts for itself outlives whatever ends the run, and never the run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from flows.run.prefect_server import SERVER_OF
from flows.upkeep.doctor.prefect_runs import open_runs_in_file
from flows.upkeep.doctor.processes import Process, list_processes
from tests.flows.conftest import Workplace
from tests.flows.run.test_interrupt import wait_for_step

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc"),
]


def servers_of(run: subprocess.Popen[str]) -> list[Process]:
    return [p for p in list_processes() if p.environment.get(SERVER_OF) == str(run.pid)]


def run_at_work(workplace: Workplace) -> subprocess.Popen[str]:
    before = len(workplace.computed())
    run = workplace.small_start("run", "--force", new_group=True, DARKROOM_FAKE_SECONDS="60")
    wait_for_step(workplace, "data/digits", run)
    assert len(workplace.computed()) == before + 1 and len(servers_of(run)) == 1
    return run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_signal_to_all_processes_ends_the_run_softly_and_its_server_last(
    embedded_workplace: Workplace, prefect_home: Path, number: signal.Signals
) -> None:
    run = run_at_work(embedded_workplace)
    # As systemd sends it, to each process, and as `timeout` does, to one and then to its group.
    for server in servers_of(run):
        os.kill(server.pid, number)
    run.send_signal(number)
    os.killpg(run.pid, number)
    stdout, stderr = run.communicate(timeout=120)
    assert run.returncode == 130, stderr
    address, *told = stderr.splitlines()
    assert address.startswith("The report grows at file://")
    assert told == [
        "Starting Prefect",
        "Stopping; finished steps are kept. Press Ctrl-C again to stop at once.",
        "[1/8] data/digits failed: data/digits: stopped",
    ]
    assert "interrupted" in stdout
    assert servers_of(run) == []
    assert open_runs_in_file(prefect_home / "prefect.db") == []


def test_third_signal_leaves_no_server(embedded_workplace: Workplace) -> None:
    run = run_at_work(embedded_workplace)
    while run.poll() is None:
        run.send_signal(signal.SIGINT)
        time.sleep(0.05)
    run.communicate()
    assert run.returncode == 130
    until = time.monotonic() + 60
    while servers_of(run) and time.monotonic() < until:
        time.sleep(0.1)
    assert servers_of(run) == []


def test_run_that_succeeds_says_nothing_else_and_asks_no_proxy(
    embedded_workplace: Workplace,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"127.0.0.1:{proxy.getsockname()[1]}"
        web = {"HTTP_PROXY": f"http://{address}", "http_proxy": f"http://{address}"}
        rest = {"ALL_PROXY": f"socks5://{address}", "all_proxy": f"socks5://{address}"}
        done = embedded_workplace.small("run", "--only", "data/digits", **web, **rest)
        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):
            proxy.accept()
    assert done.returncode == 0, done.stderr
    address, *told = done.stderr.splitlines()
    assert address.startswith("The report grows at file://")
    assert told == ["Starting Prefect", "[1/1] data/digits done in 0.0 s"]
