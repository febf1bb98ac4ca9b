"""Pictures by number of inference steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from flows.declaration.fields import GuidanceScale
from flows.declaration.text_to_image import InferenceSteps
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import DISTINCT, Few, Prompts
from flows.figures.sampled_panel import SampledPanel
from flows.figures.sampled_words import numbers, quoted
from flows.figures.sheet import Cell, Sheet
from flows.nodes.sampling import Sampling, slug


class CountedPanel(SampledPanel):
    """A panel of pictures of several prompts from the same noise."""

    is_strided = False

    prompts: Prompts

    def prompts_asked(self, place: Place) -> Sequence[str]:
        return self.prompts

    def picture_of(self, spot: Spot, prompt: str, steps: int, *, stage_two: bool) -> str:
        """The node that makes it."""
        wanted = Sampling([prompt], spot.seed, self.scale_in(spot), steps=steps)
        return spot.picture(f"{slug(prompt)}-{steps:03d}-steps", wanted, stage_two=stage_two)


STAGES = ("stage I", "stage II")


class StepCounts(CountedPanel):
    """Pictures by number of inference steps: a row a prompt, a column a count."""

    heading = "More inference steps"

    plot: Literal["step_counts"]
    steps: Annotated[list[InferenceSteps], Few, DISTINCT]
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False

    def draw(self, spot: Spot) -> Nodes:
        """A row a prompt, or two where the second stage enlarges what the first made."""
        rows: list[list[Cell]] = []
        labels: list[str] = []
        for prompt in self.prompts:
            for stage in STAGES[: 2 if self.stage_two else 1]:
                is_second = stage == STAGES[1]
                made = [
                    self.picture_of(spot, prompt, steps, stage_two=is_second)
                    for steps in self.steps
                ]
                rows.append([Cell(node) for node in made])
                labels.append(f"{prompt}, {stage}" if self.stage_two else prompt)
        columns = [f"{steps} step{'s' * (steps != 1)}" for steps in self.steps]
        yield Sheet(rows, labels, columns).drawing(spot)

    def told(self, place: Place) -> str:
        return (
            f"{quoted(self.prompts)} in {numbers(self.steps)} inference steps from the same noise, "
            f"{self.guidance(place)}{self.enlarged(place)}. {self.origin(place)}"
        )
