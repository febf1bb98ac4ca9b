"""The step "one_step": the clean image estimated at once."""

from __future__ import annotations

import numpy as np
import pytest

from tasks import StepFailed
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.text_to_image.deepfloyd import load_stage
from tasks.text_to_image.load import for_step


def estimated(workshop, studio, noised, guidance_scale=1.0):
    params = {"guidance_scale": guidance_scale, "model": studio.model("stage_one")}
    inputs = {"noisy": noised, "prompt_0": studio.prompt("a high quality photo")}
    if guidance_scale != 1:
        inputs["unconditional"] = studio.prompt("")
    return workshop.run("one_step", params, inputs)


def test_estimate_is_the_image_whose_noise_the_network_finds(workshop, studio):
    import torch

    noised = studio.noised(timesteps=(250, 500))
    arrays = workshop.read(estimated(workshop, studio, noised), "estimate.safetensors")
    noisy = workshop.read(noised, "noisy.safetensors")["noisy"]
    stage = for_step(workshop.step("one_step", {"model": studio.model("stage_one")}), load_stage)
    schedule = DiffusionSchedule.from_config(stage.scheduler)
    prompt = workshop.read(studio.prompt("a high quality photo"), "embedding.safetensors")
    embeds = torch.from_numpy(prompt["prompt_embeds"])
    for index, t in enumerate((250, 500)):
        x = torch.from_numpy(noisy[index : index + 1])
        eps = stage.unet(x, torch.tensor([t]), embeds[None])[:, :3]
        alpha_bar = schedule.alpha_bar[t]
        expected = ((x - (1 - alpha_bar).sqrt() * eps) / alpha_bar.sqrt()).clamp(-1, 1)
        np.testing.assert_allclose(arrays["estimate"][index], expected[0], atol=1e-4)


def test_guidance_costs_a_second_row_for_each_picture_and_changes_the_estimate(workshop, studio):
    noised = studio.noised()
    plain, guided = (estimated(workshop, studio, noised, scale) for scale in (1.0, 7.0))
    assert (plain.metrics["unet_rows"], guided.metrics["unet_rows"]) == (3, 6)
    assert plain.objects != guided.objects
    assert {"psnr_250", "psnr_500", "psnr_750", "peak_memory_mib"} <= guided.metrics.keys()


def test_prompt_of_another_encoder_is_refused(workshop, studio):
    from safetensors.numpy import save

    from tasks.running.step import StepResult

    wide = save({"prompt_embeds": np.zeros((77, 48), dtype=np.float32)})
    step = workshop.step("prompt", {"prompt": "wide"})
    prompt = workshop.record("prompt", step, StepResult({"embedding.safetensors": wide}))
    params = {"guidance_scale": 1.0, "model": studio.model("stage_one")}
    inputs = {"noisy": studio.noised(), "prompt_0": prompt}
    with pytest.raises(StepFailed, match="48 wide, and the U-Net takes 32"):
        workshop.run("one_step", params, inputs)
