"""Pictures by the part of the way on which guidance is on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from flows.declaration import Declaration
from flows.declaration.fields import GuidanceScale
from flows.declaration.problems import Path, Problem
from flows.declaration.text_to_image import Interval
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import DISTINCT, Few, Problems, Prompts, Refused
from flows.figures.sampled_panel import SampledPanel
from flows.figures.sampled_words import quoted, stride_words, timesteps_words
from flows.figures.sheet import Cell, Sheet
from flows.nodes.sampling import Sampling, slug


def _unvisited(declaration: Declaration, path: Path, interval: Sequence[int]) -> Problems:
    low, high = interval
    timesteps = declaration.text_to_image.timesteps
    if not any(low <= t <= high for t in timesteps):
        yield Problem(
            path,
            f"is [{low}, {high}]; expected the lowest and the highest t of a stretch with some of "
            f"the timesteps {timesteps_words(timesteps, 4)} in it",
        )


VisitedInterval = Annotated[Interval, Refused(_unvisited)]


class GuidanceInterval(SampledPanel):
    """Pictures with guidance on between two noise levels only: a row a prompt, a column an
    interval. intervals: lowest and highest t, both in it; elsewhere the conditional estimate stands
    alone (Kynkäänniemi et al. 2024, Applying guidance in a limited interval)."""

    heading = "Guidance on part of the way"

    plot: Literal["guidance_interval"]
    prompts: Prompts
    intervals: Annotated[list[VisitedInterval], Few, DISTINCT]
    guidance_scale: GuidanceScale | None = None

    def prompts_asked(self, place: Place) -> Sequence[str]:
        return self.prompts

    def draw(self, spot: Spot) -> Nodes:
        rows = [
            [Cell(self._picture(spot, prompt, low, high)) for low, high in self.intervals]
            for prompt in self.prompts
        ]
        columns = [f"t = {high} to {low}" for low, high in self.intervals]
        yield Sheet(rows, self.prompts, columns).drawing(spot)

    def _picture(self, spot: Spot, prompt: str, low: int, high: int) -> str:
        combination = {"kind": "single", "guidance_interval": [low, high]}
        wanted = Sampling([prompt], spot.seed, self.scale_in(spot), combination=combination)
        return spot.picture(f"{slug(prompt)}-t{low:03d}-{high:03d}", wanted)

    def interval_in(self, place: Place) -> None:
        """Each column has its own."""

    def told(self, place: Place) -> str:
        return (
            f"{quoted(self.prompts)} from the same noise, {stride_words(place.settings)}, "
            f"{self.guidance(place)} between the timesteps named, both included, "
            f"and the conditional estimate alone elsewhere. {self.origin(place)}"
        )
