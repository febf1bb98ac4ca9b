"""`darkroom runs`: what ran, newest first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from flows.run.run_record import KIND
from flows.upkeep.recorded_runs import (
    RunUnreadable,
    pipeline_of,
    profile_of,
    read_run,
    run_rows,
)
from tasks.store.row import Row
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep


@dataclass(frozen=True)
class RunSummary:
    """recorded_at: ISO 8601 in UTC. seconds: of the whole run. counts: status to number of nodes.
    failures: node name to error. problem: why what it did cannot be read, or None."""

    id: str
    pipeline: str
    profile: str
    recorded_at: str
    seconds: float
    is_pinned: bool
    counts: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


def list_runs(
    store: Store, pipeline: str | None = None, limit: int | None = None
) -> list[RunSummary]:
    """Newest first; of one pipeline or of all, no more than `limit`."""
    runs = run_rows(store.rows().of_kind(KIND), pipeline)[:limit]
    pinned = Upkeep(store).pins.pinned()
    return [_summary(store, row, row.key in pinned) for row in runs]


def _summary(store: Store, row: Row, is_pinned: bool) -> RunSummary:
    counts: dict[str, int] = {}
    failures: dict[str, str] = {}
    problem = None
    try:
        nodes = read_run(store, row).nodes.values()
        counts = dict(sorted(Counter(node.status for node in nodes).items()))
        failures = {node.name: node.error or "" for node in nodes if node.status == "failed"}
    except RunUnreadable as error:
        problem = str(error)
    return RunSummary(
        id=row.run_id,
        pipeline=pipeline_of(row),
        profile=profile_of(row),
        recorded_at=row.created_at,
        seconds=row.seconds,
        is_pinned=is_pinned,
        counts=counts,
        failures=failures,
        problem=problem,
    )
