"""Test digits, noisy and denoised."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import DigitCount, EpochChoice, Sigma
from flows.figures.panel import Params, Place
from flows.figures.trained.model_panel import ModelPanel, needs_denoiser, training_sigma
from flows.figures.trained_models import AnyModel
from flows.nodes.requests import Requests


class Denoised(ModelPanel):
    """Clean, noisy and denoised digits. sigma: that of training by default."""

    heading = "Denoised test digits"

    plot: Literal["denoised"]
    epochs: EpochChoice | None = None
    digits: DigitCount = 5
    sigma: Sigma | None = None

    def needs(self, model: AnyModel) -> str:
        return needs_denoiser(model, measured=False)

    def ask(self, requests: Requests, place: Place) -> None:
        self.ask_digits(requests, place, self.digits)
        if self.sigma is not None:
            requests.want_sigmas(self.model, [self.sigma])

    def options(self, model: AnyModel) -> Params:
        return {"digits": self.digits, "sigma": self._shown_sigma(model)}

    def told(self, place: Place) -> str:
        sigma = self._shown_sigma(self.model_in(place))
        return (
            f"{self.head(place)}: test digits with noise of sigma = {sigma:g}, denoised. "
            f"Seed {place.seed}."
        )

    def _shown_sigma(self, model: AnyModel) -> float | None:
        return self.sigma if self.sigma is not None else training_sigma(model)
