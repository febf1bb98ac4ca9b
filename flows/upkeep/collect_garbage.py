"""`darkroom gc`: what nothing needs any more, and deleting it while runs go on.

Kept: what the newest runs of each pipeline and profile, pinned runs and runs that go on need, with
all their inputs; what a killed run had made, for a week; and whatever is younger than an hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from rich.console import Console

from flows.plan.tables import print_table, say
from flows.upkeep.runs import kept_runs, keys_of_runs, with_inputs
from flows.upkeep.show import amount, counted
from tasks import BadInput, DarkroomError
from tasks.store.locks import GUARD_SECONDS, LeaseRecord
from tasks.store.row import object_path, parse_time
from tasks.store.rows import Summary
from tasks.store.store import Store
from tasks.store.upkeep import Upkeep

KEEP_RUNS = 3
WEEK_SECONDS = 7 * 24 * 3600.0
"""How long a killed run's results, abandoned workspaces and damaged files are kept."""

What = Literal["row", "object", "workspace", "damaged file", "lease"]


@dataclass(frozen=True)
class Garbage:
    """name: of the node for a row, else the path below the store. size: bytes; 0 for a row.
    key: of a row or a workspace. is_gone: it was deleted."""

    what: What
    name: str
    size: int
    key: str = ""
    is_gone: bool = False


@dataclass(frozen=True)
class Cleaning:
    """kept_runs: ids. garbage: what can go; with is_deleted, what became of each. too_young: how
    many more could go in an hour. live_runs: ids of runs that go on. blocked: why nothing can be
    deleted now, or empty."""

    is_deleted: bool
    kept_runs: list[str]
    garbage: list[Garbage] = field(default_factory=list)
    too_young: int = 0
    live_runs: list[str] = field(default_factory=list)
    blocked: str = ""

    @property
    def bytes(self) -> int:
        """Of what can go, or of what has gone."""
        return sum(item.size for item in self.garbage if item.is_gone or not self.is_deleted)


def collect_garbage(
    store: Store,
    *,
    keep_runs: int = KEEP_RUNS,
    delete: bool = False,
    guard_seconds: float = GUARD_SECONDS,
) -> Cleaning:
    """keep_runs: how many of the newest runs of each pipeline and profile to keep.

    Without `delete` nothing changes. Raises BadInput for keep_runs below 1, DarkroomError while
    part of the manifest cannot be read, since what that needs is not known.
    """
    if keep_runs < 1:
        raise BadInput(f"--keep-runs {keep_runs}: expected at least 1")
    upkeep = Upkeep(store)
    if not delete or not store.is_there():
        return _Sweep(store, upkeep, keep_runs, guard_seconds).found()
    with upkeep.cleaning():
        sweep = _Sweep(store, upkeep, keep_runs, guard_seconds)
        return sweep.delete(sweep.found())


def cleaning_to_json(cleaning: Cleaning) -> dict[str, Any]:
    return asdict(cleaning) | {"bytes": cleaning.bytes}


def print_cleaning(cleaning: Cleaning, console: Console) -> None:
    print_table(
        console,
        ("what", "size", "name"),
        (
            (
                item.what if item.is_gone or not cleaning.is_deleted else f"{item.what} (kept)",
                "" if item.what == "row" else amount(item.size),
                item.name,
            )
            for item in cleaning.garbage
        ),
        keep=2,
    )
    counts = Counter(
        item.what for item in cleaning.garbage if item.is_gone or not cleaning.is_deleted
    )
    what = ", ".join(counted(count, name) for name, count in counts.items()) or "nothing"
    verb = "Deleted" if cleaning.is_deleted else "Would delete"
    say(console, f"{verb} {what}: {amount(cleaning.bytes)}.")
    kept = f"Keeps what {counted(len(cleaning.kept_runs), 'run')} need"
    if cleaning.live_runs:
        kept += f", and {len(cleaning.live_runs)} going on"
    if cleaning.too_young:
        kept += f"; {cleaning.too_young} more may go once they are an hour old"
    say(console, f"{kept}.")
    if cleaning.blocked:
        say(console, f"Nothing can be deleted now: {cleaning.blocked}; try again soon.", "yellow")
    elif counts and not cleaning.is_deleted:
        say(console, "Add --delete to do it.")


class _Sweep:
    """One look at the store, and the deletions that follow from it."""

    def __init__(self, store: Store, upkeep: Upkeep, keep_runs: int, guard: float) -> None:
        self._store = store
        self._upkeep = upkeep
        now = upkeep.now()
        self._young = now - guard
        self._week_ago = min(now - WEEK_SECONDS, self._young)
        # Before the rows: an object stored later is young, a run begun later is seen by `delete`.
        self._objects = upkeep.objects()
        self._leases = upkeep.leases()
        _require_whole(upkeep)
        self._rows = store.rows()
        self._runs = kept_runs(self._rows, keep_runs, upkeep.pins.pinned())
        leased = (key for lease in self._leases for key in self._needs(lease))
        roots = {*keys_of_runs(store, self._runs), *leased}
        self._needed = with_inputs(roots, self._rows)

    def found(self) -> Cleaning:
        rows = [row for row in self._rows.summaries() if row.key not in self._needed]
        old_rows = sorted((row for row in rows if self._is_old(row)), key=lambda row: row.key)
        going = {row.key for row in old_rows}
        named = _object_paths(row for row in self._rows.summaries() if row.key not in going)
        objects = [file for file in self._objects if file.path not in named]
        old_objects = [file for file in objects if file.is_older_than(self._young)]
        young = len(rows) - len(old_rows) + len(objects) - len(old_objects)
        # Rows read now may be fewer than those found whole a moment ago.
        if problems := self._store.problems:
            raise DarkroomError(f"{problems[0]}. Nothing is deleted: what it needs is not known")
        return Cleaning(
            is_deleted=False,
            kept_runs=[row.run_id for row in self._runs],
            garbage=[
                *(Garbage("row", row.name, 0, row.key) for row in old_rows),
                *(Garbage("object", file.path, file.size) for file in old_objects),
                *self._workspaces(),
                *(
                    Garbage("damaged file", file.path, file.size)
                    for file in self._upkeep.quarantined()
                    if file.is_older_than(self._week_ago)
                ),
                *(
                    Garbage("lease", lease.path, 0)
                    for lease in self._leases
                    if not lease.is_live and lease.renewed < self._week_ago
                ),
            ],
            too_young=young,
            live_runs=[lease.run_id for lease in self._leases if lease.is_live],
            blocked=self._blocked(self._leases),
        )

    def delete(self, found: Cleaning) -> Cleaning:
        """Rows first, so that no row ever names an object that is gone."""
        live = {lease.path for lease in self._leases if lease.is_live}
        now = self._upkeep.leases()
        blocked = self._blocked(now)
        if not blocked and any(lease.is_live and lease.path not in live for lease in now):
            blocked = "a run has begun meanwhile"
        if blocked:
            return Cleaning(True, found.kept_runs, [], 0, found.live_runs, blocked)
        doomed = self._rows.select({item.key for item in found.garbage if item.what == "row"})
        gone = {row.key for row in self._upkeep.remove_rows(doomed.values())}
        named = _object_paths(self._store.rows().summaries())
        objects = [item.name for item in found.garbage if item.what == "object"]
        others = [item.name for item in found.garbage if item.what in ("damaged file", "lease")]
        gone |= self._upkeep.delete_files([o for o in objects if o not in named], self._young)
        gone |= self._upkeep.delete_files(others, self._week_ago)
        gone |= {
            item.name
            for item in found.garbage
            if item.what == "workspace" and self._upkeep.delete_workspace(item.key, self._young)
        }
        return Cleaning(
            is_deleted=True,
            kept_runs=found.kept_runs,
            garbage=[
                replace(item, is_gone=(item.key if item.what == "row" else item.name) in gone)
                for item in found.garbage
            ],
            too_young=found.too_young,
            live_runs=found.live_runs,
        )

    def _workspaces(self) -> list[Garbage]:
        """Of steps that are recorded, and of those that no run has come back to for a week."""
        garbage = []
        for workspace in self._upkeep.workspaces():
            row = self._rows.get(workspace.key)
            is_done = row is not None and self._store.missing_object(row) is None
            is_abandoned = workspace.key not in self._needed
            oldest = self._young if is_done else self._week_ago
            if (is_done or is_abandoned) and workspace.modified < oldest:
                path = f"work/{workspace.key}"
                garbage.append(Garbage("workspace", path, workspace.size, workspace.key))
        return garbage

    def _needs(self, lease: LeaseRecord) -> Collection[str]:
        is_recent = lease.renewed >= self._week_ago
        return (lease.keys or ()) if lease.is_live or is_recent else ()

    def _blocked(self, leases: Iterable[LeaseRecord]) -> str:
        planning = [lease.run_id for lease in leases if lease.is_live and lease.keys is None]
        return f"run {planning[0] or 'of unknown id'} is being planned" if planning else ""

    def _is_old(self, row: Summary) -> bool:
        return parse_time(row.created_at).timestamp() < self._young


def _object_paths(rows: Iterable[Summary]) -> set[str]:
    return {object_path(ref) for row in rows for ref in row.objects.values()}


def _require_whole(upkeep: Upkeep) -> None:
    for file in upkeep.damaged_files():
        advice = (
            "a newer Darkroom wrote it; use that one to clean this store"
            if file.is_newer_schema
            else "`darkroom verify --repair` first"
        )
        raise DarkroomError(
            f"{file.address}: {file.problem}. What it needs is not known, so nothing is deleted: "
            f"{advice}"
        )
