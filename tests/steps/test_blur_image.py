"""The step "blurred": Gaussian blur as a denoiser."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tests.steps.studio import SIZE


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
