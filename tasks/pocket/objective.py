"""What the pocket model minimises: noise prediction, and the variance of the reverse step."""

from __future__ import annotations

import math

import torch
from torch import Tensor

NUM_TIMESTEPS = 1000


def cosine_alpha_bar() -> Tensor:
    """alpha_bar of `squaredcos_cap_v2`, float64 [1000] (Nichol and Dhariwal 2021, eq. 17).

    Built from betas capped at 0.999, as diffusers' DDPMScheduler does.
    """
    t = torch.arange(NUM_TIMESTEPS + 1, dtype=torch.float64) / NUM_TIMESTEPS
    level = torch.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
    beta = (1 - level[1:] / level[:-1]).clamp(max=0.999)
    return torch.cumprod(1 - beta, dim=0)


def half_size_alpha_bar(alpha_bar: Tensor) -> Tensor:
    """The schedule that a picture of half the size sees at the same t.

    Averaging 2 x 2 pixels keeps a smooth signal and quarters the variance of the noise, so the
    signal-to-noise ratio is four times as high (Hoogeboom et al. 2023, "simple diffusion").
    """
    return 4 * alpha_bar / (1 + 3 * alpha_bar)


def noised(x_0: Tensor, t: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """x_t from x_0 (Ho et al. 2020, eq. 4). x_0, noise: [batch, 3, side, side]; t: [batch]."""
    level = alpha_bar[t].float().view(-1, 1, 1, 1)
    return level.sqrt() * x_0 + (1 - level).sqrt() * noise


def min_snr_loss(eps: Tensor, noise: Tensor, t: Tensor, alpha_bar: Tensor) -> Tensor:
    """Mean of min(SNR, 5) / SNR * |eps - noise|^2 (Hang et al. 2023, eq. 4, gamma = 5)."""
    snr = (alpha_bar / (1 - alpha_bar))[t].float()
    weight = snr.clamp(max=5.0) / snr
    return (weight * (eps - noise).square().mean(dim=(1, 2, 3))).mean()


def noise_loss(eps: Tensor, noise: Tensor, t: Tensor, alpha_bar: Tensor) -> Tensor:
    """Mean of |eps - noise|^2, every t alike (Ho et al. 2020, eq. 14)."""
    return (eps - noise).square().mean()


def variance_loss(
    eps: Tensor, variance: Tensor, x_0: Tensor, x_t: Tensor, t: Tensor, alpha_bar: Tensor
) -> Tensor:
    """The bound's term at t, in bits a value, as a function of the variance alone.

    Nichol and Dhariwal 2021, eqs. 14 to 16: log-variance = f log beta + (1 - f) log beta_tilde
    with f = (variance + 1) / 2. eps is detached: the mean learns from noise prediction only.
    """
    alpha_bar = alpha_bar.float()
    previous = torch.cat([torch.ones(1), alpha_bar])[t].view(-1, 1, 1, 1)
    current = alpha_bar[t].view(-1, 1, 1, 1)
    alpha = current / previous
    beta = 1 - alpha
    # At t = 0 beta_tilde is 0; the value of t = 1 stands in, as in the reference schedule.
    tilde = ((1 - previous) / (1 - current) * beta).clamp(min=1e-6)
    fraction = (variance.float() + 1) / 2
    log_variance = fraction * beta.log() + (1 - fraction) * tilde.log()
    estimate = (x_t - (1 - current).sqrt() * eps.detach()) / current.sqrt()
    gap = previous.sqrt() * beta / (1 - current) * (x_0 - estimate.clamp(-1, 1))
    divergence = 0.5 * (
        log_variance - tilde.log() - 1 + (tilde + gap.square()) / log_variance.exp()
    )
    return divergence.mean() / math.log(2)
