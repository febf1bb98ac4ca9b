"""Samplers of networks that predict the noise of x_t."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from tasks.diffusion.gaussian_process import mean_from_noise, posterior_variance
from tasks.diffusion.samplers import DrawNoise, Predict
from tasks.diffusion.schedule import NoiseSchedule


@dataclass(frozen=True)
class PosteriorSampler:
    """Ancestral sampling with the variance of the posterior, x_0 not clipped, no noise at the end.

    The network is told t itself, 1..T. Yields the t that x has reached: T - 1 down to 0.
    """

    schedule: NoiseSchedule
    evaluations_per_step: int = 1

    @property
    def num_steps(self) -> int:
        return self.schedule.num_timesteps

    def walk(
        self, predict: Predict, x: Tensor, draw_noise: DrawNoise
    ) -> Iterator[tuple[float, Tensor]]:
        variance = posterior_variance(self.schedule)
        for t in range(self.num_steps, 0, -1):
            eps = predict(x, x.new_full((len(x),), t))
            x = mean_from_noise(x, eps, self.schedule, t)
            if t > 1:
                x = x + float(variance[t]) ** 0.5 * draw_noise()
            yield float(t - 1), x


@dataclass(frozen=True)
class DDIMSampler:
    """num_steps steps over evenly spaced timesteps (Song et al. 2021, eqs. 12 and 16).

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

    def walk(
        self, predict: Predict, x: Tensor, draw_noise: DrawNoise
    ) -> Iterator[tuple[float, Tensor]]:
        for t, t_next in itertools.pairwise(self.timesteps()):
            alpha_bar = float(self.schedule.alpha_bar[t])
            alpha_bar_next = float(self.schedule.alpha_bar[t_next])
            eps = predict(x, x.new_full((len(x),), t * self.time_unit))
            x_0 = (x - (1 - alpha_bar) ** 0.5 * eps) / alpha_bar**0.5
            variance = (1 - alpha_bar_next) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_next)
            sigma = self.eta * variance**0.5
            x = alpha_bar_next**0.5 * x_0 + (1 - alpha_bar_next - sigma**2) ** 0.5 * eps
            if sigma > 0 and t_next > 0:
                x = x + sigma * draw_noise()
            yield float(t_next), x
