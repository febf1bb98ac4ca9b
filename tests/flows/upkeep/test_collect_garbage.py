from __future__ import annotations

import dataclasses
import errno
import json
import os
import re
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.upkeep import collect_garbage as collect_garbage_module
from flows.upkeep.collect_garbage import Cleaning, collect_garbage
from flows.upkeep.runs import pin_run
from flows.upkeep.verify_store import verify_store
from tasks import BadInput, DarkroomError
from tasks.report.build import build_report
from tasks.store.node import key_of_run
from tasks.store.row_file import rows_to_parquet
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep
from tests.flows.recorded_plan import misses, plan_of
from tests.flows.upkeep.conftest import LONGER
from tests.flows.upkeep.recorded_run import (
    HOUR,
    WEEK,
    files_of_store,
    make_files_old,
    objects_in,
    record_made,
    record_run,
)
from tests.report.made_up_run import files_of


def assets_of(page: Path) -> set[str]:
    return set(re.findall(r"assets/[0-9a-f]+\.[a-z]+", page.read_text()))


def names(cleaning: Cleaning, what: str) -> set[str]:
    return {item.name for item in cleaning.garbage if item.what == what}


def test_dry_run_names_what_would_go_and_deletes_nothing(changed, store):
    before = files_of_store(store)
    found = collect_garbage(store, keep_runs=1)
    assert files_of_store(store) == before
    assert "train/denoiser" in names(found, "row") and "run/first" in names(found, "row")
    assert "data/digits" not in names(found, "row")
    assert found.bytes == sum(
        Path(store.address, name).stat().st_size for name in names(found, "object")
    )


def test_what_the_kept_run_needs_stays_and_its_report_too(changed, file, store, tmp_path):
    build_report(store, tmp_path / "before")
    dry = collect_garbage(store, keep_runs=1)
    done = collect_garbage(store, keep_runs=1, delete=True)
    assert done.bytes == dry.bytes > 0
    assert all(item.is_gone for item in done.garbage)
    build_report(store, tmp_path / "after")
    # Its comparison with the run that went is gone; nothing else is.
    shown = assets_of(tmp_path / "before" / "first.html")
    assert shown and assets_of(tmp_path / "after" / "first.html") == shown
    assert shown <= set(files_of(tmp_path / "after"))
    assert not misses(plan_of(file, store, "first", overrides=LONGER))
    assert "train/denoiser" in misses(plan_of(file, store, "first"))


def test_nothing_that_no_row_names_is_left(changed, store):
    store.put_object(b"left by a kill", "bin")
    make_files_old(store)
    collect_garbage(store, keep_runs=1, delete=True)
    found = verify_store(store)
    assert not (found.is_wrong or found.orphans)
    assert found.objects == len(objects_in(store))
    assert not collect_garbage(store, keep_runs=1).garbage


def test_rows_of_a_compacted_manifest_go_too(changed, file, store):
    store.compact()
    make_files_old(store)
    collect_garbage(store, keep_runs=1, delete=True)
    assert not misses(plan_of(file, store, "first", overrides=LONGER))
    assert "train/denoiser" in misses(plan_of(file, store, "first"))


def test_as_many_runs_as_asked_for_are_kept(changed, file, store):
    assert collect_garbage(store, keep_runs=1).kept_runs == ["run-2"]
    found = collect_garbage(store, keep_runs=2, delete=True)
    assert found.kept_runs == ["run-2", "run-1"]
    assert not found.garbage
    assert not misses(plan_of(file, store, "first"))


def test_run_of_another_profile_is_kept_beside_newer_ones(changed, file, store):
    tiny = plan_of(file, store, "first", profile="tiny")
    record_made(store, tiny, age=30 * HOUR)
    record_run(store, tiny, "run-tiny", age=30 * HOUR)
    make_files_old(store)
    assert "run-tiny" in collect_garbage(store, keep_runs=1, delete=True).kept_runs
    assert not misses(plan_of(file, store, "first", profile="tiny"))


def test_pinned_run_is_kept_with_all_it_needs(changed, file, store):
    pin_run(store, "run-1")
    collect_garbage(store, keep_runs=1, delete=True)
    assert not misses(plan_of(file, store, "first"))


def test_input_that_no_run_names_is_kept_for_what_was_made_from_it(changed, store):
    row = store.find(changed.by_name["figure/noise/noising"].key)
    run = store.find(key_of_run("run-2"))
    assert row is not None and run is not None
    layout = json.loads(store.read_object(run.objects["layout.json"]))
    layout["nodes"] = [node for node in layout["nodes"] if node["key"] == row.key]
    ref = store.put_object(json.dumps(layout).encode(), "json")
    store.record(dataclasses.replace(run, objects={"layout.json": ref}))
    make_files_old(store)
    collect_garbage(store, keep_runs=1, delete=True)
    assert store.find(row.key) is not None
    assert store.find(changed.by_name["data/digits"].key) is not None
    assert store.find(changed.by_name["train/denoiser"].key) is None


def test_young_results_of_no_run_stay(changed, file, store):
    other = plan_of(file, store, "first", overrides=["models.denoiser.epochs=2"])
    record_made(store, other, age=0)
    found = collect_garbage(store, keep_runs=1, delete=True)
    assert found.too_young > 0
    assert not misses(plan_of(file, store, "first", overrides=["models.denoiser.epochs=2"]))


def test_live_run_keeps_what_it_needs_however_old(changed, file, store):
    lease = store.lease("live")
    lease.needs(planned.key for planned in plan_of(file, store, "first").nodes)
    found = collect_garbage(store, keep_runs=1, delete=True)
    assert found.live_runs == ["live"]
    assert not misses(plan_of(file, store, "first"))
    lease.end()
    collect_garbage(store, keep_runs=1, delete=True)
    assert misses(plan_of(file, store, "first"))


def test_nothing_is_deleted_while_a_run_plans(changed, store):
    lease = store.lease("planning")
    before = files_of_store(store)
    found = collect_garbage(store, keep_runs=1, delete=True)
    assert "planning is being planned" in found.blocked
    assert files_of_store(store) == before
    lease.end()


def test_run_that_begins_while_gc_looks_stops_it(changed, store, monkeypatch):
    quarantined = Upkeep.quarantined
    # Of another host, which the lock of this one does not keep from beginning.
    lease = {"run_id": "late", "host": "elsewhere", "started_at": "", "keys": []}

    def begin(self: Upkeep):
        Path(store.address, "live").mkdir()
        Path(store.address, "live", f"{key_of_run('late')}.json").write_text(json.dumps(lease))
        return quarantined(self)

    monkeypatch.setattr(Upkeep, "quarantined", begin)
    rows = store.rows().keys()
    assert collect_garbage(store, keep_runs=1, delete=True).blocked
    assert store.rows().keys() == rows


def test_what_a_live_run_stores_while_gc_deletes_survives(changed, file, store, monkeypatch):
    """Its result is the same bytes as an old object that is about to go."""
    first = plan_of(file, store, "first").by_name["train/denoiser"]
    doomed = store.find(first.key)
    assert doomed is not None
    remove_rows = Upkeep.remove_rows
    made = dataclasses.replace(doomed, key="f" * 64, name="train/other", run_id="live")

    def record_meanwhile(self: Upkeep, rows):
        gone = remove_rows(self, rows)
        for name, ref in doomed.objects.items():
            data = Path(store.object_address(ref)).read_bytes()
            assert store.put_object(data, name.rpartition(".")[2]) == ref
        return gone

    monkeypatch.setattr(Upkeep, "remove_rows", record_meanwhile)
    collect_garbage(store, keep_runs=1, delete=True)
    assert store.find(first.key) is None
    store.record(made)
    assert store.missing_object(made) is None


def test_row_made_again_while_gc_looks_stays(changed, file, store, monkeypatch):
    row = store.find(plan_of(file, store, "first").by_name["train/denoiser"].key)
    assert row is not None
    remove_rows = Upkeep.remove_rows

    def record_first(self: Upkeep, rows):
        store.record(dataclasses.replace(row, run_id="again"))
        return remove_rows(self, rows)

    monkeypatch.setattr(Upkeep, "remove_rows", record_first)
    collect_garbage(store, keep_runs=1, delete=True)
    found = store.find(row.key)
    assert found is not None and found.run_id == "again"
    assert store.missing_object(found) is None


def test_results_of_a_killed_run_are_kept_for_a_week(changed, file, store):
    lease = {"run_id": "killed", "host": "elsewhere", "started_at": ""}
    lease["keys"] = [planned.key for planned in plan_of(file, store, "first").nodes]
    path = Path(store.address, "live", f"{key_of_run('killed')}.json")
    path.parent.mkdir()
    path.write_text(json.dumps(lease))
    os.utime(path, (time.time() - 5 * HOUR,) * 2)
    collect_garbage(store, keep_runs=1, delete=True)
    assert not misses(plan_of(file, store, "first"))
    os.utime(path, (time.time() - WEEK - HOUR,) * 2)
    collect_garbage(store, keep_runs=1, delete=True)
    assert misses(plan_of(file, store, "first"))
    assert not path.exists()


@pytest.mark.parametrize(
    ("is_recorded", "is_needed", "age", "is_kept"),
    [
        (True, True, 10 * HOUR, False),
        (True, True, 60, True),
        (False, True, 2 * WEEK, True),
        (False, False, 10 * HOUR, True),
        (False, False, 2 * WEEK, False),
    ],
    ids=["finished", "finished just now", "to be resumed", "left yesterday", "abandoned"],
)
def test_workspaces_of_finished_and_abandoned_steps_go(
    changed, store, is_recorded, is_needed, age, is_kept
):
    key = changed.by_name["train/denoiser"].key if is_needed else "a" * 64
    if not is_recorded:
        store.remove(key)
    folder = store.workspace(key)
    state = folder / "state.safetensors"
    state.write_bytes(b"half trained")
    for path in (state, folder):
        os.utime(path, (time.time() - age,) * 2)
    collect_garbage(store, delete=True)
    assert state.exists() == is_kept


def test_workspace_in_use_stays(changed, store):
    folder = store.workspace(changed.by_name["train/denoiser"].key)
    os.utime(folder, (time.time() - 10 * HOUR,) * 2)
    with store.lock(folder.name):
        collect_garbage(store, delete=True)
        assert folder.exists()
    collect_garbage(store, delete=True)
    assert not folder.exists()


def test_damaged_files_set_aside_go_after_a_week(changed, store):
    path = Path(store.address, "quarantine", "abcd-object.png")
    path.parent.mkdir()
    path.write_bytes(b"x" * 100)
    collect_garbage(store, delete=True)
    assert path.exists()
    os.utime(path, (time.time() - 2 * WEEK,) * 2)
    assert collect_garbage(store, delete=True).bytes == 100
    assert not path.exists()


def test_old_file_is_kept_for_a_week_from_when_it_was_set_aside(changed, store):
    row = store.find(changed.by_name["train/denoiser"].key)
    part = Path(store.address, f"manifest/parts/data/{changed.by_name['data/digits'].key}.parquet")
    for path in (Path(store.object_address(row.objects["notes.txt"])), part):
        path.write_bytes(b"nonsense")
        os.utime(path, (time.time() - 2 * WEEK,) * 2)
    verify_store(store, repair=True)
    assert len(Upkeep(store).quarantined()) == 2
    assert names(collect_garbage(store, delete=True), "damaged file") == set()
    assert len(Upkeep(store).quarantined()) == 2


def test_damaged_manifest_is_refused(changed, store):
    part = Path(store.address, f"manifest/parts/data/{changed.by_name['data/digits'].key}.parquet")
    row = store.find(changed.by_name["data/digits"].key)
    part.write_bytes(b"nonsense")
    with pytest.raises(DarkroomError, match="verify --repair"):
        collect_garbage(store, delete=True)
    part.write_bytes(rows_to_parquet([dataclasses.replace(row, schema_version=99)]))
    with pytest.raises(DarkroomError, match="newer Darkroom"):
        collect_garbage(store, delete=True)


def test_manifest_that_fails_after_it_was_found_whole_is_refused(changed, store, monkeypatch):
    store.compact()
    before = files_of_store(store)

    def then_fail(upkeep: Upkeep) -> None:
        monkeypatch.setattr(pq.ParquetFile, "__init__", fail)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(collect_garbage_module, "_require_whole", then_fail)
    with pytest.raises(DarkroomError, match="Nothing is deleted"):
        collect_garbage(Store.open(store.address), keep_runs=1, delete=True)
    assert files_of_store(store) == before


def test_run_that_cannot_be_read_is_refused(changed, store):
    row = store.find(key_of_run("run-2"))
    assert row is not None
    Path(store.object_address(row.objects["layout.json"])).unlink()
    before = files_of_store(store)
    with pytest.raises(DarkroomError, match="verify --repair"):
        collect_garbage(store, delete=True)
    assert files_of_store(store) == before


def test_keeping_no_run_is_refused(store):
    with pytest.raises(BadInput, match="at least 1"):
        collect_garbage(store, keep_runs=0)


def test_empty_store_has_no_garbage(store):
    assert not collect_garbage(store, delete=True).garbage
