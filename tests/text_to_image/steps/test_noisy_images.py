"""An image with noise at several timesteps, and what blur and one step of the model make of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tasks import StepFailed
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.text_to_image.deepfloyd import load_stage
from tasks.text_to_image.load import for_step
from tests.text_to_image.steps.studio import SIZE


def test_noisy_images_are_signal_and_noise_in_the_shares_of_the_schedule(workshop, studio):
    arrays = workshop.read(studio.noised(timesteps=(0, 240, 390, 690, 990)), "noisy.safetensors")
    # abar of DeepFloyd's schedule, as published.
    alpha_bar = np.array([0.99996, 0.85698, 0.66082, 0.21452, 1.967e-4])[:, None, None, None]
    noise = (arrays["noisy"] - np.sqrt(alpha_bar) * arrays["clean"]) / np.sqrt(1 - alpha_bar)
    # One noise at every t, of variance 1; at t = 0 it is too little to divide by.
    np.testing.assert_allclose(noise[1:], np.broadcast_to(noise[-1], noise[1:].shape), atol=1e-3)
    assert noise[-1].std() == pytest.approx(1, abs=0.1)
    assert arrays["timesteps"].tolist() == [0, 240, 390, 690, 990]


def test_psnr_falls_with_t_and_stays_a_number(workshop, studio):
    metrics = studio.noised(timesteps=(0, 250, 500, 750)).metrics
    values = [metrics[f"psnr_{t}"] for t in (0, 250, 500, 750)]
    assert values == sorted(values, reverse=True)
    assert np.isfinite(values).all()


def test_noise_is_that_from_which_a_trajectory_of_the_same_seed_starts(workshop, studio):
    noisy = workshop.read(studio.noised(timesteps=(660,), seed=5), "noisy.safetensors")["noisy"]
    start = {"kind": "image", "i_start": 1}
    made = studio.sampled("a dog", image=studio.image(), start=start, snapshots=[660], seed=5)
    snapshots = workshop.read(made, "trajectory.safetensors")["snapshots"]
    np.testing.assert_allclose(snapshots[0], noisy[0], atol=1e-6)


def test_clean_is_the_image_at_the_size_of_the_model(workshop, studio):
    clean = workshop.read(studio.noised(), "noisy.safetensors")["clean"]
    assert clean.shape == (3, SIZE, SIZE)
    assert -1 <= clean.min() < clean.max() <= 1


@pytest.fixture
def noised(studio):
    return studio.noised()


def blurred(workshop, noised, kernel=7, sigma=1.4):
    return workshop.run("blurred", {"kernel": kernel, "sigma": sigma}, {"noisy": noised})


def test_blur_is_a_gaussian_over_the_mirrored_picture(workshop, noised):
    noisy = workshop.read(noised, "noisy.safetensors")["noisy"]
    arrays = workshop.read(blurred(workshop, noised), "blurred.safetensors")
    # scipy's radius: 3 of a kernel of 7. "mirror" does not repeat the outermost pixel either.
    expected = gaussian_filter(noisy, 1.4, radius=3, mode="mirror", axes=(2, 3))
    np.testing.assert_allclose(arrays["blurred"], expected, atol=1e-5)
    assert arrays["timesteps"].tolist() == [250, 500, 750]


def test_best_sigma_restores_no_less_than_the_declared_one_and_grows_with_the_noise(
    workshop, noised
):
    metrics = blurred(workshop, noised, kernel=13, sigma=2.0).metrics
    for t in (250, 500, 750):
        assert metrics[f"best_psnr_{t}"] >= metrics[f"psnr_{t}"] - 0.05
    sigmas = [metrics[f"best_sigma_{t}"] for t in (250, 500, 750)]
    assert sigmas == sorted(sigmas)


def test_psnr_is_of_pictures_as_they_are_shown(workshop, noised):
    row = blurred(workshop, noised)
    clean = workshop.read(noised, "noisy.safetensors")["clean"]
    best = workshop.read(row, "blurred.safetensors")["best"]
    shown = np.clip((best + 1) / 2, 0, 1)
    error = ((shown - (clean + 1) / 2) ** 2).reshape(3, 3 * SIZE * SIZE).mean(axis=1)
    for t, each in zip((250, 500, 750), error, strict=True):
        assert row.metrics[f"best_psnr_{t}"] == pytest.approx(-10 * np.log10(each), abs=1e-3)


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
