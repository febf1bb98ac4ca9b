"""Losses as numbers a page can draw: raw as bands where there are many, and the smoothed line."""

from __future__ import annotations

import csv
import io
from typing import Any

MOST_POINTS = 300
"""Of a line; more than a chart has room for only make the page heavy."""


def loss_control(table: bytes) -> dict[str, Any] | None:
    """table: data.csv of a loss curve. For each model, of each few steps in turn: the last of
    them, their lowest and highest loss, and the smoothed loss at the last."""
    lines: dict[str, list[tuple[int, float, float]]] = {}
    try:
        for each in csv.DictReader(io.StringIO(table.decode())):
            values = (int(each["step"]), float(each["loss"]), float(each["smoothed"]))
            lines.setdefault(each.get("model") or "loss", []).append(values)
    except (KeyError, TypeError, ValueError):
        return None
    series = [{"name": name, **_thinned(values)} for name, values in lines.items()]
    return {"kind": "curve", "series": series} if series else None


def _thinned(values: list[tuple[int, float, float]]) -> dict[str, Any]:
    every = -(-len(values) // MOST_POINTS)
    parts = [values[first : first + every] for first in range(0, len(values), every)]
    return {
        "every": every,
        "steps": [part[-1][0] for part in parts],
        "low": [_short(min(loss for _, loss, _ in part)) for part in parts],
        "high": [_short(max(loss for _, loss, _ in part)) for part in parts],
        "smoothed": [_short(part[-1][2]) for part in parts],
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")
