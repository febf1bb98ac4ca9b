"""Step of kind "noised": an image with noise, as the forward process leaves it at each t."""

from __future__ import annotations

import torch

from tasks.data.images import model_image
from tasks.diffusion.diffusion_schedule import DiffusionSchedule, forward
from tasks.diffusion.noise_source import SeededNoise, draw
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.text_to_image.part_of_step import scheduler_of
from tasks.text_to_image.sampled_picture import psnr_by_timestep


def noise_image(step: Step) -> StepResult:
    """Objects: noisy.safetensors with clean [3, S, S] and noisy [n, 3, S, S], float32 in [-1, 1]
    (noisy beyond it too), and timesteps [n] int64. Metrics: psnr_<t> in dB.

    One noise for every t: it is that from which a trajectory of the same seed starts, so methods
    that are compared restore the same noisy image.
    """
    schedule = DiffusionSchedule.from_config(scheduler_of(step))
    size, timesteps = int(step.params["size"]), [int(t) for t in step.params["timesteps"]]
    clean = torch.from_numpy(model_image(step.read("image", "image.png"), size))
    noise = draw([SeededNoise(step.seed)], "start", size)
    t = torch.tensor(timesteps)
    noisy = forward(schedule, clean.expand(len(t), -1, -1, -1), t, noise.expand(len(t), -1, -1, -1))
    return StepResult(
        objects={
            "noisy.safetensors": tensors_to_bytes({"clean": clean, "noisy": noisy, "timesteps": t})
        },
        metrics=psnr_by_timestep(noisy, clean, timesteps),
    )
