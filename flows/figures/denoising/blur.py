"""Noise, and what a blur makes of it."""

from __future__ import annotations

from typing import Literal

from flows.figures.denoising.forward import NoisedPanel
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import KernelSize, PassSigma, Timesteps
from flows.figures.sampled_words import numbers
from flows.nodes.trajectory_nodes import shown_sigma


class Blur(NoisedPanel):
    """The noisy images, Gaussian blur of them, and the best that any blur does. sigma: null for
    the one torchvision takes for the kernel."""

    heading = "Gaussian blur"
    is_strided = False

    plot: Literal["blur"]
    timesteps: Timesteps
    kernel: KernelSize
    sigma: PassSigma | None = None

    def draw(self, spot: Spot) -> Nodes:
        noisy = spot.nodes.noised(spot.where, self.image, self.timesteps, spot.seed)
        blurred = spot.nodes.blurred(spot.where, noisy, self.kernel, self.sigma)
        yield spot.drawing({"noisy": noisy, "blurred": blurred}, {"plot": "blur_rows"})

    def told(self, place: Place) -> str:
        return (
            f"{self.titles(place)} noised to t = {numbers(self.timesteps)}, under a Gaussian blur "
            f"of kernel {self.kernel}, sigma = {shown_sigma(self.kernel, self.sigma):g}, and under "
            "the blur that comes closest to the original at each t. Noise schedule of the model. "
            f"{self.origin(place)}"
        )
