"""From noise to images: ancestral DDPM sampling, DDIM, and ODE solvers for flow matching.

A sampler walks `predict(x, t)` (t: [batch], as the network was trained on) from x of pure noise
and yields (time, x) after each step, the last one being the sample.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from tasks.diffusion.process.gaussian_process import (
    implied_image,
    mean_from_noise,
    posterior_mean,
    posterior_variance,
)
from tasks.diffusion.process.noise_schedules import NoiseSchedule

Predict = Callable[[Tensor, Tensor], Tensor]
DrawNoise = Callable[[], Tensor]
Walk = Iterator[tuple[float, Tensor]]


class Sampler(Protocol):
    """Walks from noise to images."""

    @property
    def num_steps(self) -> int: ...

    @property
    def evaluations_per_step(self) -> int: ...

    def walk(self, predict: Predict, x: Tensor, draw_noise: DrawNoise) -> Walk: ...


def ddpm_step(
    x_t: Tensor, eps: Tensor, schedule: NoiseSchedule, t: int, noise: Tensor | float
) -> Tensor:
    """x_{t-1} from x_t with variance beta_t, x_0 not clipped.

    t in 1..T. noise: standard normal like x_t, or 0.0 on the last step.
    """
    mean = posterior_mean(implied_image(x_t, eps, schedule, t), x_t, schedule, t)
    return mean + float(schedule.beta[t]) ** 0.5 * noise  # Ho et al. 2020, algorithm 2


@dataclass(frozen=True)
class AncestralSampler:
    """t = T, ..., 1 with fresh noise after every step but the last (Ho et al. 2020, algorithm 2).

    The network is told t / T. Yields the t that x has reached: T - 1 down to 0.
    """

    schedule: NoiseSchedule
    evaluations_per_step: int = 1

    @property
    def num_steps(self) -> int:
        return self.schedule.num_timesteps

    def walk(self, predict: Predict, x: Tensor, draw_noise: DrawNoise) -> Walk:
        for t in range(self.num_steps, 0, -1):
            eps = predict(x, x.new_full((len(x),), t / self.num_steps))
            x = ddpm_step(x, eps, self.schedule, t, draw_noise() if t > 1 else 0.0)
            yield float(t - 1), x


@dataclass(frozen=True)
class PosteriorSampler:
    """The same with the variance of the posterior. The network is told t itself, 1..T."""

    schedule: NoiseSchedule
    evaluations_per_step: int = 1

    @property
    def num_steps(self) -> int:
        return self.schedule.num_timesteps

    def walk(self, predict: Predict, x: Tensor, draw_noise: DrawNoise) -> Walk:
        variance = posterior_variance(self.schedule)
        for t in range(self.num_steps, 0, -1):
            eps = predict(x, x.new_full((len(x),), t))
            x = mean_from_noise(x, eps, self.schedule, t)
            if t > 1:
                x = x + float(variance[t]) ** 0.5 * draw_noise()  # Ho et al. 2020, algorithm 2
            yield float(t - 1), x


@dataclass(frozen=True)
class DDIMSampler:
    """num_steps steps over evenly spaced timesteps.

    eta: 0 adds no noise on the way; 1 adds that of the posterior between the two timesteps, which
    with num_steps = T is ancestral sampling. time_unit: the network is told t * time_unit. Yields
    the t that x has reached, ending with 0.
    """

    schedule: NoiseSchedule
    num_steps: int
    eta: float = 0.0
    time_unit: float = 1.0
    evaluations_per_step: int = 1

    def timesteps(self) -> list[int]:
        """num_steps + 1 values from T down to 0. ValueError for more steps than timesteps."""
        last = self.schedule.num_timesteps
        if self.num_steps > last:
            raise ValueError(f"{self.num_steps} steps for {last} timesteps; expected at most those")
        return [round(last * k / self.num_steps) for k in range(self.num_steps, -1, -1)]

    def walk(self, predict: Predict, x: Tensor, draw_noise: DrawNoise) -> Walk:
        for t, t_next in itertools.pairwise(self.timesteps()):
            alpha_bar = float(self.schedule.alpha_bar[t])
            alpha_bar_next = float(self.schedule.alpha_bar[t_next])
            eps = predict(x, x.new_full((len(x),), t * self.time_unit))
            x_0 = implied_image(x, eps, self.schedule, t)
            variance = (1 - alpha_bar_next) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_next)
            sigma = self.eta * variance**0.5  # Song et al. 2021, eq. 16
            # Song et al. 2021, eq. 12
            x = alpha_bar_next**0.5 * x_0 + (1 - alpha_bar_next - sigma**2) ** 0.5 * eps
            if sigma > 0 and t_next > 0:
                x = x + sigma * draw_noise()
            yield float(t_next), x


@dataclass(frozen=True)
class FlowSampler:
    """dx/dt = u(x, t) from t = 0 (noise) to t = 1 (data) in equal steps.

    method: "euler" (one evaluation a step, order 1), "midpoint" or "heun" (two, order 2).
    Yields the t that x has reached: 1/steps up to 1.
    """

    method: str
    num_steps: int

    @property
    def evaluations_per_step(self) -> int:
        return 1 if self.method == "euler" else 2

    def walk(self, predict: Predict, x: Tensor, draw_noise: DrawNoise) -> Walk:
        h = 1 / self.num_steps
        for step in range(self.num_steps):
            t = x.new_full((len(x),), step * h)
            u = predict(x, t)
            if self.method == "euler":
                x = x + h * u
            elif self.method == "midpoint":
                x = x + h * predict(x + h / 2 * u, t + h / 2)
            elif self.method == "heun":
                x = x + h / 2 * (u + predict(x + h * u, t + h))
            else:
                raise ValueError(f"unknown method {self.method!r}: euler, midpoint or heun")
            yield (step + 1) * h, x
