"""Compacted files of the manifest: many rows, of which only those asked for are decoded.

Read column by column: a plan over a million rows needs their keys and a few of their values, and
the rest only of the rows that it names. Merged without decoding their rows.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tasks.store import DamagedRow
from tasks.store.row import SCHEMA_VERSION, Row, is_newer
from tasks.store.row_file import (
    RowsFile,
    damage,
    empty_table,
    open_parquet,
    problem_of,
    row_from_record,
    rows_to_table,
    unknown_schema,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Keys = NDArray[np.bytes_]
    Positions = NDArray[np.int64]

KEY_LENGTH = 64
MAX_ROWS = 65_536
"""Of a compacted file: merging takes a few hundred megabytes and a second or two, never more."""

SMALL = 4_096
"""Files of fewer rows are always merged: reading one costs as much as reading its rows."""


class CompactedFile(RowsFile):
    """An immutable file, from any number of threads.

    path: below the store. problems: what was found damaged so far; groups of rows are read, and so
    found, as they are needed.
    """

    def __init__(self, path: str, source: Any, problem: DamagedRow | None = None) -> None:
        """source: path or bytes of the file. problem: why there is none.

        FileNotFoundError if the path names no file.
        """
        import numpy as np

        self.path = path
        self.problems: list[DamagedRow] = [problem] if problem else []
        self._lock = threading.RLock()
        self._damaged_groups: set[int] = set()
        self._starts: list[int] = []
        """Number of the first row of each group."""
        self.keys: Keys = np.empty(0, f"S{KEY_LENGTH}")
        """Of all rows that can be told apart, ascending."""
        self._positions: Positions = np.empty(0, np.int64)
        """Number in the file of the row of each key."""
        self.row_count = 0
        """As the file says, damaged rows included."""
        self._parquet: Any = None
        if problem is None:
            try:
                self._parquet = open_parquet(source)
                self._read_index()
            except DamagedRow as error:
                self.problems.append(error)

    def select(self, keys: Collection[str]) -> Iterator[Row]:
        """The rows of those of `keys` that it holds, by key; each group is read once."""
        return self._decode(self._positions_of(keys))

    def holds(self, keys: Collection[str]) -> bool:
        """Whether it has a row of any of them."""
        return len(self._positions_of(keys)) > 0

    def rows(self) -> Iterator[Row]:
        """All whole rows, by key. What is damaged is in `problems` at the end."""
        return self._decode(self._positions)

    def columns(self, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """For each row its key and these values; damaged rows are left out.

        Only damage that the file's checksums show is found.
        """
        held = set(self._positions.tolist())
        for start, table in self._tables(["key", *names]):
            values = [table.column(name).to_pylist() for name in ("key", *names)]
            for number, row in enumerate(zip(*values, strict=True), start):
                if number in held:
                    yield row

    def table(self) -> Any:
        """An Arrow table of all rows that can be read, by key."""
        import pyarrow as pa

        tables = [_take(table, places) for table, places in self._groups(self._positions)]
        return pa.concat_tables(tables) if tables else empty_table()

    def _positions_of(self, keys: Collection[str]) -> Positions:
        import numpy as np

        wanted = _as_keys(keys)
        places = np.searchsorted(self.keys, wanted)
        is_inside = places < len(self.keys)
        places, wanted = places[is_inside], wanted[is_inside]
        return self._positions[places[self.keys[places] == wanted]]

    def _read_index(self) -> None:
        import numpy as np

        for group in range(self._parquet.num_row_groups):
            self._starts.append(self.row_count)
            self.row_count += self._parquet.metadata.row_group(group).num_rows
        keys, positions = [self.keys], [self._positions]
        for start, table in self._tables(["key", "schema_version"]):
            readable = self._readable(table)
            keys.append(_keys_of(table)[readable])
            positions.append(start + readable)
        self.keys, self._positions = np.concatenate(keys), np.concatenate(positions)
        # As they are written; a foreign file may be in any order.
        if not bool(np.all(self.keys[:-1] <= self.keys[1:])):
            order = np.argsort(self.keys, kind="stable")
            self.keys, self._positions = self.keys[order], self._positions[order]

    def _tables(self, columns: list[str]) -> Iterator[tuple[int, Any]]:
        """These columns of all groups that can be read, each with the number of its first row."""
        whole = None
        if not self._damaged_groups and self._parquet is not None:
            # Damage is in one of the groups, which are then read one by one.
            with contextlib.suppress(*damage()), self._lock:
                whole = self._parquet.read(columns=columns, use_threads=False)
        if whole is not None:
            yield 0, whole
            return
        for group, start in enumerate(self._starts):
            table = self._read(group, columns)
            if table is not None:
                yield start, table

    def _readable(self, table: Any) -> Positions:
        """Places of the rows of this schema version; others are told once."""
        import numpy as np

        versions = table.column("schema_version").to_pylist()
        for version in sorted(set(versions) - {SCHEMA_VERSION}, key=str):
            self._note(unknown_schema(version))
        return np.array([n for n, v in enumerate(versions) if v == SCHEMA_VERSION], np.int64)

    def _groups(self, positions: Positions) -> Iterator[tuple[Any, Positions]]:
        """For each run of `positions` in one group its Arrow table and their places there; groups
        that cannot be read are left out."""
        import numpy as np

        if not len(positions):
            return
        groups = np.searchsorted(np.array(self._starts), positions, side="right") - 1
        edges = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist(), len(positions)]
        for first, last in pairwise(edges):
            group = int(groups[first])
            table = self._read(group)
            if table is not None:
                yield table, positions[first:last] - self._starts[group]

    def _decode(self, positions: Positions) -> Iterator[Row]:
        for table, places in self._groups(positions):
            for record in _records(table, places.tolist()):
                try:
                    row = row_from_record(record)
                except DamagedRow as problem:
                    self._note(problem)
                    continue
                yield row

    def _read(self, group: int, columns: list[str] | None = None) -> Any:
        """A group as an Arrow table; None, told once, if it is damaged or cannot be read."""
        with self._lock:
            if group in self._damaged_groups:
                return None
            try:
                return self._parquet.read_row_group(group, columns=columns, use_threads=False)
            except damage() as error:
                self._damaged_groups.add(group)
                self._note(problem_of(error))
                return None

    def _note(self, problem: DamagedRow) -> None:
        if str(problem) not in map(str, self.problems):
            self.problems.append(problem)


def _as_keys(keys: Collection[str]) -> Keys:
    """Keys as an array, ascending, each once."""
    import numpy as np

    return np.unique(np.array([key.encode() for key in keys], f"S{KEY_LENGTH}"))


def _keys_of(table: Any) -> Keys:
    """The keys of an Arrow table of rows, in its order."""
    import numpy as np

    keys = table.column("key").to_pylist()
    return np.array([(key or "").encode() for key in keys], f"S{KEY_LENGTH}")


def _take(table: Any, places: Positions) -> Any:
    """Rows of an Arrow table in this order."""
    import pyarrow as pa

    if len(places) == table.num_rows and bool((places[1:] - places[:-1] == 1).all()):
        return table
    # By way of a buffer: turning numpy's arrays into Arrow's otherwise imports pandas.
    buffer = pa.py_buffer(places.astype("int64").tobytes())
    return table.take(pa.Array.from_buffers(pa.int64(), len(places), [None, buffer]))


def _records(table: Any, places: list[int]) -> Iterator[dict[str, Any]]:
    if len(places) * 4 > table.num_rows:
        records = table.to_pylist()
        yield from (records[place] for place in places)
        return
    for place in places:
        yield table.slice(place, 1).to_pylist()[0]


def files_to_merge(files: Iterable[CompactedFile], new_rows: int) -> list[CompactedFile]:
    """Those to write again, into one with `new_rows` more.

    Small ones, and larger ones no more than twice as large as what is merged with them: so a row
    is written again each time its file grows by half, not at each compaction. Damaged ones too, to
    save what can be read of them.
    """
    merged: list[CompactedFile] = []
    rows = new_rows
    for file in sorted(files, key=lambda file: (not file.problems, file.row_count, file.path)):
        if file.is_newer_schema or not file.can_be_read:
            continue
        is_like = file.row_count <= max(SMALL, 2 * rows)
        if file.problems or (is_like and rows + file.row_count <= MAX_ROWS):
            merged.append(file)
            rows += file.row_count
    return merged


def merge(rows: Sequence[Row], files: Sequence[CompactedFile]) -> Any:
    """An Arrow table of the newest row of every key, by key."""
    import numpy as np
    import pyarrow as pa

    tables = [file.table() for file in files]
    if rows:
        tables.append(rows_to_table(rows))
    table = pa.concat_tables(tables).combine_chunks()
    keys = _keys_of(table)
    order = np.argsort(keys, kind="stable")
    is_repeated = keys[order][1:] == keys[order][:-1]
    replaced = _replaced(table, order, is_repeated)
    return _take(table, order[~np.isin(order, list(replaced))] if replaced else order)


def without(file: CompactedFile, keys: Collection[str]) -> Any:
    """An Arrow table of the file's rows but those of `keys`."""
    import numpy as np

    table = file.table()
    held = _keys_of(table)
    return _take(table, np.flatnonzero(~np.isin(held, _as_keys(keys))))


def _replaced(table: Any, order: Any, is_repeated: Any) -> set[int]:
    """Places in the table of rows that another of their key replaces, or that are damaged.

    order: of the table by key. is_repeated: for each of it but the first, whether its key is that
    of the one before.
    """
    import numpy as np

    replaced: set[int] = set()
    newest: Row | None = None
    place = -1
    repeats = np.flatnonzero(is_repeated)
    for at in np.union1d(repeats, repeats + 1).tolist():
        other = int(order[at])
        try:
            row = row_from_record(table.slice(other, 1).to_pylist()[0])
        except DamagedRow:
            replaced.add(other)
            continue
        if newest is None or newest.key != row.key:
            newest, place = row, other
        elif is_newer(row, newest):
            replaced.add(place)
            newest, place = row, other
        else:
            replaced.add(other)
    return replaced
