"""Steps of kind "trajectory", many at once: pictures sampled by stage I."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tasks.data.masks import draw_mask
from tasks.diffusion.measures import kept_difference, root_mean_square_distance
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule, strided_timesteps
from tasks.diffusion.trajectories.engine import sample
from tasks.diffusion.trajectories.trajectory import Result, Trajectory, combination_from_params
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.text_to_image.part_of_step import stage_of
from tasks.text_to_image.sampled_picture import picture_png
from tasks.text_to_image.sampling_batch import Ended, sample_steps
from tasks.text_to_image.sampling_inputs import SamplingInputs


def sample_trajectories(steps: Sequence[Step]) -> list[Ended]:
    """For each step, all of one model, its result or why it failed.

    Objects: image.png; trajectory.safetensors with image [3, S, S] in [-1, 1], snapshots
    [k, 3, S, S], x_t itself, and snapshot_timesteps [k] int64, both noisiest first.

    Metrics: unet_rows; forwards, batches they came in; distance_to_image, root mean square in
    [-1, 1], of one that starts from an image; kept_difference in 8-bit levels, of one with a mask;
    and those of CountedNetwork for the whole batch.
    """
    stage = stage_of(steps[0])
    schedule = DiffusionSchedule.from_config(stage.scheduler)
    inputs = SamplingInputs(stage)
    return sample_steps(
        steps,
        stage,
        read=lambda step: read_trajectory(step, inputs, schedule, stage.sample_size),
        sample=lambda network, trajectories, rows: sample(
            network,
            schedule,
            trajectories,
            size=stage.sample_size,
            max_rows=rows,
            device=stage.device,
            report=steps[0].report,
            should_stop=steps[0].should_stop,
        ),
        record=lambda step, result, metrics: _record(step, inputs, result, metrics),
    )


def read_trajectory(
    step: Step, inputs: SamplingInputs, schedule: DiffusionSchedule, size: int
) -> Trajectory:
    """What params and inputs of the step declare. Raises BadInput for what cannot be sampled."""
    params = step.params
    return Trajectory(
        name=step.name,
        seed=step.seed,
        timesteps=_timesteps(step, schedule),
        prompt_embeds=inputs.prompts(step),
        negative_embeds=inputs.unconditional(step),
        guidance_scale=float(params["guidance_scale"]),
        combination=combination_from_params(params["combination"], size),
        image=inputs.picture(step, "image"),
        i_start=params["start"].get("i_start"),
        mask=_mask(step, size),
        reference=inputs.picture(step, "reference"),
        snapshots=tuple(params["snapshots"]),
    )


def _timesteps(step: Step, schedule: DiffusionSchedule) -> tuple[int, ...]:
    declared = step.params["timesteps"]
    if declared["kind"] == "strided":
        return strided_timesteps(declared["first"], declared["stride"])
    return schedule.spacing.timesteps(declared["num_inference_steps"])


def _record(
    step: Step, inputs: SamplingInputs, result: Result, metrics: dict[str, float]
) -> StepResult:
    kept = sorted(result.snapshots, reverse=True)
    size = result.image.shape[-1]
    snapshots = [result.snapshots[t] for t in kept]
    return StepResult(
        objects={
            "image.png": picture_png(result.image),
            "trajectory.safetensors": tensors_to_bytes(
                {
                    "image": result.image,
                    "snapshots": torch.stack(snapshots) if kept else torch.empty(0, 3, size, size),
                    "snapshot_timesteps": torch.tensor(kept, dtype=torch.int64),
                }
            ),
        },
        metrics={**metrics, **_fidelity(step, inputs, result.image)},
    )


def _fidelity(step: Step, inputs: SamplingInputs, picture: Tensor) -> dict[str, float]:
    """How near the picture is to the image it was made from."""
    metrics: dict[str, float] = {}
    image, mask = inputs.picture(step, "image"), _mask(step, picture.shape[-1])
    if image is not None and step.params["start"]["kind"] == "image":
        metrics["distance_to_image"] = root_mean_square_distance(picture, image)
    if image is not None and mask is not None:
        metrics["kept_difference"] = kept_difference(picture, image, mask)
    return metrics


def _mask(step: Step, size: int) -> Tensor | None:
    """[1, S, S], 1 where new content is wanted, or None."""
    mask = step.params["mask"]
    return None if mask is None else torch.from_numpy(draw_mask(mask, size))[None].float()
