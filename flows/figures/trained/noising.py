"""Test digits under growing noise."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import DigitCount, SigmaList
from flows.figures.panel import Nodes, Panel, Place, Spot
from flows.figures.parameters import DataName
from flows.figures.trained_models import listed
from flows.nodes.model_nodes import data_name


class Noising(Panel):
    """Test digits under growing noise: a row a digit, a column a sigma."""

    heading = "Noising process"

    plot: Literal["noising"]
    dataset: DataName
    digits: DigitCount = 5
    sigmas: SigmaList

    def draw(self, spot: Spot) -> Nodes:
        params = {"digits": self.digits, "sigmas": self.sigmas}
        yield spot.drawing({"data": data_name(self.dataset)}, params)

    def told(self, place: Place) -> str:
        return (
            f"Test digits of {place.declaration.datasets[self.dataset].title} under "
            f"x + sigma * eps, sigma = {listed(self.sigmas)}; along a row the same noise, scaled. "
            f"Seed {place.seed}."
        )
