"""The second stage: a small picture made larger, by the engine that made it.

The U-Net sees the noisy large picture and, as three more channels, the small one enlarged and
noised a little, and is told how much (Saharia et al. 2022, section 2.3, noise conditioning).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks import BadInput, StepFailed
from tasks.diffusion.seeds import NoiseSource, SeededNoise, draw
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule, forward
from tasks.diffusion.trajectories.engine import sample
from tasks.diffusion.trajectories.network_rows import UNet
from tasks.diffusion.trajectories.trajectory import Combination, Result, Trajectory


@dataclass(frozen=True, eq=False)
class Upscaling:
    """One picture to enlarge; fields are a Trajectory's, and:

    image: [3, s, s] in [-1, 1], the small picture. noise_level: the timestep of the image noising
    schedule to which the enlarged picture is noised: 250 for photographs, 50 for illusions.
    combination: of the same views or components, made for the large size.
    """

    name: str
    seed: int
    image: Tensor
    noise_level: int
    timesteps: tuple[int, ...]
    prompt_embeds: tuple[Tensor, ...]
    negative_embeds: Tensor | None = None
    guidance_scale: float = 1.0
    combination: Combination = field(default_factory=Combination)
    noise: NoiseSource | None = None


def upscale(
    unet: UNet,
    schedule: DiffusionSchedule,
    image_noising_schedule: DiffusionSchedule,
    items: Sequence[Upscaling],
    *,
    size: int,
    max_rows: int,
    device: torch.device | str = "cpu",
    report: Callable[[float, float, str], None] = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Result | StepFailed]:
    """Enlarge every picture to size x size pixels; see engine.sample for what is common to both.

    image_noising_schedule: the second stage's scheduler for its condition, another than `schedule`.
    """
    trajectories = [_trajectory(item, image_noising_schedule, size) for item in items]
    return sample(
        unet,
        schedule,
        trajectories,
        size=size,
        max_rows=max_rows,
        device=device,
        report=report,
        should_stop=should_stop,
    )


def _trajectory(item: Upscaling, schedule: DiffusionSchedule, size: int) -> Trajectory:
    if not 0 <= item.noise_level < schedule.num_train_timesteps:
        raise BadInput(
            f"{item.name} has noise_level {item.noise_level}; expected 0 to "
            f"{schedule.num_train_timesteps - 1}"
        )
    source = item.noise if item.noise is not None else SeededNoise(item.seed)
    enlarged = F.interpolate(
        item.image.float()[None], (size, size), mode="bilinear", align_corners=True
    )
    noise = draw([source], "condition", size)
    return Trajectory(
        name=item.name,
        seed=item.seed,
        timesteps=item.timesteps,
        prompt_embeds=item.prompt_embeds,
        negative_embeds=item.negative_embeds,
        guidance_scale=item.guidance_scale,
        combination=item.combination,
        condition=forward(schedule, enlarged, torch.tensor([item.noise_level]), noise)[0],
        class_label=item.noise_level,
        noise=item.noise,
    )
