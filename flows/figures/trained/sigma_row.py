"""One checkpoint at every noise level."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import DigitCount, SigmaList
from flows.figures.panel import Params, Place
from flows.figures.trained.model_panel import (
    LastCheckpointPanel,
    measured_sigmas,
    needs_denoiser,
    trained_at,
    training_sigma,
)
from flows.figures.trained_models import AnyModel, listed
from flows.nodes.requests import Requests


class SigmaRow(LastCheckpointPanel):
    """The last checkpoint on the same digits at every noise level."""

    heading = "Other noise levels"

    plot: Literal["sigma_row"]
    digits: DigitCount = 1
    sigmas: SigmaList | None = None

    def needs(self, model: AnyModel) -> str:
        return needs_denoiser(model, measured=not self.sigmas)

    def ask(self, requests: Requests, place: Place) -> None:
        self.ask_digits(requests, place, self.digits)
        requests.want_sigmas(self.model, self.sigmas or ())

    def options(self, model: AnyModel) -> Params:
        return {
            "digits": self.digits,
            "sigma": training_sigma(model),
            "sigmas": self._shown_sigmas(model),
        }

    def told(self, place: Place) -> str:
        model = self.model_in(place)
        levels = listed(self._shown_sigmas(model))
        return (
            f"{self.head(place)}{trained_at(model)}, on the same digit at sigma = {levels}. "
            f"Seed {place.seed}."
        )

    def _shown_sigmas(self, model: AnyModel) -> list[float]:
        """Ascending; those the model is measured at unless the panel lists its own."""
        return measured_sigmas(model) if self.sigmas is None else sorted(self.sigmas)
