"""`darkroom verify`: read every object again and compare it with the hash that its rows name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rich.console import Console

from flows.plan.tables import print_table, say
from flows.upkeep.show import amount, counted
from tasks.store.filesystem import StoredFile
from tasks.store.locks import GUARD_SECONDS
from tasks.store.manifest import DamagedFile
from tasks.store.row import ObjectRef, object_path
from tasks.store.rows import Rows, Summary
from tasks.store.store import Store
from tasks.store.upkeep import MISSING, UNREADABLE, Upkeep


@dataclass(frozen=True)
class Fault:
    """An object that is not what its rows name. what: "missing", or how it is damaged.
    nodes: names of the rows that name it. is_repaired: those rows are gone, and will be made
    anew; or it is whole again by itself."""

    address: str
    what: str
    nodes: list[str]
    is_repaired: bool = False

    @property
    def is_missing(self) -> bool:
        return self.what == MISSING


@dataclass(frozen=True)
class Verification:
    """rows, objects, bytes: how much was read. orphans: objects that no row names and no run can
    be about to, by address; no fault, gc deletes them. damaged_files: of the manifest.
    dropped: nodes that --repair made the store forget, for the next run to make.
    newer_files: written by a newer Darkroom, which is no fault."""

    rows: int
    objects: int
    bytes: int
    missing: list[Fault] = field(default_factory=list)
    corrupt: list[Fault] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    orphan_bytes: int = 0
    damaged_files: list[DamagedFile] = field(default_factory=list)
    newer_files: list[DamagedFile] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    is_repaired: bool = False

    @property
    def is_wrong(self) -> bool:
        """Something is wrong that was not repaired."""
        faults = [*self.missing, *self.corrupt]
        are_left = self.damaged_files and not self.is_repaired
        return bool(are_left) or not all(fault.is_repaired for fault in faults)


def verify_store(store: Store, *, repair: bool = False) -> Verification:
    """Re-hash all objects named by a row, and read the whole manifest.

    repair: set damaged objects and files of the manifest aside in quarantine/, and forget the rows
    that name a missing or damaged object, so that the next run makes exactly these anew. What
    could not be read at all, such as for want of permission, stays as it is.
    """
    upkeep = Upkeep(store)
    # Listed before the rows are read: what a run records meanwhile is no orphan.
    listed = upkeep.objects()
    damaged = upkeep.damaged_files()
    rows = store.rows()
    summaries = [Summary.of(row) for row in rows.values()]
    named = _named_objects(summaries)
    damage = upkeep.damage([ref for ref, _ in named.values()])
    faults = {
        path: Fault(store.object_address(ref), what, [row.name for row in owners])
        for (path, (ref, owners)), what in zip(named.items(), damage, strict=True)
        if what is not None
    }
    orphans = _orphans(listed, named, upkeep.now())
    found = Verification(
        rows=len(summaries),
        objects=len(named),
        bytes=sum(ref.size for ref, _ in named.values()),
        missing=[fault for fault in faults.values() if fault.is_missing],
        corrupt=[fault for fault in faults.values() if not fault.is_missing],
        orphans=[file.path for file in orphans],
        orphan_bytes=sum(file.size for file in orphans),
        damaged_files=[file for file in damaged if not file.is_newer_schema],
        newer_files=[file for file in damaged if file.is_newer_schema],
    )
    return _repair(upkeep, found, rows, named, faults) if repair and store.is_there() else found


def verification_to_json(found: Verification) -> dict[str, Any]:
    return asdict(found) | {"is_wrong": found.is_wrong}


def print_verification(found: Verification, console: Console) -> None:
    faults = [*found.missing, *found.corrupt]
    if faults:
        print_table(
            console,
            ("what", "object", "of", ""),
            (
                (fault.what, fault.address, ", ".join(fault.nodes), _state(fault))
                for fault in faults
            ),
        )
    for file in found.damaged_files:
        how = "set aside" if found.is_repaired else "damaged"
        say(console, f"{how}: {file.address}: {file.problem}", "red")
    for file in found.newer_files:
        say(console, f"skipped: {file.address}: {file.problem}")
    if found.dropped:
        say(console, f"The next run makes anew: {', '.join(found.dropped)}")
    if found.orphans:
        count = counted(len(found.orphans), "object")
        say(
            console,
            f"{count} ({amount(found.orphan_bytes)}) named by no row; `darkroom gc` deletes such.",
        )
    read = f"{counted(found.rows, 'row')}, {counted(found.objects, 'object')}"
    say(console, f"Read {read}, {amount(found.bytes)}: {_verdict(found, len(faults))}")


def _named_objects(rows: Iterable[Summary]) -> dict[str, tuple[ObjectRef, list[Summary]]]:
    """By path: each object with the rows that name it."""
    named: dict[str, tuple[ObjectRef, list[Summary]]] = {}
    for row in rows:
        for ref in row.objects.values():
            named.setdefault(object_path(ref), (ref, []))[1].append(row)
    return named


def _orphans(
    listed: Iterable[StoredFile], named: Mapping[str, object], now: float
) -> list[StoredFile]:
    oldest = now - GUARD_SECONDS
    return [file for file in listed if file.path not in named and file.is_older_than(oldest)]


def _repair(
    upkeep: Upkeep,
    found: Verification,
    rows: Rows,
    named: Mapping[str, tuple[ObjectRef, list[Summary]]],
    faults: Mapping[str, Fault],
) -> Verification:
    if found.damaged_files:
        upkeep.set_damaged_rows_aside()
    # Looked at once more: a run may have made it anew since.
    still = {path: upkeep.set_object_aside(named[path][0]) for path in faults}
    certain = {path for path, what in still.items() if what and not what.startswith(UNREADABLE)}
    owners = {row.key for path in certain for row in named[path][1]}
    gone = {row.key: row.name for row in upkeep.remove_rows(rows.select(owners).values())}

    def mended(path: str) -> Fault:
        is_forgotten = path in certain and all(row.key in gone for row in named[path][1])
        return replace(faults[path], is_repaired=is_forgotten or still[path] is None)

    damaged = [file for file in upkeep.damaged_files() if not file.is_newer_schema]
    return replace(
        found,
        missing=[mended(path) for path, fault in faults.items() if fault.is_missing],
        corrupt=[mended(path) for path, fault in faults.items() if not fault.is_missing],
        dropped=sorted(gone.values()),
        is_repaired=not damaged,
    )


def _state(fault: Fault) -> str:
    return "repaired" if fault.is_repaired else ""


def _verdict(found: Verification, faults: int) -> str:
    if not faults and not found.damaged_files:
        return "all is whole."
    missing = f"{len(found.missing)} missing, {len(found.corrupt)} damaged"
    files = counted(len(found.damaged_files), "damaged file of the manifest", "damaged files of it")
    if not found.is_wrong:
        return f"{missing}, {files}; repaired."
    return f"{missing}, {files}; --repair mends what can be mended."
