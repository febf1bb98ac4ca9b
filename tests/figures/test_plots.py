from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tasks.draw_figure import draw_figure
from tasks.errors import StepFailed
from tasks.figures.plots import PLOTS
from tasks.figures.style import CHART_DENSITY, CHART_WIDTH, DARK, LIGHT
from tests.figures.annotated_steps import annotated_steps
from tests.figures.drawing_table import loss_table, numbered_images
from tests.figures.picture_steps import picture_steps
from tests.figures.pocket_steps import pocket_steps

SIGMAS = [0.0, 0.2, 0.5, 1.0]
GRID = {"seed": 7, "rows": 2, "columns": 10}


def samples(count=20, frames=4, first_time=1.0):
    images = numbered_images(count)
    moving = np.stack([images // (frames - k) for k in range(frames)])
    times = np.linspace(first_time, 0, frames).astype(np.float32)
    arrays = {"images": images, "frames": moving, "times": times}
    return {"seed-7-2x10.safetensors": arrays}


def denoised(add=0, sigmas=SIGMAS):
    """clean is 1, 2, 3; noisy is 10 (k + 1) and output 100 + 10 k plus that, at sigma k."""
    clean = numbered_images(3)
    level = np.arange(len(sigmas), dtype=np.uint8)[:, None, None, None]
    arrays = {
        "clean": clean,
        "noisy": clean[None] + 10 * (level + 1),
        "output": clean[None] + 100 + 10 * level + add,
        "sigmas": np.array(sigmas, dtype=np.float32),
        "mean_image": np.full((28, 28), 77, dtype=np.uint8),
    }
    return {"seed-7.safetensors": arrays}


@pytest.fixture(scope="module")
def steps(table):
    """One step of every plot."""
    train = [table.row(f"train/{name}", losses=loss_table(200, 40)) for name in ("a", "b")]
    sample = {
        epoch: table.row(f"sample/m/epoch-{epoch:03d}", arrays=samples()) for epoch in (1, 10)
    }
    denoise = {
        epoch: table.row(
            f"denoise/d/epoch-{epoch:03d}",
            arrays=denoised(add=epoch),
            metrics={f"mse_{s:g}": 0.01 + s / epoch / 100 for s in SIGMAS}
            | {f"psnr_{s:g}": 20 - s + epoch / 10 for s in SIGMAS},
        )
        for epoch in (1, 5)
    }
    measured = {
        epoch: table.row(
            f"evaluate/m/epoch-{epoch:03d}",
            metrics={f"class_share_{digit}": 0.1 for digit in range(10)},
        )
        for epoch in (1, 10)
    }
    sweep = [
        table.row(
            f"evaluate/m/epoch-010/guidance-{i}",
            metrics={"label_accuracy": 0.9 + i / 50, "frechet_distance": 9.0 - i}
            | {"frechet_floor": 0.5},
        )
        for i in range(3)
    ]
    data = table.row(
        "data/d",
        arrays={
            "arrays.safetensors": {
                "test_images": numbered_images(40),
                "test_labels": np.arange(40) % 10,
            }
        },
    )
    by_epoch = {f"epoch_{epoch:03d}": row for epoch, row in denoise.items()}
    sampled = {f"epoch_{epoch:03d}": row for epoch, row in sample.items()}
    shown = {"epochs": [1, 5], "seed": 7, "digits": 3, "sigma": 0.5, "sigmas": SIGMAS}
    made = {
        "loss_curve": (
            {"labels": ["A", "B"], "scale": "log"},
            {"model_0": train[0], "model_1": train[1]},
        ),
        "noising": ({"digits": 3, "sigmas": SIGMAS}, {"data": data}),
        "denoised": (shown, by_epoch),
        "sigma_row": ({**shown, "digits": 1}, by_epoch),
        "sigma_curve": (shown, by_epoch),
        "pure_noise": (shown, by_epoch),
        "samples": ({**GRID, "epochs": [1, 10], "label_classes": True}, sampled),
        "comparison": (
            {**GRID, "labels": ["A", "B"], "label_classes": False},
            {"model_0": sample[1], "model_1": sample[10]},
        ),
        "animation": ({**GRID, "epochs": [10], "label_classes": True}, {"sample": sample[10]}),
        "class_histogram": ({}, {f"epoch_{e:03d}": row for e, row in measured.items()}),
        "guidance_sweep": (
            {"guidance_scales": [0.0, 1.0, 5.0]},
            {f"guidance_{i}": row for i, row in enumerate(sweep)},
        ),
    }
    digits = {
        plot: table.step({"plot": plot, **params}, inputs)
        for plot, (params, inputs) in made.items()
    }
    return {**digits, **annotated_steps(table), **picture_steps(table), **pocket_steps(table)}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def cell(result, row, column, block=0):
    """Grey value in the middle of one image of a sheet."""
    place = result.info["cells"][block]
    x = place["left"] + column * (place["cell_width"] + place["gap"]) + place["cell_width"] // 2
    y = place["top"] + row * (place["cell_height"] + place["gap"]) + place["cell_height"] // 2
    return opened(result.objects["image.png"]).getpixel((x, y))[0]


def test_every_plot_has_a_step_in_this_file(steps):
    assert steps.keys() == PLOTS.keys()


@pytest.mark.parametrize("plot", PLOTS)
def test_same_inputs_give_the_same_bytes_without_metadata(steps, plot):
    first, second = draw_figure(steps[plot]), draw_figure(steps[plot])
    assert first == second
    image = opened(first.objects["image.png"])
    assert not image.info
    assert first.info["alt"].endswith(".")


@pytest.mark.parametrize("plot", PLOTS)
def test_info_gives_the_size_on_the_page(steps, plot):
    result = draw_figure(steps[plot])
    width, height = opened(result.objects["image.png"]).size
    density = CHART_DENSITY if "image-dark.png" in result.objects else 1
    assert (result.info["width"] * density, result.info["height"] * density) == (width, height)


def test_panels_drawn_in_threads_are_the_same_as_alone(steps):
    plots = ["loss_curve", "sigma_curve", "guidance_sweep", "samples"]
    alone = [draw_figure(steps[plot]) for plot in plots]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda plot: draw_figure(steps[plot]), plots))
    assert together == alone


@pytest.mark.parametrize("plot", ["loss_curve", "sigma_curve", "class_histogram", "guidance_sweep"])
def test_charts_come_on_a_light_and_a_dark_ground_with_their_numbers(steps, plot):
    result = draw_figure(steps[plot])
    for name, theme in (("image.png", LIGHT), ("image-dark.png", DARK)):
        image = opened(result.objects[name]).convert("RGB")
        edge = {image.getpixel((x, y)) for x in (0, image.width - 1) for y in range(image.height)}
        assert edge == {tuple(bytes.fromhex(theme.ground[1:]))}
        assert image.width == CHART_WIDTH * CHART_DENSITY
    assert result.objects["data.csv"].count(b"\n") > 1


def test_loss_data_holds_every_step_of_every_model(steps):
    lines = draw_figure(steps["loss_curve"]).objects["data.csv"].decode().splitlines()
    assert lines[0] == "model,step,epoch,loss,smoothed"
    assert len(lines) == 1 + 2 * 200
    assert lines[200].startswith("A,200,5,")


def test_loss_scale_changes_the_picture_and_not_the_numbers(table):
    inputs = {"model_0": table.row("train/a", losses=loss_table(200, 40))}
    log, linear = (
        draw_figure(table.step({"plot": "loss_curve", "labels": ["A"], "scale": scale}, inputs))
        for scale in ("log", "linear")
    )
    assert log.objects["data.csv"] == linear.objects["data.csv"]
    assert log.objects["image.png"] != linear.objects["image.png"]
    assert "logarithmic" in log.info["alt"] and "linear" in linear.info["alt"]


def test_samples_are_row_major_with_one_block_for_each_checkpoint(steps):
    result = draw_figure(steps["samples"])
    titles = [block["title"] for block in result.info["cells"]]
    assert titles == ["epoch 1", "epoch 10"]
    assert result.info["cells"][0]["column_labels"] == [str(digit) for digit in range(10)]
    assert [cell(result, 0, 3), cell(result, 1, 9)] == [4, 20]


def test_comparison_puts_models_side_by_side(steps):
    result = draw_figure(steps["comparison"])
    left, right = result.info["cells"]
    assert left["top"] == right["top"] and left["left"] < right["left"]
    assert [left["title"], right["title"]] == ["A", "B"]
    assert cell(result, 1, 4, block=0) == cell(result, 1, 4, block=1) == 15


def test_denoised_rows_are_clean_noisy_and_each_checkpoint_at_the_asked_sigma(steps):
    result = draw_figure(steps["denoised"])
    assert result.info["cells"][0]["row_labels"] == [
        "clean",
        "noisy, \N{GREEK SMALL LETTER SIGMA} = 0.5",
        "epoch 1",
        "epoch 5",
    ]
    assert [cell(result, row, 1) for row in range(4)] == [2, 32, 123, 127]


def test_sigma_row_shows_one_digit_at_all_sigmas_of_the_last_checkpoint(steps):
    result = draw_figure(steps["sigma_row"])
    assert [cell(result, 0, column) for column in range(4)] == [11, 21, 31, 41]
    assert [cell(result, 1, column) for column in range(4)] == [106, 116, 126, 136]


def test_sigma_row_shows_only_the_sigmas_it_asks_for(table):
    row = table.row("denoise/d/epoch-005", arrays=denoised())
    params = {"plot": "sigma_row", "seed": 7, "digits": 1, "sigmas": [0.2, 1.0]}
    result = draw_figure(table.step(params, {"epoch_005": row}))
    assert [cell(result, 0, column) for column in range(2)] == [21, 41]
    assert result.info["cells"][0]["columns"] == 2


def test_pure_noise_shows_the_mean_image_beside_the_outputs(table):
    inputs = {"epoch_005": table.row("denoise/d/epoch-005", arrays=denoised(sigmas=[float("nan")]))}
    params = {"plot": "pure_noise", "seed": 7, "digits": 3}
    result = draw_figure(table.step(params, inputs))
    assert cell(result, 0, 0, block=1) == 77
    assert [cell(result, row, 0) for row in range(2)] == [11, 101]


def test_noising_starts_clean_and_scales_one_noise(steps):
    result = draw_figure(steps["noising"])
    assert 1 <= cell(result, 0, 0) <= 40
    image = np.asarray(opened(result.objects["image.png"]))[..., 0]
    place = result.info["cells"][0]
    pitch = place["cell_width"] + place["gap"]
    columns = [
        image[place["top"] : place["top"] + place["cell_height"], left : left + pitch][:, :112]
        for left in range(place["left"], place["left"] + 4 * pitch, pitch)
    ]
    spread = [float(column.std()) for column in columns]
    assert spread[0] == 0 and spread == sorted(spread)
    # The same pixels are bright at both levels: one noise, scaled.
    assert (columns[3][columns[2] > 60] > 60).all()


def test_noising_depends_on_the_seed_of_the_figure(table, steps):
    step = steps["noising"]
    other = table.step(dict(step.params), step.inputs, seed=1)
    assert draw_figure(other).objects != draw_figure(step).objects


def test_animation_ends_on_the_still_and_loops(steps):
    result = draw_figure(steps["animation"])
    moving = opened(result.objects["animation.webp"])
    assert moving.n_frames == 4
    assert moving.info["loop"] == 0
    moving.seek(3)
    still = opened(result.objects["image.png"]).convert("RGB")
    assert moving.convert("RGB").tobytes() == still.tobytes()
    moving.seek(0)
    assert moving.convert("RGB").tobytes() != still.tobytes()


def test_missing_metric_is_named_with_the_node_that_lacks_it(table):
    row = table.row("evaluate/m/epoch-010", metrics={"confidence": 0.9})
    step = table.step({"plot": "class_histogram"}, {"epoch_010": row})
    with pytest.raises(StepFailed, match=r"evaluate/m/epoch-010 did not measure class_share_0"):
        draw_figure(step)


def test_unknown_plot_lists_those_there_are(table):
    with pytest.raises(StepFailed, match=r"no plot named 'pie'.*loss_curve"):
        draw_figure(table.step({"plot": "pie"}, {}))


def test_drawing_needs_neither_torch_nor_prefect():
    code = (
        "import sys, tasks.draw_figure\n"
        "print(sorted({'torch', 'prefect', 'pandas', 'matplotlib.pyplot'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
