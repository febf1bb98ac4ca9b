"""Ways to remove noise, side by side."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import GuidanceScale
from flows.declaration.text_to_image import Prompt
from flows.figures.denoising.iterative import RestoredPanel
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import KernelSize, PassSigma
from flows.figures.sampled_words import quoted, start_words
from flows.nodes.trajectory_nodes import shown_sigma


class Methods(RestoredPanel):
    """Original, iterative, one-step and blur from the same noise level, side by side."""

    heading = "Methods side by side"

    plot: Literal["methods"]
    kernel: KernelSize
    sigma: PassSigma | None = None
    prompt: Prompt | None = None
    guidance_scale: GuidanceScale = 1.0

    def draw(self, spot: Spot) -> Nodes:
        """One-step estimate and blur begin at the timestep at which the iterative method begins."""
        t = spot.settings.timesteps[self.i_start]
        nodes, prompt = spot.nodes, self.prompt_in(spot)
        noisy = nodes.noised(spot.where, self.image, [t], spot.seed)
        inputs = {
            "image": nodes.image(self.image),
            "trajectory": self.restored(spot),
            "estimate": nodes.one_step(spot.where, noisy, 1, prompt, self.guidance_scale),
            "blurred": nodes.blurred(spot.where, noisy, self.kernel, self.sigma),
        }
        yield spot.drawing(inputs, {"timestep": t})

    def told(self, place: Place) -> str:
        return (
            f"{self.titles(place)} noised to {start_words(place.settings, [self.i_start])}, "
            f"restored step by step, stride {place.settings.stride}, and in one step, and by a "
            f"Gaussian blur of kernel {self.kernel}, sigma = "
            f"{shown_sigma(self.kernel, self.sigma):g}. Prompt {quoted(self.prompts_in(place))}, "
            f"{self.guidance(place)}. {self.origin(place)}"
        )
