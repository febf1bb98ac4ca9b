"""A clock that is set back, or was ahead, costs neither rows nor runs."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest

from flows.plan.plan import Plan
from flows.run.run_record import newest_run
from flows.upkeep.collect_garbage import collect_garbage
from flows.upkeep.runs import list_runs
from tasks.store.node import key_of_run
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep
from tests.flows import fake_cli, in_process
from tests.flows.recorded_plan import misses, plan_of, record_all
from tests.flows.small_declaration import small_file

DAY = timedelta(days=1)


def set_clock(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """What rows, runs, leases and clean-up take for now."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + by

    now = time.time
    monkeypatch.setattr("tasks.store.row.datetime", Clock)
    monkeypatch.setattr("flows.run.run.datetime", Clock)
    monkeypatch.setattr("flows.run.run_record.datetime", Clock)
    monkeypatch.setattr(time, "time", lambda: now() + by.total_seconds())


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    in_process.prepare(tmp_path, monkeypatch)
    return Store.open(str(tmp_path / "store"))


def run_small(store: Store, *overrides: str) -> str:
    """The id of a whole run of the small pipeline."""
    result = in_process.run_small(store.address, Path(store.address), *overrides)
    assert result.status == "complete"
    assert result.seconds >= 0
    return result.run_id


def changed(number: int) -> str:
    return f"models.second.learning_rate=0.00{number}"


@pytest.mark.parametrize("by", [-DAY, DAY], ids=["set back", "was ahead"])
def test_run_recorded_last_is_the_latest_and_is_kept(
    by: timedelta, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as clock:
        set_clock(clock, -by)
        ids = [run_small(store, changed(number)) for number in (1, 2, 3)]
    ids.append(run_small(store, changed(4)))
    newest = newest_run(store, "small")
    assert newest is not None and newest.run_id == ids[-1]
    assert [run.id for run in list_runs(store)] == ids[::-1]
    set_clock(monkeypatch, 2 * DAY)
    cleaned = collect_garbage(store, keep_runs=1, delete=True)
    assert cleaned.kept_runs == [ids[-1]]
    assert cleaned.garbage
    rows = store.rows()
    layout = json.loads(store.read_object(rows[key_of_run(ids[-1])].objects["layout.json"]))
    assert {node["key"] for node in layout["nodes"]} <= set(rows)


def test_clock_set_back_during_a_run_leaves_its_duration_positive(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = fake_cli.run_in_threads

    def set_back_first(*arguments: Any) -> None:
        set_clock(monkeypatch, -DAY)
        record(*arguments)

    monkeypatch.setattr("flows.run.execute._run_flow", set_back_first)
    run_small(store)
    (run,) = list_runs(store)
    assert 0 < run.seconds < 3600


def test_what_a_run_made_with_the_clock_set_back_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as clock:
        set_clock(clock, -30 * DAY)
        run_small(store)
    before = set(store.rows())
    assert collect_garbage(store, delete=True).garbage == []
    assert set(store.rows()) == before


def test_step_made_again_with_the_clock_set_back_takes_the_place_of_the_old(
    store: Store, tmp_path: Path
) -> None:
    plan: Plan = plan_of(small_file(tmp_path), store)
    later, earlier = "2031-01-01T00:00:00.000000+00:00", "2030-01-01T00:00:00.000000+00:00"
    record_all(store, plan.nodes, created_at=later, host="first")
    store.compact()
    record_all(store, plan.nodes, created_at=earlier, host="second")
    assert {row.host for row in store.rows().values()} == {"second"}
    store.compact()
    assert {row.host for row in store.rows().values()} == {"second"}
    assert misses(plan_of(small_file(tmp_path), store)) == set()


@pytest.mark.parametrize("hours", [-2, 2])
def test_lease_of_another_host_keeps_what_it_needs_whatever_the_clock_says(
    hours: int, store: Store, tmp_path: Path
) -> None:
    """Renewed in the future, or before an hour that was skipped."""
    plan = plan_of(small_file(tmp_path), store)
    record_all(store, plan.nodes, created_at="2020-01-01T00:00:00.000000+00:00")
    lease = Path(store.address, "live", f"{key_of_run('run')}.json")
    lease.parent.mkdir(exist_ok=True)
    keys = [node.key for node in plan.nodes]
    lease.write_text(json.dumps({"run_id": "run", "host": "x", "started_at": "", "keys": keys}))
    moment = time.time() + hours * 3600
    os.utime(lease, (moment, moment))
    (found,) = Upkeep(store).leases()
    assert found.is_live == (hours > 0)
    before = set(store.rows())
    collect_garbage(store, delete=True, guard_seconds=-3600)
    assert set(store.rows()) == before
