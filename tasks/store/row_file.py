"""Files of rows: plain Parquet, one row for a part of the manifest and many for a compacted file.

Columns that hold a mapping are text of canonical JSON, so any Parquet reader shows them and the
schema does not change with a step's parameters.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from tasks.errors import BadInput
from tasks.store.errors import DamagedRow, UnknownSchema
from tasks.store.node import canonical_json
from tasks.store.row import FIELDS, SCHEMA_VERSION, Row

COLUMNS = (*FIELDS, "digest")
_TYPES = {
    "schema_version": "int64",
    "seed": "int64",
    "seconds": "double",
    "work": "double",
    "git_dirty": "bool",
}
_MAX_GROUPS = 256
_SMALLEST_GROUP = 64
_ROWS_AT_ONCE = 10_000


def rows_in_group(rows: int) -> int:
    """Damage costs one group, not the file; and each group costs a reader a little."""
    return max(_SMALLEST_GROUP, -(-rows // _MAX_GROUPS))


def row_to_parquet(row: Row) -> bytes:
    """A Parquet file of one row. ValueError as for rows_to_parquet."""
    return rows_to_parquet([row])


def row_from_parquet(data: bytes) -> Row:
    """The row of a one-row file. DamagedRow, or UnknownSchema for one of another version."""
    rows, problems = rows_from_parquet(data)
    if problems:
        raise problems[0]
    if len(rows) != 1:
        raise DamagedRow(f"{len(rows)} rows where one is expected")
    return rows[0]


def rows_to_parquet(rows: Iterable[Row]) -> bytes:
    """A Parquet file of one or more rows, each with a digest of its other columns.

    ValueError if a value is not of its column's type, or not plain, finite JSON.
    """
    return table_to_parquet(rows_to_table(rows))


def table_to_parquet(table: Any) -> bytes:
    """A Parquet file of a table of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    # One-row files are mostly headers: leaving out dictionaries, statistics and the Arrow schema
    # makes them a third as large, a quarter faster to read and four times faster to write.
    pq.write_table(
        table,
        sink,
        row_group_size=rows_in_group(table.num_rows),
        compression="zstd" if table.num_rows > 1 else "none",
        use_dictionary=False,
        write_statistics=False,
        store_schema=False,
        # Readers of a few columns do not see the digest of a row.
        write_page_checksum=table.num_rows > 1,
    )
    data: bytes = sink.getvalue().to_pybytes()
    return data


def rows_to_table(rows: Iterable[Row]) -> Any:
    """An Arrow table of one or more rows. ValueError as for rows_to_parquet."""
    import pyarrow as pa

    records = (canonical_json(row.to_columns()) for row in rows)
    tables = []
    while lines := list(islice(records, _ROWS_AT_ONCE)):
        tables.append(_table_of_json("\n".join(lines).encode()))
    return pa.concat_tables(tables)


def empty_table() -> Any:
    """An Arrow table of no rows."""
    return _schema().empty_table()


def _table_of_json(lines: bytes) -> Any:
    """By way of JSON, since pyarrow turns Python values into arrays only after importing pandas,
    which takes half a second."""
    import pyarrow as pa
    import pyarrow.json as pa_json

    try:
        return pa_json.read_json(
            pa.BufferReader(lines),
            read_options=pa_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
            parse_options=pa_json.ParseOptions(
                explicit_schema=_schema(), unexpected_field_behavior="error"
            ),
        )
    except pa.ArrowException as error:
        raise ValueError(f"a manifest row cannot hold a value: {one_line(error)}") from error


def rows_from_parquet(data: bytes) -> tuple[list[Row], list[DamagedRow]]:
    """All whole rows of a file, and what was wrong with the others. Never raises for damage."""
    rows: list[Row] = []
    problems: list[DamagedRow] = []
    try:
        file = open_parquet(data)
    except DamagedRow as problem:
        return [], [problem]
    for group in range(file.num_row_groups):
        try:
            records = file.read_row_group(group, use_threads=False).to_pylist()
        except damage() as error:
            problems.append(DamagedRow(one_line(error)))
            continue
        for record in records:
            try:
                rows.append(row_from_record(record))
            except DamagedRow as problem:
                problems.append(problem)
    return rows, problems


def open_parquet(source: str | bytes) -> Any:
    """The pyarrow ParquetFile of a file of rows, given as its path or its bytes.

    DamagedRow or UnknownSchema if it is none; FileNotFoundError if it is not there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source = pa.BufferReader(source) if isinstance(source, bytes) else source
        file = pq.ParquetFile(source, page_checksum_verification=True)
        _check_columns(file.schema_arrow)
    except (DamagedRow, FileNotFoundError):
        raise
    except damage() as error:
        raise DamagedRow(one_line(error)) from error
    return file


def row_from_record(record: dict[str, Any]) -> Row:
    """A row as a file holds it. DamagedRow if it is not whole, UnknownSchema if it is newer."""
    try:
        if record["schema_version"] != SCHEMA_VERSION:
            raise unknown_schema(record["schema_version"])
        return Row.from_columns(record)
    except DamagedRow:
        raise
    except damage() as error:
        raise DamagedRow(one_line(error)) from error


def damage() -> tuple[type[Exception], ...]:
    """What reading a damaged file can raise."""
    import pyarrow as pa

    return (
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        MemoryError,
        BadInput,
    )


def unknown_schema(version: object) -> UnknownSchema:
    return UnknownSchema(
        f"a row of schema {version}; this version of Darkroom reads schema {SCHEMA_VERSION}"
    )


def one_line(error: BaseException) -> str:
    return " ".join(f"{error}".split())[:200] or type(error).__name__


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema([(name, pa.type_for_alias(_TYPES.get(name, "string"))) for name in COLUMNS])


def _check_columns(schema: Any) -> None:
    found = {column.name: str(column.type) for column in schema}
    expected = {name: _TYPES.get(name, "string") for name in COLUMNS}
    if found != expected:
        if found.get("schema_version") == "int64" and expected.keys() != found.keys():
            raise UnknownSchema("its columns are those of another version of Darkroom")
        raise DamagedRow("its columns are not those of a manifest")
