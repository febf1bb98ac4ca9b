"""A picture drawn in ever more steps."""

from __future__ import annotations

from tasks.figures.playing.sheets import by_column
from tasks.figures.plots import Plot

PLOTS = [Plot("step_counts", play=by_column)]
