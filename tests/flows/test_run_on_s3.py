"""Runs on a store on S3: alone, from two hosts at once, killed, on a failing service. And plans,
which take few requests, however many nodes there are."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.upkeep.collect_garbage import collect_garbage
from flows.upkeep.runs import list_runs, pin_run
from flows.upkeep.verify_store import verify_store
from tasks.store import s3_requests
from tasks.store.store import Store
from tests.benchmarks import scale
from tests.flows import in_process
from tests.flows.conftest import SMALL_NODES, Workplace
from tests.flows.in_process import computed, run_small
from tests.s3_server import S3Server

CACHED = 10_000


@pytest.fixture
def store(s3_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    in_process.prepare(tmp_path, monkeypatch)
    return Store.open(s3_address)


@pytest.fixture
def s3_workplace(s3_address: str, workplace: Workplace) -> Workplace:
    workplace.environment["DARKROOM_STORE"] = s3_address
    return workplace


def made_in(store: Store) -> set[str]:
    """Names of all that is recorded and whole, runs left out."""
    rows = store.rows()
    assert store.missing_objects(list(rows.values())) == {}
    assert store.problems == []
    return {row.name for row in rows.values() if row.kind != "run"}


def test_run_completes_and_the_next_finds_everything(store: Store, tmp_path: Path) -> None:
    first = run_small(store.address, tmp_path)
    assert first.status == "complete"
    assert made_in(store) == SMALL_NODES
    assert (tmp_path / "report" / "small.html").is_file()
    again = run_small(store.address, tmp_path)
    assert again.status == "nothing to do"
    assert len(computed(tmp_path)) == len(SMALL_NODES)
    assert [run.id for run in list_runs(store)] == [first.run_id]
    left = {"locks/conditional-puts"}
    assert {*store._filesystem.paths("live"), *store._filesystem.paths("locks")} == left


def test_service_that_fails_is_told_and_the_next_run_goes_on(
    s3_server: S3Server, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_requests, "WAITS", (0.01,) * 4)
    # From the second node's row on.
    s3_server.fail(status=503, method="PUT", path="/parts/train/")
    failed = run_small(store.address, tmp_path)
    assert failed.exit_code == 1
    assert set(failed.failed) <= {"train/first", "train/second"}
    for told in failed.failed.values():
        assert told.startswith(f"{store.address}/manifest/parts/train/")
        assert re.search(r"writing it failed after 5 tries over \d+ s: SlowDown \(503\)", told)
    s3_server.heal()
    before = len(computed(tmp_path))
    assert made_in(store) == {"data/digits"}
    assert run_small(store.address, tmp_path).status == "complete"
    assert "data/digits" not in computed(tmp_path)[before:]
    assert made_in(store) == SMALL_NODES


def test_damage_is_verified_repaired_and_made_again(store: Store, tmp_path: Path) -> None:
    run_small(store.address, tmp_path)
    (row,) = [row for row in store.rows().values() if row.name == "table/metrics"]
    digest = row.objects["digest.txt"]
    path = store.object_address(digest).removeprefix(f"{store.address}/")
    store._filesystem.write(path, b"x" * digest.size)
    found = verify_store(store, repair=True)
    assert [(fault.what, fault.nodes) for fault in found.corrupt] == [
        ("does not match its SHA-256", ["table/metrics"])
    ]
    (aside,) = store._filesystem.paths("quarantine")
    assert aside.endswith(path.rsplit("/", 1)[-1])
    before = len(computed(tmp_path))
    assert run_small(store.address, tmp_path).status == "complete"
    assert computed(tmp_path)[before:] == ["table/metrics"]
    assert not verify_store(store).is_wrong


def test_what_only_old_runs_need_goes_and_pins_keep_it(store: Store, tmp_path: Path) -> None:
    ids = [
        run_small(store.address, tmp_path, f"models.second.learning_rate=0.00{rate}").run_id
        for rate in (1, 2, 3)
    ]
    store.compact()
    pin_run(store, ids[0])
    # Everything counts as old enough.
    cleaned = collect_garbage(store, keep_runs=1, delete=True, guard_seconds=-60)
    assert cleaned.blocked == ""
    gone = {item.name for item in cleaned.garbage if item.what == "row" and item.is_gone}
    assert gone == {"run/small", "train/second", "table/metrics", "figure/f-second/loss_curve"}
    assert all(item.is_gone for item in cleaned.garbage)
    assert [run.id for run in list_runs(store)] == [ids[2], ids[0]]
    assert not verify_store(store).is_wrong


@pytest.mark.slow
def test_two_hosts_that_run_at_once_compute_each_node_once(
    s3_address: str, s3_workplace: Workplace
) -> None:
    runs = []
    for host in ("one", "two"):
        folder = s3_workplace.folder / host
        folder.mkdir()
        options = ["--report-folder", str(folder / "report")]
        runs.append(
            s3_workplace.small_start(
                "run", *options, TMPDIR=str(folder), DARKROOM_FAKE_SECONDS="0.5"
            )
        )
    for run in runs:
        _, stderr = run.communicate(timeout=300)
        assert run.returncode == 0, stderr
    assert sorted(s3_workplace.computed()) == sorted(SMALL_NODES)
    store = Store.open(s3_address)
    assert made_in(store) == SMALL_NODES
    assert len(store.rows().of_kind("run")) == 2


@pytest.mark.slow
def test_runs_killed_at_random_moments_lose_nothing(
    s3_address: str, s3_workplace: Workplace
) -> None:
    options = ["--report-folder", str(s3_workplace.folder / "report")]
    moments, store = random.Random(3), Store.open(s3_address)
    kept: set[str] = set()
    for _ in range(2):
        run = s3_workplace.small_start("run", *options, DARKROOM_FAKE_SECONDS="0.3")
        time.sleep(moments.uniform(2, 5))
        run.send_signal(signal.SIGKILL)
        run.communicate()
        assert kept <= made_in(store)
        kept = made_in(store)
    done = s3_workplace.small("run", *options)
    assert done.returncode == 0, done.stderr
    assert made_in(store) == SMALL_NODES
    assert not verify_store(store).is_wrong


@pytest.mark.slow
@pytest.mark.timed
def test_ten_thousand_cached_nodes_are_planned_in_seconds_by_a_few_requests(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    scale.fill_s3(CACHED, tmp_path, s3_server)
    s3_server.counts()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.scale", "plan_on_s3", str(CACHED), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0
    # Not by the clock, which other work on the machine slows.
    assert json.loads(done.stdout)["cpu"] < 5
    assert sum(s3_server.counts().values()) < 60
