"""Which files of the manifest are merged, and merging them without decoding their rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from tasks.store.compacted_file import CompactedFile, as_keys, keys_of, take
from tasks.store.errors import DamagedRow
from tasks.store.row import Row, is_newer
from tasks.store.row_file import row_from_record, rows_to_table

MAX_ROWS = 65_536
"""Of a compacted file: merging takes a few hundred megabytes and a second or two, never more."""

SMALL = 4_096
"""Files of fewer rows are always merged: reading one costs as much as reading its rows."""


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
    keys = keys_of(table)
    order = np.argsort(keys, kind="stable")
    is_repeated = keys[order][1:] == keys[order][:-1]
    replaced = _replaced(table, order, is_repeated)
    return take(table, order[~np.isin(order, list(replaced))] if replaced else order)


def without(file: CompactedFile, keys: Collection[str]) -> Any:
    """An Arrow table of the file's rows but those of `keys`."""
    import numpy as np

    table = file.table()
    held = keys_of(table)
    return take(table, np.flatnonzero(~np.isin(held, as_keys(keys))))


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
