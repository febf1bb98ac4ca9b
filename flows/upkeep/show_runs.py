"""`runs`, `diff` and `explain`, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from flows.plan.miss_reason import value_text
from flows.plan.show_plan import format_seconds
from flows.upkeep.explain_node import ExplainedIngredient, Explanation
from flows.upkeep.list_runs import RunSummary
from flows.upkeep.recorded_runs import pipeline_of, profile_of
from flows.upkeep.show import SHORT_ID, moment, print_table, say
from tasks.report.compare import RunDiff
from tasks.store.row import ObjectRef, Row
from tasks.store.store import Store


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


def diff_to_json(diff: RunDiff, store: Store) -> dict[str, Any]:
    return {
        "a": _run_to_json(diff.a),
        "b": _run_to_json(diff.b),
        "settings": [asdict(setting) for setting in diff.settings],
        "metrics": [asdict(metric) | {"difference": metric.difference} for metric in diff.metrics],
        "images": [
            {
                "figure": pair.figure,
                "panel": pair.panel,
                "name": pair.name,
                "a": _address(pair.a, store),
                "b": _address(pair.b, store),
            }
            for pair in diff.images
        ],
        "only_a": diff.only_a,
        "only_b": diff.only_b,
        "not_held": diff.not_held,
    }


def print_diff(diff: RunDiff, store: Store, console: Console) -> None:
    for name, row in (("A", diff.a), ("B", diff.b)):
        say(
            console,
            f"{name}: {row.run_id[:SHORT_ID]}, {pipeline_of(row)} ({profile_of(row)}), "
            f"{moment(row.created_at)}",
        )
    if diff.settings:
        say(console, "\nSettings that differ", "bold")
        print_table(
            console,
            ("node", "setting", "A", "B"),
            (
                (
                    setting.node or "(run)",
                    setting.name,
                    value_text(setting.a),
                    value_text(setting.b),
                )
                for setting in diff.settings
            ),
        )
    if diff.metrics:
        say(console, "\nMetrics", "bold")
        print_table(
            console,
            ("node", "metric", "A", "B", "B - A"),
            (
                (m.node, m.name, _number(m.a), _number(m.b), _number(m.difference, sign=True))
                for m in diff.metrics
            ),
        )
    if diff.images:
        say(console, "\nImages that differ", "bold")
        for pair in diff.images:
            say(console, f"{pair.figure}/{pair.panel} {pair.name}")
            for name, reference in (("A", pair.a), ("B", pair.b)):
                say(console, f"  {name} {_address(reference, store) or 'none'}")
    for names, what in (
        (diff.only_a, "only in A"),
        (diff.only_b, "only in B"),
        (diff.not_held, "not in the store any more"),
    ):
        if names:
            say(console, f"\n{what}: {', '.join(names)}")
    if not (diff.settings or diff.metrics or diff.images or diff.only_a or diff.only_b):
        say(console, "Nothing that the store holds of them differs.")


def _address(reference: ObjectRef | None, store: Store) -> str | None:
    return store.object_address(reference) if reference is not None else None


def explanation_to_json(explanation: Explanation) -> dict[str, Any]:
    planned, row = explanation.planned, explanation.nearest
    return {
        "node": planned.name,
        "kind": planned.node.kind,
        "pipeline": explanation.plan.pipeline,
        "profile": explanation.plan.profile,
        "key": planned.key,
        "status": planned.status,
        "reason": planned.reason,
        "nearest": _row_to_json(row) if row is not None else None,
        "ingredients": [asdict(ingredient) for ingredient in explanation.ingredients],
        "causes": explanation.causes,
    }


def print_explanation(explanation: Explanation, console: Console) -> None:
    planned, row = explanation.planned, explanation.nearest
    status = "cached" if planned.is_hit else f"to make: {planned.reason}"
    say(console, f"{planned.name}: {status}", "green" if planned.is_hit else "yellow")
    say(console, f"key {planned.key}")
    if row is None:
        say(console, "The store holds nothing of its kind to compare with.")
    else:
        what = "made" if row.key == planned.key else "compared with the nearest earlier one, made"
        name = f" as {row.name}" if explanation.nearest_has_other_name else ""
        say(
            console,
            f"{what}{name} by run {row.run_id[:SHORT_ID]} on {moment(row.created_at)} in "
            f"{format_seconds(row.seconds)} (key {row.key[:SHORT_ID]})",
        )
    say(console, "")
    print_table(
        console,
        ("ingredient", "now", "before", ""),
        (_cells(ingredient, row is not None) for ingredient in explanation.ingredients),
    )
    if explanation.causes:
        say(console, "\nWhat above it is to be made for a reason of its own", "bold")
        print_table(console, ("node", "why"), explanation.causes.items())


def _cells(ingredient: ExplainedIngredient, is_compared: bool) -> tuple[str | Text, ...]:
    is_input = ingredient.what == "input"
    name = " ".join(part for part in (ingredient.what, ingredient.name) if part)
    now, before = (
        value[:SHORT_ID] if is_input and isinstance(value, str) else value_text(value)
        for value in (ingredient.value, ingredient.before)
    )
    note = f"{ingredient.node}: {ingredient.reason or 'cached'}" if ingredient.node else ""
    if not is_compared:
        return name, now, "", note
    if ingredient.is_changed:
        changed = f"changed; {note}" if note else "changed"
        return name, Text(now, style="yellow"), before, Text(changed, style="yellow")
    return name, now, before, note


def _run_to_json(row: Row) -> dict[str, Any]:
    return {
        "id": row.run_id,
        "pipeline": pipeline_of(row),
        "profile": profile_of(row),
        "recorded_at": row.created_at,
    }


def _row_to_json(row: Row) -> dict[str, Any]:
    return {
        "key": row.key,
        "name": row.name,
        "run_id": row.run_id,
        "created_at": row.created_at,
        "seconds": row.seconds,
        "device": row.device,
        "git_commit": row.git_commit,
        "git_dirty": row.git_dirty,
        "versions": dict(row.versions),
    }


def _number(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "none"
    return f"{value:+.4g}" if sign else f"{value:.6g}"
