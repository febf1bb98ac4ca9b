"""The loss of a training as a small picture: an SVG path on a logarithmic scale, with marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.report.models.loss_log import LossLog
from tasks.report.wording import number

WIDTH, HEIGHT = 320, 64
MARGIN = 4
"""Pixels around the line, so that a mark at its end is whole."""
MOST_POINTS = 80


@dataclass(frozen=True)
class Mark:
    """A checkpoint on the line. x, y: in pixels."""

    x: str
    y: str
    title: str


@dataclass(frozen=True)
class SmallCurve:
    """path: an SVG path. words: what it shows. anchor: of the panel that draws it large, empty if
    none does."""

    path: str
    marks: Sequence[Mark]
    words: str
    anchor: str = ""
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class _Point:
    step: int
    loss: float
    part: int | str


def small_curve(log: LossLog, epochs: Sequence[int], anchor: str = "") -> SmallCurve | None:
    """epochs: of the checkpoints to mark. The phases of a training, whose losses may not compare,
    are lines of their own. None where there are too few losses for a line."""
    points, together = _points(log)
    if len(points) < 2:
        return None
    logs = [math.log10(point.loss) for point in points]
    low, span = min(logs), (max(logs) - min(logs)) or 1.0
    last = points[-1].step

    def place(point: _Point) -> tuple[str, str]:
        x = MARGIN + (WIDTH - 2 * MARGIN) * point.step / last
        y = MARGIN + (HEIGHT - 2 * MARGIN) * (1 - (math.log10(point.loss) - low) / span)
        return f"{x:.1f}", f"{y:.1f}"

    path, before = "", None
    for point in points:
        is_new_line = before is None or (before.part != point.part and isinstance(point.part, str))
        path += f"{'M' if is_new_line else 'L'}{' '.join(place(point))}"
        before = point
    marks = []
    for epoch in epochs:
        if (found := log.of_epoch(epoch)) is not None:
            step, loss = found
            x, y = place(next((p for p in points if p.step >= step), points[-1]))
            marks.append(Mark(x, y, f"epoch {epoch}: loss {number(loss)}"))
    means = f", means of {together} steps" if together > 1 else ""
    first, final = number(points[0].loss), number(points[-1].loss)
    words = f"Loss over {last:,} steps, from {first} to {final} on a logarithmic scale{means}."
    if phases := [part for part in dict.fromkeys(log.parts) if isinstance(part, str)][1:]:
        words += f" A line a phase; {', '.join(phases)} after the first."
    return SmallCurve(path, marks, f"{words} Dots: checkpoints." if marks else words, anchor)


def _points(log: LossLog) -> tuple[list[_Point], int]:
    """Means of as many losses in turn as leave few enough points, and how many steps each is of.
    Of one phase each; a loss that is not above 0 has no place on the scale."""
    together = -(-len(log.losses) // MOST_POINTS)
    places = [place for place, loss in enumerate(log.losses) if loss > 0]
    groups: list[list[int]] = []
    for place in places:
        part = log.parts[place]
        begins_phase = groups and isinstance(part, str) and part != log.parts[groups[-1][-1]]
        if not groups or begins_phase or len(groups[-1]) == together:
            groups.append([])
        groups[-1].append(place)
    points = [
        _Point(
            log.steps[group[-1]],
            sum(log.losses[place] for place in group) / len(group),
            log.parts[group[-1]],
        )
        for group in groups
    ]
    # The first loss of a log is of all steps up to its own.
    return points, together * log.steps[0] if log.steps else 0
