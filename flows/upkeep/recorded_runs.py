"""The runs that a store has recorded: all of them newest first, or the one that was meant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from flows.run.run_record import KIND, LAYOUT
from tasks import BadInput, DarkroomError
from tasks.report.run_record import RunRecord, read_layout
from tasks.store import CorruptArtifact
from tasks.store.row import Row
from tasks.store.rows import Rows
from tasks.store.store import Store

LATEST = "latest"
PREVIOUS = "previous"


class RunUnreadable(DarkroomError):
    """The row of a run is there, but not what it did."""


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


def _of(pipeline: str | None) -> str:
    return f" of {pipeline}" if pipeline else ""


def _some(rows: Sequence[Row]) -> str:
    shown = [f"{row.run_id[:12]} ({pipeline_of(row)})" for row in rows[:3]]
    return ", ".join([*shown, "..."] if len(rows) > len(shown) else shown)
