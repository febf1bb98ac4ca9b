"""Sampling, denoising and evaluation as steps, on a tiny trained model."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
import torch

from tasks.evaluation.denoising import mse_on, psnr, pure_noise_metrics
from tests.workshop import NETWORK, training

SAMPLER = {"method": "euler", "steps": 5, "guidance_scale": 2.0}
MODEL = {
    "epoch": 2,
    "network": NETWORK,
    "objective": {"kind": "flow_matching", "p_uncond": 0.1},
    "sampler": SAMPLER,
}


def test_sampled_grid_holds_images_frames_and_times(workshop, flow_model):
    requests = [
        {"seed": 1, "rows": 2, "columns": 10, "frames": 3},
        {"seed": 2, "rows": 1, "columns": 10, "frames": 3},
    ]
    row = workshop.run("sample", {**MODEL, "requests": requests}, {"model": flow_model})
    grid = workshop.read(row, "seed-1-2x10.safetensors")
    assert grid["images"].shape == (20, 28, 28)
    assert grid["frames"].shape == (3, 20, 28, 28)
    assert grid["times"][-1] == pytest.approx(1)
    assert workshop.read(row, "seed-2-1x10.safetensors")["images"].shape == (10, 28, 28)


def test_classifier_learns_and_describes_the_real_images(workshop, classifier):
    assert classifier.metrics["test_accuracy"] == 1
    reference = workshop.read(classifier, "reference.safetensors")
    assert reference["train_covariance"].shape == (64, 64)
    assert reference["test_features"].shape == (30, 64)
    losses = workshop.losses(classifier)
    assert losses["epoch"] == [1] * 20 + [2] * 20 + [3] * 20
    assert losses["loss"][-1] < losses["loss"][0]
    assert losses["learning_rate"][-1] < losses["learning_rate"][0]


def test_evaluation_measures_samples_beside_the_floor(workshop, data, classifier, flow_model):
    inputs = {"model": flow_model, "data": data, "classifier": classifier}
    row = workshop.run("evaluate", {**MODEL, "samples": 40}, inputs)
    shares = [row.metrics[f"class_share_{label}"] for label in range(10)]
    assert sum(shares) == pytest.approx(1)
    assert row.metrics["frechet_floor"] < row.metrics["frechet_distance"]
    assert row.metrics["floor_images"] == 30
    assert 0 <= row.metrics["label_accuracy"] <= 1
    assert workshop.read(row, "features.safetensors")["features"].shape == (40, 64)


@pytest.fixture
def denoiser(workshop, data):
    network = {"hidden_width": 4, "time_conditioning": "none", "num_classes": 0}
    objective = {"kind": "denoiser", "sigma": 0.5}
    params = training(network=network, objective=objective, epochs=3, checkpoints=[3])
    model = workshop.run("train", params, {"data": data})
    params = {
        "epoch": 3,
        "network": network,
        "objective": objective,
        "sigmas": [0.0, 0.5, 1.0],
        "requests": [{"seed": 1, "digits": 4}],
    }
    return workshop.run("denoise", params, {"model": model, "data": data})


def test_denoised_examples_share_digit_and_noise_over_sigma(workshop, denoiser):
    example = workshop.read(denoiser, "seed-1.safetensors")
    assert example["noisy"].shape == example["output"].shape == (3, 4, 28, 28)
    assert np.array_equal(example["noisy"][0], example["clean"])
    low, high = (example["noisy"][i].astype(float) - example["clean"].astype(float) for i in (1, 2))
    inside = (example["noisy"][2] > 0) & (example["noisy"][2] < 255)
    assert high[inside] == pytest.approx(2 * low[inside], abs=1.5)


def test_psnr_and_mse_agree(denoiser):
    assert denoiser.metrics["psnr_0.5"] == pytest.approx(
        -10 * np.log10(denoiser.metrics["mse_0.5"])
    )
    assert psnr(0.01) == pytest.approx(20)


def test_mse_of_the_identity_is_the_noise_variance():
    images = torch.full((300, 28, 28), 128, dtype=torch.uint8)
    mse = mse_on(torch.nn.Identity(), images, 0.4, seed=0, device="cpu")
    assert mse == pytest.approx(0.16, rel=0.01)


def test_pure_noise_denoiser_is_compared_with_the_mean_image(workshop, data):
    network = {"hidden_width": 4, "time_conditioning": "none", "num_classes": 0}
    objective = {"kind": "pure_noise"}
    params = training(network=network, objective=objective, checkpoints=[2])
    model = workshop.run("train", params, {"data": data})
    row = workshop.run(
        "denoise",
        {
            "epoch": 2,
            "network": network,
            "objective": objective,
            "sigmas": [],
            "requests": [{"seed": 1, "digits": 3}],
        },
        {"model": model, "data": data},
    )
    example = workshop.read(row, "seed-1.safetensors")
    mean = workshop.read(data, "arrays.safetensors")["train_images"].mean(axis=0)
    assert example["mean_image"] == pytest.approx(mean, abs=1)
    assert example["output"].shape == (1, 3, 28, 28)
    assert set(row.metrics) == {"cosine_with_mean", "variance_ratio"}


def test_constant_output_of_the_mean_image_is_perfect():
    images = torch.randint(0, 256, (50, 28, 28), dtype=torch.uint8)
    mean = images.float().div(255).mean(dim=0)
    metrics = pure_noise_metrics(mean.expand(7, 28, 28), mean, images)
    assert metrics["cosine_with_mean"] == pytest.approx(1)
    assert metrics["variance_ratio"] == pytest.approx(0, abs=1e-9)


def test_metrics_table_of_nothing_measured_is_empty(workshop):
    row = workshop.run("table", {"rows": []}, {})
    table = pd.read_parquet(io.BytesIO(workshop.store.read_object(row.objects["metrics.parquet"])))
    assert len(table) == 0
    assert "metric" in table.columns


def test_metrics_table_is_tidy(workshop, denoiser, classifier):
    inputs = {"denoise/a/epoch-003": denoiser, "classifier/b": classifier}
    rows = [
        {"node": "denoise/a/epoch-003", "model": "a", "epoch": 3, "guidance_scale": None},
        {"node": "classifier/b", "model": "b", "epoch": None, "guidance_scale": None},
    ]
    row = workshop.run("table", {"rows": rows}, inputs)
    table = pd.read_parquet(io.BytesIO(workshop.store.read_object(row.objects["metrics.parquet"])))
    assert list(table.columns) == ["node", "model", "epoch", "guidance_scale", "metric", "value"]
    assert len(table) == len(denoiser.metrics) + len(classifier.metrics)
    one = table[(table.model == "a") & (table.metric == "mse_0.5")]
    assert one.value.item() == denoiser.metrics["mse_0.5"]
    assert table.guidance_scale.isna().all()
