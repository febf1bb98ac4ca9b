"""The losses that a training left in the store, read, and drawn small as an SVG path with marks."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.report.wording import number
from tasks.store.row import Row
from tasks.store.store import Store

LOSS_LOG = "loss.parquet"


@dataclass(frozen=True)
class LossLog:
    """In the order of training. steps: of each loss, from 1, counted on from phase to phase.
    parts: the epoch of each loss (int, from 1), or the phase (str) where a training has phases."""

    steps: Sequence[int]
    losses: Sequence[float]
    parts: Sequence[int | str]

    def of_epoch(self, epoch: int) -> tuple[int, float] | None:
        """The last step of an epoch and the mean loss over the whole of it; None for one that has
        none."""
        found = [place for place, part in enumerate(self.parts) if part == epoch]
        if not found:
            return None
        mean = sum(self.losses[place] for place in found) / len(found)
        return self.steps[found[-1]], mean


def read_loss_log(row: Row, store: Store) -> LossLog | None:
    """None where the training recorded no losses. Raises CorruptArtifact where they cannot be had,
    KeyError or ValueError where they are of another shape."""
    import pyarrow.parquet as pq

    reference = row.objects.get(LOSS_LOG)
    if reference is None:
        return None
    table = pq.read_table(io.BytesIO(store.read_object(reference))).to_pydict()
    parts = table["phase"] if "phase" in table else table["epoch"]
    return LossLog(_counted_on(table["step"], parts), table["loss"], parts)


def _counted_on(steps: Sequence[int], parts: Sequence[int | str]) -> list[int]:
    """Each phase counts from 1 again; epochs do not."""
    counted: list[int] = []
    before = 0
    for place, step in enumerate(steps):
        is_restart = place > 0 and parts[place] != parts[place - 1] and step <= steps[place - 1]
        before = counted[-1] if is_restart else before
        counted.append(before + step)
    return counted


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
