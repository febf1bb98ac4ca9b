"""Noise schedules of DDPM (Ho et al. 2020): beta_t and what follows from it."""

from __future__ import annotations

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
