"""Checks of noise schedules: betas in order, and an x_T that still holds something of x_0."""

from __future__ import annotations

import math
from collections.abc import Iterator

from flows.declaration.messages import Path, Problem
from flows.declaration.noise_prediction import NoiseSchedule
from flows.declaration.objectives import DDPMObjective

LEAST_SIGNAL = -37
"""log10 of sqrt(alpha_bar_T); float32, in which networks see x_T, ends soon below."""


def check_noise(path: Path, noise: NoiseSchedule | DDPMObjective) -> Iterator[Problem]:
    """Problems of the schedule that stands at `path`."""
    if noise.beta_start > noise.beta_end:
        yield Problem(
            (*path, "beta_start"),
            f"is {noise.beta_start:g}; expected at most beta_end, {noise.beta_end:g}",
        )
    signal = log_alpha_bar(noise) / 2 / math.log(10)
    if signal < LEAST_SIGNAL:
        yield Problem(
            (*path, "beta_end"),
            f"is {noise.beta_end:g}; after {noise.num_timesteps} timesteps sqrt(alpha_bar_T) is "
            f"1e{signal:.0f}; expected a smaller beta_end or fewer num_timesteps, so that it is "
            f"at least 1e{LEAST_SIGNAL}",
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
