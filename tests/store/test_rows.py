"""Rows of a manifest that are decoded as they are asked for."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import pytest

from tasks.store.compacted_file import CompactedFile
from tasks.store.row import Row
from tasks.store.row_file import rows_to_parquet
from tasks.store.rows import Rows, Summary
from tests.store.sample_artifacts import key_of, make_row


def at(second: int) -> str:
    return f"2030-01-01T00:{second // 60:02d}:{second % 60:02d}.000000+00:00"


def compacted(rows: Sequence[Row]) -> CompactedFile:
    data = rows_to_parquet(sorted(rows, key=lambda row: row.key))
    return CompactedFile("manifest/compacted/x.parquet", data)


def spread(rows: Sequence[Row], files: int) -> Rows:
    """The same rows, some in parts and the others over so many files."""
    shuffled = list(rows)
    random.Random(files).shuffle(shuffled)
    parts, rest = shuffled[: len(rows) // 5], shuffled[len(rows) // 5 :]
    return Rows(
        {row.key: row for row in parts}, [compacted(rest[n::files]) for n in range(files) if rest]
    )


def named(name: str, row: Row) -> Row:
    return dataclasses.replace(row, name=name)


MANY = [
    named(
        f"train/{number % 7}",
        make_row(f"{number}", kind=("train", "sample")[number % 2], created_at=at(number)),
    )
    for number in range(150)
]
BY_KEY = dict(sorted((row.key, row) for row in MANY))


@pytest.mark.parametrize("files", [1, 3])
def test_rows_are_those_of_all_files_by_key(files: int) -> None:
    rows = spread(MANY, files)
    assert list(rows.items()) == list(BY_KEY.items())
    assert list(rows.values()) == list(BY_KEY.values())
    assert list(rows) == list(BY_KEY)
    assert len(rows) == rows.about == len(MANY)


def test_no_rows_are_an_empty_mapping() -> None:
    assert dict(Rows({}, [])) == {}
    assert Rows({}, []).select([key_of("a")]) == {}
    assert Rows({}, [compacted([make_row("a")])]).get(key_of("b")) is None


@pytest.mark.parametrize("files", [1, 3])
def test_selected_rows_are_those_asked_for_that_are_there(files: int) -> None:
    wanted = [*list(BY_KEY)[::9], key_of("never made"), "0" * 64, "f" * 64]
    assert spread(MANY, files).select(wanted) == {key: BY_KEY[key] for key in wanted[:-3]}
    assert spread(MANY, files)[wanted[0]] == BY_KEY[wanted[0]]


@pytest.mark.parametrize("files", [1, 3])
def test_rows_of_a_kind_are_found(files: int) -> None:
    expected = [row for row in BY_KEY.values() if row.kind == "sample"]
    assert spread(MANY, files).of_kind("sample") == expected
    assert spread(MANY, files).of_kind("figure") == []


@pytest.mark.parametrize("files", [1, 3])
def test_newest_of_a_name_come_first_and_no_more_than_asked(files: int) -> None:
    found = spread(MANY, files).newest_of_names(["train/3", "train/none"], 4)
    expected = [row for row in reversed(MANY) if row.name == "train/3"][:4]
    assert found == {"train/3": expected}


@pytest.mark.parametrize("files", [1, 3])
def test_newest_of_each_kind_are_no_more_than_asked(files: int) -> None:
    found = spread(MANY, files).newest_of_kinds(["train", "sample", "figure"], 5)
    assert {row.key for row in found} == {row.key for row in MANY[-10:]}


@pytest.mark.parametrize("files", [1, 3])
def test_summaries_tell_of_every_row(files: int) -> None:
    assert sorted(spread(MANY, files).summaries()) == [Summary.of(row) for row in BY_KEY.values()]


@pytest.mark.parametrize("newest", ["part", "first", "second"])
def test_newest_row_of_a_key_counts_wherever_it_lies(newest: str) -> None:
    times = {place: at(9 if place == newest else 1) for place in ("part", "first", "second")}
    rows = {
        place: named(f"train/{place}", make_row("a", host=place, created_at=time))
        for place, time in times.items()
    }
    others = [[make_row(f"{place}{n}") for n in range(3)] for place in ("first", "second")]
    found = Rows(
        {key_of("a"): rows["part"]},
        [compacted([rows[p], *more]) for p, more in zip(("first", "second"), others, strict=True)],
    )
    assert found[key_of("a")].host == newest
    assert [row.host for row in found.values() if row.key == key_of("a")] == [newest]
    assert [row.host for row in found.of_kind("train") if row.key == key_of("a")] == [newest]
    assert len(found) == 7
    stale = [f"train/{place}" for place in times if place != newest]
    assert found.newest_of_names([f"train/{newest}", *stale], 9).keys() == {f"train/{newest}"}
    assert len([row for row in found.summaries() if row.key == key_of("a")]) == 1


def test_equal_rows_in_two_files_count_once() -> None:
    rows = [make_row(f"{number}") for number in range(5)]
    found = Rows({rows[0].key: rows[0]}, [compacted(rows), compacted(rows)])
    assert len(found) == len(list(found.summaries())) == len(found.of_kind("train")) == 5


def test_file_whose_rows_are_in_any_order_is_read() -> None:
    rows = list(BY_KEY.values())
    random.Random(0).shuffle(rows)
    found = Rows({}, [CompactedFile("x", rows_to_parquet(rows))])
    assert found.select(list(BY_KEY)) == BY_KEY
    assert found[rows[0].key] == rows[0]
