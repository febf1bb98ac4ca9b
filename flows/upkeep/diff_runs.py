"""`darkroom diff`: settings, metrics and images of two runs, side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from flows.plan.keys import value_text
from flows.plan.tables import print_table, say
from flows.upkeep.runs import choose_run, pipeline_of, profile_of, read_run
from flows.upkeep.show import SHORT_ID, moment
from tasks.report.compare import RunDiff, comparison_page, difference_of
from tasks.report.files import replace_own_file
from tasks.store.row import ObjectRef, Row
from tasks.store.store import Store


def diff_runs(
    store: Store,
    wanted_a: str,
    wanted_b: str,
    pipeline: str | None = None,
    *,
    with_equal_metrics: bool = False,
) -> RunDiff:
    """The runs are named as for choose_run. with_equal_metrics: list also those that agree."""
    rows = store.rows()
    a, b = choose_run(rows, wanted_a, pipeline), choose_run(rows, wanted_b, pipeline)
    run_a, run_b = read_run(store, a), read_run(store, b)
    return difference_of(a, run_a, b, run_b, rows, with_equal_metrics=with_equal_metrics)


def write_comparison(
    store: Store, wanted_a: str, wanted_b: str, out: Path, pipeline: str | None = None
) -> Path:
    """The same as a page that is one file, with the images in it. BadInput if `out` cannot be
    written."""
    rows = store.rows()
    a, b = choose_run(rows, wanted_a, pipeline), choose_run(rows, wanted_b, pipeline)
    page = comparison_page(store, rows, (a, read_run(store, a)), (b, read_run(store, b)))
    replace_own_file(out, page, "--html")
    return out


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


def _run_to_json(row: Row) -> dict[str, Any]:
    return {
        "id": row.run_id,
        "pipeline": pipeline_of(row),
        "profile": profile_of(row),
        "recorded_at": row.created_at,
    }


def _address(reference: ObjectRef | None, store: Store) -> str | None:
    return store.object_address(reference) if reference is not None else None


def _number(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "none"
    return f"{value:+.4g}" if sign else f"{value:.6g}"
