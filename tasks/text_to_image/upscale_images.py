"""Steps of kind "upscale", many at once: pictures of stage I enlarged by stage II."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tasks import BadInput
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.diffusion.trajectories.engine import sample
from tasks.diffusion.trajectories.trajectory import Result, combination_from_params
from tasks.diffusion.trajectories.upscale import enlarging
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.text_to_image.part_of_step import stage_of
from tasks.text_to_image.sampled_picture import picture_png
from tasks.text_to_image.sampling_batch import Ended, sample_steps
from tasks.text_to_image.sampling_inputs import SamplingInputs


def upscale_images(steps: Sequence[Step]) -> list[Ended]:
    """For each step, all of one model, its result or why it failed.

    Objects: image.png; image.safetensors with image [3, S, S] in [-1, 1].
    Metrics: unet_rows; forwards, batches they came in; those of CountedNetwork for the whole batch.
    """
    stage = stage_of(steps[0])
    if stage.noising_scheduler is None:
        raise BadInput(f"{steps[0].name}: {steps[0].params['model']['address']} is no stage II")
    schedule = DiffusionSchedule.from_config(stage.scheduler)
    noising_schedule = DiffusionSchedule.from_config(stage.noising_scheduler)
    inputs = SamplingInputs(stage)
    return sample_steps(
        steps,
        stage,
        read=lambda step: enlarging(
            _read(step, inputs, schedule, stage.sample_size),
            step.read_tensors("image", "trajectory.safetensors")["image"],
            int(step.params["noise_level"]),
            noising_schedule,
            stage.sample_size,
        ),
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
        record=_record,
    )


def _read(step: Step, inputs: SamplingInputs, schedule: DiffusionSchedule, size: int) -> Trajectory:
    params = step.params
    combination = combination_from_params(params["combination"], size)
    return Trajectory(
        name=step.name,
        seed=step.seed,
        timesteps=schedule.spacing.timesteps(int(params["num_inference_steps"])),
        prompt_embeds=inputs.prompts(step),
        negative_embeds=inputs.unconditional(step),
        guidance_scale=float(params["guidance_scale"]),
        # A component fixed by a reference is already in the small picture.
        combination=replace(combination, fixed=None),
    )


def _record(step: Step, result: Result, metrics: dict[str, float]) -> StepResult:
    return StepResult(
        objects={
            "image.png": picture_png(result.image),
            "image.safetensors": tensors_to_bytes({"image": result.image}),
        },
        metrics=metrics,
    )
