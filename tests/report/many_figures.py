"""Runs of 2,000 figures, and of 3,500 metrics."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.store.row import Row
from tasks.store.store import Store
from tests.report.made_up_run import MadeUpRun, key_of
from tests.report.playable_run import PlayableRun

FIGURES = 2000
DRAWN = 20
MEASURED, EACH = 700, 5
"""Nodes, and metrics of each: together about as many as a gallery has."""


class ManyFigures(MadeUpRun):
    """Of few drawings, so that recording it is quick; the page is as long as if all differed."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, figures=[f"figure-{i}" for i in range(FIGURES)])

    def _plan(self):
        everything = self.figures
        self.figures = everything[:DRAWN]
        plan = super()._plan()
        self.figures = everything
        return plan

    def _figure(self, name):
        figure = super()._figure(name)
        drawn = f"figure/figure-{int(name.rpartition('-')[2]) % DRAWN}/panel"
        figure["panels"][0] |= {"node": drawn, "key": key_of(drawn), "caption": f"Words of {name}."}
        return figure


class ManyControls(PlayableRun):
    """Of every kind of control, each drawn once."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.drawn = self.figures
        self.figures = tuple(f"figure-{i}" for i in range(FIGURES))

    def _plan(self):
        everything, self.figures = self.figures, self.drawn
        plan = super()._plan()
        self.figures = everything
        return plan

    def _figure(self, name):
        drawn = self.drawn[int(name.rpartition("-")[2]) % len(self.drawn)]
        figure = super()._figure(drawn)
        figure["panels"][0] |= {"caption": f"Words of {name}."}
        return figure | {"id": name, "title": f"Figure {name}"}


class ManyMetrics(MadeUpRun):
    """In the order of their nodes, which is not that of their values."""

    def _plan(self) -> list[tuple[str, dict[str, str]]]:
        measured = [(f"sample/m/epoch-{i:04d}", {"model": "train/m"}) for i in range(MEASURED)]
        return [*super()._plan(), *measured]

    def _put(self, row: Row, objects: Mapping[str, bytes]) -> None:
        if row.kind == "sample":
            metrics = {f"metric_{i}": int(row.key[i : i + 6], 16) / 1000 for i in range(EACH)}
            row = Row(**{**vars(row), "metrics": metrics})
        super()._put(row, objects)
