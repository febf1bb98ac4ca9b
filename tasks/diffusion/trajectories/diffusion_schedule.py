"""The noise schedule of a text-to-image model, read from its scheduler's configuration.

Timesteps are those of the published models: t = 0..T-1, 0 the least noisy. CLEAN stands for the
image itself, one step beyond t = 0. (The digits' NoiseSchedule counts 0 as the clean image.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.process.noise_schedules import linear_betas, quadratic_betas, sigmoid_betas

Limit = Callable[[Tensor], Tensor]
"""x_0 [batch, channel, height, width] to the same shape, each picture on its own."""


@dataclass(frozen=True)
class DynamicThreshold:
    """Clip to [-s, s] and divide by s (Saharia et al. 2022, section 2.3).

    s is the `ratio` quantile of a picture's absolute values, kept in [1, max_value].
    """

    ratio: float
    max_value: float

    def __call__(self, x_0: Tensor) -> Tensor:
        s = quantile(x_0.flatten(1).abs(), self.ratio).clamp(1, self.max_value)
        s = s[:, None, None, None]
        return x_0.clamp(-s, s) / s


@dataclass(frozen=True)
class FixedClip:
    """Clip to [-value, value]."""

    value: float

    def __call__(self, x_0: Tensor) -> Tensor:
        return x_0.clamp(-self.value, self.value)


def no_limit(x_0: Tensor) -> Tensor:
    """The estimate as it is."""
    return x_0


def quantile(values: Tensor, ratio: float) -> Tensor:
    """The same as torch.quantile(values, ratio, dim=1), linear between neighbours.

    values: [batch, number]. Returns [batch]. Only the tail above the quantile is sorted: four times
    (a 64x64 picture) to eight times (256x256) as fast on a CPU, and without torch's limit on N.
    """
    n = values.shape[1]
    # In float32, as torch computes the rank, so that results are equal to the last bit.
    rank = torch.tensor(ratio, dtype=values.dtype) * (n - 1)
    below = math.floor(rank)
    tail = values.topk(n - below, dim=1).values
    upper = tail[:, -2] if n - below > 1 else tail[:, -1]
    return torch.lerp(tail[:, -1], upper, float(rank - below))


def strided_timesteps(first: int, stride: int) -> tuple[int, ...]:
    """first, first - stride, ... down to the last that is 0 or more: 990, 960, ..., 30, 0."""
    if first < 0 or stride < 1:
        raise BadInput(
            f"timesteps: first is {first} and stride is {stride}; expected first >= 0, stride >= 1"
        )
    return tuple(range(first, -1, -stride))


@dataclass(frozen=True)
class TimestepSpacing:
    """How num_inference_steps timesteps are spread over the num_train_timesteps of training.

    kind: "leading", "linspace" or "trailing", as in table 2 of Lin et al. 2023. steps_offset is
    added to leading timesteps only, as diffusers does.
    """

    num_train_timesteps: int
    kind: str = "leading"
    steps_offset: int = 0

    def timesteps(self, num_inference_steps: int) -> tuple[int, ...]:
        """Descending, num_inference_steps of them, the same as diffusers' DDPMScheduler gives."""
        total = self.num_train_timesteps
        if not 1 <= num_inference_steps <= total:
            raise BadInput(
                f"timesteps: num_inference_steps is {num_inference_steps}; expected 1 to {total}"
            )
        if self.kind == "leading":
            ratio = total // num_inference_steps
            ascending: np.ndarray = np.arange(num_inference_steps) * ratio + self.steps_offset
        elif self.kind == "linspace":
            ascending = np.linspace(0, total - 1, num_inference_steps).round()
        elif self.kind == "trailing":
            ascending = np.arange(total, 0, -total / num_inference_steps).round()[::-1] - 1
        else:
            raise _refusal("timestep_spacing", self.kind, "leading, linspace or trailing")
        return tuple(int(t) for t in ascending[::-1])


CLEAN = -1
"""The timestep of the image itself: alpha_bar is 1 there."""

_SAMPLED = {
    "_class_name": ("DDPMScheduler",),
    "prediction_type": ("epsilon", "v_prediction"),
    "variance_type": ("learned_range", "fixed_small", "fixed_small_log", "fixed_large"),
}
"""Settings of a scheduler that this engine can follow."""


@dataclass(frozen=True, eq=False)
class DiffusionSchedule:
    """alpha_bar and the sampling rules that go with it.

    alpha_bar: [T] float64 on the CPU, in (0, 1]; 1 - alpha_bar_0 is 4e-5, of which float32 keeps
        three digits.
    variance_type: how the U-Net's variance channels are read, see posterior.py.
    predicts_velocity: whether its other channels are v = sqrt(alpha_bar) eps - sqrt(1 - alpha_bar)
        x_0 and not eps.
    limit: keeps an estimate of the clean image in the range of images.
    spacing: how num_inference_steps timesteps are chosen.
    """

    alpha_bar: Tensor
    variance_type: str
    predicts_velocity: bool
    limit: Limit
    spacing: TimestepSpacing

    @property
    def num_train_timesteps(self) -> int:
        return len(self.alpha_bar)

    def alpha_bar_at(self, t: Tensor) -> Tensor:
        """alpha_bar of timesteps [batch] (CLEAN allowed), [batch, 1, 1, 1] float64 on the CPU.
        Raises BadInput for one that the schedule does not have."""
        noisiest = int(t.max()) if t.numel() else CLEAN
        if noisiest >= self.num_train_timesteps:
            raise BadInput(
                f"timesteps: {noisiest} is asked for; expected at most "
                f"{self.num_train_timesteps - 1}, the noisiest of the model's scheduler"
            )
        clean_first = torch.cat([torch.ones(1, dtype=torch.float64), self.alpha_bar])
        return clean_first[t.cpu() + 1][:, None, None, None]

    def as_noise(self, output: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        """The U-Net's output with eps in its first channels, as everything that samples takes it.

        output: [batch, 6, height, width]; x_t: [batch, 3, height, width], of any
        device and format; t: [batch].
        """
        if not self.predicts_velocity:
            return output
        v, variance = output.chunk(2, dim=1)
        return torch.cat([noise_of_velocity(v, x_t.to(v), self.alpha_bar_at(t)), variance], dim=1)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DiffusionSchedule:
        """From a DDPMScheduler's configuration; keys left out have the values diffusers gives them.

        Raises BadInput for a scheduler that this engine would sample wrongly.
        """
        for key, allowed in _SAMPLED.items():
            if config.get(key, allowed[0]) not in allowed:
                raise _refusal(key, config[key], " or ".join(allowed))
        if config.get("rescale_betas_zero_snr"):
            raise _refusal("rescale_betas_zero_snr", config["rescale_betas_zero_snr"], "false")
        return cls(
            alpha_bar=(1 - _betas(config)).cumprod(dim=0),
            variance_type=config.get("variance_type", "fixed_small"),
            predicts_velocity=config.get("prediction_type") == "v_prediction",
            limit=_limit(config),
            spacing=TimestepSpacing(
                num_train_timesteps=int(config.get("num_train_timesteps", 1000)),
                kind=str(config.get("timestep_spacing", "leading")),
                steps_offset=int(config.get("steps_offset", 0)),
            ),
        )


def forward(schedule: DiffusionSchedule, x_0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """x_t from x_0.

    x_0, noise: [batch, channel, height, width]; t: [batch], CLEAN giving x_0 itself. Returns the
    format of x_0.
    """
    alpha_bar = schedule.alpha_bar_at(t)
    signal, sigma = alpha_bar.sqrt().to(x_0), (1 - alpha_bar).sqrt().to(x_0)
    return signal * x_0 + sigma * noise  # Ho et al. 2020, eq. 4


def velocity(x_0: Tensor, eps: Tensor, alpha_bar: Tensor) -> Tensor:
    """v of x_0 and eps. alpha_bar: [batch, 1, 1, 1]."""
    signal, sigma = alpha_bar.sqrt().to(x_0), (1 - alpha_bar).sqrt().to(x_0)
    return signal * eps - sigma * x_0  # Salimans & Ho 2022, section 4


def noise_of_velocity(v: Tensor, x_t: Tensor, alpha_bar: Tensor) -> Tensor:
    """eps of v and x_t: with x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) eps, `velocity` solved
    for it."""
    signal, sigma = alpha_bar.sqrt().to(v), (1 - alpha_bar).sqrt().to(v)
    return signal * v + sigma * x_t


def _betas(config: Mapping[str, Any]) -> Tensor:
    """beta_0..beta_{T-1}, [T] float64."""
    trained = config.get("trained_betas")
    if trained is not None:
        return torch.tensor(list(trained), dtype=torch.float64)
    name = config.get("beta_schedule", "linear")
    if name not in _BETAS:
        raise _refusal("beta_schedule", name, "linear, scaled_linear, sigmoid or squaredcos_cap_v2")
    start, end = float(config.get("beta_start", 1e-4)), float(config.get("beta_end", 0.02))
    return _BETAS[name](int(config.get("num_train_timesteps", 1000)), start, end)


def _squared_cosine_betas(num_timesteps: int, start: float, end: float) -> Tensor:
    """The cosine schedule as diffusers forms and cuts it; start and end are of no use to it."""
    t = torch.arange(num_timesteps + 1, dtype=torch.float64) / num_timesteps
    alpha_bar = ((t + 0.008) / 1.008 * math.pi / 2).cos().square()  # Nichol & Dhariwal 2021, eq. 17
    return (1 - alpha_bar[1:] / alpha_bar[:-1]).clamp(max=0.999)


_BETAS = {
    "linear": linear_betas,
    "scaled_linear": quadratic_betas,
    "sigmoid": sigmoid_betas,
    "squaredcos_cap_v2": _squared_cosine_betas,
}


def _limit(config: Mapping[str, Any]) -> Limit:
    if config.get("thresholding", False):
        return DynamicThreshold(
            ratio=float(config.get("dynamic_thresholding_ratio", 0.995)),
            max_value=float(config.get("sample_max_value", 1.0)),
        )
    if config.get("clip_sample", True):
        return FixedClip(float(config.get("clip_sample_range", 1.0)))
    return no_limit


def _refusal(key: str, value: object, allowed: str) -> BadInput:
    return BadInput(f"scheduler_config.json: {key} is {value!r}; expected {allowed}")
