"""Pictures that show another prompt from afar."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import GuidanceScale
from flows.declaration.text_to_image import Prompt
from flows.figures.illusions.pairs import Illusion, Pair, PairsPanel
from flows.figures.panel import Params, Place
from flows.figures.parameters import ONCE, Few, KernelSize, PassSigma
from flows.figures.sampled_words import quoted, stride_words
from flows.figures.sheet import Cell

Pixels = Annotated[int, Field(ge=8, le=512)]


class HybridPair(Pair):
    """far: low pass, seen from afar. near: high pass. seeds: one for each version."""

    far: Prompt
    near: Prompt

    def texts(self) -> list[str]:
        # The low pass, seen from afar, is the first component; near is what is seen first.
        return [self.far, self.near]


class Hybrid(PairsPanel):
    """Pictures that change with distance, drawn large and small, and one animation each."""

    heading = "Near and far"
    moving = "distance"
    moving_heading = "Walking away"

    plot: Literal["hybrid"]
    pairs: Annotated[list[HybridPair], Few, ONCE]
    kernel: KernelSize = 33
    sigma: PassSigma = 2.0
    near_pixels: Pixels = 180
    far_pixels: Pixels = 60
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False

    def prompts_asked(self, place: Place) -> list[str]:
        return [text for pair in self.pairs for text in (pair.near, pair.far)]

    def combination(self, place: Place) -> Params:
        return {
            "kind": "components",
            "name": "low_high",
            "kernel_size": self.kernel,
            "sigma": self.sigma,
            "fixed": None,
        }

    def looks(self, made: Illusion) -> list[Cell]:
        far, near = made.texts
        return [
            Cell(made.picture, near, pixels=self.near_pixels),
            Cell(made.picture, far, pixels=self.far_pixels),
        ]

    def looks_labels(self) -> list[str]:
        return [f"near, {self.near_pixels} px", f"far, {self.far_pixels} px"]

    def moving_params(self, made: Illusion) -> Params:
        far, near = made.texts
        return {
            "near_pixels": self.near_pixels,
            "far_pixels": self.far_pixels,
            "prompts": [near, far],
        }

    def moving_words(self, pair: HybridPair) -> str:
        return f"moved away: {quoted([pair.near])} near, {quoted([pair.far])} far"

    def told(self, place: Place) -> str:
        pairs = [f"near {quoted([pair.near])}, far {quoted([pair.far])}" for pair in self.pairs]
        return (
            f"One picture, two distances: {'; '.join(pairs)}. High pass of one estimate and "
            f"low pass of the other, kernel {self.kernel}, sigma = {self.sigma:g}, "
            f"{stride_words(place.settings)}, {self.guidance(place)}{self.enlarged(place)}"
            f"{self.best_of()}; drawn {self.near_pixels} and {self.far_pixels} pixels wide. "
            f"{self.origin(place)}"
        )
