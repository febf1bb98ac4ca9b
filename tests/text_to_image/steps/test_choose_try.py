"""The step "choice": the best of several tries."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from safetensors.numpy import save

from tasks import StepFailed
from tasks.data.images import to_png
from tasks.running.step import StepResult
from tasks.text_to_image.steps.choose_try import seen_by_prompts
from tests.text_to_image.steps.studio import BOX, SIZE, STRIDED

VIEWS = {"kind": "views", "views": [{"name": "identity"}, {"name": "flip"}]}


def scores(workshop, row):
    return pq.read_table(io.BytesIO(workshop.store.read_object(row.objects["scores.parquet"])))


def filled(workshop, step_of_edge: float):
    """A finished try whose hole differs from its surroundings by `step_of_edge`."""
    image = np.tile(np.linspace(-0.5, 0.5, SIZE, dtype=np.float32), (3, SIZE, 1))
    image[:, SIZE // 4 : 3 * SIZE // 4, SIZE // 4 : 3 * SIZE // 4] += step_of_edge
    levels = np.round((np.nan_to_num(image) + 1) * 127.5).astype(np.uint8).transpose(1, 2, 0)
    seed = 7 if np.isnan(step_of_edge) else round(100 * step_of_edge)
    step = workshop.step("trajectory", {"edge": str(step_of_edge)}, seed=seed)
    objects = {
        "image.png": to_png(Image.fromarray(np.ascontiguousarray(levels))),
        "trajectory.safetensors": save({"image": image}),
    }
    return workshop.record("trajectory", step, StepResult(objects))


def test_try_with_the_least_visible_seam_is_chosen(workshop):
    tries = [filled(workshop, edge) for edge in (0.4, 0.05, 0.2)]
    inputs = {f"try_{i}": row for i, row in enumerate(tries)}
    row = workshop.run("choice", {"score": "seam", "mask": BOX}, inputs)
    assert row.info["chosen"] == 1
    assert row.objects["image.png"] == tries[1].objects["image.png"]
    assert row.objects["trajectory.safetensors"] == tries[1].objects["trajectory.safetensors"]
    table = scores(workshop, row).to_pydict()
    assert table["seed"] == [40, 5, 20]
    assert np.argsort(table["score"]).tolist() == [1, 2, 0]
    assert row.metrics["best_score"] == pytest.approx(min(table["score"]))


@pytest.mark.parametrize("place", [0, 1])
def test_try_whose_seam_is_no_number_is_named(workshop, place):
    edges = [0.4, 0.2]
    edges.insert(place, float("nan"))
    inputs = {f"try_{i}": filled(workshop, edge) for i, edge in enumerate(edges)}
    with pytest.raises(StepFailed, match=rf"score of try {place} \(seed 7\) is nan"):
        workshop.run("choice", {"score": "seam", "mask": BOX}, inputs)


def test_try_whose_alignment_is_no_number_is_named(workshop, studio):
    step = workshop.step("trajectory", {"made": "by hand"}, seed=7)
    image = np.full((3, SIZE, SIZE), np.nan, dtype=np.float32)
    broken = workshop.record(
        "trajectory", step, StepResult({"trajectory.safetensors": save({"image": image})})
    )
    inputs = {
        "try_0": studio.sampled("a dog", seed=0),
        "try_1": broken,
        "prompt_0": studio.prompt("a dog"),
        "unconditional": studio.prompt(""),
    }
    params = {
        "score": "alignment",
        "combination": {"kind": "single"},
        "model": studio.model("stage_one"),
    }
    with pytest.raises(StepFailed, match=r"score of try 1 \(seed 7\) is nan"):
        workshop.run("choice", params, inputs)


def test_tries_are_in_numeric_order(workshop):
    edges = [0.3] * 10 + [0.0]
    tries = {f"try_{i}": filled(workshop, edge + i / 1000) for i, edge in enumerate(edges)}
    row = workshop.run("choice", {"score": "seam", "mask": BOX}, tries)
    assert row.info["chosen"] == 10


def test_anagram_is_chosen_by_its_worse_orientation(workshop, studio):
    tries = {
        f"try_{seed}": studio.sampled("a dog", "a man", combination=VIEWS, seed=seed)
        for seed in range(3)
    }
    prompts = {"prompt_0": studio.prompt("a dog"), "prompt_1": studio.prompt("a man")}
    inputs = {**tries, **prompts, "unconditional": studio.prompt("")}
    params = {"score": "alignment", "combination": VIEWS, "model": studio.model("stage_one")}
    row = workshop.run("choice", params, inputs)
    table = scores(workshop, row).to_pydict()
    worse = np.minimum(table["alignment_0_0"], table["alignment_1_1"])
    np.testing.assert_allclose(table["score"], worse)
    assert row.info["chosen"] == int(np.argmax(worse))
    # 3 tries, 2 orientations, 2 prompts and the empty one, 8 timesteps.
    assert row.metrics["unet_rows"] == 3 * 2 * 3 * 8


def test_tries_that_are_kept_half_way_end_as_they_would_have(workshop, studio):
    prompts = ("a dog", "a man")
    half = {"timesteps": {**STRIDED, "until": 2}, "snapshots": [330]}
    tries = [studio.sampled(*prompts, combination=VIEWS, seed=seed, **half) for seed in (3, 4, 5)]
    inputs = {f"try_{i}": row for i, row in enumerate(tries)}
    inputs |= {f"prompt_{i}": studio.prompt(text) for i, text in enumerate(prompts)}
    inputs["unconditional"] = studio.prompt("")
    params = {"score": "alignment", "combination": VIEWS, "model": studio.model("stage_one")}
    kept = workshop.run("choice", {**params, "keep": 2}, inputs, seed=3)
    found = scores(workshop, kept).to_pydict()["score"]
    assert kept.info["kept"] == sorted(np.argsort(found)[1:].tolist())
    for rank, number in enumerate(kept.info["kept"]):
        start = {"kind": "kept", "i_start": 2, "rank": rank}
        went_on = studio.sampled(*prompts, combination=VIEWS, start=start, kept=kept, seed=3)
        assert went_on.info["seed"] == 3 + number
        whole = studio.sampled(*prompts, combination=VIEWS, seed=3 + number)
        assert went_on.objects["image.png"] == whole.objects["image.png"]


def test_unknown_score_and_missing_tries_are_named(workshop):
    with pytest.raises(StepFailed, match="'luck'; expected alignment or seam"):
        workshop.run("choice", {"score": "luck"}, {"try_0": filled(workshop, 0.1)})
    with pytest.raises(StepFailed, match="no tries"):
        workshop.run("choice", {"score": "seam", "mask": BOX}, {})


def picture() -> torch.Tensor:
    return torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_hybrid_is_seen_low_passed_for_its_far_prompt_and_whole_for_its_near_one():
    far, near = seen_by_prompts({"kind": "components", "name": "low_high"}, picture())
    assert torch.allclose(near, picture(), atol=1e-6)
    assert far.std() < 0.6 * near.std()
    assert torch.allclose(far.mean(), near.mean(), atol=0.02)


def test_picture_is_seen_as_often_as_there_are_prompts():
    assert len(seen_by_prompts({"kind": "single"}, picture())) == 1
    (only,) = seen_by_prompts({"kind": "components", "name": "low_high", "fixed": "low"}, picture())
    assert torch.allclose(only, picture(), atol=1e-6)
    shares = {"kind": "components", "name": "scale", "weights": [0.2, 0.3, 0.5]}
    assert torch.equal(seen_by_prompts(shares, picture()), picture().expand(3, -1, -1, -1))


def test_anagram_is_seen_in_each_view():
    upright, flipped = seen_by_prompts(VIEWS, picture())
    assert torch.equal(upright, picture()) and torch.equal(flipped, picture().flip(1))
