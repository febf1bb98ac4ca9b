"""The whole command, killed at random moments: plan, steps, records and report."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tasks.store.store import Store
from tests.flows.conftest import Workplace

ATTEMPTS = 8
STORES = 4
"""In turn, so that kills hit early steps as well as late ones."""


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
