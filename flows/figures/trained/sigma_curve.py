"""Test error over noise levels."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import EpochChoice
from flows.figures.panel import Params, Place
from flows.figures.trained.model_panel import (
    ModelPanel,
    measured_sigmas,
    needs_denoiser,
    trained_at,
    training_sigma,
)
from flows.figures.trained_models import AnyModel


class SigmaCurve(ModelPanel):
    """Test error over noise levels, one line a checkpoint."""

    heading = "Test error over noise levels"
    has_seed = False

    plot: Literal["sigma_curve"]
    epochs: EpochChoice | None = None

    def needs(self, model: AnyModel) -> str:
        return needs_denoiser(model, measured=True)

    def options(self, model: AnyModel) -> Params:
        return {"sigma": training_sigma(model), "sigmas": measured_sigmas(model)}

    def told(self, place: Place) -> str:
        trained = trained_at(self.model_in(place))
        return f"{self.head(place)}{trained}: mean squared error over the whole test set."
