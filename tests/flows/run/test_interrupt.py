"""A run that ends early: by Ctrl-C and SIGTERM it is recorded, checkpoints are kept, the exit code
says so; by kill -9, at random moments, nothing is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tasks.store.store import Store
from tests.flows.conftest import Workplace

ATTEMPTS = 8
STORES = 4
"""In turn, so that kills hit early steps as well as late ones."""


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


def _objects(store: Path) -> dict[str, list[str]]:
    """Node name to the hashes of its objects, for every row that is not a run's."""
    rows = Store.open(str(store), create=False).rows().values()
    return {
        row.name: sorted(reference.sha256 for reference in row.objects.values())
        for row in rows
        if row.kind != "run"
    }


@pytest.mark.slow
def test_killed_runs_lose_nothing_and_the_next_one_completes(workplace: Workplace) -> None:
    slow = {"DARKROOM_FAKE_SECONDS": "0.3"}
    folders = [workplace.folder / f"store-{number}" for number in range(STORES)]
    moments = random.Random(0)
    killed = 0
    for attempt in range(ATTEMPTS):
        folder = folders[attempt % STORES]
        process = workplace.small_start("run", "--store", str(folder), new_group=True, **slow)
        time.sleep(moments.uniform(0.3, 2.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        store = Store.open(str(folder), create=False)
        assert not [row.name for row in store.rows().values() if store.missing_object(row)]
        assert not store.problems
    assert killed >= ATTEMPTS // 2

    undisturbed = workplace.folder / "undisturbed"
    assert workplace.small("run", "--store", str(undisturbed)).returncode == 0
    for folder in folders:
        done = workplace.small("run", "--store", str(folder))
        assert done.returncode == 0, done.stderr
        assert _objects(folder) == _objects(undisturbed)
        assert (folder / "report" / "small.html").is_file()
