"""How well the similarity model finds captions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from flows.figures.panel import Place, Spot
from flows.figures.pocket.pocket_panel import PocketPanel
from flows.nodes.pocket_nodes import SIMILARITY
from tasks.store.node import Node


class PocketRetrieval(PocketPanel):
    """How often the similarity model finds the right caption, by how the picture is seen."""

    heading = "Right captions found"

    plot: Literal["pocket_retrieval"]

    def draw(self, spot: Spot) -> Iterator[Node]:
        yield spot.drawing({"similarity": SIMILARITY}, is_seeded=False)

    def told(self, place: Place) -> str:
        return (
            "Share of drawn pictures, with grounds and textures not trained on, whose nearest "
            "text names the right concept, the right style, and both: as drawn, scaled down to "
            "so many pixels, without their low frequencies, and disturbed as in training."
        )
