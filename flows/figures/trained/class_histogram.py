"""Which digits a model draws."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import EpochChoice
from flows.declaration.models import GenerativeModel
from flows.figures.panel import Place
from flows.figures.trained.model_panel import GENERATIVE, ModelPanel
from flows.figures.trained_models import AnyModel


class ClassHistogram(ModelPanel):
    """Which digits an unconditional model draws, as the classifier reads them."""

    heading = "Digits drawn"
    node_kind = "evaluate"
    has_seed = False

    plot: Literal["class_histogram"]
    epochs: EpochChoice | None = None

    def needs(self, model: AnyModel) -> str:
        if not isinstance(model, GenerativeModel):
            return GENERATIVE
        if model.is_class_conditioned:
            return "an unconditional model (network.num_classes: 0), whose digits are not chosen"
        is_measured = model.measure is not None
        return "" if is_measured else "a model that is measured (classifier and measure)"

    def told(self, place: Place) -> str:
        model = self.model_in(place)
        assert isinstance(model, GenerativeModel) and model.measure is not None
        return (
            f"{self.head(place)}: share of each digit among {model.measure.samples:,} samples, as "
            "the classifier reads them; dashed, an even share."
        )
