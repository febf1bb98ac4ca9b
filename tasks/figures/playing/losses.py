"""Losses as numbers a page can draw: raw as bands where there are many, and the smoothed line."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from tasks.figures.playing.panel import Control, DrawnPanel

MOST_POINTS = 300
"""Of a line; more than a chart has room for only make the page heavy."""

Line = Mapping[str, str]
"""Of data.csv; one without a smoothed loss is a value reported elsewhere."""
Value = tuple[int, float, float]
"""Step, loss, smoothed loss."""


def read_table(panel: DrawnPanel) -> list[Line]:
    """The numbers that the panel was drawn from."""
    table = panel.read(panel.row, "data.csv")
    return list(csv.DictReader(io.StringIO(table.decode())))


def loss_control(
    panel: DrawnPanel, lines: Sequence[Line], log_steps: bool = False
) -> Control | None:
    """KeyError or ValueError for lines of other columns; None where there are no losses.

    series: for each model, of each few steps in turn: the last of them, their lowest and highest
    loss, and the smoothed loss at the last. points, table: of values reported elsewhere, none here.
    log: whether losses are on a logarithmic scale. log_steps: whether steps are at first, where the
    first few take as much room as all others: they stand each by itself.
    """
    series: dict[str, list[Value]] = {}
    for line in lines:
        if line["smoothed"] != "":
            value = (int(line["step"]), float(line["loss"]), float(line["smoothed"]))
            series.setdefault(line.get("model") or "loss", []).append(value)
    if not series:
        return None
    return {
        "kind": "curve",
        "series": [{"name": name, **_thinned(of, log_steps)} for name, of in series.items()],
        "points": [],
        "table": None,
        "log": panel.params.get("scale", "log") == "log",
        "log_steps": log_steps,
    }


def _thinned(values: list[Value], is_finer_first: bool) -> dict[str, Any]:
    parts = _growing(values) if is_finer_first else _even(values, MOST_POINTS)
    return {
        "steps": [part[-1][0] for part in parts],
        "low": [_short(min(loss for _, loss, _ in part)) for part in parts],
        "high": [_short(max(loss for _, loss, _ in part)) for part in parts],
        "smoothed": [_short(part[-1][2]) for part in parts],
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


def _short(value: float) -> float:
    return float(f"{value:.4g}")
