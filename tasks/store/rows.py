"""The rows of a manifest as one mapping, of which only those asked for are decoded."""

from __future__ import annotations

import heapq
from collections.abc import Collection, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from tasks.store.row import ObjectRef, Row, is_newer, objects_from_json

if TYPE_CHECKING:
    from tasks.store.compacted_file import CompactedFile

PARTS = -1


class Summary(NamedTuple):
    """What clean-up needs to know of a row. created_at: ISO 8601 in UTC."""

    key: str
    name: str
    created_at: str
    objects: Mapping[str, ObjectRef]

    @classmethod
    def of(cls, row: Row) -> Summary:
        return cls(row.key, row.name, row.created_at, row.objects)


class Rows(Mapping[str, Row]):
    """The newest row of every key, by key.

    `select` of many keys is far cheaper than looking them up one by one. Iterating decodes every
    row and keeps none; a row found damaged then is left out.
    """

    def __init__(self, parts: Mapping[str, Row], files: Sequence[CompactedFile]) -> None:
        self._parts = parts
        self._files = files

    @property
    def about(self) -> int:
        """How many there are; a little more where some are replaced or damaged."""
        return len(self._parts) + sum(file.row_count for file in self._files)

    def __getitem__(self, key: str) -> Row:
        return self.select([key])[key]

    def __iter__(self) -> Iterator[str]:
        return (row.key for row in self._in_order())

    def __len__(self) -> int:
        return sum(1 for _ in self._in_order())

    def items(self) -> ItemsView[str, Row]:
        return _Items(self)

    def values(self) -> ValuesView[Row]:
        return _Values(self)

    def select(self, keys: Collection[str]) -> dict[str, Row]:
        """The rows of those of `keys` that have one."""
        found = {key: self._parts[key] for key in keys if key in self._parts}
        for file in self._files:
            for row in file.select(keys):
                if row.key not in found or is_newer(row, found[row.key]):
                    found[row.key] = row
        return found

    def of_kind(self, kind: str) -> list[Row]:
        """Every row of one kind, by key."""
        found = self.select([key for key, other in self._columns("kind") if other == kind])
        return sorted(found.values(), key=lambda row: row.key)

    def newest_of_kinds(self, kinds: Collection[str], limit: int) -> list[Row]:
        """The newest rows of each kind, no more than `limit` of it."""
        newest = self._newest("kind", kinds, limit)
        return list(self.select([key for keys in newest.values() for key in keys]).values())

    def newest_of_names(self, names: Collection[str], limit: int) -> dict[str, list[Row]]:
        """By name, its newest rows, newest first, no more than `limit`."""
        newest = self._newest("name", names, limit)
        rows = self.select([key for keys in newest.values() for key in keys])
        return {name: [rows[key] for key in keys if key in rows] for name, keys in newest.items()}

    def summaries(self) -> Iterator[Summary]:
        """Of every row, in no order. Damage that only decoding a row shows is not looked for."""
        for key, name, created_at, objects in self._columns("name", "created_at", "objects"):
            is_text = isinstance(objects, str)
            yield Summary(key, name, created_at, objects_from_json(objects) if is_text else objects)

    def _newest(self, column: str, values: Collection[str], limit: int) -> dict[str, list[str]]:
        """By value of the column, keys of its newest rows, newest first."""
        wanted = frozenset(values)
        if not wanted:
            return {}
        newest: dict[str, list[tuple[str, str]]] = {}
        for key, value, created_at in self._columns(column, "created_at"):
            if value in wanted:
                times = newest.setdefault(value, [])
                heapq.heappush(times, (created_at, key))
                if len(times) > limit:
                    heapq.heappop(times)
        return {
            value: [key for _, key in sorted(times, reverse=True)]
            for value, times in newest.items()
        }

    def _columns(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """The key of every row and these values."""
        for key, row in self._parts.items():
            if key not in self._replaced[PARTS]:
                yield (key, *(getattr(row, name) for name in names))
        for number, file in enumerate(self._files):
            for values in file.columns(names):
                if values[0] not in self._replaced[number]:
                    yield values

    @cached_property
    def _replaced(self) -> dict[int, set[str]]:
        """For each file, keys of which another holds the row that counts. PARTS: for the parts."""
        replaced: dict[int, set[str]] = {number: set() for number in range(PARTS, len(self._files))}
        newest = {key: (PARTS, row) for key, row in self._parts.items()}
        contested = {*self._parts, *_shared_keys(self._files)}
        for number, file in enumerate(self._files):
            for row in file.select(contested):
                other, kept = newest.setdefault(row.key, (number, row))
                if kept is row:
                    continue
                if is_newer(row, kept):
                    newest[row.key] = (number, row)
                    replaced[other].add(row.key)
                else:
                    replaced[number].add(row.key)
        return replaced

    def _in_order(self) -> Iterator[Row]:
        """The newest row of each key, by key; one group of each file in memory at a time."""
        parts = (self._parts[key] for key in sorted(self._parts))
        streams: list[Iterable[Row]] = [parts, *(file.rows() for file in self._files)]
        newest: Row | None = None
        for row in heapq.merge(*streams, key=lambda row: row.key):
            if newest is not None and row.key == newest.key:
                newest = row if is_newer(row, newest) else newest
                continue
            if newest is not None:
                yield newest
            newest = row
        if newest is not None:
            yield newest


class _Items(ItemsView[str, Row]):
    _mapping: Rows

    def __iter__(self) -> Iterator[tuple[str, Row]]:
        return ((row.key, row) for row in self._mapping._in_order())


class _Values(ValuesView[Row]):
    _mapping: Rows

    def __iter__(self) -> Iterator[Row]:
        return self._mapping._in_order()


def _shared_keys(files: Sequence[CompactedFile]) -> set[str]:
    """Keys of which more than one file holds a row."""
    import numpy as np

    if len(files) < 2:
        return set()
    # Eight of their characters as a number sort thirty times as fast as the whole; the few that
    # only look alike do no harm.
    beginnings = [file.keys.view(np.uint64).reshape(-1, 8)[:, 0] for file in files]
    everything = np.sort(np.concatenate(beginnings))
    twice = everything[1:][everything[1:] == everything[:-1]]
    return {
        key.decode()
        for file, found in zip(files, beginnings, strict=True)
        for key in file.keys[np.isin(found, twice)].tolist()
    }
