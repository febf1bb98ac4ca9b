"""What a way of sampling costs, and what it is worth."""

from __future__ import annotations

from typing import Literal

from flows.figures.annotated.ways import StudyPanel
from flows.figures.panel import Nodes, Place, Spot


class EvaluationCost(StudyPanel):
    """Frechet distance of the ways of a study over network evaluations."""

    heading = "Distance over network evaluations"

    plot: Literal["evaluation_cost"]

    def draw(self, spot: Spot) -> Nodes:
        yield spot.drawing(self.ways(spot), self.options(spot), is_seeded=False)

    def told(self, place: Place) -> str:
        return f"{self.head(place)}, on features of the classifier of the same data."
