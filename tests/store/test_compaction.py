"""Which files compaction merges, what that costs as a manifest grows, and that no row is lost."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tasks.store import compacted_file, manifest
from tasks.store.row import Row
from tasks.store.row_file import rows_from_parquet, rows_to_parquet
from tasks.store.store import Store
from tests.store.sample_artifacts import key_of, make_row

MAX_ROWS, SMALL = 64, 8


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few rows show what a million do."""
    monkeypatch.setattr(compacted_file, "MAX_ROWS", MAX_ROWS)
    monkeypatch.setattr(manifest, "MAX_ROWS", MAX_ROWS)
    monkeypatch.setattr(compacted_file, "SMALL", SMALL)


def files_of(store: Store) -> dict[str, int]:
    """Name of each compacted file to the number of its rows."""
    folder = Path(store.address, "manifest", "compacted")
    return {path.name: pq.read_metadata(path).num_rows for path in folder.glob("*")}


def record(store: Store, names: Sequence[str], **values: object) -> list[Row]:
    rows = [make_row(name, **values) for name in names]
    for row in rows:
        store.record(row)
    return rows


def write_compacted(store: Store, rows: Sequence[Row]) -> Path:
    """A file as compaction leaves it."""
    data = rows_to_parquet(sorted(rows, key=lambda row: row.key))
    path = Path(store.address, "manifest", "compacted", f"{key_of(str(data))}.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_growing_manifest_writes_each_row_a_few_times_and_stays_in_a_few_files(
    local_store: Store,
) -> None:
    written, recorded = 0, 0
    for batch in range(30):
        record(local_store, [f"{batch}/{number}" for number in range(5)])
        recorded += 5
        before = files_of(local_store)
        assert local_store.compact() == 5
        after = files_of(local_store)
        written += sum(rows for name, rows in after.items() if name not in before)
        assert max(after.values()) <= MAX_ROWS
        assert sum(after.values()) == recorded
        # Full ones, and of each size below that at most a few.
        assert len(after) <= recorded // (MAX_ROWS // 2) + 4
    assert written < 8 * recorded
    assert {row.name for row in local_store.rows().values()} == {
        f"train/{batch}/{number}" for batch in range(30) for number in range(5)
    }


def test_full_file_is_left_alone(local_store: Store) -> None:
    full = write_compacted(local_store, [make_row(f"a{n}") for n in range(MAX_ROWS)])
    before = full.read_bytes()
    record(local_store, ["b0", "b1"])
    local_store.compact()
    assert full.read_bytes() == before
    assert sorted(files_of(local_store).values()) == [2, MAX_ROWS]


def test_more_parts_than_a_file_takes_go_into_several(local_store: Store) -> None:
    record(local_store, [f"a{number}" for number in range(MAX_ROWS + 10)])
    assert local_store.compact() == MAX_ROWS + 10
    assert sorted(files_of(local_store).values()) == [10, MAX_ROWS]
    assert len(local_store.rows()) == MAX_ROWS + 10


def test_newest_row_of_a_key_is_the_one_that_a_merge_keeps(local_store: Store) -> None:
    older = [make_row(f"a{n}", created_at="2030-01-01T00:00:00+00:00") for n in range(4)]
    newer = [make_row(f"a{n}", created_at="2031-01-01T00:00:00+00:00") for n in range(2, 6)]
    for rows in (newer, older):
        write_compacted(local_store, rows)
    record(local_store, ["b"])
    local_store.compact()
    (count,) = files_of(local_store).values()
    assert count == 7
    found = {row.name: row.created_at[:4] for row in local_store.rows().values()}
    assert [found[f"train/a{n}"] for n in range(6)] == ["2030"] * 2 + ["2031"] * 4


def test_merge_carries_every_byte_of_a_row(local_store: Store) -> None:
    rows = [
        make_row("a", git_commit="c" * 40, git_dirty=True, seed=2**62),
        make_row("b", git_commit=None, git_dirty=None, metrics={"loss": 1e-300}),
        make_row("Größe \N{SNOWMAN}", git_dirty=False),
    ]
    for row in rows:
        write_compacted(local_store, [row])
    local_store.compact()
    assert local_store.rows() == {row.key: row for row in rows}
    (path,) = Path(local_store.address, "manifest", "compacted").iterdir()
    assert rows_from_parquet(path.read_bytes()) == (sorted(rows, key=lambda row: row.key), [])


@pytest.mark.parametrize("column", ["key", "identity", "digest", "schema_version"])
def test_damaged_group_is_found_by_its_checksum_and_costs_no_other(
    column: str, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # files of the usual size, so that this one is merged
    rows = sorted((make_row(f"a{n}") for n in range(200)), key=lambda row: row.key)
    path = write_compacted(local_store, rows)
    damage_column(path, group=1, column=column)
    whole = {row.key: row for row in (*rows[:64], *rows[128:])}
    store = Store(local_store.address)
    assert store.rows() == whole
    assert store.find(rows[70].key) is None
    (problem,) = store.problems
    assert str(path) in problem and problem.endswith("is made again when needed")
    (new,) = record(store, ["b"])
    store.compact()
    assert store.rows() == {**whole, new.key: new}
    assert store.problems == []
    (aside,) = Path(store.address, "quarantine").iterdir()
    assert aside.name.endswith(path.name)


def damage_column(path: Path, group: int, column: str) -> None:
    data = bytearray(path.read_bytes())
    metadata = pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(group)
    names = [metadata.column(number).path_in_schema for number in range(metadata.num_columns)]
    chunk = metadata.column(names.index(column))
    # The end of its page, behind the header.
    for position in range(1, 9):
        data[chunk.data_page_offset + chunk.total_compressed_size - position] ^= 0xFF
    path.write_bytes(data)


def test_file_with_rows_of_a_newer_version_is_never_merged(local_store: Store) -> None:
    newer = write_compacted(local_store, [make_row("a"), make_row("b", schema_version=2)])
    before = newer.read_bytes()
    record(local_store, ["c"])
    local_store.compact()
    assert newer.read_bytes() == before
    assert local_store.rows().keys() == {key_of("a"), key_of("c")}
    assert "update Darkroom to read it" in local_store.problems[0]


def test_removing_a_row_writes_only_the_file_that_holds_it(local_store: Store) -> None:
    first = write_compacted(local_store, [make_row(f"a{n}") for n in range(MAX_ROWS)])
    second = write_compacted(local_store, [make_row(f"b{n}") for n in range(MAX_ROWS)])
    local_store.remove(key_of("b7"))
    assert first.exists() and not second.exists()
    assert sorted(files_of(local_store).values()) == [MAX_ROWS - 1, MAX_ROWS]
    assert local_store.find(key_of("b7")) is None
    assert local_store.find(key_of("b8")) is not None


def test_removing_the_last_row_of_a_file_leaves_none(local_store: Store) -> None:
    write_compacted(local_store, [make_row("a")])
    local_store.remove(key_of("a"))
    assert files_of(local_store) == {}
    assert dict(local_store.rows()) == {}


def test_damaged_part_is_set_aside_though_there_is_nothing_else(local_store: Store) -> None:
    part = Path(local_store.address, "manifest", "parts", "train", f"{key_of('a')}.parquet")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"PAR1 and then nonsense")
    assert local_store.compact() == 0
    assert not part.exists()
    assert len(list(Path(local_store.address, "quarantine").iterdir())) == 1


def test_merging_never_imports_pandas(tmp_path: Path) -> None:
    from tests.store.test_store_address import run_python

    program = (
        "import sys; from tasks.store.store import Store; "
        "from tests.store.sample_artifacts import make_row; "
        f"store = Store.open('{tmp_path}'); "
        "[(store.record(make_row(name)), store.compact()) for name in 'abc']; "
        "store.remove(make_row('a').key); "
        "print(len(store.rows().of_kind('train')), 'pandas' in sys.modules)"
    )
    assert run_python(program) == "2 False\n"
