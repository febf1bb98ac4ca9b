"""Steps that sample, many at once: "trajectory", by stage I, and "upscale", by stage II."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from tasks import BadInput
from tasks.data.masks import draw_mask
from tasks.diffusion.measures import kept_difference, root_mean_square_distance
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule, strided_timesteps
from tasks.diffusion.trajectories.trajectory import Result, Trajectory, combination_from_params
from tasks.diffusion.trajectories.upscale import enlarging
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.text_to_image.deepfloyd import load_stage
from tasks.text_to_image.load import for_step
from tasks.text_to_image.steps.sampling import Ended, SamplingInputs, picture_png, sample_steps


def sample_trajectories(steps: Sequence[Step]) -> list[Ended]:
    """For each step, all of one model, its result or why it failed.

    Objects: image.png; trajectory.safetensors with image [3, size, size] in [-1, 1], snapshots
    [snapshot, 3, size, size], x_t itself, and snapshot_timesteps [snapshot] int64, both noisiest
    first.

    Metrics: those of sample_steps; distance_to_image, root mean square in [-1, 1], of one that
    starts from an image; kept_difference in 8-bit levels, of one with a mask.
    """
    stage = for_step(steps[0], load_stage)
    inputs = SamplingInputs(stage)
    return sample_steps(
        steps,
        stage,
        inputs.schedule,
        read=lambda step: _read_trajectory(step, inputs),
        record=lambda step, result: _record_trajectory(step, inputs, result),
    )


def upscale_images(steps: Sequence[Step]) -> list[Ended]:
    """For each step, all of one model, its result or why it failed.

    Objects: image.png; image.safetensors with image [3, size, size] in [-1, 1].
    Metrics: those of sample_steps.
    """
    stage = for_step(steps[0], load_stage)
    if stage.noising_scheduler is None:
        raise BadInput(f"{steps[0].name}: {steps[0].params['model']['address']} is no stage II")
    noising_schedule = DiffusionSchedule.from_config(stage.noising_scheduler)
    inputs = SamplingInputs(stage)

    def read(step: Step) -> Trajectory:
        combination = combination_from_params(step.params["combination"], stage.sample_size)
        small = step.read_tensors("image", "trajectory.safetensors")["image"]
        spacing = inputs.schedule.spacing
        timesteps = spacing.timesteps(int(step.params["num_inference_steps"]))
        # A component fixed by a reference is already in the small picture.
        large = _trajectory(
            step, inputs, timesteps, step.seed, combination=replace(combination, fixed=None)
        )
        noise_level = int(step.params["noise_level"])
        return enlarging(large, small, noise_level, noising_schedule, stage.sample_size)

    return sample_steps(steps, stage, inputs.schedule, read=read, record=_record_enlarged)


def _trajectory(
    step: Step, inputs: SamplingInputs, timesteps: tuple[int, ...], seed: int, **more: Any
) -> Trajectory:
    return Trajectory(
        name=step.name,
        seed=seed,
        timesteps=timesteps,
        prompt_embeds=inputs.prompts(step),
        negative_embeds=inputs.unconditional(step),
        guidance_scale=float(step.params["guidance_scale"]),
        **more,
    )


def _kept(step: Step) -> tuple[int, Tensor]:
    """Seed and x_t of the try that the step goes on with."""
    kept = step.read_tensors("start", "kept.safetensors")
    rank = step.params["start"]["rank"]
    return int(kept["seed"][rank]), kept["x_t"][rank]


def _read_trajectory(step: Step, inputs: SamplingInputs) -> Trajectory:
    """What params and inputs of the step declare. Raises BadInput for what cannot be sampled."""
    params, size = step.params, inputs.stage.sample_size
    declared = params["timesteps"]
    if declared["kind"] == "strided":
        timesteps = strided_timesteps(declared["first"], declared["stride"])
    else:
        timesteps = inputs.schedule.spacing.timesteps(declared["num_inference_steps"])
    seed, noisy = _kept(step) if "start" in step.inputs else (step.seed, None)
    return _trajectory(
        step,
        inputs,
        timesteps[: declared["until"] + 1] if "until" in declared else timesteps,
        seed=seed,
        noisy=noisy,
        combination=combination_from_params(params["combination"], size),
        image=inputs.picture(step, "image"),
        i_start=params["start"].get("i_start"),
        mask=_mask(step, size),
        reference=inputs.picture(step, "reference"),
        snapshots=tuple(params["snapshots"]),
    )


def _record_trajectory(step: Step, inputs: SamplingInputs, result: Result) -> StepResult:
    picture = result.image
    kept = sorted(result.snapshots, reverse=True)
    tensors = {
        "image": picture,
        "snapshots": torch.stack([result.snapshots[t] for t in kept])
        if kept
        else torch.empty(0, *picture.shape),
        "snapshot_timesteps": torch.tensor(kept, dtype=torch.int64),
    }
    # How near the picture is to the image it was made from.
    metrics: dict[str, float] = {}
    image, mask = inputs.picture(step, "image"), _mask(step, picture.shape[-1])
    if image is not None and step.params["start"]["kind"] == "image":
        metrics["distance_to_image"] = root_mean_square_distance(picture, image)
    if image is not None and mask is not None:
        metrics["kept_difference"] = kept_difference(picture, image, mask)
    objects = {
        "image.png": picture_png(picture),
        "trajectory.safetensors": tensors_to_bytes(tensors),
    }
    info = {"seed": _kept(step)[0]} if "start" in step.inputs else {}
    return StepResult(objects, metrics, info)


def _record_enlarged(step: Step, result: Result) -> StepResult:
    image = {"image": result.image}
    return StepResult(
        {"image.png": picture_png(result.image), "image.safetensors": tensors_to_bytes(image)}
    )


def _mask(step: Step, size: int) -> Tensor | None:
    """[1, size, size], 1 where new content is wanted, or None."""
    mask = step.params["mask"]
    return None if mask is None else torch.from_numpy(draw_mask(mask, size))[None].float()
