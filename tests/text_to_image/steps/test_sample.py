"""Trajectories and enlarged pictures as steps, and how they use the network."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
import torch
from PIL import Image

from tasks import BadInput, StepCancelled, StepFailed
from tasks.text_to_image.steps.sample import sample_trajectories, upscale_images
from tasks.text_to_image.steps.sampling import CountedNetwork, rows_at_once, with_rows_that_fit
from tests.text_to_image.steps.studio import BOX, LARGE_SIZE, SIZE, STRIDED


def test_larger_pictures_take_fewer_rows():
    at_64, at_128, at_4096 = (rows_at_once("cpu", size) for size in (64, 128, 4096))
    assert at_64 == 4 * at_128
    assert at_4096 == 1
    assert rows_at_once("cuda", 64) > at_64


def test_rows_are_halved_until_memory_holds_them():
    tried = []

    def call(rows):
        tried.append(rows)
        if rows > 20:
            raise torch.OutOfMemoryError("no")
        return "done"

    assert with_rows_that_fit(call, 100, "trajectory/a") == "done"
    assert tried == [100, 50, 25, 12]


def test_memory_for_not_even_one_picture_is_told():
    def call(rows):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(StepFailed, match="trajectory/a: the device's memory does not hold one"):
        with_rows_that_fit(call, 8, "trajectory/a")


def test_network_counts_rows_and_batches():
    network = CountedNetwork(lambda x, t: x, "cpu")
    network(torch.zeros(5, 3), torch.zeros(5))
    network(torch.zeros(2, 3), torch.zeros(2))
    assert (network.rows, network.forwards) == (7, 2)


VIEWS = {"kind": "views", "views": [{"name": "identity"}, {"name": "flip"}]}
FROM_IMAGE = {"kind": "image", "i_start": 1}


def arrays(workshop, row):
    return workshop.read(row, "trajectory.safetensors")


def opened(workshop, row) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(workshop.store.read_object(row.objects["image.png"]))))


def test_picture_is_the_same_in_png_and_tensor(workshop, studio):
    row = studio.sampled("a dog", snapshots=[330, 660])
    made = arrays(workshop, row)
    assert made["image"].shape == (3, SIZE, SIZE)
    levels = np.round((np.clip(made["image"], -1, 1) + 1) * 127.5).transpose(1, 2, 0)
    np.testing.assert_array_equal(opened(workshop, row), levels)
    assert made["snapshot_timesteps"].tolist() == [660, 330]
    assert made["snapshots"].shape == (2, 3, SIZE, SIZE)


def test_each_of_a_batch_is_what_it_would_be_alone(workshop, studio):
    steps = [
        studio.trajectory("a dog", seed=1),
        studio.trajectory("a man", guidance_scale=1.0, seed=2),
        studio.trajectory("a dog", "a man", combination=VIEWS, seed=1),
        studio.trajectory("a dog", image=studio.image(), start=FROM_IMAGE, mask=BOX, seed=3),
    ]
    together = sample_trajectories(steps)
    for step, result in zip(steps, together, strict=True):
        (alone,) = sample_trajectories([step])
        a, b = (
            workshop.read(workshop.record("trajectory", step, each), "trajectory.safetensors")
            for each in (alone, result)
        )
        # A quarter of an 8-bit level: the first steps divide by sqrt(abar) = 0.014.
        np.testing.assert_allclose(a["image"], b["image"], atol=2e-3)


@pytest.mark.parametrize(
    ("prompts", "changes", "rows"),
    [
        (["a dog"], {"guidance_scale": 1.0}, 4),
        (["a dog"], {}, 8),
        (["a dog", "a man"], {"combination": VIEWS}, 16),
        # Components look at one picture: the unconditional row is shared.
        (["a dog", "a man"], {"combination": {"kind": "components", "name": "low_high"}}, 12),
        (["a dog"], {"timesteps": {"kind": "steps", "num_inference_steps": 5}}, 10),
    ],
)
def test_rows_of_the_network_are_those_needed(studio, prompts, changes, rows):
    assert studio.sampled(*prompts, **changes).metrics["unet_rows"] == rows


def test_less_noise_leaves_the_image_nearer(studio):
    image = studio.image()
    distances = [
        studio.sampled(
            "a dog", image=image, start={"kind": "image", "i_start": i}, guidance_scale=1.0
        ).metrics["distance_to_image"]
        for i in (0, 2, 3)
    ]
    assert distances == sorted(distances, reverse=True)


def test_outside_its_mask_the_picture_is_kept(workshop, studio):
    image = studio.image()
    row = studio.sampled("a dog", image=image, mask=BOX)
    assert row.metrics["kept_difference"] <= 1
    assert "distance_to_image" not in row.metrics
    made = opened(workshop, row).astype(int)
    free = opened(workshop, studio.sampled("a dog")).astype(int)
    assert (made != free).any(axis=2).sum() > SIZE * SIZE / 2


def test_reference_decides_its_component(workshop, studio):
    from tasks.data.images import model_image

    reference = studio.image(seed=4)
    low = {"kind": "components", "name": "grey_colour", "fixed": "grey"}
    row = studio.sampled("a dog", combination=low, reference=reference)
    png = workshop.store.read_object(reference.objects["image.png"])
    expected = model_image(png, SIZE).mean(axis=0)
    made = arrays(workshop, row)["image"].mean(axis=0)
    assert np.abs(made - expected).mean() < 0.1


def test_one_that_cannot_be_sampled_leaves_the_others_whole(studio):
    steps = [
        studio.trajectory("a dog"),
        studio.trajectory("a dog", snapshots=[500]),
        studio.trajectory("a dog", combination={"kind": "views", "views": [{"name": "twirl"}]}),
    ]
    whole, no_snapshot, no_view = sample_trajectories(steps)
    assert set(whole.objects) == {"image.png", "trajectory.safetensors"}
    assert isinstance(no_snapshot, BadInput) and "t = 500" in str(no_snapshot)
    assert isinstance(no_view, BadInput) and "twirl" in str(no_view)


def test_progress_is_told_once_a_batch_and_a_stop_is_heeded(studio):
    told = []
    steps = [
        dataclasses.replace(
            studio.trajectory("a dog", seed=seed),
            report=lambda done, total, message: told.append((done, total)),
            should_stop=lambda: bool(told),
        )
        for seed in range(12)
    ]
    with pytest.raises(StepCancelled):
        sample_trajectories(steps)
    ((done, total),) = told
    assert 0 < done < total == 12 * 2 * len(range(990, -1, -STRIDED["stride"]))


def test_speed_and_memory_are_measured(studio):
    metrics = studio.sampled("a dog").metrics
    assert metrics["rows_per_second"] > metrics["forwards_per_second"] > 0
    assert 50 < metrics["peak_memory_mib"] < 100_000


def upscale_step(workshop, studio, made, *prompts, component="stage_two", seed=0, **changes):
    params = {
        "noise_level": 250,
        "num_inference_steps": 3,
        "guidance_scale": 4.0,
        "combination": {"kind": "single"},
        "model": studio.model(component),
        **changes,
    }
    inputs = {"image": made, "unconditional": studio.prompt("")}
    inputs |= {f"prompt_{i}": studio.prompt(text) for i, text in enumerate(prompts)}
    return workshop.step("upscale", params, inputs, seed)


def test_picture_comes_out_at_the_size_of_the_second_stage(workshop, studio):
    step = upscale_step(workshop, studio, studio.sampled("a dog"), "a dog")
    (result,) = upscale_images([step])
    assert Image.open(io.BytesIO(result.objects["image.png"])).size == (LARGE_SIZE, LARGE_SIZE)
    row = workshop.record("upscale", step, result)
    assert workshop.read(row, "image.safetensors")["image"].shape == (3, LARGE_SIZE, LARGE_SIZE)
    assert row.metrics["unet_rows"] == 6


def test_batch_gives_what_each_gives_alone_and_bad_ones_fail_by_themselves(workshop, studio):
    made = studio.sampled("a dog")
    steps = [
        upscale_step(workshop, studio, made, "a dog", seed=1),
        upscale_step(workshop, studio, made, "a dog", num_inference_steps=2000),
        upscale_step(workshop, studio, made, "a dog", "a man", combination=VIEWS, noise_level=50),
    ]
    first, bad, anagram = upscale_images(steps)
    assert isinstance(bad, BadInput) and "num_inference_steps" in str(bad)
    for step, result in ((steps[0], first), (steps[2], anagram)):
        (alone,) = upscale_images([step])
        a, b = (
            workshop.read(workshop.record("upscale", step, each), "image.safetensors")["image"]
            for each in (alone, result)
        )
        np.testing.assert_allclose(a, b, atol=2e-3)


def test_component_fixed_by_a_reference_is_enlarged_with_the_picture(workshop, studio):
    combination = {"kind": "components", "name": "low_high", "fixed": "low"}
    made = studio.sampled("a dog", combination=combination, reference=studio.image())
    step = upscale_step(workshop, studio, made, "a dog", combination=combination)
    (result,) = upscale_images([step])
    assert "image.png" in result.objects


def test_first_stage_enlarges_nothing(workshop, studio):
    step = upscale_step(workshop, studio, studio.sampled("a dog"), "a dog", component="stage_one")
    with pytest.raises(BadInput, match="no stage II"):
        upscale_images([step])
