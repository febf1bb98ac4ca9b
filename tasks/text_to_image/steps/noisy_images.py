"""Steps of kinds "noised", "blurred" and "one_step": an image with noise, and two cures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tasks import StepFailed
from tasks.data.images import model_image
from tasks.diffusion.gaussian_blur import best_gaussian_blur, gaussian_blur
from tasks.diffusion.measures import psnr
from tasks.diffusion.seeds import SeededNoise, draw
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule, forward
from tasks.diffusion.trajectories.one_step import one_step_estimate
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.text_to_image.deepfloyd import load_scheduler, load_stage
from tasks.text_to_image.load import for_step
from tasks.text_to_image.steps.sampling import CountedNetwork, SamplingInputs

LARGEST_PSNR = 120.0
"""Decibels. Of equal pictures it is infinite, and has to remain a number in tables."""


def noise_image(step: Step) -> StepResult:
    """Objects: noisy.safetensors with clean [3, size, size] and noisy [t, 3, size, size], float32
    in [-1, 1] (noisy beyond it too), and timesteps [t] int64. Metrics: psnr_<t> in dB.

    One noise for every t: it is that from which a trajectory of the same seed starts, so methods
    that are compared restore the same noisy image.
    """
    schedule = DiffusionSchedule.from_config(for_step(step, load_scheduler))
    size, timesteps = int(step.params["size"]), [int(t) for t in step.params["timesteps"]]
    clean = torch.from_numpy(model_image(step.read("image", "image.png"), size))
    noise = draw([SeededNoise(step.seed)], "start", size)
    t = torch.tensor(timesteps)
    noisy = forward(schedule, clean.expand(len(t), -1, -1, -1), t, noise.expand(len(t), -1, -1, -1))
    return StepResult(
        objects={
            "noisy.safetensors": tensors_to_bytes({"clean": clean, "noisy": noisy, "timesteps": t})
        },
        metrics=_psnr_by_timestep(noisy, clean, timesteps),
    )


def blur_image(step: Step) -> StepResult:
    """Objects: blurred.safetensors with blurred [t, 3, size, size], of the declared kernel and
    sigma; best, of the sigma with the highest PSNR for each t; best_sigma [t]; timesteps [t].

    Metrics: psnr_<t> and best_psnr_<t> in dB, best_sigma_<t> in pixels.
    """
    arrays = step.read_tensors("noisy", "noisy.safetensors")
    clean, noisy = arrays["clean"], arrays["noisy"]
    timesteps = arrays["timesteps"].tolist()
    blurred = gaussian_blur(noisy, int(step.params["kernel"]), float(step.params["sigma"]))
    best, best_sigma = best_gaussian_blur(noisy, clean)
    return StepResult(
        objects={
            "blurred.safetensors": tensors_to_bytes(
                {
                    "blurred": blurred,
                    "best": best,
                    "best_sigma": best_sigma,
                    "timesteps": arrays["timesteps"],
                }
            )
        },
        metrics={
            **_psnr_by_timestep(blurred, clean, timesteps),
            **_psnr_by_timestep(best, clean, timesteps, "best_psnr"),
            **{f"best_sigma_{t}": float(s) for t, s in zip(timesteps, best_sigma, strict=True)},
        },
    )


def estimate_once(step: Step) -> StepResult:
    """Objects: estimate.safetensors with estimate [t, 3, size, size] float32 in [-1, 1] and
    timesteps [t] int64. Metrics: psnr_<t> in dB, unet_rows, and those of CountedNetwork.
    """
    arrays = step.read_tensors("noisy", "noisy.safetensors")
    noisy, timesteps = arrays["noisy"], arrays["timesteps"]
    stage = for_step(step, load_stage)
    inputs = SamplingInputs(stage)
    (prompt,) = inputs.prompts(step)
    network = CountedNetwork(stage.unet, step.device)
    estimate = network.in_memory(
        lambda rows: one_step_estimate(
            network,
            inputs.schedule,
            noisy,
            timesteps,
            prompt,
            inputs.unconditional(step),
            guidance_scale=float(step.params["guidance_scale"]),
            max_rows=rows,
            device=step.device,
        ),
        noisy.shape[-1],
        step.name,
    )
    if not bool(estimate.isfinite().all()):
        raise StepFailed(
            f"{step.name}: the picture has non-finite pixels; run in float32 (--number-format "
            "float32), or in bfloat16 where float16 overflows"
        )
    return StepResult(
        objects={
            "estimate.safetensors": tensors_to_bytes({"estimate": estimate, "timesteps": timesteps})
        },
        metrics={
            **_psnr_by_timestep(estimate, arrays["clean"], timesteps.tolist()),
            "unet_rows": float(network.rows),
            **network.metrics(),
        },
    )


def _psnr_by_timestep(
    pictures: Tensor, clean: Tensor, timesteps: Sequence[int], name: str = "psnr"
) -> dict[str, float]:
    """Metrics <name>_<t>, in dB, of pictures against the clean one."""
    values = psnr(pictures, clean.expand_as(pictures)).clamp(max=LARGEST_PSNR)
    return {f"{name}_{t}": float(value) for t, value in zip(timesteps, values, strict=True)}
