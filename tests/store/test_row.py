from __future__ import annotations

import dataclasses
import hashlib
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import BadInput
from tasks.store import DamagedRow, UnknownSchema
from tasks.store.row import ObjectRef, Row
from tasks.store.row_file import (
    row_from_parquet,
    rows_from_parquet,
    rows_to_parquet,
)
from tests.store.sample_artifacts import key_of, make_row

finite = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
keys = st.binary(max_size=8).map(lambda data: hashlib.sha256(data).hexdigest())
references = st.builds(
    ObjectRef,
    sha256=keys,
    size=st.integers(0, 2**53),
    extension=st.sampled_from(["png", "safetensors", "csv"]),
)
rows = st.builds(
    Row,
    key=keys,
    name=text,
    kind=st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
    identity=text,
    params=st.dictionaries(text, plain, max_size=4),
    inputs=st.dictionaries(text, keys, max_size=3),
    objects=st.dictionaries(st.sampled_from(["a.png", "epoch-005.safetensors"]), references),
    metrics=st.dictionaries(text, finite, max_size=3),
    info=st.dictionaries(text, plain, max_size=3),
    seed=st.integers(-(2**63), 2**63 - 1),
    seconds=finite,
    work=finite,
    git_commit=st.none() | text,
    git_dirty=st.none() | st.booleans(),
    versions=st.dictionaries(text, text, max_size=3),
    host=text,
    run_id=text,
)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_row_survives_its_parquet_file(row: Row) -> None:
    assert row_from_parquet(rows_to_parquet([row])) == row


@given(st.lists(rows, min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_many_rows_survive_one_parquet_file(many: list[Row]) -> None:
    assert rows_from_parquet(rows_to_parquet(many)) == (many, [])


PART = rows_to_parquet([make_row("model")])


@given(st.integers(0, len(PART) - 1), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_flipped_byte_never_yields_another_row(position: int, mask: int) -> None:
    data = bytearray(PART)
    data[position] ^= mask
    read, problems = rows_from_parquet(bytes(data))
    assert read == [row_from_parquet(PART)] or problems


@given(st.integers(0, len(PART) - 1))
@settings(max_examples=60, deadline=None)
def test_truncated_part_is_damaged(length: int) -> None:
    with pytest.raises(DamagedRow):
        row_from_parquet(PART[:length])


def test_damage_to_a_file_of_many_rows_costs_one_group() -> None:
    many = [make_row(f"model-{number}") for number in range(200)]
    data = bytearray(rows_to_parquet(many))
    first_page = pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(1).column(1)
    for position in range(first_page.data_page_offset, first_page.data_page_offset + 8):
        data[position] ^= 0xFF
    read, problems = rows_from_parquet(bytes(data))
    assert [row.name for row in read] == [row.name for row in (*many[:64], *many[128:])]
    assert problems


def test_row_of_another_schema_version_is_told_from_damage() -> None:
    newer = dataclasses.replace(make_row("model"), schema_version=2)
    with pytest.raises(UnknownSchema, match="schema 2"):
        row_from_parquet(rows_to_parquet([newer]))


def test_columns_of_another_version_are_told_from_damage() -> None:
    table = pq.read_table(io.BytesIO(PART)).append_column("cost", pa.array([1.0]))
    sink = io.BytesIO()
    pq.write_table(table, sink)
    with pytest.raises(UnknownSchema):
        row_from_parquet(sink.getvalue())


def test_foreign_parquet_is_no_row() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"image": [b"png"], "label": [3]}), sink)
    with pytest.raises(DamagedRow):
        row_from_parquet(sink.getvalue())


@pytest.mark.parametrize(
    "values",
    [
        {"metrics": {"final_loss": float("nan")}},
        {"params": {"sigmas": [float("inf")]}},
        {"info": {1: "one"}},
        {"seed": 2**64},
        {"host": 5},
        {"seconds": float("inf")},
        {"seconds": "long"},
    ],
)
def test_value_that_no_column_can_hold_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot"):
        rows_to_parquet([make_row("model", **values)])


@pytest.mark.parametrize(
    "values",
    [
        {"key": "../../etc/passwd"},
        {"key": key_of("model").upper()},
        {"kind": "train/../.."},
        {"kind": ".."},
        {"kind": "train\n"},
        {"inputs": {"data": "/etc/passwd"}},
        {"objects": {"../image.png": ObjectRef(key_of("x"), 1, "png")}},
        {"objects": {".png": ObjectRef(key_of("x"), 1, "png")}},
        {"objects": {"image": ObjectRef(key_of("x"), 1, "png")}},
    ],
)
def test_name_that_could_leave_the_store_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        make_row("model", **values)


@pytest.mark.parametrize(
    "reference", [("../x", 1, "png"), (key_of("x"), 1, "p/g"), (key_of("x"), -1, "png")]
)
def test_reference_that_could_leave_the_store_is_refused(reference: tuple[str, int, str]) -> None:
    with pytest.raises(BadInput):
        ObjectRef(*reference)


def test_whole_number_is_read_as_the_float_that_its_column_holds() -> None:
    row = make_row("model", seconds=3, work=2)
    assert row_from_parquet(rows_to_parquet([row])) == row
