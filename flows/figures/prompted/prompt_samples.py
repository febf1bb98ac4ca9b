"""Samples of one prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flows.declaration.fields import GuidanceScale
from flows.declaration.text_to_image import Prompt
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import Count, Seeds
from flows.figures.sampled_panel import SampledPanel
from flows.figures.sampled_words import quoted, stride_words
from flows.figures.sheet import Cell, Sheet
from flows.nodes.sampling import Sampling


class PromptSamples(SampledPanel):
    """Samples of one prompt from noise. seeds: default, `count` from the figure's on."""

    heading = "Samples"

    plot: Literal["prompt_samples"]
    prompt: Prompt | None = None
    count: Count = 5
    seeds: Seeds | None = None
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False

    def seeds_drawn(self, place: Place) -> Sequence[int]:
        return self.seeds or [place.seed + i for i in range(self.count)]

    def draw(self, spot: Spot) -> Nodes:
        seeds = self.seeds_drawn(spot)
        row = []
        for seed in seeds:
            wanted = Sampling([self.prompt_in(spot)], seed, self.scale_in(spot))
            row.append(Cell(spot.picture(f"seed-{seed}", wanted, stage_two=self.stage_two)))
        yield Sheet([row], column_labels=[f"seed {seed}" for seed in seeds]).drawing(spot)

    def told(self, place: Place) -> str:
        return (
            f"Samples of {quoted(self.prompts_in(place))} from noise, "
            f"{stride_words(place.settings)}, {self.guidance(place)}{self.enlarged(place)}. "
            f"{self.origin(place)}"
        )
