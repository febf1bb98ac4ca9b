"""The plots that there are: each module of tasks/figures/<family>/ says what its own draws, and how
a report plays with it.

A panel is known by its plot, a figure's node by what it draws: an "sdedit" is drawn as any grid of
"pictures". A plot of which no module speaks is such a grid.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import tasks.figures
from tasks.figures.drawing.drawn import Drawing
from tasks.figures.drawing.picture_grid import draw_picture_grid
from tasks.figures.playing.panel import Control, DrawnPanel
from tasks.figures.playing.sheets import play_sheet
from tasks.running.step import Step

TOOLS = ("drawing", "playing")
"""What plots share; every other folder beside this file holds plots."""


@dataclass(frozen=True)
class Plot:
    """name: as panels have it. draw: of a figure's node whose params call the plot `drawn_as`, or
    as panels do; None for grids of pictures. play: what readers can do with a panel of it."""

    name: str
    draw: Callable[[Step], Drawing] | None = None
    play: Callable[[DrawnPanel], Control | None] = play_sheet
    drawn_as: str | None = None


def drawn_plots() -> Mapping[str, Callable[[Step], Drawing]]:
    """What draws a figure's node, by the plot of its params."""
    found = {plot.drawn_as or plot.name: plot.draw for plot in _plots().values() if plot.draw}
    return {"pictures": draw_picture_grid, **found}


def play_panel(name: str, panel: DrawnPanel) -> Control | None:
    """What the page's script needs to build a control for a panel whose plot is `name`, as plain
    JSON; None where there is nothing to control."""
    return _plots().get(name, Plot(name)).play(panel)


@lru_cache
def _plots() -> dict[str, Plot]:
    """Of every module, by name. Each has its own in PLOTS."""
    found: dict[str, Plot] = {}
    for room in pkgutil.iter_modules(tasks.figures.__path__, "tasks.figures."):
        if not room.ispkg or room.name.rpartition(".")[2] in TOOLS:
            continue
        for name in pkgutil.iter_modules(importlib.import_module(room.name).__path__):
            module = importlib.import_module(f"{room.name}.{name.name}")
            found |= {plot.name: plot for plot in module.PLOTS}
    return found
