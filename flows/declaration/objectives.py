"""What a network is trained to predict, what it looks like, and how it is sampled.

Objectives, networks and samplers of the course, and those of the annotated-diffusion write-up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

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
from flows.declaration.problems import Path, Problem, show_number

ScheduleName = Literal["linear", "cosine", "quadratic", "sigmoid"]
EvenWidth = Annotated[int, Field(ge=4, le=1024, multiple_of=2)]
# Each level but the last halves the side, and 28 can be halved twice.
Multipliers = Annotated[list[Annotated[int, Field(ge=1, le=64)]], Field(min_length=1, max_length=3)]
Heads = Annotated[int, Field(ge=1, le=64)]
Eta = Annotated[float, Field(ge=0, le=1)]

LEAST_SIGNAL = -37
"""log10 of sqrt(alpha_bar_T); float32, in which networks see x_T, ends soon below."""


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


class NoiseSchedule(Section):
    """How noise grows over the timesteps; cosine has no use for beta_start and beta_end."""

    schedule: ScheduleName = "linear"
    num_timesteps: NumTimesteps = 200
    beta_start: Beta = 1e-4
    beta_end: Beta = 0.02


class NoisePredictionObjective(NoiseSchedule):
    """Predict the noise of x_t, images scaled to [-1, 1], the network told t itself.

    loss: "l1", "l2" or "huber" (with its bend at 1).
    """

    kind: Literal["noise_prediction"]
    loss: Literal["l1", "l2", "huber"] = "huber"
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


class ConvNextNetwork(Section):
    """A U-Net of ConvNeXt-style blocks with attention. hidden_width: channels at full resolution;
    multipliers: of it, one a level; heads: of 32 channels, in each attention."""

    kind: Literal["convnext"]
    hidden_width: EvenWidth
    multipliers: Multipliers
    heads: Heads = 4
    num_classes: Literal[0, 10] = 0


def network_kind(value: Any) -> str:
    """Which network a plain or parsed mapping describes: the course's has no kind."""
    has_kind = "kind" in value if isinstance(value, dict) else hasattr(value, "kind")
    return "convnext" if has_kind else "course"


GenerativeNetwork = Annotated[
    Annotated[ConditionedNetwork, Tag("course")] | Annotated[ConvNextNetwork, Tag("convnext")],
    Discriminator(network_kind),
]


class DDPMSampler(Section):
    """Ancestral sampling over every timestep of the objective."""

    method: Literal["ddpm"]
    guidance_scale: GuidanceScale | None = None


class FlowSampler(Section):
    """An ODE solver with a fixed step of 1 / steps."""

    method: Literal["euler", "midpoint", "heun"]
    steps: SamplerSteps = 50
    guidance_scale: GuidanceScale | None = None


class AncestralSampler(Section):
    """Every timestep of the objective, with the variance of the posterior."""

    method: Literal["ancestral"]
    guidance_scale: GuidanceScale | None = None


class DDIMSampler(Section):
    """steps of the objective's timesteps, evenly spaced. eta: 0 adds no noise on the way, 1 as
    much as ancestral sampling does."""

    method: Literal["ddim"]
    steps: SamplerSteps
    eta: Eta = 0.0
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


def check_noise(path: Path, noise: NoiseSchedule | DDPMObjective) -> Iterator[Problem]:
    """Problems of the schedule that stands at `path`."""
    if noise.beta_start > noise.beta_end:
        limit = f"expected at most beta_end, {show_number(noise.beta_end)}"
        yield Problem((*path, "beta_start"), f"is {show_number(noise.beta_start)}; {limit}")
    signal = log_alpha_bar(noise) / 2 / math.log(10)
    if signal < LEAST_SIGNAL:
        yield Problem(
            (*path, "beta_end"),
            f"is {show_number(noise.beta_end)}; after {noise.num_timesteps} timesteps "
            f"sqrt(alpha_bar_T) is 1e{signal:.0f}; expected a smaller beta_end or fewer "
            f"num_timesteps, so that it is at least 1e{LEAST_SIGNAL}",
        )


def log_alpha_bar(noise: NoiseSchedule | DDPMObjective) -> float:
    """log(alpha_bar_T), the sum of log(1 - beta_t): alpha_bar_T itself may be below any float."""
    last = noise.num_timesteps - 1
    return math.fsum(math.log1p(-_beta(noise, t / last)) for t in range(last + 1))


def _beta(noise: NoiseSchedule | DDPMObjective, u: float) -> float:
    """u: from 0 at the first timestep to 1 at the last. 0 for cosine, which has betas of its own
    and an alpha_bar_T of 1e-12 at the most timesteps that can be declared."""
    start, end = noise.beta_start, noise.beta_end
    schedule = noise.schedule if isinstance(noise, NoiseSchedule) else "linear"
    if schedule == "quadratic":
        return (start**0.5 + (end**0.5 - start**0.5) * u) ** 2
    if schedule == "sigmoid":
        return start + (end - start) / (1 + math.exp(6 - 12 * u))
    return start + (end - start) * u if schedule == "linear" else 0.0
