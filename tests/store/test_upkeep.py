from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks import BadInput
from tasks.store.manifest import Manifest, Part
from tasks.store.row import ObjectRef, object_path
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep
from tests.store.sample_artifacts import key_of, make_row, write_artifact

HOUR = 3600.0


def make_old(store: Store, ref: ObjectRef) -> Path:
    """As if it had been written ten hours ago."""
    path = Path(store.object_address(ref))
    os.utime(path, (time.time() - 10 * HOUR,) * 2)
    return path


def test_every_object_is_listed_with_its_size_and_age(store: Store) -> None:
    refs = [store.put_object(bytes(size), "bin") for size in (0, 7, 100)]
    found = {file.path: file for file in Upkeep(store).objects()}
    assert {path: file.size for path, file in found.items()} == {
        object_path(ref): ref.size for ref in refs
    }
    for file in found.values():
        assert file.modified is not None and abs(file.modified - time.time()) < 60


def test_files_that_are_no_objects_are_left_out(local_store: Store) -> None:
    store = local_store
    ref = store.put_object(b"x", "bin")
    folder = Path(store.object_address(ref)).parent
    (folder / "notes.txt").write_text("mine")
    (folder / f"{'0' * 64}.bin").write_text("in the wrong folder")
    assert [file.path for file in Upkeep(store).objects()] == [object_path(ref)]


def test_only_what_is_old_is_deleted(store: Store) -> None:
    upkeep, ref = Upkeep(store), store.put_object(b"x", "bin")
    assert not upkeep.delete_files([object_path(ref)], time.time() - HOUR)
    assert store.object_exists(ref)
    assert upkeep.delete_files([object_path(ref)], time.time() + HOUR)
    assert not store.object_exists(ref)
    assert upkeep.delete_files([object_path(ref)], time.time() + HOUR)


def test_object_stored_again_is_young_again(local_store: Store) -> None:
    store = local_store
    ref = store.put_object(b"x", "bin")
    make_old(store, ref)
    store.put_object(b"x", "bin")
    assert not Upkeep(store).delete_files([object_path(ref)], time.time() - HOUR)


def test_object_settled_while_it_is_deleted_stays(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = local_store
    ref = store.put_object(b"x", "bin")
    path = make_old(store, ref)
    rename = os.replace

    def settle_first(source: str, target: str) -> None:
        if source == str(path):
            store.put_object(b"x", "bin")
        rename(source, target)

    monkeypatch.setattr(os, "replace", settle_first)
    assert not Upkeep(store).delete_files([object_path(ref)], time.time() - HOUR)
    assert store.read_object(ref) == b"x"


def test_object_deleted_while_it_is_stored_again_is_written(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.store.local_files import LocalFilesystem

    store = local_store
    ref = store.put_object(b"x", "bin")
    make_old(store, ref)
    settle = LocalFilesystem.settle

    def delete_first(self: LocalFilesystem, path: str) -> None:
        assert Upkeep(store).delete_files([path], time.time() - HOUR)
        settle(self, path)

    monkeypatch.setattr(LocalFilesystem, "settle", delete_first)
    store.put_object(b"x", "bin")
    assert store.read_object(ref) == b"x"


@pytest.mark.parametrize("is_compacted", [False, True])
def test_removed_rows_are_forgotten_and_others_kept(store: Store, is_compacted: bool) -> None:
    rows = [write_artifact(store, name) for name in ("a", "b", "c")]
    if is_compacted:
        store.compact()
    rows = [store.rows()[row.key] for row in rows]
    gone = Upkeep(store).remove_rows(rows[:2])
    assert {row.key for row in gone} == {key_of("a"), key_of("b")}
    assert store.rows().keys() == {key_of("c")}
    assert store.find(key_of("a")) is None


def test_removing_a_row_brings_no_older_one_back(store: Store) -> None:
    write_artifact(store, "a")
    store.compact()
    newer = write_artifact(store, "a", run_id="newer")
    Upkeep(store).remove_rows([store.rows()[newer.key]])
    assert store.find(newer.key) is None


def test_row_recorded_anew_is_not_removed(store: Store) -> None:
    read = write_artifact(store, "a")
    write_artifact(store, "a", run_id="newer")
    assert Upkeep(store).remove_rows([read]) == []
    found = store.find(read.key)
    assert found is not None and found.run_id == "newer"


@pytest.mark.parametrize("store", ["memory", "s3"], indirect=True)
def test_row_that_another_host_records_while_others_are_removed_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_artifact(store, "a")
    (read,) = store.rows().values()
    find_parts = Manifest._parts
    has_recorded = []

    def then_record(self: Manifest, *arguments: Any) -> list[Part]:
        parts = find_parts(self, *arguments)
        if not has_recorded:
            has_recorded.append(True)
            write_artifact(Store.open(store.address), "a", run_id="newer")
        return parts

    monkeypatch.setattr(Manifest, "_parts", then_record)
    Upkeep(store).remove_rows([read])
    found = Store.open(store.address).find(read.key)
    assert found is not None and found.run_id == "newer"


def test_rows_not_there_any_more_count_as_gone(store: Store) -> None:
    row = make_row("a")
    assert Upkeep(store).remove_rows([row]) == [row]


def test_damage_is_told_and_changes_nothing(store: Store) -> None:
    upkeep, ref = Upkeep(store), store.put_object(b"four", "bin")
    assert upkeep.damage([ref]) == [None]
    assert upkeep.damage([replace(ref, size=5)]) == ["truncated (4 of 5 bytes)"]
    assert upkeep.damage([replace(ref, size=3)]) == ["does not match its SHA-256"]
    assert upkeep.damage([replace(ref, sha256=key_of("other"))]) == ["missing"]
    assert upkeep.damage([ref]) == [None]


def test_pins_last_until_removed(store: Store) -> None:
    pins = Upkeep(store).pins
    pins.add(key_of("run"), {"run_id": "run"})
    assert Upkeep(Store(store.address)).pins.pinned() == {key_of("run")}
    pins.remove(key_of("run"))
    pins.remove(key_of("run"))
    assert pins.pinned() == set()


@pytest.mark.parametrize("key", ["../escape", "", "A" * 64])
def test_pin_never_leads_out_of_the_store(store: Store, key: str) -> None:
    with pytest.raises(BadInput):
        Upkeep(store).pins.add(key, {})


def test_workspaces_are_measured_by_their_newest_file(store: Store) -> None:
    folder = store.workspace(key_of("a"))
    (folder / "state").write_bytes(bytes(10))
    os.utime(folder, (0, 0))
    (found,) = Upkeep(store).workspaces()
    assert (found.key, found.size) == (key_of("a"), 10)
    assert time.time() - found.modified < 60
    assert not Upkeep(store).delete_workspace(found.key, time.time() - HOUR)
    assert Upkeep(store).delete_workspace(found.key, time.time() + HOUR)
    assert not folder.exists()
