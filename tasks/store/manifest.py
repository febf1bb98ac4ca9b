"""The manifest: one Parquet part for each recorded row, and compacted files of many.

    manifest/parts/<kind>/<key>.parquet              the commit point of an artifact
    manifest/parts/<kind>/<key>-<digest>.parquet     the same where other hosts write too
    manifest/compacted/<sha256>.parquet              rows of parts since deleted

Readers join all, newest row per key. They read the parts before the compacted files: a part that
vanishes in between was compacted, so its row is in a file that they have still to list.

Where other hosts write too, a part is never replaced: a row recorded again gets a part of its own,
so that whoever compacts deletes exactly what it has read. Parts of a newer version of Darkroom are
never replaced either.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tasks.store import DamagedRow, StoreUnavailable, UnknownSchema, UnreadableRow
from tasks.store.compacted_file import MAX_ROWS, CompactedFile, files_to_merge, merge, without
from tasks.store.filesystem import Filesystem, quarantine_path
from tasks.store.node import check_key
from tasks.store.row import SCHEMA_VERSION, Row, is_newer, later_than
from tasks.store.row_file import (
    RowsFile,
    row_from_parquet,
    rows_to_parquet,
    rows_to_table,
    table_to_parquet,
)
from tasks.store.rows import Rows

PARTS = "manifest/parts"
COMPACTED = "manifest/compacted"
MAX_LISTINGS = 100
"""Of compacted files, each of which may find one just compacted into another."""

_COMPACTED_FILE = re.compile(rf"{COMPACTED}/([0-9a-f]{{64}})\.parquet")
_PART = re.compile(rf"{PARTS}/([a-z_]{{1,64}})/([0-9a-f]{{64}})(-[0-9a-f]{{16}})?\.parquet")


@dataclass(frozen=True)
class Part(RowsFile):
    """A part as it was read: its row, or the problem with it. data: None if it could not be read
    at all."""

    path: str
    data: bytes | None
    row: Row | None = None
    problems: Sequence[DamagedRow] = ()


@dataclass(frozen=True)
class DamagedFile:
    """A file of the manifest with rows that cannot be read. address: in full.

    is_newer_schema: a newer Darkroom wrote it, so it is no damage.
    """

    address: str
    problem: str
    is_newer_schema: bool


class Manifest:
    """Rows of one store. For all that changes them the caller holds the manifest lock, for `record`
    unless the filesystem is remote."""

    def __init__(self, filesystem: Filesystem) -> None:
        self._filesystem = filesystem
        # A compacted file is named by its content, so what was read of it once stays true.
        self._opened: dict[str, CompactedFile] = {}
        # So is a part, where none is replaced.
        self._parts_read: dict[str, Part] = {}
        self._last_read: list[RowsFile] = []

    @property
    def problems(self) -> list[str]:
        """What was found damaged and left out, of the last `rows` and any `find` since, one line
        each. Some is found only as rows are decoded."""
        lines = [
            self._describe(file, problem) for file in self._last_read for problem in file.problems
        ]
        return list(dict.fromkeys(lines))

    def rows(self) -> Rows:
        """The newest row of every key. Damage is skipped, into `problems`."""
        parts = self._parts()
        compacted = self._compacted()
        self._last_read = [*parts, *compacted]
        return Rows(_newest_of(parts), compacted)

    def find(self, key: str, kind: str | None = None) -> Row | None:
        """The row of one key, read afresh. kind: spares a few requests."""
        parts = self._parts(check_key(key), kind)
        compacted = self._compacted()
        found = Rows(_newest_of(parts), compacted).get(key)
        files: list[RowsFile] = [*parts, *compacted]
        if damaged := [file for file in files if file.problems]:
            known = {file.path for file in self._last_read}
            self._last_read += [file for file in damaged if file.path not in known]
        return found

    def find_all(self, keys: Collection[str]) -> dict[str, Row]:
        """The rows of those of `keys` that have one, read afresh."""
        if self._filesystem.is_remote:
            return self.rows().select(keys)
        return {key: row for key in keys if (row := self.find(key)) is not None}

    def record(self, row: Row) -> None:
        """Write the part of `row`. It becomes the newest of its key, whatever the clocks say."""
        rows_to_parquet([row])  # a value that cannot be stored is found before anything is touched
        replaced = self.find(row.key, row.kind)
        if replaced is not None and row.created <= replaced.created:
            row = replace(row, created_at=later_than(replaced.created))
        self._filesystem.write(self._part_path(row), rows_to_parquet([row]))

    def remove(self, key: str) -> None:
        """Forget every row of `key`, damaged ones too. Its objects stay."""
        for path in self._part_paths(check_key(key)):
            self._filesystem.delete(path)
        self._remove_from_compacted([key], self._compacted())

    def compact(self) -> int:
        """Fold the parts into compacted files; returns how many. Killed at any point, no row is
        lost. Compacted files of like size are merged, so that each row is written again only as
        often as the manifest doubles."""
        parts, compacted = self._parts(), self._compacted()
        rows = _newest_of(parts)
        merged = files_to_merge(compacted, len(rows))
        if rows or len(merged) > 1 or any(file.problems for file in merged):
            written = self._write_compacted(merge(list(rows.values()), merged))
            self._retire_all([*parts, *(file for file in merged if file.path not in written)])
        else:
            self._retire_all(part for part in parts if part.problems)
        self._filesystem.sweep()
        return sum(1 for part in parts if part.row is not None)

    def count_parts(self) -> int:
        """How many parts there are, whole or damaged."""
        return len(self._part_paths())

    def damaged_files(self) -> list[DamagedFile]:
        """Every file with rows that cannot be read. Reads all of it."""
        return [
            DamagedFile(self._filesystem.address_of(file.path), str(problem), file.is_newer_schema)
            for file in self._read_whole()
            for problem in file.problems[:1]
        ]

    def remove_rows(self, rows: Iterable[Row]) -> list[Row]:
        """Forget these rows, and older ones of their keys. Returns those that are gone.

        A row recorded anew since it was read stays.
        """
        doomed = list(rows)
        # What is decided on is what goes: other hosts may record while this goes on.
        parts, compacted = self._parts(), self._compacted()
        newest = Rows(_newest_of(parts), compacted).select([row.key for row in doomed])
        gone = {row.key: row for row in doomed if newest.get(row.key) in (None, row)}
        self._retire_all([part for part in parts if part.row and part.row.key in gone])
        self._remove_from_compacted(gone, compacted)
        return list(gone.values())

    def set_damage_aside(self) -> int:
        """Move damaged files to quarantine/; what can be read of them is written anew first.

        Returns how many. A file of a newer schema is whole as far as can be told, and stays; so
        does one that could not be read at all.
        """
        damaged = [file for file in self._read_whole() if file.problems]
        damaged = [file for file in damaged if file.can_be_read and not file.is_newer_schema]
        for file in damaged:
            if isinstance(file, CompactedFile) and (rows := list(file.rows())):
                self._write_compacted(rows_to_table(rows))
            self._retire(file)
        return len(damaged)

    def _read_whole(self) -> list[RowsFile]:
        """Every file, each row decoded once, so that all damage is found."""
        compacted = self._compacted()
        for file in compacted:
            for _ in file.rows():
                pass
        return [*self._parts(), *compacted]

    def _part_path(self, row: Row) -> str:
        if self._filesystem.is_remote:
            return f"{PARTS}/{row.kind}/{row.key}-{row.digest[:16]}.parquet"
        path = f"{PARTS}/{row.kind}/{row.key}.parquet"
        found = self._load_part(path)
        if found is not None and found.is_newer_schema:
            return _beside_newer(row.kind, row.key)
        return path

    def _part_paths(self, key: str | None = None, kind: str | None = None) -> list[str]:
        if key is not None and not self._filesystem.is_remote:
            kinds = [kind] if kind is not None else self._filesystem.names(PARTS)
            paths = [f"{PARTS}/{name}/{key}.parquet" for name in kinds]
            paths += [_beside_newer(name, key) for name in kinds]
        elif key is not None and kind is not None:
            paths = self._filesystem.paths(f"{PARTS}/{kind}", beginning=key)
        else:
            paths = self._filesystem.paths(PARTS)
        found = [(path, _PART.fullmatch(path)) for path in paths]
        return [path for path, match in found if match and key in (None, match[2])]

    def _parts(self, key: str | None = None, kind: str | None = None) -> list[Part]:
        paths, known = self._part_paths(key, kind), self._parts_read
        new = [path for path in paths if path not in known]
        found = dict(zip(new, self._filesystem.each(self._load_part, new), strict=True))
        parts = [part for path in paths if (part := known.get(path) or found[path]) is not None]
        if self._filesystem.is_remote:
            whole = {part.path: part for part in parts if part.row is not None}
            self._parts_read = whole if key is None else {**known, **whole}
        return parts

    def _load_part(self, path: str) -> Part | None:
        """None if it is not there, or not any more."""
        try:
            data = self._filesystem.read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            return Part(path, None, problems=[UnreadableRow(f"cannot be read: {error}")])
        try:
            row = row_from_parquet(data)
        except DamagedRow as problem:
            return Part(path, data, problems=[problem])
        match = _PART.fullmatch(path)
        if match is None or (row.kind, row.key) != (match[1], match[2]):
            return Part(path, data, problems=[DamagedRow("it holds the row of another key")])
        return Part(path, data, row)

    def _compacted(self) -> list[CompactedFile]:
        for _ in range(MAX_LISTINGS):
            paths = [
                path for path in self._filesystem.paths(COMPACTED) if _COMPACTED_FILE.match(path)
            ]
            try:
                files = {path: self._open(path) for path in paths}
            except FileNotFoundError:
                continue  # just compacted into another, which a new listing shows
            self._opened = files
            return list(files.values())
        address = self._filesystem.address_of(COMPACTED)
        raise StoreUnavailable(f"{address}: what is listed there is never there; try again later")

    def _open(self, path: str) -> CompactedFile:
        known = self._opened.get(path)
        # One with problems is looked at again: it may have been put right.
        if known is not None and not known.problems:
            return known
        try:
            source = self._filesystem.immutable_copy(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            return CompactedFile(path, None, UnreadableRow(f"cannot be read: {error}"))
        return CompactedFile(path, source)

    def _remove_from_compacted(self, keys: Collection[str], files: Iterable[CompactedFile]) -> None:
        for file in files:
            if file.holds(keys):
                self._write_compacted(without(file, keys))
                self._retire(file)

    def _write_compacted(self, table: Any) -> list[str]:
        """Paths of the files of a table of rows: none for an empty one, else mostly one."""
        paths = []
        for first in range(0, table.num_rows, MAX_ROWS):
            data = table_to_parquet(table.slice(first, MAX_ROWS))
            path = f"{COMPACTED}/{hashlib.sha256(data).hexdigest()}.parquet"
            self._filesystem.write(path, data)
            if self._filesystem.read(path) != data:
                address = self._filesystem.address_of(path)
                raise DamagedRow(f"{address} does not read back as written; nothing was deleted")
            paths.append(path)
        return paths

    def _retire_all(self, files: Iterable[RowsFile]) -> None:
        self._filesystem.each(self._retire, files)

    def _retire(self, file: RowsFile) -> None:
        """Delete a file whose rows are written elsewhere; set a damaged one aside."""
        if file.is_newer_schema or not file.can_be_read:
            return
        if file.problems:
            self._filesystem.move(file.path, quarantine_path(file.path))
        elif isinstance(file, Part) and not self._filesystem.is_remote:
            assert file.data is not None
            self._filesystem.delete_if_unchanged(file.path, file.data)
        else:
            self._filesystem.delete(file.path)

    def _describe(self, file: RowsFile, problem: DamagedRow) -> str:
        advice = (
            "update Darkroom to read it"
            if isinstance(problem, UnknownSchema)
            else "what it recorded is made again when needed"
        )
        return f"{self._filesystem.address_of(file.path)}: {problem}; ignored, {advice}"


def _beside_newer(kind: str, key: str) -> str:
    """Where a row goes if a newer version of Darkroom has written the part of its key."""
    return f"{PARTS}/{kind}/{key}-{SCHEMA_VERSION:016x}.parquet"


def _newest_of(parts: Collection[Part]) -> dict[str, Row]:
    """The newest row of every key that they hold."""
    newest: dict[str, Row] = {}
    for row in (part.row for part in parts if part.row is not None):
        if row.key not in newest or is_newer(row, newest[row.key]):
            newest[row.key] = row
    return newest
