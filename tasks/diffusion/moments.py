"""Mean and covariance of images, and of the images that training makes of them at random."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from tasks.diffusion.augmentation import every_shift, mirror


@dataclass(frozen=True)
class Moments:
    """mean: [1, H, W]; covariance: [H W, H W]; both float64."""

    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, images: Tensor) -> Moments:
        """images: [N, 1, H, W]."""
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
