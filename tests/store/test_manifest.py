from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest

from tasks import BadInput
from tasks.store.local_files import LocalFilesystem
from tasks.store.row import ObjectRef
from tasks.store.row_file import rows_to_parquet
from tasks.store.store import Store
from tests.store.sample_artifacts import key_of, make_row, write_artifact

NAMES = [f"model-{number}" for number in range(5)]


def part_of(store: Store, name: str) -> Path:
    return Path(store.address, "manifest", "parts", "train", f"{key_of(name)}.parquet")


def compacted_files(store: Store) -> list[Path]:
    return list(Path(store.address, "manifest", "compacted").glob("*"))


def test_recorded_row_is_found(store: Store) -> None:
    row = write_artifact(store, "model")
    assert store.find(row.key) == row
    assert store.find(row.key, kind="train") == row
    assert store.rows() == {row.key: row}


def test_empty_store_has_no_rows(store: Store) -> None:
    assert store.rows() == {}
    assert store.find(key_of("model")) is None
    assert store.compact() == 0


def test_row_is_refused_before_its_objects_are_there(store: Store) -> None:
    row = make_row("model", {"image.png": ObjectRef(key_of("never put"), 5, "png")})
    with pytest.raises(ValueError, match=r"image\.png is missing"):
        store.record(row)
    assert store.rows() == {}


def test_row_that_cannot_be_stored_leaves_the_old_one(store: Store) -> None:
    row = write_artifact(store, "model")
    with pytest.raises(ValueError, match="metrics cannot be recorded"):
        store.record(dataclasses.replace(row, metrics={"final_loss": float("nan")}))
    assert store.find(row.key) == row


def test_row_is_seen_by_another_store_at_once(store: Store) -> None:
    other = Store(store.address)
    assert other.rows() == {}
    row = write_artifact(store, "model")
    assert other.find(row.key) == row


@pytest.mark.parametrize("is_compacted", [False, True])
def test_last_record_of_a_key_wins_even_if_the_clock_goes_back(
    store: Store, is_compacted: bool
) -> None:
    write_artifact(store, "model", created_at="2031-01-01T00:00:00.000000+00:00", host="first")
    if is_compacted:
        store.compact()
    write_artifact(store, "model", created_at="2030-01-01T00:00:00.000000+00:00", host="second")
    found = store.find(key_of("model"))
    assert found is not None and found.host == "second"
    store.compact()
    assert store.rows()[key_of("model")].host == "second"


def test_compaction_changes_no_row(store: Store) -> None:
    for name in NAMES:
        write_artifact(store, name)
    before = store.rows()
    assert store.compact() == len(NAMES)
    assert store.rows() == before
    assert Store(store.address).rows() == before
    assert store.compact() == 0


def test_compaction_leaves_one_file(local_store: Store) -> None:
    for name in NAMES:
        write_artifact(local_store, name)
        local_store.compact()
    assert len(compacted_files(local_store)) == 1
    assert not any(part_of(local_store, name).exists() for name in NAMES)


def test_removed_row_stays_removed(store: Store) -> None:
    for name in NAMES:
        write_artifact(store, name)
    store.compact()
    write_artifact(store, NAMES[0])
    store.remove(key_of(NAMES[0]))
    assert store.find(key_of(NAMES[0])) is None
    assert store.rows().keys() == {key_of(name) for name in NAMES[1:]}


@pytest.mark.parametrize("damage", [b"", b"PAR1 garbage PAR1", b"\x00" * 4096])
def test_damaged_part_is_reported_ignored_and_rebuilt(local_store: Store, damage: bytes) -> None:
    for name in NAMES:
        write_artifact(local_store, name)
    part_of(local_store, NAMES[2]).write_bytes(damage)

    rest = {key_of(name) for name in NAMES if name != NAMES[2]}
    assert local_store.rows().keys() == rest
    assert len(local_store.problems) == 1 and key_of(NAMES[2]) in local_store.problems[0]
    assert local_store.find(key_of(NAMES[2])) is None

    write_artifact(local_store, NAMES[2])
    assert local_store.rows().keys() == rest | {key_of(NAMES[2])}
    assert local_store.problems == []


def test_truncated_part_is_reported_ignored_and_set_aside_by_compaction(
    local_store: Store,
) -> None:
    for name in NAMES:
        write_artifact(local_store, name)
    part = part_of(local_store, NAMES[2])
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])

    assert local_store.compact() == len(NAMES) - 1
    assert len(local_store.rows()) == len(NAMES) - 1
    assert local_store.problems == []
    assert len(list(Path(local_store.address, "quarantine").iterdir())) == 1


def test_truncated_compacted_file_is_reported_and_its_parts_still_count(
    local_store: Store,
) -> None:
    write_artifact(local_store, NAMES[0])
    local_store.compact()
    write_artifact(local_store, NAMES[1])
    (compacted,) = compacted_files(local_store)
    compacted.write_bytes(compacted.read_bytes()[:-20])

    fresh = Store(local_store.address)
    assert fresh.rows().keys() == {key_of(NAMES[1])}
    assert len(fresh.problems) == 1
    write_artifact(fresh, NAMES[0])
    fresh.compact()
    assert fresh.rows().keys() == {key_of(NAMES[0]), key_of(NAMES[1])}
    assert fresh.problems == []


def test_part_under_the_name_of_another_key_is_ignored(local_store: Store) -> None:
    write_artifact(local_store, NAMES[0])
    part_of(local_store, NAMES[1]).write_bytes(part_of(local_store, NAMES[0]).read_bytes())
    assert local_store.rows().keys() == {key_of(NAMES[0])}
    assert len(local_store.problems) == 1


def test_row_of_a_newer_version_is_reported_and_kept(local_store: Store) -> None:
    write_artifact(local_store, NAMES[0])
    newer = rows_to_parquet([dataclasses.replace(make_row(NAMES[1]), schema_version=2)])
    part_of(local_store, NAMES[1]).write_bytes(newer)
    local_store.compact()
    assert local_store.rows().keys() == {key_of(NAMES[0])}
    assert "update Darkroom" in local_store.problems[0]
    assert part_of(local_store, NAMES[1]).read_bytes() == newer


@pytest.mark.parametrize("litter", [".123-abc.part", "notes.txt", ".DS_Store"])
def test_other_files_among_the_parts_are_no_rows(local_store: Store, litter: str) -> None:
    row = write_artifact(local_store, "model")
    part_of(local_store, "model").with_name(litter).write_bytes(b"half a row")
    assert local_store.rows() == {row.key: row}
    assert local_store.problems == []


@pytest.mark.parametrize("key", ["", "..", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_key_that_could_leave_the_store_is_refused(store: Store, key: str) -> None:
    for use in (store.find, store.remove, store.lock, store.workspace, store.discard_workspace):
        with pytest.raises(BadInput):
            use(key)


def test_reader_misses_no_row_while_parts_are_compacted(store: Store) -> None:
    recorded: list[str] = []
    is_done = threading.Event()
    # Each takes two dozen requests there.
    count = 6 if store.address.startswith("s3") else 40

    def write() -> None:
        writer = Store(store.address)
        for number in range(count):
            row = make_row(f"model-{number}")
            writer.record(row)
            recorded.append(row.key)
            writer.compact()
        is_done.set()

    thread = threading.Thread(target=write)
    thread.start()
    readings = 0
    while not is_done.is_set():
        promised = list(recorded)
        found = store.rows()
        assert set(promised) <= found.keys()
        assert store.problems == []
        assert not promised or Store(store.address).find(promised[-1]) is not None
        readings += 1
    thread.join()
    assert readings > 2


def test_row_recorded_in_the_middle_of_a_compaction_is_kept(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_artifact(local_store, "model", host="first")
    write = LocalFilesystem.write
    recorder = threading.Thread(
        target=lambda: Store(local_store.address).record(make_row("model", host="second"))
    )

    def write_slowly(filesystem: LocalFilesystem, path: str, data: bytes) -> None:
        write(filesystem, path, data)
        if path.startswith("manifest/compacted"):
            recorder.start()
            recorder.join(0.3)

    monkeypatch.setattr(LocalFilesystem, "write", write_slowly)
    local_store.compact()
    recorder.join()
    found = local_store.find(key_of("model"))
    assert found is not None and found.host == "second"


def test_manifest_is_compacted_only_beyond_a_number_of_parts(store: Store) -> None:
    for name in NAMES:
        write_artifact(store, name)
    assert store.compact_beyond(len(NAMES)) == 0
    assert store.compact_beyond(len(NAMES) - 1) == len(NAMES)
    assert len(store.rows()) == len(NAMES)
