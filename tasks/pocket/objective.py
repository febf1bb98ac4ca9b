"""What the pocket model minimises: noise prediction, and the variance of the reverse step."""

from __future__ import annotations

import math

import torch
from torch import Tensor

NUM_TIMESTEPS = 1000
LEAST_WEIGHT = 0.1
"""Of a timestep in noise prediction."""
MOST_STRIDE = 60
"""Timesteps that one step of sampling may go."""
VARIANCE_WEIGHT = 0.05
"""lambda of the hybrid loss (Nichol and Dhariwal 2021, eq. 16). Theirs, 0.001, is for a sum over
all t; here a step's two bounds lie far apart, and the term is of the size of the noise's."""


def cosine_alpha_bar() -> Tensor:
    """alpha_bar of `squaredcos_cap_v2`, float64 [1000] (Nichol and Dhariwal 2021, eq. 17).

    Built from betas capped at 0.999, as diffusers' DDPMScheduler does.
    """
    t = torch.arange(NUM_TIMESTEPS + 1, dtype=torch.float64) / NUM_TIMESTEPS
    level = torch.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
    beta = (1 - level[1:] / level[:-1]).clamp(max=0.999)
    return torch.cumprod(1 - beta, dim=0)


def noised(x_0: Tensor, t: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """x_t from x_0 (Ho et al. 2020, eq. 4). x_0, noise: [batch, 3, side, side]; t: [batch]."""
    level = alpha_bar[t].float().view(-1, 1, 1, 1)
    return level.sqrt() * x_0 + (1 - level).sqrt() * noise


def weighted_noise_loss(eps: Tensor, noise: Tensor, t: Tensor, alpha_bar: Tensor) -> Tensor:
    """Mean of max(min(SNR, 5) / SNR, 0.1) * |eps - noise|^2.

    min(SNR, 5) / SNR is min-SNR weighting (Hang et al. 2023, eq. 4, gamma = 5), which makes next to
    nothing of small t; there what is left to learn is to leave no grain, so none weighs less than
    LEAST_WEIGHT.
    """
    snr = (alpha_bar / (1 - alpha_bar))[t].float()
    weight = (snr.clamp(max=5.0) / snr).clamp(min=LEAST_WEIGHT)
    return (weight * (eps - noise).square().mean(dim=(1, 2, 3))).mean()


def random_strides(t: Tensor, generator: torch.Generator) -> Tensor:
    """The timestep that sampling goes to from each t, [batch]: 1 to MOST_STRIDE below it, and never
    below 0. t: [batch], 1 or more."""
    chance = torch.rand(t.shape, generator=generator, device=t.device)
    return t - 1 - (chance * t.clamp(max=MOST_STRIDE)).long()


def variance_loss(
    eps: Tensor,
    variance: Tensor,
    x_0: Tensor,
    x_t: Tensor,
    t: Tensor,
    t_next: Tensor,
    alpha_bar: Tensor,
) -> Tensor:
    """The bound's term from t to t_next, in bits a value, as a function of the variance alone.

    Nichol and Dhariwal 2021, eqs. 14 to 16: log-variance = f log beta + (1 - f) log beta_tilde
    with f = (variance + 1) / 2. beta and beta_tilde are those of the step from t to t_next < t, as
    sampling strides: between neighbours they hardly differ, and f would be left to chance.
    eps is detached: the mean learns from noise prediction only.
    """
    alpha_bar = alpha_bar.float()
    current, following = (alpha_bar[at].view(-1, 1, 1, 1) for at in (t, t_next))
    beta = 1 - current / following
    tilde = (1 - following) / (1 - current) * beta
    fraction = (variance.float() + 1) / 2
    log_variance = fraction * beta.log() + (1 - fraction) * tilde.log()
    estimate = (x_t - (1 - current).sqrt() * eps.detach()) / current.sqrt()
    gap = following.sqrt() * beta / (1 - current) * (x_0 - estimate.clamp(-1, 1))
    divergence = 0.5 * (
        log_variance - tilde.log() - 1 + (tilde + gap.square()) / log_variance.exp()
    )
    return divergence.mean() / math.log(2)
