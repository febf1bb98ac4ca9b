"""What a model makes of noise alone."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import DigitCount, EpochChoice
from flows.figures.panel import Params, Place
from flows.figures.trained.model_panel import ModelPanel
from flows.figures.trained_models import AnyModel
from flows.nodes.requests import Requests


class PureNoise(ModelPanel):
    """Outputs on noise alone beside the mean training image."""

    heading = "Outputs on pure noise"

    plot: Literal["pure_noise"]
    epochs: EpochChoice | None = None
    digits: DigitCount = 5

    def needs(self, model: AnyModel) -> str:
        is_fit = model.objective.kind == "pure_noise"
        return "" if is_fit else "a model whose objective is pure_noise"

    def ask(self, requests: Requests, place: Place) -> None:
        self.ask_digits(requests, place, self.digits)

    def options(self, model: AnyModel) -> Params:
        return {"digits": self.digits, "sigma": None}

    def told(self, place: Place) -> str:
        return (
            f"{self.head(place)}: inputs z = eps, outputs, and the mean training image, to which "
            f"the best possible output is equal. Seed {place.seed}."
        )
