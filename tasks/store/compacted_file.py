"""A compacted file of the manifest: many rows, of which only those asked for are decoded.

Read column by column: a plan over a million rows needs their keys and a few of their values, and
the rest only of the rows that it names.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tasks.store.errors import DamagedRow, UnknownSchema, UnreadableRow
from tasks.store.row import SCHEMA_VERSION, Row
from tasks.store.row_file import (
    damage,
    empty_table,
    open_parquet,
    problem_of,
    row_from_record,
    unknown_schema,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Keys = NDArray[np.bytes_]
    Positions = NDArray[np.int64]

KEY_LENGTH = 64


class CompactedFile:
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

    @property
    def can_be_read(self) -> bool:
        """False if some of its bytes could not be had, so that it may hold more than it shows."""
        return not any(isinstance(problem, UnreadableRow) for problem in self.problems)

    @property
    def is_newer_schema(self) -> bool:
        return any(isinstance(problem, UnknownSchema) for problem in self.problems)

    def select(self, keys: Collection[str]) -> Iterator[Row]:
        """The rows of those of `keys` that it holds, by key; each group is read once."""
        yield from self._decode(self._positions_of(keys))

    def holds(self, keys: Collection[str]) -> bool:
        """Whether it has a row of any of them."""
        return len(self._positions_of(keys)) > 0

    def rows(self) -> Iterator[Row]:
        """All whole rows, by key. What is damaged is in `problems` at the end."""
        yield from self._decode(self._positions)

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

        positions = self._positions
        tables = []
        for group, first, last in self._grouped(positions):
            read = self._read(group)
            if read is not None:
                tables.append(take(read, positions[first:last] - self._starts[group]))
        return pa.concat_tables(tables) if tables else empty_table()

    def _positions_of(self, keys: Collection[str]) -> Positions:
        import numpy as np

        wanted = as_keys(keys)
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
            keys.append(keys_of(table)[readable])
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

    def _grouped(self, positions: Positions) -> Iterator[tuple[int, int, int]]:
        """Runs of consecutive `positions` in one group: the group, where they begin and end."""
        import numpy as np

        if not len(positions):
            return
        groups = np.searchsorted(np.array(self._starts), positions, side="right") - 1
        edges = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist(), len(positions)]
        for first, last in pairwise(edges):
            yield int(groups[first]), first, last

    def _decode(self, positions: Positions) -> Iterator[Row]:
        for group, first, last in self._grouped(positions):
            table = self._read(group)
            if table is None:
                continue
            inside = (positions[first:last] - self._starts[group]).tolist()
            for record in _records(table, inside):
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
                self._give_up(group, problem_of(error))
                return None

    def _give_up(self, group: int, problem: DamagedRow) -> None:
        self._damaged_groups.add(group)
        self._note(problem)

    def _note(self, problem: DamagedRow) -> None:
        if str(problem) not in map(str, self.problems):
            self.problems.append(problem)


def as_keys(keys: Collection[str]) -> Keys:
    """Keys as an array, ascending, each once."""
    import numpy as np

    return np.unique(np.array([key.encode() for key in keys], f"S{KEY_LENGTH}"))


def keys_of(table: Any) -> Keys:
    """The keys of an Arrow table of rows, in its order."""
    import numpy as np

    keys = table.column("key").to_pylist()
    return np.array([(key or "").encode() for key in keys], f"S{KEY_LENGTH}")


def take(table: Any, places: Positions) -> Any:
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
