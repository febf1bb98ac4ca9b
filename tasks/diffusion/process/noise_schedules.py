"""Noise schedules of DDPM (Ho et al. 2020): beta_t in four ways, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


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


def linear_schedule(
    num_timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02
) -> NoiseSchedule:
    """beta_1..beta_T evenly spaced from beta_start to beta_end (Ho et al. 2020, section 4)."""
    beta = torch.linspace(beta_start, beta_end, num_timesteps, dtype=torch.float64)
    beta = torch.cat([torch.zeros(1, dtype=torch.float64), beta])
    alpha = 1 - beta
    return NoiseSchedule(beta, alpha, alpha.cumprod(dim=0))


MAX_BETA = 0.9999
"""Cosine betas are cut here: the last one would be 1, and x_T would keep nothing of x_0."""


def cosine_schedule(num_timesteps: int, offset: float = 0.008) -> NoiseSchedule:
    """alpha_bar_t = f(t) / f(0), f(t) = cos^2(pi/2 (t/T + s) / (1 + s)) (Nichol & Dhariwal 2021,
    eq. 17). offset: s, which keeps the first betas from vanishing."""
    t = torch.arange(num_timesteps + 1, dtype=torch.float64) / num_timesteps
    f = torch.cos(math.pi / 2 * (t + offset) / (1 + offset)).square()
    alpha_bar = f / f[0]
    return _from_betas((1 - alpha_bar[1:] / alpha_bar[:-1]).clamp(max=MAX_BETA))


def quadratic_schedule(num_timesteps: int, beta_start: float, beta_end: float) -> NoiseSchedule:
    """sqrt(beta_t) evenly spaced, from sqrt(beta_start) to sqrt(beta_end)."""
    roots = torch.linspace(beta_start**0.5, beta_end**0.5, num_timesteps, dtype=torch.float64)
    return _from_betas(roots.square())


def sigmoid_schedule(num_timesteps: int, beta_start: float, beta_end: float) -> NoiseSchedule:
    """beta_t = beta_start + (beta_end - beta_start) sigmoid(u_t), u_t evenly spaced in [-6, 6]."""
    u = torch.linspace(-6, 6, num_timesteps, dtype=torch.float64)
    return _from_betas(beta_start + (beta_end - beta_start) * torch.sigmoid(u))


_BY_NAME: dict[str, Callable[[int, float, float], NoiseSchedule]] = {
    "linear": linear_schedule,
    "cosine": lambda num_timesteps, beta_start, beta_end: cosine_schedule(num_timesteps),
    "quadratic": quadratic_schedule,
    "sigmoid": sigmoid_schedule,
}


def noise_schedule(
    name: str, num_timesteps: int, beta_start: float = 1e-4, beta_end: float = 0.02
) -> NoiseSchedule:
    """The schedule called `name`; "cosine" has no use for beta_start and beta_end."""
    return _BY_NAME[name](num_timesteps, beta_start, beta_end)


def signal_to_noise(schedule: NoiseSchedule) -> Tensor:
    """abar_t / (1 - abar_t): ratio of the variances in x_t, [T + 1] float64; infinite at t = 0."""
    return schedule.alpha_bar / (1 - schedule.alpha_bar)


def _from_betas(betas: Tensor) -> NoiseSchedule:
    """beta_1..beta_T, [T], with the clean image put before them at t = 0."""
    beta = torch.cat([torch.zeros(1, dtype=torch.float64), betas])
    alpha = 1 - beta
    return NoiseSchedule(beta, alpha, alpha.cumprod(dim=0))
