"""The second stage: a small picture made larger, by the engine that made it.

The U-Net sees the noisy large picture and, as three more channels, the small one enlarged and
noised a little, and is told how much (Saharia et al. 2022, section 2.3, noise conditioning).
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.seeds import draw
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule, forward
from tasks.diffusion.trajectories.trajectory import Trajectory


def enlarging(
    trajectory: Trajectory,
    image: Tensor,
    noise_level: int,
    image_noising_schedule: DiffusionSchedule,
    size: int,
) -> Trajectory:
    """`trajectory`, of a picture of size x size pixels, told that it is `image` made larger.

    image: [3, small, small] in [-1, 1]. noise_level: the timestep of image_noising_schedule (the
    second stage's for its condition) to which the enlarged image is noised: 250 for photographs, 50
    for illusions. Raises BadInput for a level that the schedule does not have.
    """
    if not 0 <= noise_level < image_noising_schedule.num_train_timesteps:
        raise BadInput(
            f"{trajectory.name} has noise_level {noise_level}; expected 0 to "
            f"{image_noising_schedule.num_train_timesteps - 1}"
        )
    enlarged = F.interpolate(image.float()[None], (size, size), mode="bilinear", align_corners=True)
    noise = draw([trajectory.noise_source()], "condition", size)
    level = torch.tensor([noise_level])
    condition = forward(image_noising_schedule, enlarged, level, noise)[0]
    return replace(trajectory, condition=condition, class_label=noise_level)
