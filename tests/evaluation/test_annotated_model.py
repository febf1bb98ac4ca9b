"""The annotated write-up's model, trained, sampled and guided as steps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.diffusion.process.augmentation import every_shift, mirror
from tasks.diffusion.process.generate import Request, generate
from tasks.diffusion.process.matched_start import MatchedStart, Moments
from tasks.training.classifiers import noise_levels
from tasks.training.model_parts import build_sampler, build_schedule, load_for_inference
from tests.workshop import training

NETWORK = {
    "kind": "convnext",
    "hidden_width": 4,
    "multipliers": [1, 2],
    "heads": 1,
    "num_classes": 10,
}
OBJECTIVE = {
    "kind": "noise_prediction",
    "schedule": "linear",
    "num_timesteps": 20,
    "beta_start": 1e-4,
    "beta_end": 0.2,
    "loss": "huber",
    "p_uncond": 0.1,
}
ANCESTRAL = {"method": "ancestral", "steps": None, "guidance_scale": 1.0}
DDIM = {"method": "ddim", "steps": 4, "eta": 0.0, "guidance_scale": 1.0}
GRID = {"seed": 3, "rows": 2, "columns": 10, "frames": 0}
MODEL = {"epoch": 2, "network": NETWORK, "objective": OBJECTIVE}


@pytest.fixture
def model(workshop, data):
    params = training(
        network=NETWORK,
        objective=OBJECTIVE,
        decay="constant",
        horizontal_flip=True,
        checkpoints=[2],
    )
    return workshop.run("train", params, {"data": data})


def _guide(workshop, data, classifier):
    params = {
        "width": 4,
        "objective": {**OBJECTIVE, "p_uncond": 0.0},
        "batch_size": 30,
        "epochs": 2,
        "learning_rate": 0.01,
        "steps_per_epoch": 20,
        "max_shift": 0,
        "horizontal_flip": False,
    }
    return workshop.run("guide", params, {"data": data, "classifier": classifier})


def _variant(workshop, model, classifier, data, sampler=DDIM, guide=None, **changes):
    params = {
        **MODEL,
        "sampler": sampler,
        "samples": 20,
        "requests": [GRID],
        "start": "noise",
        "guidance": "classifier_free",
        **changes,
    }
    inputs = {"model": model, "classifier": classifier, "data": data}
    return workshop.run("variant", params, inputs | ({"guide": guide} if guide else {}))


def test_convnext_model_is_trained_by_the_one_trainer(workshop, model):
    losses = workshop.losses(model)["loss"]
    assert len(losses) == 6 and np.isfinite(losses).all()
    assert "epoch-002.safetensors" in model.objects


def test_sampled_grid_is_kept_in_both_ranges(workshop, model):
    row = workshop.run(
        "sample", {**MODEL, "sampler": ANCESTRAL, "requests": [GRID]}, {"model": model}
    )
    grid = workshop.read(row, "seed-3-2x10.safetensors")
    assert (grid["rescaled"].min(), grid["rescaled"].max()) == (0, 255)
    # Both are the same values, one of them cut: brighter stays brighter.
    inside = (grid["images"] > 0) & (grid["images"] < 255)
    order = np.argsort(grid["images"][inside], kind="stable")
    assert (np.diff(grid["rescaled"][inside][order].astype(int)) >= -1).all()
    assert row.metrics["network_evaluations"] == 20


def test_a_way_measures_and_keeps_its_grid(workshop, model, classifier, data):
    row = _variant(workshop, model, classifier, data)
    assert workshop.read(row, "seed-3-2x10.safetensors")["images"].shape == (20, 28, 28)
    assert row.metrics["network_evaluations"] == 4
    assert row.metrics["samples"] == 20
    images = workshop.read(data, "arrays.safetensors")["train_images"]
    assert row.metrics["data_mean_pixel"] == pytest.approx(images.mean() / 255)
    assert {"frechet_distance", "frechet_floor", "label_accuracy"} <= row.metrics.keys()


def test_matched_start_moves_the_mean_towards_that_of_the_data(workshop, model, classifier, data):
    plain = _variant(workshop, model, classifier, data)
    matched = _variant(workshop, model, classifier, data, start="matched")
    assert "start_divergence" not in plain.metrics
    assert matched.metrics["start_divergence"] > 1
    target = plain.metrics["data_mean_pixel"]
    off = [abs(row.metrics["mean_pixel"] - target) for row in (plain, matched)]
    assert off[1] < off[0]


def test_matched_start_is_that_of_images_augmented_as_in_training(
    workshop, model, classifier, data
):
    row = _variant(
        workshop, model, classifier, data, start="matched", max_shift=1, horizontal_flip=True
    )
    images = torch.from_numpy(workshop.read(data, "arrays.safetensors")["train_images"])[:, None]
    shifted = torch.cat([shift(images.float() / 255) for shift in every_shift(1)])
    x_0 = Moments.of(2 * torch.cat([shifted, mirror(shifted)]) - 1)
    expected = MatchedStart.of(x_0, build_schedule(OBJECTIVE)).divergence()
    assert row.metrics["start_divergence"] == pytest.approx(expected, rel=1e-6)


def test_guide_is_measured_beside_a_classifier_of_clean_images(workshop, data, classifier):
    guide = _guide(workshop, data, classifier)
    levels = noise_levels(20)
    assert levels[0] == 1 and levels[-1] == 20
    assert set(guide.metrics) == {
        f"{which}_accuracy_{t}" for which in ("guide", "clean") for t in levels
    }
    assert guide.metrics["clean_accuracy_1"] > 0.9
    assert guide.metrics["clean_accuracy_20"] < 0.5
    losses = workshop.losses(guide)
    assert losses["step"] == list(range(1, 41)) and losses["epoch"][-1] == 2
    assert min(losses["loss"]) > 0


def test_classifier_guidance_changes_samples_and_zero_scale_is_none(
    workshop, data, classifier, model
):
    guide = _guide(workshop, data, classifier)
    by_scale = [
        workshop.read(
            _variant(
                workshop,
                model,
                classifier,
                data,
                sampler={**DDIM, "guidance_scale": scale},
                guide=guide if guidance == "classifier" else None,
                guidance=guidance,
            ),
            "seed-3-2x10.safetensors",
        )["images"]
        for guidance, scale in (
            ("classifier_free", 0.0),
            ("classifier", 0.0),
            ("classifier", 5.0),
        )
    ]
    assert np.array_equal(by_scale[0], by_scale[1])
    assert not np.array_equal(by_scale[0], by_scale[2])


def test_bfloat16_samples_are_those_of_float32_but_for_rounding(workshop, model):
    params = {**MODEL, "sampler": ANCESTRAL, "requests": [GRID]}
    images = []
    for number_format in ("float32", "bfloat16"):
        step = workshop.step("sample", params, {"model": model})
        object.__setattr__(step, "number_format", number_format)
        (result,) = generate(
            load_for_inference(step),
            build_sampler(params),
            [Request(0, 10, torch.arange(10))],
            num_classes=10,
            pixel_range=(-1.0, 1.0),
        )
        images.append(result.images.float())
    assert float((images[0] - images[1]).abs().mean()) < 4
