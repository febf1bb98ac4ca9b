"""Noise removed step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flows.declaration import Declaration
from flows.declaration.fields import GuidanceScale
from flows.declaration.problems import Path, Problem
from flows.declaration.text_to_image import Prompt
from flows.figures.denoising.forward import NoisedPanel
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import IStart, Problems, Timesteps
from flows.figures.sampled_words import numbers, quoted, start_words, timesteps_words
from flows.nodes.sampling import Sampling


class RestoredPanel(NoisedPanel):
    """A panel of an image noised to timesteps[i_start] and denoised step by step."""

    i_start: IStart

    def starts(self) -> list[int] | None:
        return [self.i_start]

    def restored(self, spot: Spot, snapshots: Sequence[int] = ()) -> str:
        """The node of its trajectory."""
        wanted = Sampling(
            [self.prompt_in(spot)],
            spot.seed,
            self.scale_in(spot),
            image=self.image,
            i_start=self.i_start,
            snapshots=snapshots,
        )
        return spot.picture(f"{self.image}-i{self.i_start:02d}", wanted)


class Iterative(RestoredPanel):
    """Snapshots x_t on the way from the image noised to timesteps[i_start]."""

    heading = "Iterative denoising"

    plot: Literal["iterative"]
    snapshots: Timesteps
    prompt: Prompt | None = None
    guidance_scale: GuidanceScale = 1.0

    def problems(self, declaration: Declaration, path: Path) -> Problems:
        yield from super().problems(declaration, path)
        visited = declaration.text_to_image.timesteps[self.i_start :]
        for index, t in enumerate(self.snapshots):
            if visited and t not in visited:
                near = min(visited, key=lambda other: abs(other - t))
                yield Problem(
                    (*path, "snapshots", str(index)),
                    f"is {t}, which is not visited from i_start {self.i_start}; expected one of "
                    f"the timesteps {timesteps_words(visited, 4)}; nearest: {near}",
                )

    def draw(self, spot: Spot) -> Nodes:
        made = self.restored(spot, self.snapshots)
        yield spot.drawing({"trajectory": made}, {"plot": "snapshots"})

    def told(self, place: Place) -> str:
        shown = numbers(sorted(self.snapshots, reverse=True))
        return (
            f"{self.titles(place)} noised to {start_words(place.settings, [self.i_start])} and "
            f"denoised with stride {place.settings.stride}: x_t before the step at t = {shown}, "
            f"and the result. Prompt {quoted(self.prompts_in(place))}, {self.guidance(place)}. "
            f"{self.origin(place)}"
        )
