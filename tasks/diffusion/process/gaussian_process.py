"""The Gaussians of DDPM: x_t given x_0, one step of noise, and the posterior between them.

Images x_0, x_t and noise eps have one shape; t is an index of the schedule, 1..T.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.diffusion.process.noise_schedules import NoiseSchedule


def forward_step(x_previous: Tensor, eps: Tensor, schedule: NoiseSchedule, t: int) -> Tensor:
    """x_t from x_{t-1}: sqrt(alpha_t) x_{t-1} + sqrt(beta_t) eps (Ho et al. 2020, eq. 2)."""
    alpha, beta = float(schedule.alpha[t]), float(schedule.beta[t])
    return alpha**0.5 * x_previous + beta**0.5 * eps


def forward(x_0: Tensor, eps: Tensor, schedule: NoiseSchedule, t: int) -> Tensor:
    """x_t from x_0 at once: sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps (Ho et al. 2020, eq. 4)."""
    alpha_bar = float(schedule.alpha_bar[t])
    return alpha_bar**0.5 * x_0 + (1 - alpha_bar) ** 0.5 * eps


def posterior_variance(schedule: NoiseSchedule) -> Tensor:
    """beta_t (1 - abar_{t-1}) / (1 - abar_t), [T + 1] float64; 0 at t = 0 and 1 (eq. 7)."""
    variance = torch.zeros_like(schedule.beta)
    alpha_bar = schedule.alpha_bar
    variance[1:] = schedule.beta[1:] * (1 - alpha_bar[:-1]) / (1 - alpha_bar[1:])
    return variance


def posterior_mean(x_0: Tensor, x_t: Tensor, schedule: NoiseSchedule, t: int) -> Tensor:
    """Mean of q(x_{t-1} | x_t, x_0) (Ho et al. 2020, eq. 7)."""
    beta, alpha = float(schedule.beta[t]), float(schedule.alpha[t])
    alpha_bar, alpha_bar_previous = float(schedule.alpha_bar[t]), float(schedule.alpha_bar[t - 1])
    return (
        alpha_bar_previous**0.5 * beta / (1 - alpha_bar) * x_0
        + alpha**0.5 * (1 - alpha_bar_previous) / (1 - alpha_bar) * x_t
    )


def mean_from_noise(x_t: Tensor, eps: Tensor, schedule: NoiseSchedule, t: int) -> Tensor:
    """The same mean where x_0 is what eps leaves of x_t (Ho et al. 2020, eq. 11)."""
    beta, alpha = float(schedule.beta[t]), float(schedule.alpha[t])
    alpha_bar = float(schedule.alpha_bar[t])
    return (x_t - beta / (1 - alpha_bar) ** 0.5 * eps) / alpha**0.5
