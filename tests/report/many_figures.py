"""A run of 2,000 figures."""

from __future__ import annotations

from tasks.store.store import Store
from tests.report.made_up_run import MadeUpRun, key_of

FIGURES = 2000
DRAWN = 20


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
