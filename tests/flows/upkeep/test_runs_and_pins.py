from __future__ import annotations

from pathlib import Path

import pytest

from flows.upkeep.runs import choose_run, list_runs, pin_run, unpin_run
from tasks import BadInput
from tests.flows.recorded_plan import plan_of
from tests.flows.upkeep.recorded_run import record_made, record_run


def test_runs_are_listed_newest_first_with_counts_and_failures(file, store):
    plan = plan_of(file, store, "first")
    record_made(store, plan)
    record_run(store, plan, "old", age=100, failed={"train/denoiser": "out of luck"})
    record_run(store, plan, "new", age=50)
    new, old = list_runs(store)
    assert (new.id, old.id) == ("new", "old")
    assert (new.pipeline, new.profile, new.seconds) == ("first", "plain", 60.0)
    assert new.counts == {"done": len(plan.nodes)}
    assert old.counts == {"done": len(plan.nodes) - 1, "failed": 1}
    assert old.failures == {"train/denoiser": "out of luck"}


def test_runs_of_one_pipeline_up_to_a_limit(file, store):
    for number, pipeline in enumerate(["first", "all", "first"]):
        record_run(store, plan_of(file, store, pipeline), f"run-{number}", age=100 - number)
    assert [run.id for run in list_runs(store, "first")] == ["run-2", "run-0"]
    assert [run.id for run in list_runs(store, limit=1)] == ["run-2"]


def test_run_whose_record_is_damaged_is_listed_with_the_reason(changed, store):
    row = choose_run(store.rows(), "run-1")
    Path(store.object_address(row.objects["layout.json"])).write_bytes(b"{}")
    damaged = list_runs(store)[1]
    assert damaged.id == "run-1"
    assert damaged.problem is not None and "verify --repair" in damaged.problem


def test_beginning_of_an_id_names_a_run_if_it_is_unique(file, store):
    for run_id in ("abc1", "abd2", "xyz"):
        record_run(store, plan_of(file, store, "first"), run_id)
    rows = store.rows()
    assert choose_run(rows, "abc").run_id == "abc1"
    with pytest.raises(BadInput, match=r"2 runs begin with 'ab': .*abc1"):
        choose_run(rows, "ab")
    with pytest.raises(BadInput, match="no run begins with 'q'"):
        choose_run(rows, "q")


def test_whole_id_names_its_run_though_another_begins_with_it(file, store):
    for run_id in ("run-1", "run-10"):
        record_run(store, plan_of(file, store, "first"), run_id)
    assert choose_run(store.rows(), "run-1").run_id == "run-1"


def test_latest_and_previous_are_of_one_pipeline(file, store):
    for number, pipeline in enumerate(["first", "all", "first", "all"]):
        record_run(store, plan_of(file, store, pipeline), f"{pipeline}-{number}", age=100 - number)
    rows = store.rows()
    assert choose_run(rows, "latest").run_id == "all-3"
    assert choose_run(rows, "previous").run_id == "all-1"
    assert choose_run(rows, "latest", "first").run_id == "first-2"
    assert choose_run(rows, "previous", "first").run_id == "first-0"


def test_nothing_is_previous_to_an_only_run(file, store):
    record_run(store, plan_of(file, store, "first"), "only")
    with pytest.raises(BadInput, match="no previous run"):
        choose_run(store.rows(), "previous")


def test_pinned_run_is_shown_as_such_until_unpinned(changed, store):
    pin_run(store, "run-1")
    pin_run(store, "run-1")
    assert {run.id: run.is_pinned for run in list_runs(store)} == {"run-1": True, "run-2": False}
    unpin_run(store, "run-1")
    assert not any(run.is_pinned for run in list_runs(store))
    with pytest.raises(BadInput, match="not pinned"):
        unpin_run(store, "run-1")
