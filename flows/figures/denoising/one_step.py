"""Noise removed in a single step."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import GuidanceScale
from flows.declaration.text_to_image import Prompt
from flows.figures.denoising.forward import NoisedPanel
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import Timesteps
from flows.figures.sampled_words import numbers, quoted


class OneStep(NoisedPanel):
    """The noisy images, and the clean one as the network sees it in a single step."""

    heading = "One-step denoising"
    is_strided = False

    plot: Literal["one_step"]
    timesteps: Timesteps
    prompt: Prompt | None = None
    guidance_scale: GuidanceScale = 1.0

    def draw(self, spot: Spot) -> Nodes:
        noisy = spot.nodes.noised(spot.where, self.image, self.timesteps, spot.seed)
        count, prompt = len(self.timesteps), self.prompt_in(spot)
        estimate = spot.nodes.one_step(spot.where, noisy, count, prompt, self.guidance_scale)
        yield spot.drawing({"noisy": noisy, "estimate": estimate}, {"plot": "one_step_rows"})

    def interval_in(self, place: Place) -> None:
        """A single step is guided wherever it is."""

    def told(self, place: Place) -> str:
        return (
            f"{self.titles(place)} noised to t = {numbers(self.timesteps)}, and the clean image as "
            f"estimated in one step, prompt {quoted(self.prompts_in(place))}, "
            f"{self.guidance(place)}. {self.origin(place)}"
        )
