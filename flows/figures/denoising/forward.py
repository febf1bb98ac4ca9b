"""An image under growing noise."""

from __future__ import annotations

from typing import Literal

from flows.figures.denoising.noised import NoisedPanel
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import Timesteps
from flows.figures.sampled_words import numbers


class Forward(NoisedPanel):
    """An image under growing noise."""

    heading = "Forward process"
    is_strided = False

    plot: Literal["forward"]
    timesteps: Timesteps
    show_clean: bool = True

    def draw(self, spot: Spot) -> Nodes:
        noisy = spot.nodes.noised(spot.where, self.image, self.timesteps, spot.seed)
        params = {"plot": "noised_row", "show_clean": self.show_clean}
        yield spot.drawing({"noisy": noisy}, params)

    def told(self, place: Place) -> str:
        return (
            f"{self.titles(place)} under sqrt(abar_t) x + sqrt(1 - abar_t) eps at t = "
            f"{numbers(self.timesteps)}. Noise schedule of the model. {self.origin(place)}"
        )
