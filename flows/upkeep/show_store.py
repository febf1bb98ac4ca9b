"""`verify`, `gc` and `doctor`, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from flows.upkeep.collect_garbage import Cleaning
from flows.upkeep.doctor.finding import Finding
from flows.upkeep.show import amount, counted, print_table, say
from flows.upkeep.verify_store import Fault, Verification

COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "problem": "red", "fixed": "green"}


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


def findings_to_json(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "findings": [asdict(finding) for finding in findings],
        "is_well": not any(finding.is_wrong for finding in findings),
    }


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    def level(finding: Finding) -> Text:
        text = "fixed" if finding.is_fixed else finding.level
        return Text(text, style=COLOURS[text])

    print_table(
        console,
        ("", "what", "found"),
        ((level(finding), finding.name, finding.text) for finding in findings),
        keep=2,
    )
    wrong = sum(finding.is_wrong for finding in findings)
    say(console, f"{counted(wrong, 'problem')}." if wrong else "All is well.")


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
