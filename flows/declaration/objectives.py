"""What a network is trained to predict, what it looks like, and how it is sampled."""

from __future__ import annotations

from typing import Annotated, Literal

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
GENERATIVE_KINDS = ("ddpm", "flow_matching")

DenoisingObjective = Annotated[DenoiserObjective | PureNoiseObjective, Field(discriminator="kind")]
GenerativeObjective = Annotated[DDPMObjective | FlowMatchingObjective, Field(discriminator="kind")]


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


class DDPMSampler(Section):
    """Ancestral sampling over every timestep of the objective."""

    method: Literal["ddpm"]
    guidance_scale: GuidanceScale | None = None


class FlowSampler(Section):
    """An ODE solver with a fixed step of 1 / steps."""

    method: Literal["euler", "midpoint", "heun"]
    steps: SamplerSteps = 50
    guidance_scale: GuidanceScale | None = None


Sampler = Annotated[DDPMSampler | FlowSampler, Field(discriminator="method")]
