"""One reverse step over a stride of timesteps, with the variance the U-Net predicts.

alpha_bar_t and alpha_bar_next are float64 on the CPU, [batch, 1, 1, 1], in (0, 1]: a row each, so
that the rows of a batch may stand at different timesteps. Coefficients are formed there and only
then taken to the format of the pictures.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.diffusion.trajectories.diffusion_schedule import CLEAN, DiffusionSchedule

MINIMUM_VARIANCE = 1e-20
"""Keeps the logarithm of P finite where it is zero: on the step to the clean image."""


def reverse_step(
    schedule: DiffusionSchedule,
    x_t: Tensor,
    eps: Tensor,
    predicted_variance: Tensor,
    t: Tensor,
    t_next: Tensor,
    noise: Tensor,
) -> Tensor:
    """x at t_next from x at t, each row between its own two timesteps.

    x_t, eps, predicted_variance, noise: [batch, 3, height, width], noise standard normal; t,
    t_next: [batch] int64 on the CPU. No noise is added on the step to t_next = CLEAN.
    """
    alpha_bar_t, alpha_bar_next = schedule.alpha_bar_at(t), schedule.alpha_bar_at(t_next)
    x_0 = schedule.limit(predicted_clean_image(x_t, eps, alpha_bar_t))
    mean = posterior_mean(x_t, x_0, alpha_bar_t, alpha_bar_next)
    log_variance = log_posterior_variance(
        schedule.variance_type, predicted_variance, alpha_bar_t, alpha_bar_next
    )
    is_last = (t_next == CLEAN)[:, None, None, None].to(x_t.device)
    # Chosen, not multiplied by zero: an untrained network's variance may overflow there.
    return torch.where(is_last, mean, mean + (0.5 * log_variance).exp() * noise)


def predicted_clean_image(x_t: Tensor, eps: Tensor, alpha_bar_t: Tensor) -> Tensor:
    """x_0 that the noise eps leaves of x_t."""
    # Ho et al. 2020, eq. 4 solved for x_0
    return (x_t - (1 - alpha_bar_t).sqrt().to(x_t) * eps) / alpha_bar_t.sqrt().to(x_t)


def posterior_mean(x_t: Tensor, x_0: Tensor, alpha_bar_t: Tensor, alpha_bar_next: Tensor) -> Tensor:
    """Mean of q(x_next | x_t, x_0), alpha and beta being those of the whole stride."""
    alpha = alpha_bar_t / alpha_bar_next
    beta = 1 - alpha
    weight_of_x_0 = alpha_bar_next.sqrt() * beta / (1 - alpha_bar_t)
    weight_of_x_t = alpha.sqrt() * (1 - alpha_bar_next) / (1 - alpha_bar_t)
    return weight_of_x_0.to(x_t) * x_0 + weight_of_x_t.to(x_t) * x_t  # Ho et al. 2020, eq. 7


def variance_bounds(alpha_bar_t: Tensor, alpha_bar_next: Tensor) -> tuple[Tensor, Tensor]:
    """The largest and smallest variance of a step: B = beta of the whole stride, and the
    posterior's, P (Nichol & Dhariwal 2021, section 3.1)."""
    largest = 1 - alpha_bar_t / alpha_bar_next
    smallest = (1 - alpha_bar_next) / (1 - alpha_bar_t) * largest  # Ho et al. 2020, eq. 7
    return largest, smallest


def log_posterior_variance(
    variance_type: str, predicted: Tensor, alpha_bar_t: Tensor, alpha_bar_next: Tensor
) -> Tensor:
    """The logarithm of a variance between P and B.

    predicted: [batch, 3, height, width], the U-Net's variance channels, in [-1, 1] when it is well
    trained. "fixed_large" and "fixed_small" stand for 1 and -1. Returns the shape of predicted, or
    [batch, 1, 1, 1] where nothing was learned.
    """
    largest, smallest = variance_bounds(alpha_bar_t, alpha_bar_next)
    log_largest = largest.log().to(predicted)
    log_smallest = smallest.clamp(min=MINIMUM_VARIANCE).log().to(predicted)
    if variance_type == "fixed_large":
        return log_largest
    if variance_type in ("fixed_small", "fixed_small_log"):
        return log_smallest
    f = (predicted + 1) / 2
    return f * log_largest + (1 - f) * log_smallest  # Nichol & Dhariwal 2021, eq. 15
