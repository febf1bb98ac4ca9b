"""One row of the manifest: what a node made, how, and where its objects are.

A file of rows is plain Parquet. Columns that hold a mapping are text of canonical JSON, so any
Parquet reader shows them and the schema does not change with a step's parameters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from tasks.errors import BadInput
from tasks.store.errors import DamagedRow, UnknownSchema
from tasks.store.names import check_extension, check_key, check_kind, check_object_name
from tasks.store.node import JSON, canonical_json

SCHEMA_VERSION = 1


def utc_now() -> str:
    """ISO 8601 in UTC with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True)
class ObjectRef:
    """An object by its content. size: bytes. extension: without a dot."""

    sha256: str
    size: int
    extension: str

    def __post_init__(self) -> None:
        check_key(self.sha256)
        check_extension(self.extension)
        if not isinstance(self.size, int) or self.size < 0:
            raise BadInput(f"store: object size {self.size!r} is not a number of bytes")


@dataclass(frozen=True, kw_only=True)
class Row:
    """Everything recorded of one artifact. Names that become paths are checked: BadInput.

    identity: canonical JSON of the node's Identity, which explains a miss.
    inputs: role to key. objects: name with extension to object.
    metrics: finite numbers. info: further plain JSON for the report.
    seconds: duration of the step. work: its size, in units of its kind.
    git_commit, git_dirty: of the code that made it, None outside a repository.
    created_at: ISO 8601 in UTC with microseconds.
    """

    schema_version: int = SCHEMA_VERSION
    key: str
    name: str
    kind: str
    identity: str = "{}"
    params: Mapping[str, JSON] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, ObjectRef] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    info: Mapping[str, JSON] = field(default_factory=dict)
    seed: int = 0
    device: str = "cpu"
    number_format: str = "float32"
    seconds: float = 0.0
    work: float = 1.0
    git_commit: str | None = None
    git_dirty: bool | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    run_id: str = ""
    created_at: str = field(default_factory=utc_now)

    def __post_init__(self) -> None:
        check_key(self.key)
        check_kind(self.kind)
        _ = self.created  # ValueError for a time that is none
        for name in self.objects:
            check_object_name(name)
        for key in self.inputs.values():
            check_key(key)

    @property
    def created(self) -> datetime:
        created = datetime.fromisoformat(self.created_at)
        return created if created.tzinfo else created.replace(tzinfo=UTC)

    @property
    def age_order(self) -> tuple[datetime, str, str]:
        """Sorts rows of one key from oldest to newest, the same way in every process."""
        return self.created, self.run_id, _digest(self._columns())

    def to_parquet(self) -> bytes:
        """A Parquet file of this row alone. ValueError if a value is not plain, finite JSON."""
        return rows_to_parquet([self])

    @classmethod
    def from_parquet(cls, data: bytes) -> Row:
        """The row of a one-row file. DamagedRow, or UnknownSchema for one of another version."""
        rows, problems = rows_from_parquet(data)
        if problems:
            raise problems[0]
        if len(rows) != 1:
            raise DamagedRow(f"{len(rows)} rows where one is expected")
        return rows[0]

    def _columns(self) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        for name in _FIELDS:
            value = getattr(self, name)
            if name == "objects":
                value = {name: vars(ref) for name, ref in value.items()}
            try:
                columns[name] = canonical_json(value) if name in _JSON_FIELDS else value
            except ValueError as error:
                raise ValueError(f"{self.name}: {name} cannot be recorded: {error}") from error
        return columns

    @classmethod
    def _from_columns(cls, columns: dict[str, Any]) -> Row:
        digest = columns.pop("digest")
        if digest != _digest(columns):
            raise DamagedRow("a row does not match its digest")
        values = {
            name: json.loads(value) if name in _JSON_FIELDS else value
            for name, value in columns.items()
        }
        values["objects"] = {
            name: ObjectRef(**reference) for name, reference in values["objects"].items()
        }
        return cls(**values)


_FIELDS = tuple(column.name for column in fields(Row))
_JSON_FIELDS = frozenset({"params", "inputs", "objects", "metrics", "info", "versions"})
_COLUMN_TYPES = {
    "schema_version": "int64",
    "seed": "int64",
    "seconds": "double",
    "work": "double",
    "git_dirty": "bool",
}
_ROWS_IN_GROUP = 64
"""Damage costs one group, not the file."""


def rows_to_parquet(rows: Iterable[Row]) -> bytes:
    """A Parquet file of one or more rows, each with a digest of its other columns.

    ValueError if a value is not of its column's type, or not plain, finite JSON.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    records = [row._columns() for row in rows]
    for record in records:
        record["digest"] = _digest(record)
    sink = pa.BufferOutputStream()
    # One-row files are mostly headers: leaving out dictionaries, statistics and the Arrow schema
    # makes them a third as large, a quarter faster to read and four times faster to write.
    pq.write_table(
        _to_table(records),
        sink,
        row_group_size=_ROWS_IN_GROUP,
        compression="zstd" if len(records) > 1 else "none",
        use_dictionary=False,
        write_statistics=False,
        store_schema=False,
    )
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _to_table(records: list[dict[str, Any]]) -> Any:
    import pyarrow as pa
    import pyarrow.json as pa_json

    names = (*_FIELDS, "digest")
    types = [pa.type_for_alias(_COLUMN_TYPES.get(name, "string")) for name in names]
    # By way of JSON, since pyarrow turns Python values into arrays only after importing pandas,
    # which takes half a second.
    lines = "\n".join(canonical_json(record) for record in records).encode()
    try:
        return pa_json.read_json(
            pa.BufferReader(lines),
            read_options=pa_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
            parse_options=pa_json.ParseOptions(
                explicit_schema=pa.schema(list(zip(names, types, strict=True))),
                unexpected_field_behavior="error",
            ),
        )
    except pa.ArrowException as error:
        raise ValueError(f"a manifest row cannot hold a value: {_one_line(error)}") from error


def rows_from_parquet(data: bytes) -> tuple[list[Row], list[DamagedRow]]:
    """All whole rows of a file, and what was wrong with the others. Never raises for damage."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: list[Row] = []
    problems: list[DamagedRow] = []
    damage = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError, BadInput)
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        groups = file.num_row_groups
        _check_columns(file.schema_arrow)
    except DamagedRow as problem:
        return [], [problem]
    except (*damage, AttributeError) as error:
        return [], [DamagedRow(_one_line(error))]
    for group in range(groups):
        try:
            records = file.read_row_group(group, use_threads=False).to_pylist()
        except damage as error:
            problems.append(DamagedRow(_one_line(error)))
            continue
        for record in records:
            try:
                if record["schema_version"] != SCHEMA_VERSION:
                    raise UnknownSchema(_unknown_schema(record["schema_version"]))
                rows.append(Row._from_columns(record))
            except DamagedRow as problem:
                problems.append(problem)
            except (*damage, AttributeError) as error:
                problems.append(DamagedRow(_one_line(error)))
    return rows, problems


def _check_columns(schema: Any) -> None:
    found = {column.name: str(column.type) for column in schema}
    expected = {name: _COLUMN_TYPES.get(name, "string") for name in (*_FIELDS, "digest")}
    if found != expected:
        if found.get("schema_version") == "int64" and expected.keys() != found.keys():
            raise UnknownSchema("its columns are those of another version of Darkroom")
        raise DamagedRow("its columns are not those of a manifest")


def _unknown_schema(version: object) -> str:
    return f"a row of schema {version}; this version of Darkroom reads schema {SCHEMA_VERSION}"


def _digest(columns: Mapping[str, Any]) -> str:
    """Catches flipped bytes that still parse. SHA-256 of all columns but the digest itself."""
    return hashlib.sha256(canonical_json(columns).encode()).hexdigest()


def _one_line(error: BaseException) -> str:
    return " ".join(f"{error}".split())[:200] or type(error).__name__
