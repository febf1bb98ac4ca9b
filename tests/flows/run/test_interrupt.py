"""Ctrl-C and SIGTERM: the run is recorded, checkpoints are kept, the exit code says so."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from tests.flows.conftest import Workplace


def wait_for_step(workplace: Workplace, prefix: str, process: subprocess.Popen[str]) -> None:
    """Until a node whose name begins with `prefix` is being computed."""
    until = time.monotonic() + 300
    while not any(name.startswith(prefix) for name in workplace.computed()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, f"{prefix} never began"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_is_recorded_and_exits_130(
    workplace: Workplace, number: signal.Signals
) -> None:
    workplace.small("run", "--only", "data/digits")
    process = workplace.small_start("run", DARKROOM_FAKE_SECONDS="60")
    wait_for_step(workplace, "train/", process)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    statuses = workplace.statuses()
    assert statuses.pop("data/digits") in ("done", "cached")
    assert set(statuses.values()) == {"skipped"}
    assert [path.read_text() for path in workplace.store.glob("work/*/partial")] == ["half"]


def test_run_after_an_interrupt_completes(workplace: Workplace) -> None:
    process = workplace.small_start("run", DARKROOM_FAKE_SECONDS="60")
    wait_for_step(workplace, "data/digits", process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=300)
    assert workplace.small("run").returncode == 0
    assert set(workplace.statuses().values()) == {"done"}
