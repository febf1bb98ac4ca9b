"""How well the similarity model finds captions."""

from __future__ import annotations

from typing import Literal

from flows.figures.panel import Place
from flows.figures.pocket.pocket_samples import PocketPanel
from flows.nodes.pocket_nodes import SIMILARITY


class PocketRetrieval(PocketPanel):
    """How often the similarity model finds the right caption, by how the picture is seen."""

    heading = "Right captions found"

    measured_by = ("similarity", SIMILARITY)

    plot: Literal["pocket_retrieval"]

    def told(self, place: Place) -> str:
        return (
            "Share of drawn pictures, with grounds and textures not trained on, whose nearest "
            "text names the right concept, the right style, and both: as drawn, scaled down to "
            "so many pixels, without their low frequencies, and disturbed as in training."
        )
