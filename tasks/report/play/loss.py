"""Losses as numbers a page can draw: raw as bands where there are many, and the smoothed line."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from tasks.report.play.reported import paired_table, reported_points

MOST_POINTS = 300
"""Of a line; more than a chart has room for only make the page heavy."""

Value = tuple[int, float, float]
"""Step, loss, smoothed loss."""


def loss_control(table: bytes, log_steps: bool = False) -> dict[str, Any] | None:
    """table: data.csv of a drawing of losses. None for one of other columns.

    series: for each model, of each few steps in turn: the last of them, their lowest and highest
    loss, and the smoothed loss at the last. points: values reported elsewhere, which have no
    smoothed loss; table: each of them beside this run's, None where there are none.
    log_steps: whether steps are first shown on a logarithmic scale, on which the first few take as
    much room as all others: they stand each by itself.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(table.decode())))
        lines: dict[str, list[Value]] = {}
        for row in rows:
            if row["smoothed"] != "":
                value = (int(row["step"]), float(row["loss"]), float(row["smoothed"]))
                lines.setdefault(row.get("model") or "loss", []).append(value)
        points, pairs = reported_points(rows), paired_table(rows)
    except (KeyError, TypeError, ValueError):
        return None
    if not lines:
        return None
    return {
        "kind": "curve",
        "series": [{"name": name, **_thinned(of, log_steps)} for name, of in lines.items()],
        "points": points,
        "table": pairs,
        "log_steps": log_steps,
    }


def _thinned(values: list[Value], is_finer_first: bool) -> dict[str, Any]:
    parts = _growing(values) if is_finer_first else _even(values, MOST_POINTS)
    return {
        "steps": [part[-1][0] for part in parts],
        "low": [short(min(loss for _, loss, _ in part)) for part in parts],
        "high": [short(max(loss for _, loss, _ in part)) for part in parts],
        "smoothed": [short(part[-1][2]) for part in parts],
    }


def _even(values: list[Value], most: int) -> list[Sequence[Value]]:
    every = -(-len(values) // most)
    return [values[first : first + every] for first in range(0, len(values), every)]


def _growing(values: list[Value]) -> list[Sequence[Value]]:
    """Single steps first, then ever more together, up to those of an even division."""
    most = -(-len(values) // (MOST_POINTS * 4 // 5))
    parts: list[Sequence[Value]] = []
    first = 0
    while first < len(values):
        end = first + min(most, max(1, first // 8))
        parts.append(values[first:end])
        first = end
    return parts


def short(value: float) -> float:
    return float(f"{value:.4g}")
