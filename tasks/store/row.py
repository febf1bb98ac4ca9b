"""One row of the manifest: what a node made, how, and where its objects are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from tasks import BadInput
from tasks.store import DamagedRow
from tasks.store.node import JSON, canonical_json, check_key, check_name

SCHEMA_VERSION = 1

INFO_NAME = "input_objects"
"""Under which a row's info keeps the digest of what its inputs held."""


def utc_now() -> str:
    """ISO 8601 in UTC with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def later_than(moment: datetime) -> str:
    """The next microsecond, in the same form."""
    return (moment + timedelta(microseconds=1)).isoformat(timespec="microseconds")


def parse_time(text: str) -> datetime:
    """Of ISO 8601; UTC where it names no zone. ValueError if it is no time."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ObjectRef:
    """An object by its content. size: bytes. extension: without a dot."""

    sha256: str
    size: int
    extension: str

    def __post_init__(self) -> None:
        check_key(self.sha256)
        check_name("extension", self.extension)
        if not isinstance(self.size, int) or self.size < 0:
            raise BadInput(f"store: object size {self.size!r} is not a number of bytes")

    def damage_of(self, data: bytes) -> str | None:
        """What is wrong with these bytes, None if they are the object's."""
        if len(data) < self.size:
            return f"truncated ({len(data):,} of {self.size:,} bytes)"
        is_whole = len(data) == self.size and hashlib.sha256(data).hexdigest() == self.sha256
        return None if is_whole else "does not match its SHA-256"


def object_path(ref: ObjectRef) -> str:
    """Below the store."""
    return f"objects/{ref.sha256[:2]}/{ref.sha256}.{ref.extension}"


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
        check_name("kind", self.kind)
        _ = self.created  # ValueError for a time that is none
        for name in self.objects:
            check_name("object name", name)
        for key in self.inputs.values():
            check_key(key)

    @property
    def created(self) -> datetime:
        return parse_time(self.created_at)

    @property
    def age_order(self) -> tuple[datetime, str, str]:
        """Sorts rows of one key from oldest to newest, the same way in every process."""
        return self.created, self.run_id, self.digest

    def to_columns(self) -> dict[str, Any]:
        """Values as a file of rows holds them, with their digest; mappings as canonical JSON.

        ValueError if one of them is not plain, finite JSON.
        """
        columns = self._columns()
        return {**columns, "digest": _digest(columns)}

    @property
    def digest(self) -> str:
        """SHA-256 of all that it holds."""
        return _digest(self._columns())

    def _columns(self) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        for name in FIELDS:
            value = getattr(self, name)
            if name == "objects":
                value = {name: vars(ref) for name, ref in value.items()}
            try:
                if name in _JSON_FIELDS:
                    value = canonical_json(value)
                elif name in _FLOAT_FIELDS:
                    # As it will be read, since the digest is of what a file holds.
                    value = float(value)
            except (ValueError, TypeError) as error:
                raise ValueError(f"{self.name}: {name} cannot be recorded: {error}") from error
            columns[name] = value
        return columns

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> Row:
        """The row that these columns hold. DamagedRow if they do not match their digest.

        ValueError, TypeError, KeyError or BadInput for what never was a row.
        """
        values = {name: columns[name] for name in FIELDS}
        if columns["digest"] != _digest(values):
            raise DamagedRow("a row does not match its digest")
        for name in _JSON_FIELDS:
            values[name] = (
                objects_from_json(values[name]) if name == "objects" else json.loads(values[name])
            )
        return cls(**values)


FIELDS = tuple(column.name for column in fields(Row))
_FLOAT_FIELDS = frozenset({"seconds", "work"})
_JSON_FIELDS = frozenset({"params", "inputs", "objects", "metrics", "info", "versions"})


def objects_from_json(text: str) -> dict[str, ObjectRef]:
    """The objects of a row, from its column of them."""
    return {name: ObjectRef(**reference) for name, reference in json.loads(text).items()}


def is_newer(row: Row, other: Row) -> bool:
    """Whether `row` takes the place of `other`, of the same key."""
    if (row.created, row.run_id) != (other.created, other.run_id):
        return (row.created, row.run_id) > (other.created, other.run_id)
    return row.age_order > other.age_order


def _digest(columns: Mapping[str, Any]) -> str:
    """Catches flipped bytes that still parse. SHA-256 of all columns but the digest itself."""
    try:
        text = canonical_json(columns)
    except ValueError as error:
        raise ValueError(f"{columns['name']} cannot be recorded: {error}") from error
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_inputs(inputs: Mapping[str, Row]) -> str:
    """64 hexadecimal digits for the objects of all inputs, by role and name.

    A key names how inputs are made, not what came out. An input made again elsewhere, with another
    number of threads or by force, may differ in its bits under the same key; this digest shows it.
    """
    objects = {
        role: {name: reference.sha256 for name, reference in row.objects.items()}
        for role, row in inputs.items()
    }
    return hashlib.sha256(canonical_json(objects).encode()).hexdigest()


def has_other_inputs(row: Row, rows: Mapping[str, Row]) -> bool:
    """Whether an input of `row` now holds other objects than when `row` was made.

    rows: by key. False where an input is not there to compare with.
    """
    recorded = row.info.get(INFO_NAME)
    if recorded is None or not all(key in rows for key in row.inputs.values()):
        return False
    return recorded != digest_of_inputs({role: rows[key] for role, key in row.inputs.items()})
