"""Numbers that a text, a title or a caption takes from the run, as a page writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.report.run_record import Figure, RunRecord
from tasks.report.wording import duration, number, plain
from tasks.store.row import Row
from tasks.writing.numbers import Number, with_numbers


def measured(asked: Number, run: RunRecord, rows: Mapping[str, Row]) -> str | None:
    """None where the run has no such value yet."""
    value = _value(asked, run, rows)
    if value is None:
        return None
    if asked.format:
        try:
            return format(value, asked.format)
        except (ValueError, TypeError):
            return None
    if asked.call.name == "duration":
        return duration(float(value))
    # A seed is a name, not a quantity.
    if asked.call.name == "seed" or isinstance(value, (bool, str)):
        return plain(value)
    return number(value) if isinstance(value, (int, float)) else plain(value)


def _value(asked: Number, run: RunRecord, rows: Mapping[str, Row]) -> Any:
    entry = run.numbers.get(asked.call)
    if entry is None or "value" in entry:
        return entry["value"] if entry else None
    node = run.nodes.get(str(entry["node"]))
    row = rows.get(node.key) if node is not None else None
    if row is None:
        return None
    metric = entry.get("metric")
    return row.seconds if metric is None else row.metrics.get(str(metric))


def what_is_missing(asked: Number) -> str:
    """Such as "final_loss of train/m: not measured yet"."""
    of = asked.call.arguments
    told = f"{of[1]} of {of[0]}" if len(of) > 1 else f"{asked.call.name} of {of[0]}" if of else ""
    return f"{told or asked.call.name}: not measured yet"


def with_measured(run: RunRecord, rows: Mapping[str, Row]) -> RunRecord:
    """The run with the numbers in its titles and captions."""
    if not run.numbers:
        return run

    def written(text: str) -> str:
        return with_numbers(
            text, lambda asked: measured(asked, run, rows) or f"[{what_is_missing(asked)}]"
        )

    def told(figure: Figure) -> Figure:
        panels = [
            replace(panel, title=written(panel.title), caption=written(panel.caption))
            for panel in figure.panels
        ]
        return replace(figure, title=written(figure.title), panels=panels)

    return replace(run, figures=[told(figure) for figure in run.figures])
