"""Sampling from where training ended: x_T is not quite N(0, I) when the schedule is short.

Training sees x_T = sqrt(abar_T) x_0 + sqrt(1 - abar_T) eps. At T = 200 of the linear schedule a
third of x_0 is left in it, so its mean and covariance are not 0 and I.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tasks.diffusion.moments import Moments
from tasks.diffusion.schedule import NoiseSchedule


@dataclass(frozen=True)
class MatchedStart:
    """The Gaussian with the mean and covariance of x_T: no image is hidden in its draws.

    mean: [1, H, W]; root: symmetric square root of the covariance, [H W, H W]; both float64.
    """

    mean: Tensor
    root: Tensor

    @classmethod
    def of(cls, x_0: Moments, schedule: NoiseSchedule) -> MatchedStart:
        """x_0: of the images that training noises, in the pixel range of the model."""
        alpha_bar = float(schedule.alpha_bar[-1])
        covariance = alpha_bar * x_0.covariance
        covariance += (1 - alpha_bar) * torch.eye(len(covariance), dtype=torch.float64)
        eigenvalues, vectors = torch.linalg.eigh(covariance)
        root = (vectors * eigenvalues.sqrt()) @ vectors.T
        return cls(alpha_bar**0.5 * x_0.mean, root)

    def __call__(self, noise: Tensor) -> Tensor:
        """mean + root noise, [B, 1, H, W]: near the noise it is made of, to be compared with it."""
        # On the CPU: not every accelerator knows float64.
        moved = noise.cpu().double().flatten(1) @ self.root
        return (moved.view(noise.shape) + self.mean).to(noise)

    def divergence(self) -> float:
        """Kullback-Leibler divergence of this start from N(0, I), in nats an image."""
        variances = torch.linalg.eigvalsh(self.root).square()
        terms = variances.sum() + self.mean.square().sum() - len(variances) - variances.log().sum()
        return float(terms) / 2
