"""The annotated write-up's objective: predict the noise in x_t, under a loss of one's choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.diffusion.objectives import one_hot_with_dropout, rates
from tasks.diffusion.schedule import NoiseSchedule

PIXEL_RANGE = (-1.0, 1.0)
"""Values that black and white have for the network."""

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": F.l1_loss,
    "l2": F.mse_loss,
    # Huber's loss with its bend at 1: e^2 / 2 below, |e| - 1/2 above.
    "huber": F.smooth_l1_loss,
}


@dataclass(frozen=True)
class NoisePrediction:
    """loss(eps, network(x_t, t)), t uniform in 1..T, images scaled to [-1, 1].

    The network sees t itself. loss: "l1", "l2" or "huber".
    """

    schedule: NoiseSchedule
    loss_name: str = "huber"
    num_classes: int = 0
    p_uncond: float = 0.0

    def loss(
        self, network: nn.Module, x: Tensor, labels: Tensor, generator: torch.Generator
    ) -> Tensor:
        x_t, t, eps = noised(x, self.schedule, generator, PIXEL_RANGE)
        conditions: tuple[Tensor, ...] = (t,)
        if self.num_classes:
            c = one_hot_with_dropout(labels, self.num_classes, self.p_uncond, generator)
            conditions = (t, c)
        return LOSSES[self.loss_name](network(x_t, *conditions).float(), eps)


def noised(
    x: Tensor,
    schedule: NoiseSchedule,
    generator: torch.Generator,
    pixel_range: tuple[float, float],
) -> tuple[Tensor, Tensor, Tensor]:
    """x_t, t and eps of images x [B, 1, H, W] in [0, 1], t [B] uniform in 1..T as float32.

    pixel_range: to which images are brought before noise is added.
    """
    t = torch.randint(
        1, schedule.num_timesteps + 1, (len(x),), generator=generator, device=x.device
    )
    eps = torch.randn(x.shape, generator=generator, device=x.device)
    signal, sigma = (table[t][:, None, None, None] for table in rates(schedule, x.device))
    return signal * to_range(x, pixel_range) + sigma * eps, t.float(), eps


def to_range(x: Tensor, pixel_range: tuple[float, float] = PIXEL_RANGE) -> Tensor:
    """[0, 1] to pixel_range."""
    low, high = pixel_range
    return low + (high - low) * x
