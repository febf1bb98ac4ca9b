"""Losses that were reported elsewhere, as points of a chart and beside those of this run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Line = Mapping[str, str]
"""Of data.csv; one without a smoothed loss is a reported value."""


def reported_points(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """name, steps and losses of each who reported any. KeyError or ValueError as the table has
    it."""
    points: dict[str, dict[str, Any]] = {}
    for line in _reported(lines):
        of = points.setdefault(line["model"], {"name": line["model"], "steps": [], "losses": []})
        of["steps"].append(int(line["step"]))
        of["losses"].append(float(line["loss"]))
    return list(points.values())


def paired_table(lines: Sequence[Line]) -> dict[str, Any] | None:
    """A row an epoch, a column a step of it, both from 0: this run's loss and the reported one,
    each empty where there is none. None where none was reported."""
    reported = {_place(line): line["loss"] for line in _reported(lines)}
    if not reported:
        return None
    own = {_place(line): line["loss"] for line in lines if line["smoothed"] != ""}
    steps = sorted({step for _, step in reported})
    epochs = sorted({epoch for epoch, _ in {*own, *reported}})
    return {
        "steps": steps,
        "rows": [
            [
                epoch - 1,
                [[_said(own, epoch, step), _said(reported, epoch, step)] for step in steps],
            ]
            for epoch in epochs
        ],
    }


def _reported(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line["smoothed"] == ""]


def _place(line: Line) -> tuple[int, int]:
    return int(line["epoch"]), int(line.get("step_of_epoch") or 0)


def _said(losses: Mapping[tuple[int, int], str], epoch: int, step: int) -> str:
    loss = losses.get((epoch, step))
    return "" if loss is None else f"{float(loss):.3f}"
