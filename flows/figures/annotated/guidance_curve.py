"""What two kinds of guidance do to samples."""

from __future__ import annotations

from typing import Literal

from flows.figures.annotated.guide_accuracy import GuidePanel
from flows.figures.panel import Nodes, Place, Spot


class GuidanceCurve(GuidePanel):
    """Accuracy and Frechet distance over guidance scales, by a classifier and without one."""

    heading = "Guided by a classifier, and without one"

    plot: Literal["guidance_curve"]

    def draw(self, spot: Spot) -> Nodes:
        scales = sorted(self.guided(spot)[0].guidance_scales)
        inputs = self.guided_samples(scales)
        yield spot.drawing(inputs, {"guidance_scales": scales}, is_seeded=False)

    def told(self, place: Place) -> str:
        guide, _ = self.guided(place)
        return (
            f"{self.head(place)}, {guide.samples:,} samples a scale. The score of the guided "
            "samples: the gradient of log p(x_t) plus gamma, the scale, times the gradient of log "
            "p(y | x_t). By a classifier: that of a noise-aware classifier leads the prediction "
            "for no class. Classifier-free: the same model's prediction for the class leads it."
        )
