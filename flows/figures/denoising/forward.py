"""An image under growing noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import ImageName, Timesteps
from flows.figures.sampled_panel import SampledPanel
from flows.figures.sampled_words import numbers


class NoisedPanel(SampledPanel):
    """A panel of an image under noise."""

    image: ImageName

    def images_shown(self) -> Sequence[str]:
        return [self.image]


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
