"""What guidance does to samples."""

from __future__ import annotations

from typing import Literal

from flows.declaration.models import GenerativeModel, SampleMeasure
from flows.figures.panel import Params, Place
from flows.figures.trained.model_panel import GENERATIVE, LastCheckpointPanel
from flows.figures.trained_models import AnyModel, listed
from flows.nodes.model_nodes import guidance_name


class GuidanceSweep(LastCheckpointPanel):
    """Label accuracy and Frechet distance over guidance scales, last checkpoint."""

    heading = "Guidance sweep"
    has_seed = False

    plot: Literal["guidance_sweep"]

    def needs(self, model: AnyModel) -> str:
        if not isinstance(model, GenerativeModel):
            return GENERATIVE
        if not model.is_class_conditioned:
            return "a class-conditioned model (network.num_classes: 10)"
        has_scales = model.measure is not None and model.measure.guidance_scales
        return "" if has_scales else "a model with measure.guidance_scales"

    def options(self, model: AnyModel) -> Params:
        measure = _measure(model)
        return {
            "guidance_scales": sorted(measure.guidance_scales),
            "samples": measure.sweep_samples,
        }

    def inputs(self, place: Place) -> dict[str, str]:
        model = self.model_in(place)
        return {
            f"guidance_{i}": guidance_name(self.model, model.kept_epochs[-1], scale)
            for i, scale in enumerate(sorted(_measure(model).guidance_scales))
        }

    def told(self, place: Place) -> str:
        measure = _measure(self.model_in(place))
        scales = listed(sorted(measure.guidance_scales))
        return (
            f"{self.head(place)}: {measure.sweep_samples:,} samples at each guidance scale, "
            f"{scales}, as the classifier reads them."
        )


def _measure(model: AnyModel) -> SampleMeasure:
    assert isinstance(model, GenerativeModel) and model.measure is not None
    return model.measure
