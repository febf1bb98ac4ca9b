"""The step "noised": what the forward process leaves of an image."""

from __future__ import annotations

import numpy as np
import pytest

from tests.steps.studio import SIZE


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
