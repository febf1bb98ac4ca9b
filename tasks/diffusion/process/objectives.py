"""What networks are trained to predict: one class an objective, one formula a loss.

x: [batch, 1, height, width] in [0, 1]; labels: [batch] int64. Every random draw comes from the
generator passed in. A loss is a float32 scalar.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from tasks.diffusion.process.noise_schedules import NoiseSchedule

UNIT_RANGE, PIXEL_RANGE = (0.0, 1.0), (-1.0, 1.0)
"""Values that black and white have for the networks of the course and of the annotated write-up."""

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": F.l1_loss,
    "l2": F.mse_loss,
    # Huber's loss with its bend at 1: e^2 / 2 below, |e| - 1/2 above.
    "huber": F.smooth_l1_loss,
}


class Objective(Protocol):
    """A training loss for one batch."""

    def loss(self, network: nn.Module, x: Tensor, labels: Tensor, generator: Generator) -> Tensor:
        """Of `network` on images x."""


@dataclass(frozen=True)
class Denoiser:
    """Recover x from z = x + sigma * eps."""

    sigma: float

    def loss(self, network: nn.Module, x: Tensor, labels: Tensor, generator: Generator) -> Tensor:
        z = x + self.sigma * _noise_like(x, generator)
        return F.mse_loss(network(z).float(), x)


@dataclass(frozen=True)
class PureNoiseDenoiser:
    """Recover x from z = eps, which says nothing of x: the optimum is the mean image."""

    def loss(self, network: nn.Module, x: Tensor, labels: Tensor, generator: Generator) -> Tensor:
        return F.mse_loss(network(_noise_like(x, generator)).float(), x)


@dataclass(frozen=True)
class DDPM:
    """Predict the noise in x_t, t uniform in 1..T.

    The network sees t / T, in training and in sampling alike.
    """

    schedule: NoiseSchedule
    num_classes: int = 0
    p_uncond: float = 0.0

    def loss(self, network: nn.Module, x: Tensor, labels: Tensor, generator: Generator) -> Tensor:
        x_t, t, eps = noised(x, self.schedule, generator, UNIT_RANGE)
        predicted = _predict(self, network, x_t, t / self.schedule.num_timesteps, labels, generator)
        return F.mse_loss(predicted, eps)  # Ho et al. 2020, eq. 14


@dataclass(frozen=True)
class NoisePrediction:
    """As the annotated write-up has it: the noise in x_t, t uniform in 1..T, under one of LOSSES.

    Images are scaled to PIXEL_RANGE. The network sees t itself.
    """

    schedule: NoiseSchedule
    loss_name: str = "huber"
    num_classes: int = 0
    p_uncond: float = 0.0

    def loss(self, network: nn.Module, x: Tensor, labels: Tensor, generator: Generator) -> Tensor:
        x_t, t, eps = noised(x, self.schedule, generator, PIXEL_RANGE)
        predicted = _predict(self, network, x_t, t, labels, generator)
        return LOSSES[self.loss_name](predicted, eps)  # Ho et al. 2020, eq. 14, for "l2"


@dataclass(frozen=True)
class FlowMatching:
    """Predict the velocity x_1 - x_0 on the straight path from noise x_0 to data x_1, t uniform in
    [0, 1]: the optimal-transport path with sigma_min = 0."""

    num_classes: int = 0
    p_uncond: float = 0.0

    def loss(self, network: nn.Module, x: Tensor, labels: Tensor, generator: Generator) -> Tensor:
        x_1 = x
        t = torch.rand(len(x), generator=generator, device=x.device)
        x_0 = _noise_like(x, generator)
        time = t[:, None, None, None]
        x_t = (1 - time) * x_0 + time * x_1  # Lipman et al. 2023, eq. 22
        predicted = _predict(self, network, x_t, t, labels, generator)
        return F.mse_loss(predicted, x_1 - x_0)  # Lipman et al. 2023, eq. 23


@dataclass(frozen=True)
class Classification:
    """Cross-entropy of the logits."""

    def loss(self, network: nn.Module, x: Tensor, labels: Tensor, generator: Generator) -> Tensor:
        return F.cross_entropy(network(x).float(), labels)


@dataclass(frozen=True)
class NoisyClassification:
    """Cross-entropy of p(y | x_t), t uniform in 1..T.

    pixel_range: of the diffusion model that is to be guided.
    """

    schedule: NoiseSchedule
    pixel_range: tuple[float, float] = PIXEL_RANGE

    def loss(self, network: nn.Module, x: Tensor, labels: Tensor, generator: Generator) -> Tensor:
        x_t, t, _ = noised(x, self.schedule, generator, self.pixel_range)
        return F.cross_entropy(network(x_t, t).float(), labels)


def noised(
    x: Tensor, schedule: NoiseSchedule, generator: Generator, pixel_range: tuple[float, float]
) -> tuple[Tensor, Tensor, Tensor]:
    """x_t, t and eps of images x, t: [batch] uniform in 1..T as float32.

    pixel_range: to which images are brought before noise is added.
    """
    t = torch.randint(
        1, schedule.num_timesteps + 1, (len(x),), generator=generator, device=x.device
    )
    eps = _noise_like(x, generator)
    signal, sigma = (table[t][:, None, None, None] for table in _rates(schedule, x.device))
    return signal * to_range(x, pixel_range) + sigma * eps, t.float(), eps  # Ho et al. 2020, eq. 4


def to_range(x: Tensor, pixel_range: tuple[float, float] = PIXEL_RANGE) -> Tensor:
    """[0, 1] to pixel_range."""
    low, high = pixel_range
    return low + (high - low) * x


def one_hot_with_dropout(
    labels: Tensor, num_classes: int, p_uncond: float, generator: Generator
) -> Tensor:
    """One-hot labels, [batch, num_classes] float32, a row replaced by zeros with probability
    p_uncond (Ho & Salimans 2022, algorithm 1)."""
    keep = torch.rand(labels.shape, generator=generator, device=labels.device) >= p_uncond
    return F.one_hot(labels, num_classes).float() * keep[:, None]


@functools.lru_cache(maxsize=8)
def _rates(schedule: NoiseSchedule, device: torch.device) -> tuple[Tensor, Tensor]:
    """sqrt(alpha_bar) and sqrt(1 - alpha_bar), [T + 1] float32, copied to the device only once."""
    alpha_bar = schedule.alpha_bar
    return alpha_bar.sqrt().float().to(device), (1 - alpha_bar).sqrt().float().to(device)


def _noise_like(x: Tensor, generator: Generator) -> Tensor:
    return torch.randn(x.shape, generator=generator, device=x.device)


def _predict(
    objective: DDPM | NoisePrediction | FlowMatching,
    network: nn.Module,
    x_t: Tensor,
    t: Tensor,
    labels: Tensor,
    generator: Generator,
) -> Tensor:
    if not objective.num_classes:
        return network(x_t, t).float()
    c = one_hot_with_dropout(labels, objective.num_classes, objective.p_uncond, generator)
    return network(x_t, t, c).float()
