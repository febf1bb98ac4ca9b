"""Recorded runs: all of them newest first, the one that was meant, pins, and what runs need.

Answers `darkroom runs`, `pin` and `unpin`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text

from flows.plan.show_plan import format_seconds
from flows.plan.tables import print_table, say
from flows.run.run_record import KIND, LAYOUT
from flows.upkeep.show import SHORT_ID, moment
from tasks import BadInput, DarkroomError
from tasks.report.run_record import RunRecord, read_layout
from tasks.store import CorruptArtifact
from tasks.store.row import Row, utc_now
from tasks.store.rows import Rows
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep

LATEST = "latest"
PREVIOUS = "previous"


class RunUnreadable(DarkroomError):
    """The row of a run is there, but not what it did."""


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


def run_rows(rows: Iterable[Row], pipeline: str | None = None) -> list[Row]:
    """Rows of runs, newest first; of one pipeline, or of all."""
    found = [row for row in rows if row.kind == KIND]
    if pipeline is not None:
        found = [row for row in found if pipeline_of(row) == pipeline]
    return sorted(found, key=lambda row: row.age_order, reverse=True)


def pipeline_of(row: Row) -> str:
    return row.name.removeprefix("run/")


def profile_of(row: Row) -> str:
    return str(row.params.get("profile") or "")


def read_run(store: Store, row: Row) -> RunRecord:
    """What the run recorded of itself. RunUnreadable if that is missing or damaged."""
    try:
        return read_layout(json.loads(store.read_object(row.objects[LAYOUT])))
    except (CorruptArtifact, KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunUnreadable(
            f"run {row.run_id} of {pipeline_of(row)} cannot be read: {error}; "
            f"`darkroom verify --repair` drops it"
        ) from error


def choose_run(rows: Rows, wanted: str, pipeline: str | None = None) -> Row:
    """The run that `wanted` names: the beginning of its id, "latest" or "previous".

    pipeline: look at its runs alone. Without it, "latest" is the newest of all, and "previous" the
    one before it of the same pipeline. BadInput where none or several are meant.
    """
    runs = run_rows(rows.of_kind(KIND), pipeline)
    if not runs:
        raise BadInput(f"no run{_of(pipeline)} is recorded here; `darkroom run` makes one")
    if wanted == LATEST:
        return runs[0]
    if wanted == PREVIOUS:
        earlier = [row for row in runs[1:] if row.name == runs[0].name]
        if not earlier:
            raise BadInput(f"{pipeline_of(runs[0])} has run only once; there is no previous run")
        return earlier[0]
    found = [row for row in runs if row.run_id == wanted]
    found = found or [row for row in runs if wanted and row.run_id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadInput(f"no run{_of(pipeline)} begins with {wanted!r}; see `darkroom runs`")
    raise BadInput(
        f"{len(found)} runs begin with {wanted!r}: {_some(found)}; give more of the one you mean"
    )


def list_runs(
    store: Store, pipeline: str | None = None, limit: int | None = None
) -> list[RunSummary]:
    """Newest first; of one pipeline or of all, no more than `limit`."""
    runs = run_rows(store.rows().of_kind(KIND), pipeline)[:limit]
    pinned = Upkeep(store).pins.pinned()
    return [_summary(store, row, row.key in pinned) for row in runs]


def runs_to_json(runs: Sequence[RunSummary]) -> dict[str, Any]:
    return {"runs": [asdict(run) for run in runs]}


def print_runs(runs: Sequence[RunSummary], console: Console) -> None:
    if not runs:
        say(console, "No run is recorded here; `darkroom run` makes one.")
        return
    print_table(
        console,
        ("run", "pipeline", "profile", "when", "time", "nodes", ""),
        (
            (
                run.id[:SHORT_ID],
                run.pipeline,
                run.profile,
                moment(run.recorded_at),
                format_seconds(run.seconds),
                ", ".join(f"{count} {status}" for status, count in run.counts.items()),
                Text("pinned" if run.is_pinned else "", style="cyan"),
            )
            for run in runs
        ),
        keep=4,
    )
    for run in runs:
        for name, error in run.failures.items():
            say(console, f"{run.id[:SHORT_ID]} failed: {name}: {error}", "red")
        if run.problem:
            say(console, run.problem, "red")


def pin_run(store: Store, wanted: str, pipeline: str | None = None) -> Row:
    """Pin a run (named as for choose_run) and return its row. Pinning again changes nothing."""
    row = choose_run(store.rows(), wanted, pipeline)
    note = {"run_id": row.run_id, "pipeline": pipeline_of(row), "pinned_at": utc_now()}
    pins = Upkeep(store).pins
    if row.key not in pins.pinned():
        pins.add(row.key, note)
    return row


def unpin_run(store: Store, wanted: str, pipeline: str | None = None) -> Row:
    """Take a pin away. BadInput if the run is not pinned."""
    row = choose_run(store.rows(), wanted, pipeline)
    pins = Upkeep(store).pins
    if row.key not in pins.pinned():
        raise BadInput(f"run {row.run_id} of {pipeline_of(row)} is not pinned; see `darkroom runs`")
    pins.remove(row.key)
    return row


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


def _of(pipeline: str | None) -> str:
    return f" of {pipeline}" if pipeline else ""


def _some(rows: Sequence[Row]) -> str:
    shown = [f"{row.run_id[:12]} ({pipeline_of(row)})" for row in rows[:3]]
    return ", ".join([*shown, "..."] if len(rows) > len(shown) else shown)
