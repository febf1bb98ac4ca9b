"""Step of kind "one_step": the clean image as the model sees it in noisy ones, in one step."""

from __future__ import annotations

from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.diffusion.trajectories.one_step import one_step_estimate
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.text_to_image.network_use import CountedNetwork, rows_at_once, with_rows_that_fit
from tasks.text_to_image.part_of_step import stage_of
from tasks.text_to_image.sampled_picture import check_finite, psnr_by_timestep
from tasks.text_to_image.sampling_inputs import SamplingInputs


def estimate_once(step: Step) -> StepResult:
    """Objects: estimate.safetensors with estimate [n, 3, S, S] float32 in [-1, 1] and timesteps
    [n] int64. Metrics: psnr_<t> in dB, unet_rows, and those of CountedNetwork.
    """
    arrays = step.read_tensors("noisy", "noisy.safetensors")
    noisy, timesteps = arrays["noisy"], arrays["timesteps"]
    stage = stage_of(step)
    schedule, inputs = DiffusionSchedule.from_config(stage.scheduler), SamplingInputs(stage)
    (prompt,) = inputs.prompts(step)
    network = CountedNetwork(stage.unet, step.device)
    estimate = with_rows_that_fit(
        lambda rows: one_step_estimate(
            network,
            schedule,
            noisy,
            timesteps,
            prompt,
            inputs.unconditional(step),
            guidance_scale=float(step.params["guidance_scale"]),
            max_rows=rows,
            device=step.device,
        ),
        rows_at_once(step.device, noisy.shape[-1]),
        step.name,
    )
    check_finite(step.name, estimate)
    return StepResult(
        objects={
            "estimate.safetensors": tensors_to_bytes({"estimate": estimate, "timesteps": timesteps})
        },
        metrics={
            **psnr_by_timestep(estimate, arrays["clean"], timesteps.tolist()),
            "unet_rows": float(network.rows),
            **network.metrics(),
        },
    )
