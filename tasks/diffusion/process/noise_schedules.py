"""Noise schedules of DDPM (Ho et al. 2020): beta_t in four ways, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

MAX_BETA = 0.9999
"""Cosine betas are cut here: the last one would be 1, and x_T would keep nothing of x_0."""

OFFSET = 0.008
"""s of the cosine schedule, which keeps the first betas from vanishing."""


@dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """beta, alpha = 1 - beta and alpha_bar = cumulative product of alpha, for t = 0..T.

    Each is [T + 1], float64 on the CPU: 1 - alpha_bar_1 is 1e-4, of which float32 keeps three
    digits. Index t is the paper's t: entry 0 is the clean image (beta 0, alpha_bar 1), entry T the
    noisiest.
    """

    beta: Tensor
    alpha: Tensor
    alpha_bar: Tensor

    @property
    def num_timesteps(self) -> int:
        return len(self.beta) - 1


def linear_betas(num_timesteps: int, start: float, end: float) -> Tensor:
    """Evenly spaced (Ho et al. 2020, section 4). [num_timesteps] float64, as of the others."""
    return torch.linspace(start, end, num_timesteps, dtype=torch.float64)


def quadratic_betas(num_timesteps: int, start: float, end: float) -> Tensor:
    """sqrt(beta_t) evenly spaced."""
    return torch.linspace(start**0.5, end**0.5, num_timesteps, dtype=torch.float64).square()


def sigmoid_betas(num_timesteps: int, start: float, end: float) -> Tensor:
    """Along a sigmoid from -6 to 6."""
    u = torch.linspace(-6, 6, num_timesteps, dtype=torch.float64)
    return start + (end - start) * torch.sigmoid(u)


def cosine_betas(num_timesteps: int, start: float, end: float) -> Tensor:
    """Those of an alpha_bar that falls as a squared cosine; start and end are of no use to it."""
    t = torch.arange(num_timesteps + 1, dtype=torch.float64) / num_timesteps
    f = torch.cos(math.pi / 2 * (t + OFFSET) / (1 + OFFSET)).square()
    alpha_bar = f / f[0]  # Nichol & Dhariwal 2021, eq. 17
    return (1 - alpha_bar[1:] / alpha_bar[:-1]).clamp(max=MAX_BETA)


_BETAS: dict[str, Callable[[int, float, float], Tensor]] = {
    "linear": linear_betas,
    "cosine": cosine_betas,
    "quadratic": quadratic_betas,
    "sigmoid": sigmoid_betas,
}


def noise_schedule(
    name: str, num_timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02
) -> NoiseSchedule:
    """The schedule called `name`, with the clean image put before beta_1 at t = 0."""
    betas = _BETAS[name](num_timesteps, beta_start, beta_end)
    beta = torch.cat([torch.zeros(1, dtype=torch.float64), betas])
    alpha = 1 - beta
    return NoiseSchedule(beta, alpha, alpha.cumprod(dim=0))  # Ho et al. 2020, section 2


def signal_to_noise(schedule: NoiseSchedule) -> Tensor:
    """abar_t / (1 - abar_t): ratio of the variances in x_t, [T + 1] float64; infinite at t = 0."""
    return schedule.alpha_bar / (1 - schedule.alpha_bar)
