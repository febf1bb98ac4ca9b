"""Prompts side by side."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import GuidanceScale
from flows.declaration.text_to_image import InferenceSteps
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.prompted.step_counts import CountedPanel
from flows.figures.sampled_words import quoted
from flows.figures.sheet import Cell, Sheet


class PromptRow(CountedPanel):
    """One picture a prompt, side by side."""

    heading = "More detailed prompts"

    plot: Literal["prompts"]
    steps: InferenceSteps
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False

    def draw(self, spot: Spot) -> Nodes:
        row = [
            Cell(self.picture_of(spot, prompt, self.steps, stage_two=self.stage_two), prompt)
            for prompt in self.prompts
        ]
        yield Sheet([row]).drawing(spot)

    def told(self, place: Place) -> str:
        return (
            f"One subject in growing detail: {quoted(self.prompts)}, in {self.steps} inference "
            f"steps, {self.guidance(place)}{self.enlarged(place)}. {self.origin(place)}"
        )
