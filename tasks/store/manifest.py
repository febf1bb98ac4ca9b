"""The manifest: one Parquet part for each recorded row, and compacted files of many.

    manifest/parts/<kind>/<key>.parquet      the commit point of an artifact
    manifest/compacted/<sha256>.parquet      rows of parts since deleted

Readers join both, newest row per key. They read the parts before the compacted files: a part that
vanishes in between was compacted, so its row is in a file that they have still to list.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from tasks.store.errors import DamagedRow, UnknownSchema
from tasks.store.filesystem import Filesystem, quarantine_path
from tasks.store.names import check_key
from tasks.store.row import Row, rows_from_parquet, rows_to_parquet

PARTS = "manifest/parts"
COMPACTED = "manifest/compacted"
_FILE_NAME = re.compile(r"([0-9a-f]{64})\.parquet")
_KIND_NAME = re.compile(r"[a-z_]{1,64}")


@dataclass(frozen=True)
class ManifestFile:
    """A file as it was read. data: None if it could not be read at all."""

    path: str
    data: bytes | None
    rows: list[Row] = field(default_factory=list)
    problems: list[DamagedRow] = field(default_factory=list)

    @property
    def is_newer_schema(self) -> bool:
        return any(isinstance(problem, UnknownSchema) for problem in self.problems)


class Manifest:
    """Rows of one store. For `record`, `remove` and `compact` the caller holds the manifest lock.

    problems: what the last `rows` skipped, and any `find` since, one line each.
    """

    def __init__(self, filesystem: Filesystem) -> None:
        self._filesystem = filesystem
        # A compacted file is named by its content, so what was read of it once stays true.
        self._compacted_read: dict[str, ManifestFile] = {}
        self.problems: list[str] = []

    def rows(self) -> dict[str, Row]:
        """Newest row per key, ordered by key. Damaged files are skipped, into `problems`."""
        files = [*self._parts(), *self._compacted()]
        self.problems = [self._describe(file, problem) for file, problem in _problems(files)]
        return _newest(row for file in files for row in file.rows)

    def find(self, key: str, kind: str | None = None) -> Row | None:
        """The row of one key, read afresh. kind: spares a remote store a few requests."""
        files = [*self._parts(check_key(key), kind), *self._compacted()]
        for file, problem in _problems(files):
            if (line := self._describe(file, problem)) not in self.problems:
                self.problems = [*self.problems, line]
        return _newest(row for file in files for row in file.rows if row.key == key).get(key)

    def record(self, row: Row) -> None:
        """Write the part of `row`. It becomes the newest of its key, whatever the clocks say."""
        row.to_parquet()  # a value that cannot be stored is found before anything is touched
        replaced = self.find(row.key)
        if replaced is not None and row.created <= replaced.created:
            created = replaced.created + timedelta(microseconds=1)
            row = replace(row, created_at=created.isoformat(timespec="microseconds"))
        self._filesystem.write(f"{PARTS}/{row.kind}/{row.key}.parquet", row.to_parquet())

    def remove(self, key: str) -> None:
        """Forget every row of `key`, damaged ones too. Its objects stay."""
        for path in self._part_paths(check_key(key)):
            self._filesystem.delete(path)
        for file in self._compacted():
            if any(row.key == key for row in file.rows):
                if kept := [row for row in file.rows if row.key != key]:
                    self._write_compacted(kept)
                self._retire(file)

    def compact(self) -> int:
        """Fold the parts into one file; returns how many. Killed at any point, no row is lost."""
        parts, compacted = self._parts(), self._compacted()
        files = [*parts, *compacted]
        rows = _newest(row for file in files for row in file.rows)
        written = ""
        if rows and (parts or len(compacted) > 1 or compacted[0].problems):
            written = self._write_compacted(rows.values())
        for file in files:
            if file.path != written and (written or file.problems):
                self._retire(file)
        self._filesystem.sweep()
        return sum(1 for file in parts if file.rows)

    def count_parts(self) -> int:
        """How many parts there are, whole or damaged."""
        return len(self._part_paths())

    def _part_paths(self, key: str | None = None, kind: str | None = None) -> list[str]:
        found = [kind] if kind is not None else self._filesystem.names(PARTS)
        folders = [f"{PARTS}/{name}" for name in found if _KIND_NAME.fullmatch(name)]
        if key is not None:
            return [f"{folder}/{key}.parquet" for folder in folders]
        return [
            f"{folder}/{name}"
            for folder in folders
            for name in self._filesystem.names(folder)
            if _FILE_NAME.fullmatch(name)
        ]

    def _parts(self, key: str | None = None, kind: str | None = None) -> list[ManifestFile]:
        files = []
        for path in self._part_paths(key, kind):
            try:
                file = self._load(path)
            except FileNotFoundError:
                continue
            if file.rows and path != f"{PARTS}/{file.rows[0].kind}/{file.rows[0].key}.parquet":
                wrong = DamagedRow("it holds the row of another key")
                file = replace(file, rows=[], problems=[wrong])
            files.append(file)
        return files

    def _compacted(self) -> list[ManifestFile]:
        while True:
            names = self._filesystem.names(COMPACTED)
            paths = [f"{COMPACTED}/{name}" for name in names if _FILE_NAME.fullmatch(name)]
            try:
                files = {path: self._compacted_read.get(path) or self._load(path) for path in paths}
            except FileNotFoundError:
                continue  # just compacted into another, which a new listing shows
            self._compacted_read = {p: file for p, file in files.items() if not file.problems}
            return list(files.values())

    def _load(self, path: str) -> ManifestFile:
        try:
            data = self._filesystem.read(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            return ManifestFile(path, None, problems=[DamagedRow(f"cannot be read: {error}")])
        rows, problems = rows_from_parquet(data)
        return ManifestFile(path, data, rows, problems)

    def _write_compacted(self, rows: Iterable[Row]) -> str:
        data = rows_to_parquet(rows)
        path = f"{COMPACTED}/{hashlib.sha256(data).hexdigest()}.parquet"
        self._filesystem.write(path, data)
        if self._filesystem.read(path) != data:
            address = self._filesystem.address_of(path)
            raise DamagedRow(f"{address} does not read back as written; nothing was deleted")
        return path

    def _retire(self, file: ManifestFile) -> None:
        """Delete a file whose rows are written elsewhere; set a damaged one aside."""
        if file.is_newer_schema or file.data is None:
            return
        if file.problems:
            self._filesystem.move(file.path, quarantine_path(file.path))
        else:
            self._filesystem.delete_if_unchanged(file.path, file.data)

    def _describe(self, file: ManifestFile, problem: DamagedRow) -> str:
        advice = (
            "update Darkroom to read it"
            if isinstance(problem, UnknownSchema)
            else "what it recorded is made again when needed"
        )
        return f"{self._filesystem.address_of(file.path)}: {problem}; ignored, {advice}"


def _problems(files: Iterable[ManifestFile]) -> list[tuple[ManifestFile, DamagedRow]]:
    return [(file, problem) for file in files for problem in file.problems]


def _newest(rows: Iterable[Row]) -> dict[str, Row]:
    newest: dict[str, Row] = {}
    for row in rows:
        other = newest.setdefault(row.key, row)
        if other is not row and other.age_order < row.age_order:
            newest[row.key] = row
    return dict(sorted(newest.items()))
