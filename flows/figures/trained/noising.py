"""Test digits under growing noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from flows.declaration import Declaration
from flows.declaration.fields import DigitCount, Name, SigmaList
from flows.declaration.messages import Path, Problem
from flows.declaration.references import check_name
from flows.figures.panel import Panel, Place, Spot
from flows.figures.trained_models import listed
from flows.nodes.model_nodes import data_name
from tasks.store.node import Node


class Noising(Panel):
    """Test digits under growing noise: a row a digit, a column a sigma."""

    heading = "Noising process"

    plot: Literal["noising"]
    dataset: Name
    digits: DigitCount = 5
    sigmas: SigmaList

    def problems(self, declaration: Declaration, path: Path) -> Iterator[Problem]:
        yield from check_name((*path, "dataset"), self.dataset, declaration.datasets, "data set")

    def draw(self, spot: Spot) -> Iterator[Node]:
        params = {"digits": self.digits, "sigmas": self.sigmas}
        yield spot.drawing({"data": data_name(self.dataset)}, params)

    def told(self, place: Place) -> str:
        return (
            f"Test digits of {place.declaration.datasets[self.dataset].title} under "
            f"x + sigma * eps, sigma = {listed(self.sigmas)}; along a row the same noise, scaled. "
            f"Seed {place.seed}."
        )
