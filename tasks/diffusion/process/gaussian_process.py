"""The Gaussians of DDPM: x_t given x_0, one step of noise, and the posterior between them.

x_0, x_t, eps: one shape, any; t is an index of the schedule, 1..T.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.diffusion.process.noise_schedules import NoiseSchedule


def forward_step(x_previous: Tensor, eps: Tensor, schedule: NoiseSchedule, t: int) -> Tensor:
    """x_t from x_{t-1}."""
    alpha, beta = float(schedule.alpha[t]), float(schedule.beta[t])
    return alpha**0.5 * x_previous + beta**0.5 * eps  # Ho et al. 2020, eq. 2


def forward(x_0: Tensor, eps: Tensor, schedule: NoiseSchedule, t: int) -> Tensor:
    """x_t from x_0 at once."""
    alpha_bar = float(schedule.alpha_bar[t])
    return alpha_bar**0.5 * x_0 + (1 - alpha_bar) ** 0.5 * eps  # Ho et al. 2020, eq. 4


def implied_image(x_t: Tensor, eps: Tensor, schedule: NoiseSchedule, t: int) -> Tensor:
    """x_0 that the noise eps leaves of x_t, not clipped."""
    alpha_bar = float(schedule.alpha_bar[t])
    return (x_t - (1 - alpha_bar) ** 0.5 * eps) / alpha_bar**0.5  # Ho et al. 2020, eq. 4 solved


def posterior_variance(schedule: NoiseSchedule) -> Tensor:
    """Of q(x_{t-1} | x_t, x_0), [T + 1] float64; 0 at t = 0 and 1."""
    variance = torch.zeros_like(schedule.beta)
    alpha_bar = schedule.alpha_bar
    # Ho et al. 2020, eq. 7
    variance[1:] = schedule.beta[1:] * (1 - alpha_bar[:-1]) / (1 - alpha_bar[1:])
    return variance


def posterior_mean(x_0: Tensor, x_t: Tensor, schedule: NoiseSchedule, t: int) -> Tensor:
    """Mean of q(x_{t-1} | x_t, x_0)."""
    beta, alpha = float(schedule.beta[t]), float(schedule.alpha[t])
    alpha_bar, alpha_bar_previous = float(schedule.alpha_bar[t]), float(schedule.alpha_bar[t - 1])
    return (  # Ho et al. 2020, eq. 7
        alpha_bar_previous**0.5 * beta / (1 - alpha_bar) * x_0
        + alpha**0.5 * (1 - alpha_bar_previous) / (1 - alpha_bar) * x_t
    )


def mean_from_noise(x_t: Tensor, eps: Tensor, schedule: NoiseSchedule, t: int) -> Tensor:
    """The same mean where x_0 is what eps leaves of x_t."""
    beta, alpha = float(schedule.beta[t]), float(schedule.alpha[t])
    alpha_bar = float(schedule.alpha_bar[t])
    return (x_t - beta / (1 - alpha_bar) ** 0.5 * eps) / alpha**0.5  # Ho et al. 2020, eq. 11
