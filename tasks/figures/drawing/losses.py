"""The loss of a training, raw and smoothed, as charts show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks import StepFailed
from tasks.figures.drawing.chart import Axes, legend_name, plain
from tasks.figures.drawing.pixels import Floats
from tasks.running.step import Step


@dataclass(frozen=True)
class Losses:
    """Of a training, step by step, each [n].

    raw: the loss. smoothed: its mean over `window` steps. epoch: of each step, from 1.
    """

    raw: Floats
    smoothed: Floats
    epoch: NDArray[np.int64]
    window: int

    def add_to(self, axes: Axes, colour: str, label: str | None = None) -> None:
        """Every step as a faint line, the smoothed one over it, which bears the label."""
        steps = np.arange(1, len(self.raw) + 1)
        name = None if label is None else legend_name(label)
        axes.plot(steps, self.raw, color=colour, linewidth=0.5, alpha=0.35, zorder=2)
        axes.plot(steps, self.smoothed, color=colour, linewidth=1.8, label=name, zorder=3)


def read_losses(step: Step, role: str) -> Losses:
    """Those that the training `role` recorded."""
    table = step.read_table(role, "loss.parquet")
    loss = np.asarray(table["loss"], dtype=np.float64)
    if not len(loss):
        raise StepFailed(f"{step.name}: {step.inputs[role].name} recorded no loss")
    window = smoothing_window(len(loss))
    return Losses(loss, smooth(loss, window), np.asarray(table["epoch"], dtype=np.int64), window)


def smooth(values: Floats, window: int) -> Floats:
    """Mean over `window` neighbours, [n] to [n].

    Near the start the window shrinks to both sides, since losses fall fast there and a one-sided
    mean would lag; near the end it is cut, so the last value is the mean of half a window.
    A constant stays itself.
    """
    count = len(values)
    position = np.arange(count)
    half = np.minimum(window // 2, position)
    first, last = position - half, np.minimum(position + half, count - 1) + 1
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return np.asarray((total[last] - total[first]) / (last - first), dtype=np.float64)


def smoothing_window(steps: int) -> int:
    """About a fiftieth of the run, odd, at least 5 steps."""
    return max(5, steps // 50) // 2 * 2 + 1


def use_log_scale(axes: Axes, values: Sequence[Floats]) -> None:
    """A logarithmic y axis whose ticks read 0.01, 0.02, 0.05 rather than powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_yscale("log")
    finite = np.concatenate([np.asarray(v)[np.isfinite(v)] for v in values])
    decades = np.log10(finite.max() / finite.min()) if len(finite) else 0.0
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0), numticks=20))
    if decades > 3:
        axes.yaxis.set_major_locator(LogLocator(base=10, numticks=20))
    axes.yaxis.set_major_formatter(plain)
    axes.yaxis.set_minor_formatter(NullFormatter())
