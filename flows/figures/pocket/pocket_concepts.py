"""A sample of every concept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from flows.declaration.fields import GridSize
from flows.figures.panel import Place, Spot
from flows.figures.pocket.pocket_panel import PocketPanel, sampling_words
from flows.nodes.pocket_nodes import MEASURE
from tasks.store.node import Node


class PocketConcepts(PocketPanel):
    """A sample of every concept, outlined where the classifier names it rightly."""

    heading = "Every concept"

    plot: Literal["pocket_concepts"]
    columns: GridSize = 10

    def draw(self, spot: Spot) -> Iterator[Node]:
        yield spot.drawing({"measure": MEASURE}, {"columns": self.columns}, is_seeded=False)

    def told(self, place: Place) -> str:
        return (
            f"One sample of each concept, {sampling_words(place)}. Outlined: those that a "
            "classifier, trained apart on drawn pictures alone, names rightly among all concepts."
        )
