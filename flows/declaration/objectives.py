"""What a network is trained to predict, what it looks like, and how it is sampled."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from flows.declaration.fields import (
    Beta,
    Dropout,
    GuidanceScale,
    HiddenWidth,
    NumTimesteps,
    SamplerSteps,
    Section,
    Sigma,
)
from flows.declaration.noise_prediction import (
    AncestralSampler,
    DDIMSampler,
    NoisePredictionObjective,
    network_kind,
)


class DenoiserObjective(Section):
    """Recover x from x + sigma * eps."""

    kind: Literal["denoiser"]
    sigma: Sigma


class PureNoiseObjective(Section):
    """Recover x from eps alone."""

    kind: Literal["pure_noise"]


class DDPMObjective(Section):
    """Predict the noise of x_t; beta runs linearly from beta_start to beta_end."""

    kind: Literal["ddpm"]
    num_timesteps: NumTimesteps = 300
    beta_start: Beta = 1e-4
    beta_end: Beta = 0.02
    p_uncond: Dropout = 0.0


class FlowMatchingObjective(Section):
    """Predict the velocity from noise to data."""

    kind: Literal["flow_matching"]
    p_uncond: Dropout = 0.0


DENOISING_KINDS = ("denoiser", "pure_noise")
GENERATIVE_KINDS = ("ddpm", "flow_matching", "noise_prediction")

DenoisingObjective = Annotated[DenoiserObjective | PureNoiseObjective, Field(discriminator="kind")]
GenerativeObjective = Annotated[
    DDPMObjective | FlowMatchingObjective | NoisePredictionObjective, Field(discriminator="kind")
]


class PlainNetwork(Section):
    """The course U-Net without conditioning; hidden_width is the paper's D."""

    hidden_width: HiddenWidth


class ConditionedNetwork(Section):
    """The course U-Net conditioned on time and, with num_classes 10, on the digit.

    time_conditioning: "add" or "multiply"; with classes, time is always added.
    """

    hidden_width: HiddenWidth
    time_conditioning: Literal["add", "multiply"]
    num_classes: Literal[0, 10] = 0

    @classmethod
    def describes(cls, value: Any) -> bool:
        return isinstance(value, dict) and network_kind(value) == "course"


class DDPMSampler(Section):
    """Ancestral sampling over every timestep of the objective."""

    method: Literal["ddpm"]
    guidance_scale: GuidanceScale | None = None


class FlowSampler(Section):
    """An ODE solver with a fixed step of 1 / steps."""

    method: Literal["euler", "midpoint", "heun"]
    steps: SamplerSteps = 50
    guidance_scale: GuidanceScale | None = None


Sampler = Annotated[
    DDPMSampler | FlowSampler | AncestralSampler | DDIMSampler, Field(discriminator="method")
]

METHODS = {
    "ddpm": ("ddpm", "ddim"),
    "flow_matching": ("euler", "midpoint", "heun"),
    "noise_prediction": ("ancestral", "ddim"),
}
"""Samplers that fit a model of each objective."""
