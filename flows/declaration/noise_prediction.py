"""The annotated-diffusion write-up's network, objective and samplers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from flows.declaration.fields import (
    Beta,
    Dropout,
    GuidanceScale,
    NumTimesteps,
    SamplerSteps,
    Section,
)

ScheduleName = Literal["linear", "cosine", "quadratic", "sigmoid"]
EvenWidth = Annotated[int, Field(ge=4, le=1024, multiple_of=2)]
# Each level but the last halves the side, and 28 can be halved twice.
Multipliers = Annotated[list[Annotated[int, Field(ge=1, le=64)]], Field(min_length=1, max_length=3)]
Heads = Annotated[int, Field(ge=1, le=64)]
Eta = Annotated[float, Field(ge=0, le=1)]


class ConvNextNetwork(Section):
    """A U-Net of ConvNeXt-style blocks with attention. hidden_width: channels at full resolution;
    multipliers: of it, one a level; heads: of 32 channels, in each attention."""

    kind: Literal["convnext"]
    hidden_width: EvenWidth
    multipliers: Multipliers
    heads: Heads = 4
    num_classes: Literal[0, 10] = 0


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


def network_kind(value: Any) -> str:
    """Which network a plain or parsed mapping describes: the course's has no kind."""
    has_kind = "kind" in value if isinstance(value, dict) else hasattr(value, "kind")
    return "convnext" if has_kind else "course"
