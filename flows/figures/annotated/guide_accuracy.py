"""How well classifiers read noised images."""

from __future__ import annotations

from typing import Literal

from flows.figures.annotated.guides import GuidePanel
from flows.figures.panel import Nodes, Place, Spot
from flows.nodes.study_nodes import guide_name


class GuideAccuracy(GuidePanel):
    """How well a guide reads noised images, beside a classifier that has only seen clean ones."""

    heading = "Classifiers of noised images"

    plot: Literal["guide_accuracy"]

    def draw(self, spot: Spot) -> Nodes:
        guide, _ = self.guided(spot)
        inputs = {"guide": guide_name(self.guide)}
        yield spot.drawing(inputs, {"label": guide.title}, is_seeded=False)

    def told(self, place: Place) -> str:
        guide, model = self.guided(place)
        return (
            f"Accuracy on test images of {place.declaration.datasets[model.data].title} noised to "
            f"x_t: {guide.title}, trained on images noised as those of {model.title}, and a "
            "classifier trained on clean images alone."
        )
