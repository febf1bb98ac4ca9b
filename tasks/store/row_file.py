"""Files of rows: plain Parquet, one row for a part of the manifest and many for a compacted file.

Columns that hold a mapping are text of canonical JSON, so any Parquet reader shows them and the
schema does not change with a step's parameters.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tasks import BadInput
from tasks.store import DamagedRow, UnknownSchema, UnreadableRow
from tasks.store.row import FIELDS, SCHEMA_VERSION, Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


class RowsFile:
    """A file of the manifest as it was read. path: below the store. problems: found in it."""

    path: str
    problems: Sequence[DamagedRow]

    @property
    def can_be_read(self) -> bool:
        """False if some of its bytes could not be had, so that it may hold more than it shows."""
        return not any(isinstance(problem, UnreadableRow) for problem in self.problems)

    @property
    def is_newer_schema(self) -> bool:
        return any(isinstance(problem, UnknownSchema) for problem in self.problems)


def rows_in_group(rows: int) -> int:
    """Damage costs one group, not the file; and each group costs a reader a little."""
    return max(_SMALLEST_GROUP, -(-rows // _MAX_GROUPS))


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

    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for row in rows:
        for name, value in row.to_columns().items():
            columns[name].append(value)
    arrays = []
    for name, values in columns.items():
        try:
            arrays.append(arrow_array(_TYPES.get(name, "string"), values))
        except (TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"column {name} cannot hold a value: {one_line(error)}") from error
    return pa.Table.from_arrays(arrays, schema=_schema())


def empty_table() -> Any:
    """An Arrow table of no rows."""
    return _schema().empty_table()


def arrow_array(kind: str, values: list[Any]) -> Any:
    """kind: "string", "bool", "int64" or "double"; None is null.

    By way of buffers, since pyarrow turns Python values into arrays only after importing pandas,
    which takes half a second.
    """
    import numpy as np
    import pyarrow as pa

    is_there = np.array([value is not None for value in values], bool)
    validity = None if is_there.all() else pa.py_buffer(_bits(is_there))
    if kind == "string":
        texts = [b"" if value is None else value.encode() for value in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        # Offsets of 64 bits, narrowed by the cast, which refuses what does not fit.
        buffers = [validity, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(texts))]
        return pa.LargeStringArray.from_buffers(len(values), buffers[1], buffers[2], validity).cast(
            pa.string()
        )
    if kind == "bool":
        data = _bits(np.array([value is True for value in values], bool))
    elif kind == "int64":
        data = array("q", values).tobytes()
    else:
        data = array("d", values).tobytes()
    return pa.Array.from_buffers(
        pa.type_for_alias(kind), len(values), [validity, pa.py_buffer(data)]
    )


def _bits(flags: NDArray[np.bool_]) -> bytes:
    """As Arrow packs them."""
    import numpy as np

    return np.packbits(flags, bitorder="little").tobytes()


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
            problems.append(problem_of(error))
            continue
        for record in records:
            try:
                rows.append(row_from_record(record))
            except DamagedRow as problem:
                problems.append(problem)
    return rows, problems


def open_parquet(source: str | bytes) -> Any:
    """The pyarrow ParquetFile of a file of rows, given as its path or its bytes.

    DamagedRow or UnknownSchema if it is none, UnreadableRow if that cannot be told now;
    FileNotFoundError if it is not there.
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
        raise problem_of(error) from error
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
        raise problem_of(error) from error


def problem_of(error: Exception) -> DamagedRow:
    """What one of `damage` says of the file: damaged, or not to be had now."""
    # Arrow raises OSError for bytes that make no sense too, but only the system gives a number.
    is_of_system = isinstance(error, OSError) and error.errno is not None
    if is_of_system or isinstance(error, MemoryError):
        return UnreadableRow(f"cannot be read: {one_line(error)}")
    return DamagedRow(one_line(error))


def damage() -> tuple[type[Exception], ...]:
    """What reading a damaged file can raise, and one that the system does not hand over."""
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
