"""A photograph under growing noise."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration import Declaration
from flows.declaration.objectives import NoiseSchedule
from flows.declaration.problems import Path, Problem, show_value
from flows.figures.annotated.network_summary import Side
from flows.figures.annotated.schedules import schedule_node, schedule_words
from flows.figures.panel import Nodes, Panel, Place, Spot
from flows.figures.parameters import ImageName, Noise, Problems
from tasks.figures.words import join_words

Index = Annotated[int, Field(ge=0, le=9999)]


class ForwardStrip(Panel):
    """A photograph of size x size pixels under growing noise. indices: timesteps counted from 0,
    as the write-up does."""

    heading = "Forward process"
    reads_files = True

    plot: Literal["forward_strip"]
    image: ImageName
    size: Side = 128
    schedule: Noise = NoiseSchedule()
    indices: Annotated[list[Index], Field(min_length=1, max_length=20)]

    def problems(self, declaration: Declaration, path: Path) -> Problems:
        yield from super().problems(declaration, path)
        if max(self.indices) >= self.schedule.num_timesteps:
            yield Problem(
                (*path, "indices"),
                f"is {show_value(self.indices)}; expected at most "
                f"{self.schedule.num_timesteps - 1}, the last timestep counted from 0",
            )

    def draw(self, spot: Spot) -> Nodes:
        source = schedule_node(spot, [self.schedule])
        yield source
        inputs = {"schedule": source.name, "image": spot.nodes.image(self.image)}
        yield spot.drawing(inputs, {"size": self.size, "indices": self.indices})

    def told(self, place: Place) -> str:
        image = place.declaration.images[self.image]
        times = join_words([str(index) for index in self.indices])
        return (
            f"{image.title}, {self.size} pixels, scaled to [-1, 1]: sqrt(alpha-bar_t) x_0 + "
            f"sqrt(1 - alpha-bar_t) eps at t = {times}, counted from 0"
            f"{'; one eps for all' if len(self.indices) > 1 else ''}. "
            f"Schedule: {schedule_words(self.schedule)}. Seed {place.seed}."
        )
