"""What the figures of a guide share: samples guided by it, and without it."""

from __future__ import annotations

from collections.abc import Sequence

from flows.declaration.models import GenerativeModel
from flows.declaration.studies import Guide, Way
from flows.figures.panel import Panel, Place
from flows.figures.parameters import GuideName
from flows.figures.trained_models import model_after
from flows.nodes.study_nodes import generative, guided_name, way_title


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
