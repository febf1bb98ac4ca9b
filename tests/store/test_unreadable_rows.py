"""The system withholds a file of the manifest for once: that is no damage, and costs nothing."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.upkeep.verify_store import verify_store
from tasks.store.row_file import rows_from_parquet, rows_to_parquet
from tasks.store.store import Store
from tests.store.sample_artifacts import key_of, make_row

NAMES = ("a", "b", "c")

FAILURES = [
    OSError(errno.EIO, "Input/output error"),
    OSError(errno.EMFILE, "Too many open files"),
    PermissionError(errno.EACCES, "Permission denied"),
    MemoryError("malloc of size 64 failed"),
]


@pytest.fixture
def compacted(local_store: Store) -> Path:
    """The store's one compacted file, which no one has opened yet."""
    for name in NAMES:
        local_store.record(make_row(name))
    local_store.compact()
    (path,) = Path(local_store.address, "manifest/compacted").iterdir()
    return path


class FailsOnce:
    """A method that raises `error` when it is called, and works ever after."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, name: str, error: Exception, when: Any = None
    ) -> None:
        works: Callable[..., Any] = getattr(pq.ParquetFile, name)
        self.has_failed = False

        def method(file: Any, *arguments: Any, **options: Any) -> Any:
            if not self.has_failed and (when is None or when(*arguments, **options)):
                self.has_failed = True
                raise error
            return works(file, *arguments, **options)

        monkeypatch.setattr(pq.ParquetFile, name, method)


def of_a_path(source: Any, **_: Any) -> bool:
    """Compacted files are opened by their path, parts as bytes."""
    return isinstance(source, str)


def of_whole_rows(*_: Any, columns: list[str] | None = None, **__: Any) -> bool:
    return columns is None


def is_all_there(address: str) -> bool:
    return Store.open(address).rows().keys() == {key_of(name) for name in NAMES}


@pytest.mark.parametrize("error", FAILURES, ids=repr)
def test_compaction_keeps_a_file_that_could_not_be_opened(
    compacted: Path, local_store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    before = compacted.read_bytes()
    local_store.record(make_row("a", run_id="newer"))
    fails = FailsOnce(monkeypatch, "__init__", error, of_a_path)
    Store.open(local_store.address).compact()
    assert fails.has_failed
    assert compacted.read_bytes() == before
    assert is_all_there(local_store.address)


@pytest.mark.parametrize("error", FAILURES, ids=repr)
def test_compaction_keeps_a_file_of_which_a_group_could_not_be_read(
    compacted: Path, local_store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    before = compacted.read_bytes()
    local_store.record(make_row("d"))
    fails = FailsOnce(monkeypatch, "read_row_group", error, of_whole_rows)
    Store.open(local_store.address).compact()
    assert fails.has_failed
    assert compacted.read_bytes() == before
    store = Store.open(local_store.address)
    store.compact()
    assert store.rows().keys() == {key_of(name) for name in (*NAMES, "d")}


@pytest.mark.parametrize("error", FAILURES, ids=repr)
@pytest.mark.parametrize(
    ("method", "when"), [("__init__", of_a_path), ("read_row_group", of_whole_rows)]
)
def test_repair_keeps_a_file_that_could_not_be_read(
    compacted: Path,
    local_store: Store,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    method: str,
    when: Callable[..., bool],
) -> None:
    before = compacted.read_bytes()
    fails = FailsOnce(monkeypatch, method, error, when)
    found = verify_store(Store.open(local_store.address), repair=True)
    assert fails.has_failed
    assert [file.address for file in found.damaged_files] == [str(compacted)]
    assert "cannot be read" in found.damaged_files[0].problem
    assert compacted.read_bytes() == before
    assert is_all_there(local_store.address)
    assert not verify_store(Store.open(local_store.address)).is_wrong


def test_store_that_failed_once_reads_the_file_again(
    compacted: Path, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(local_store.address)
    assert len(store.rows()) == len(NAMES)
    FailsOnce(monkeypatch, "read_row_group", FAILURES[0], of_whole_rows)
    assert store.rows().select([key_of("a")]) == {}
    assert "cannot be read" in store.problems[0]
    assert store.rows().select([key_of("a")]).keys() == {key_of("a")}
    assert store.problems == []


def test_part_for_which_there_was_no_memory_stays(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = make_row("a")
    local_store.record(row)
    FailsOnce(monkeypatch, "__init__", MemoryError())
    Store.open(local_store.address).compact()
    assert Store.open(local_store.address).rows().keys() == {row.key}


@pytest.mark.parametrize("spoil", [lambda data: data[:-20], lambda data: data[:-9] + b"thrift?!!"])
def test_file_that_makes_no_sense_is_set_aside(
    compacted: Path, local_store: Store, spoil: Callable[[bytes], bytes]
) -> None:
    spoiled = spoil(compacted.read_bytes())
    compacted.write_bytes(spoiled)
    assert not verify_store(Store.open(local_store.address), repair=True).is_wrong
    (aside,) = Path(local_store.address, "quarantine").iterdir()
    assert aside.read_bytes() == spoiled


@pytest.mark.parametrize("place", [10, 200, -40, -200])
def test_no_flipped_bit_passes_for_a_failure_of_the_system(place: int) -> None:
    data = bytearray(rows_to_parquet([make_row(name) for name in NAMES]))
    data[place] ^= 0xFF
    _, problems = rows_from_parquet(bytes(data))
    assert problems
    assert not any("cannot be read" in str(problem) for problem in problems)
