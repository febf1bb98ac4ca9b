"""How well classifiers read noised images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flows.declaration.models import GenerativeModel
from flows.declaration.studies import Guide, Way
from flows.figures.panel import Nodes, Panel, Place, Spot
from flows.figures.parameters import GuideName
from flows.figures.trained_models import model_after
from flows.nodes.study_nodes import generative, guide_name, guided_name, way_title


class GuidePanel(Panel):
    """A panel of a guide."""

    guide: GuideName

    def guided(self, place: Place) -> tuple[Guide, GenerativeModel]:
        """The guide, and the model it guides."""
        guide = place.declaration.guides[self.guide]
        return guide, generative(place.declaration, guide.model)

    def guided_samples(self, scales: Sequence[float]) -> dict[str, str]:
        """Role to node of both guidances at each scale."""
        return {
            f"{role}_{i}": guided_name(self.guide, guidance, scale)
            for role, guidance in (("by_classifier", "classifier"), ("classifier_free",) * 2)
            for i, scale in enumerate(scales)
        }

    def head(self, place: Place) -> str:
        """How captions of guided samples begin: the model, and how it is sampled."""
        guide, model = self.guided(place)
        way = way_title(model, Way(sampler=guide.sampler))
        return f"{model_after(place.declaration, model)}, {way}"


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
