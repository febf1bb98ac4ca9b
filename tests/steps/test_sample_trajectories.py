"""Steps of kind "trajectory", sampled together."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from tasks import BadInput, StepCancelled
from tasks.text_to_image.sample_trajectories import sample_trajectories
from tests.steps.studio import BOX, SIZE, STRIDED

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
