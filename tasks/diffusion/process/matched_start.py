"""Sampling from where training ended: x_T is not quite N(0, I) when the schedule is short.

Training sees x_T = sqrt(abar_T) x_0 + sqrt(1 - abar_T) eps. At T = 200 of the linear schedule a
third of x_0 is left in it, so its mean and covariance are not 0 and I.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from tasks.diffusion.process.augmentation import every_shift, mirror
from tasks.diffusion.process.noise_schedules import NoiseSchedule


@dataclass(frozen=True)
class Moments:
    """mean: [1, height, width]; covariance: [pixel, pixel]; both float64."""

    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, images: Tensor) -> Moments:
        """images: [image, 1, height, width]."""
        pixels = images.double().flatten(1)
        size = pixels.shape[1]
        covariance = torch.cov(pixels.T, correction=0).view(size, size)
        return cls(pixels.mean(dim=0).view(images.shape[1:]), covariance)

    def augmented(self, max_shift: int, horizontal_flip: bool, background: float) -> Moments:
        """Of the same images after random_shift and random_flip, where those are drawn.

        background: the value that a shift fills with.
        """
        moments = self
        if max_shift:
            moments = moments._averaged(every_shift(max_shift), background)
        if horizontal_flip:
            moments = moments._averaged([lambda x: x, mirror], background)
        return moments

    def _averaged(self, maps: Iterable[Callable[[Tensor], Tensor]], background: float) -> Moments:
        """Under a map A drawn evenly: E[A x] and E[A x x^T A^T], x counted from the background,
        which makes every map linear. No image is looked at again."""
        mean = self.mean - background
        second = self.covariance + _outer(mean)
        means, seconds = [], torch.zeros_like(second)
        for apply in maps:
            means.append(apply(mean[None])[0])
            seconds += _on_rows(apply, _on_rows(apply, second, mean).T, mean)
        mean = torch.stack(means).mean(dim=0)
        return Moments(mean + background, seconds / len(means) - _outer(mean))


def _outer(mean: Tensor) -> Tensor:
    return torch.outer(mean.flatten(), mean.flatten())


def _on_rows(apply: Callable[[Tensor], Tensor], matrix: Tensor, like: Tensor) -> Tensor:
    """matrix A^T: the map of each row, which is an image shaped like `like`."""
    return apply(matrix.reshape(-1, *like.shape)).flatten(1)


@dataclass(frozen=True)
class MatchedStart:
    """The Gaussian with the mean and covariance of x_T: no image is hidden in its draws.

    mean: [1, height, width]; root: symmetric square root of the covariance, [pixel, pixel]; both
    float64.
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
        """mean + root noise, in the shape of noise [batch, 1, height, width]: near what it is made
        of, to be compared with it."""
        # On the CPU: not every accelerator knows float64.
        moved = noise.cpu().double().flatten(1) @ self.root
        return (moved.view(noise.shape) + self.mean).to(noise)

    def divergence(self) -> float:
        """Kullback-Leibler divergence of this start from N(0, I), in nats an image."""
        variances = torch.linalg.eigvalsh(self.root).square()
        terms = variances.sum() + self.mean.square().sum() - len(variances) - variances.log().sum()
        return float(terms) / 2
