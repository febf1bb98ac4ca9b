"""What the runs that are kept, pinned or going on need."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from flows.run.run_record import KIND
from flows.upkeep.recorded_runs import pipeline_of, profile_of, read_run, run_rows
from tasks.store.row import Row
from tasks.store.rows import Rows
from tasks.store.store import Store


def kept_runs(rows: Rows, keep: int, pinned: Collection[str]) -> list[Row]:
    """The newest `keep` of each pipeline and profile, and those pinned; newest first.

    By profile too, so that a few quick runs never cost the models of a long one.
    """
    seen: dict[tuple[str, str], int] = {}
    kept = []
    for row in run_rows(rows.of_kind(KIND)):
        group = pipeline_of(row), profile_of(row)
        seen[group] = seen.get(group, 0) + 1
        if seen[group] <= keep or row.key in pinned:
            kept.append(row)
    return kept


def keys_of_runs(store: Store, runs: Iterable[Row]) -> set[str]:
    """Of the runs themselves and the nodes they name. RunUnreadable if one cannot be read."""
    keys = set()
    for row in runs:
        keys.add(row.key)
        keys.update(node.key for node in read_run(store, row).nodes.values())
    return keys


def with_inputs(keys: Iterable[str], rows: Rows) -> set[str]:
    """`keys`, and those of everything they were made from."""
    reached: set[str] = set()
    waiting = set(keys)
    while waiting:
        reached |= waiting
        found = rows.select(waiting).values()
        waiting = {key for row in found for key in row.inputs.values()} - reached
    return reached
