"""Plots of text-to-image figures: what they show, in which order, with which words."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tasks import StepFailed
from tasks.data.masks import draw_mask
from tasks.figures.draw_figure import draw_figure
from tasks.figures.drawing.moving import HOLD_MILLISECONDS, LARGEST_FILE
from tasks.figures.drawing.pixels import seen_at
from tasks.figures.illusions.hybrid import FIELD
from tests.figures.picture_steps import (
    BOX,
    TIMESTEPS,
    cell,
    noisy_arrays,
    picture_inputs,
    picture_steps,
    scene,
)


@pytest.fixture(scope="module")
def rows(table):
    return picture_inputs(table)


@pytest.fixture(scope="module")
def steps(table):
    return picture_steps(table)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def shown(result, row: int, column: int) -> np.ndarray:
    """The picture at a place of the grid, at its own size if it is 64 wide."""
    (block,) = result.info["cells"]
    (place,) = (p for p in block["pictures"] if (p["row"], p["column"]) == (row, column))
    sheet = np.asarray(opened(result.objects["image.png"]).convert("RGB"))
    left, top = place["left"], place["top"]
    pixels = sheet[top : top + place["height"], left : left + place["width"]]
    factor = max(1, place["width"] // 64)
    return pixels[::factor, ::factor]


def words(result, name: str = "label") -> list[str]:
    (block,) = result.info["cells"]
    return [place[name] for place in block["pictures"]]


def as_pixels(image: np.ndarray) -> np.ndarray:
    return np.round((np.clip(image, -1, 1) + 1) * 127.5).astype(np.uint8).transpose(1, 2, 0)


def test_noised_row_goes_from_clean_to_noisy(steps):
    result = draw_figure(steps["noised_row"])
    (block,) = result.info["cells"]
    assert block["column_labels"] == ["original", "t = 250", "t = 500", "t = 750"]
    assert (shown(result, 0, 0) == scene()).all()
    expected = noisy_arrays(scene())["noisy"]
    for column, image in enumerate(expected, start=1):
        assert (shown(result, 0, column) == as_pixels(image)).all()
    assert words(result) == ["", "PSNR 15.0 dB", "PSNR 10.0 dB", "PSNR 5.0 dB"]


def test_noised_row_may_leave_the_clean_picture_out(table, rows):
    step = table.step({"plot": "noised_row", "show_clean": False}, {"noisy": rows["noisy"]})
    result = draw_figure(step)
    assert result.info["cells"][0]["column_labels"] == ["t = 250", "t = 500", "t = 750"]
    assert "clean" not in result.info["alt"]


def test_blur_rows_are_noisy_blurred_and_best_with_the_sigma_found(steps):
    result = draw_figure(steps["blur_rows"])
    (block,) = result.info["cells"]
    sigma = "\N{GREEK SMALL LETTER SIGMA}"
    assert block["row_labels"] == [
        "noisy",
        f"Gaussian blur, kernel 7, {sigma} = 1.4",
        f"Gaussian blur, best {sigma} for each t",
    ]
    assert words(result)[-3:] == [
        f"{sigma} = 1.2, 17.0 dB",
        f"{sigma} = 2.4, 12.0 dB",
        f"{sigma} = 4.8, 7.0 dB",
    ]


def test_one_step_rows_are_original_noisy_and_estimate(steps):
    result = draw_figure(steps["one_step_rows"])
    assert result.info["cells"][0]["row_labels"] == ["original", "noisy", "one-step estimate"]
    assert (shown(result, 0, 2) == scene()).all()
    faded = noisy_arrays(scene())["clean"] * (1 - TIMESTEPS[1] / 1500)
    assert (shown(result, 2, 1) == as_pixels(faded)).all()


def test_pictures_of_other_timesteps_are_not_drawn_side_by_side(table, rows):
    other = table.row(
        "one_step/f/q",
        {
            "estimate.safetensors": {
                "estimate": np.zeros((1, 3, 64, 64)),
                "timesteps": np.array([9]),
            }
        },
    )
    step = table.step({"plot": "one_step_rows"}, {"noisy": rows["noisy"], "estimate": other})
    with pytest.raises(StepFailed, match=r"one_step/f/q is of t = \[.*9.*\], expected"):
        draw_figure(step)


def test_snapshots_are_labelled_by_t_and_end_with_the_result(steps):
    result = draw_figure(steps["snapshots"])
    labels = result.info["cells"][0]["column_labels"]
    assert labels == ["t = 690", "t = 540", "t = 390", "t = 240", "t = 90", "result"]
    assert (shown(result, 0, 5) == scene()).all()


def test_methods_stand_beside_the_original_at_the_timestep_asked_for(steps):
    result = draw_figure(steps["methods"])
    assert result.info["cells"][0]["column_labels"] == [
        "original",
        "iterative denoising",
        "one-step estimate",
        "Gaussian blur",
    ]
    assert np.abs(shown(result, 0, 0).astype(int) - scene()).mean() < 3
    clean = noisy_arrays(scene())["clean"]
    assert (shown(result, 0, 2) == as_pixels(clean * (1 - 500 / 1500))).all()
    assert words(result)[2:] == ["PSNR 10.0 dB", "PSNR 10.0 dB"]


def test_method_without_the_timestep_is_named(table, steps):
    step = steps["methods"]
    other = table.step({**step.params, "timestep": 690}, step.inputs)
    with pytest.raises(StepFailed, match=r"has t = 250, 500 and 750, and params\.timestep is 690"):
        draw_figure(other)


def grid(table, rows, cells, roles, columns=None, **params):
    inputs = {role: rows[name] for role, name in roles.items()}
    columns = columns or len(cells)
    shape = {"rows": len(cells) // columns, "columns": columns, "cells": cells}
    return table.step({"plot": "pictures", **shape, **params}, inputs, seed=3)


def test_mask_hole_and_image_agree_on_where_new_content_is_wanted(steps):
    result = draw_figure(steps["pictures"])
    mask = draw_mask(BOX, 64)
    assert (shown(result, 0, 1) == 255 * mask[:, :, None]).all()
    original, hole = shown(result, 0, 0), shown(result, 0, 2)
    assert (hole[~mask] == original[~mask]).all()
    assert hole[mask].std() > 20
    assert (hole[mask] == hole[mask][:, :1]).all()


def test_hole_is_the_same_in_every_run(table, rows):
    step = grid(table, rows, [cell("cell_0", "hole", mask=BOX)], {"cell_0": "image"})
    assert draw_figure(step).objects == draw_figure(step).objects


def test_turned_cell_is_seen_through_its_view(table, rows):
    views = [{"name": "flip"}, {"name": "negate"}]
    cells = [cell("cell_0"), *(cell("cell_0", "turned", view=view) for view in views)]
    result = draw_figure(grid(table, rows, cells, {"cell_0": "trajectory"}))
    assert (shown(result, 0, 1) == scene()[::-1]).all()
    assert (shown(result, 0, 2) == 255 - scene()).all()
    assert "upside down" in result.info["alt"]


def test_far_cell_is_really_scaled_down(table, rows):
    cells = [cell("cell_0", pixels=180), cell("cell_0", pixels=60)]
    result = draw_figure(grid(table, rows, cells, {"cell_0": "trajectory"}))
    near, far = result.info["cells"][0]["pictures"]
    assert (near["width"], far["width"]) == (180, 60)
    assert (shown(result, 0, 1) == seen_at(scene(), 60)).all()


def test_stage_two_is_drawn_at_its_own_size_and_input_images_at_that_of_the_model(table, rows):
    roles = {"cell_0": "trajectory", "cell_1": "upscaled", "cell_2": "image"}
    cells = [cell(role) for role in roles]
    result = draw_figure(grid(table, rows, cells, roles))
    assert [place["width"] for place in result.info["cells"][0]["pictures"]] == [256] * 3
    large = opened(result.objects["image.png"]).convert("RGB")
    place = result.info["cells"][0]["pictures"][2]
    image = np.asarray(large)[place["top"] :, place["left"] :][:256, :256]
    assert (image == image[::4, ::4].repeat(4, 0).repeat(4, 1)).all()


def test_try_that_a_choice_kept_is_outlined_wherever_it_is_shown(table, rows):
    tries = {f"try_{i}": table.row(f"trajectory/f/p/try-{i}", picture=scene()) for i in range(3)}
    choice = table.row(
        "choice/f/p",
        picture=scene(),
        inputs={role: row.key for role, row in tries.items()},
        info={"chosen": 1},
    )
    inputs = {"cell_0": choice, **{f"cell_{i + 1}": row for i, row in enumerate(tries.values())}}
    cells = [cell(role) for role in inputs]
    params = {"plot": "pictures", "rows": 1, "columns": 4, "cells": cells}
    result = draw_figure(table.step(params, inputs))
    assert words(result, "chosen") == [False, False, True, False]


def test_cells_are_row_major_and_keep_empty_places(table, rows):
    cells = [cell("cell_0", label="a"), cell(None), cell("cell_0", label="c"), cell("cell_0")]
    result = draw_figure(grid(table, rows, cells, {"cell_0": "trajectory"}, columns=2))
    places = [(p["row"], p["column"], p["label"]) for p in result.info["cells"][0]["pictures"]]
    assert places == [(0, 0, "a"), (1, 0, "c"), (1, 1, "")]


def test_grid_of_the_wrong_size_and_unknown_shows_are_refused(table, rows):
    params = {"plot": "pictures", "rows": 2, "columns": 2, "cells": [cell("cell_0")]}
    with pytest.raises(StepFailed, match="1 cells for 2 rows of 2"):
        draw_figure(table.step(params, {"cell_0": rows["trajectory"]}))
    with pytest.raises(StepFailed, match="shows 'backside'"):
        draw_figure(grid(table, rows, [cell("cell_0", "backside")], {"cell_0": "trajectory"}))


def frames_of(result) -> tuple[list[np.ndarray], list[int]]:
    moving = opened(result.objects["animation.webp"])
    frames, durations = [], []
    for index in range(moving.n_frames):
        moving.seek(index)
        frames.append(np.asarray(moving.convert("RGB")))
        durations.append(moving.info["duration"])
    return frames, durations


@pytest.mark.parametrize("plot", ["turn", "distance"])
def test_animation_is_as_large_as_its_still_loops_and_holds_both_ends(steps, plot):
    result = draw_figure(steps[plot])
    frames, durations = frames_of(result)
    size = opened(result.objects["image.png"]).size
    assert frames[0].shape[:2] == size[::-1]
    assert opened(result.objects["animation.webp"]).info["loop"] == 0
    held = [i for i, duration in enumerate(durations) if duration == HOLD_MILLISECONDS]
    assert held == [0, len(frames) // 2]
    # The way back is the way there.
    for there, back in zip(frames[1:], frames[:0:-1], strict=True):
        assert (there == back).all()


@pytest.mark.parametrize(
    "view",
    ["flip", "rotate_90_cw", "rotate_180", "negate", "skew", "jigsaw", "patch_permutation"],
)
def test_turns_of_a_photograph_stay_small_files(table, view):
    from sklearn.datasets import load_sample_image

    photograph = Image.fromarray(load_sample_image("china.jpg")).crop((100, 0, 527, 427))
    picture = np.asarray(photograph.resize((64, 64), Image.Resampling.LANCZOS))
    row = table.row(f"trajectory/f/{view}", picture=picture)
    params = {"plot": "turn", "view": {"name": view}, "prompts": ["a", "b"]}
    result = draw_figure(table.step(params, {"picture": row}))
    assert len(result.objects["animation.webp"]) <= LARGEST_FILE
    frames, _ = frames_of(result)
    # Held frames keep every colour.
    place = result.info["cells"][0]["pictures"][0]
    assert place["width"] == 256
    colours = {tuple(colour) for colour in picture.reshape(-1, 3)}
    assert colours <= {tuple(colour) for colour in frames[0].reshape(-1, 3)}


def test_turn_shows_both_orientations_with_their_prompts(steps):
    result = draw_figure(steps["turn"])
    assert (shown(result, 0, 0) == scene()).all()
    assert (shown(result, 0, 1) == scene()[::-1]).all()
    assert result.info["cells"][0]["column_labels"] == ["upright", "upside down"]
    assert words(result) == [
        "an oil painting of people around a campfire",
        "an oil painting of an old man",
    ]
    assert all(prompt in result.info["alt"] for prompt in words(result))


def test_distance_ends_on_the_picture_really_scaled_down(steps):
    result = draw_figure(steps["distance"])
    frames, _ = frames_of(result)
    for frame, width in ((frames[0], 180), (frames[len(frames) // 2], 60)):
        is_field = (frame == FIELD).all(axis=2)
        field = np.ix_(is_field.any(axis=1), is_field.any(axis=0))
        on_field = np.argwhere(~is_field[field])
        top, left = on_field.min(axis=0)
        assert (np.ptp(on_field, axis=0) == width - 1).all()
        picture = frame[field][top : top + width, left : left + width]
        assert (picture == seen_at(scene(), width)).all()


def test_long_prompts_fit_under_moving_pictures(table, rows):
    prompts = ["a very long prompt about a bear behind a sign " * 5, "W" * 200]
    params = {"plot": "turn", "view": {"name": "rotate_180"}, "prompts": prompts}
    result = draw_figure(table.step(params, {"picture": rows["trajectory"]}))
    frames, _ = frames_of(result)
    for frame in (frames[0], frames[len(frames) // 2]):
        edge = np.concatenate([frame[0], frame[-1], frame[:, 0], frame[:, -1]])
        assert (edge == edge[0]).all()
