"""Steps of kind "upscale", sampled together."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tasks import BadInput
from tasks.text_to_image.steps.sample import upscale_images
from tests.steps.studio import LARGE_SIZE

VIEWS = {"kind": "views", "views": [{"name": "identity"}, {"name": "flip"}]}


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
