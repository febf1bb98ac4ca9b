from __future__ import annotations

import functools
import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tasks import StepFailed
from tasks.figures.draw_figure import draw_figure
from tasks.figures.drawing.style import CHART_DENSITY, CHART_WIDTH, DARK, LIGHT, SIGMA
from tasks.figures.plots import drawn_plots, play_panel
from tests.figures.digit_steps import SIGMAS, denoised
from tests.figures.drawing_table import drawn_panel, loss_table
from tests.figures.every_step import every_step


@pytest.fixture(scope="module")
def steps(table):
    return every_step(table)


@pytest.fixture(scope="module")
def drawn(steps):
    """Plot to its figure, each drawn once."""
    return functools.cache(lambda plot: draw_figure(steps[plot]))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def cell(result, row, column, block=0):
    """Grey value in the middle of one image of a sheet."""
    place = result.info["cells"][block]
    x = place["left"] + column * (place["cell_width"] + place["gap"]) + place["cell_width"] // 2
    y = place["top"] + row * (place["cell_height"] + place["gap"]) + place["cell_height"] // 2
    return opened(result.objects["image.png"]).getpixel((x, y))[0]


def test_every_plot_has_a_step(steps):
    assert steps.keys() == drawn_plots().keys()


@pytest.mark.parametrize("plot", drawn_plots())
def test_same_inputs_give_the_same_bytes_without_metadata(steps, drawn, plot):
    first, second = drawn(plot), draw_figure(steps[plot])
    assert first == second
    image = opened(first.objects["image.png"])
    assert not image.info
    assert first.info["alt"].endswith(".")


@pytest.mark.parametrize("plot", drawn_plots())
def test_info_gives_the_size_on_the_page(drawn, plot):
    result = drawn(plot)
    width, height = opened(result.objects["image.png"]).size
    density = CHART_DENSITY if "image-dark.png" in result.objects else 1
    assert (result.info["width"] * density, result.info["height"] * density) == (width, height)


def test_panels_drawn_in_threads_are_the_same_as_alone(steps, drawn):
    plots = ["loss_curve", "sigma_curve", "guidance_sweep", "samples"]
    alone = [drawn(plot) for plot in plots]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda plot: draw_figure(steps[plot]), plots))
    assert together == alone


@pytest.mark.parametrize("plot", ["loss_curve", "sigma_curve", "class_histogram", "guidance_sweep"])
def test_charts_come_on_a_light_and_a_dark_ground_with_their_numbers(drawn, plot):
    result = drawn(plot)
    for name, theme in (("image.png", LIGHT), ("image-dark.png", DARK)):
        image = opened(result.objects[name]).convert("RGB")
        edge = {image.getpixel((x, y)) for x in (0, image.width - 1) for y in range(image.height)}
        assert edge == {tuple(bytes.fromhex(theme.ground[1:]))}
        assert image.width == CHART_WIDTH * CHART_DENSITY
    assert result.objects["data.csv"].count(b"\n") > 1


def test_loss_data_holds_every_step_of_every_model(drawn):
    lines = drawn("loss_curve").objects["data.csv"].decode().splitlines()
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


def test_samples_are_row_major_with_one_block_for_each_checkpoint(drawn):
    result = drawn("samples")
    titles = [block["title"] for block in result.info["cells"]]
    assert titles == ["epoch 1", "epoch 10"]
    assert result.info["cells"][0]["column_labels"] == [str(digit) for digit in range(10)]
    assert [cell(result, 0, 3), cell(result, 1, 9)] == [4, 20]


def test_comparison_puts_models_side_by_side(drawn):
    result = drawn("comparison")
    left, right = result.info["cells"]
    assert left["top"] == right["top"] and left["left"] < right["left"]
    assert [left["title"], right["title"]] == ["A", "B"]
    assert cell(result, 1, 4, block=0) == cell(result, 1, 4, block=1) == 15


def test_denoised_rows_are_clean_noisy_and_each_checkpoint_at_the_asked_sigma(drawn):
    result = drawn("denoised")
    assert result.info["cells"][0]["row_labels"] == [
        "clean",
        "noisy, \N{GREEK SMALL LETTER SIGMA} = 0.5",
        "epoch 1",
        "epoch 5",
    ]
    assert [cell(result, row, 1) for row in range(4)] == [2, 32, 123, 127]


def test_sigma_row_shows_one_digit_at_all_sigmas_of_the_last_checkpoint(drawn):
    result = drawn("sigma_row")
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


def test_noising_starts_clean_and_scales_one_noise(drawn):
    result = drawn("noising")
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


def test_animation_ends_on_the_still_and_loops(drawn):
    result = drawn("animation")
    moving = opened(result.objects["animation.webp"])
    assert moving.n_frames == 4
    assert moving.info["loop"] == 0
    moving.seek(3)
    still = opened(result.objects["image.png"]).convert("RGB")
    assert moving.convert("RGB").tobytes() == still.tobytes()
    moving.seek(0)
    assert moving.convert("RGB").tobytes() != still.tobytes()


BY_SIGMA = [f"{SIGMA} = {sigma}" for sigma in SIGMAS]


@pytest.mark.parametrize(
    ("plot", "drawn", "labels"),
    [
        ("noising", "noising", BY_SIGMA),
        ("sigma_row", "sigma_row", BY_SIGMA),
        ("denoised", "denoised", ["clean", f"noisy, {SIGMA} = 0.5", "epoch 1", "epoch 5"]),
        ("samples", "samples", ["epoch 1", "epoch 10"]),
        ("forward_strip", "forward_strip", ["original", "t = 1", "t = 199"]),
        ("forward", "noised_row", ["original", "t = 250", "t = 500", "t = 750"]),
        ("iterative", "snapshots", [*(f"t = {t}" for t in (690, 540, 390, 240, 90)), "result"]),
        ("step_counts", "pictures", ["original", "mask", "hole", "inpainted"]),
    ],
)
def test_sheets_of_steps_are_gone_through_by_a_slider(steps, plot, drawn, labels):
    panel = drawn_panel(steps[drawn])
    control = play_panel(plot, panel)
    assert [frame["label"] for frame in control["frames"]] == labels
    for label, frame in zip(labels, control["frames"], strict=True):
        shown = [panel.places[number]["title"].split("; ") for number in frame["places"]]
        assert shown and all(label in titles for titles in shown)


def test_one_value_among_other_words_does_not_name_a_slider(steps):
    assert play_panel("denoised", drawn_panel(steps["denoised"]))["slider"] == "Shown"


@pytest.mark.parametrize(
    ("plot", "drawn", "titles"),
    [
        ("methods", "methods", [""]),
        ("one_step", "one_step_rows", ["one-step estimate", "noisy"]),
    ],
)
def test_originals_are_wiped_across_what_was_restored(steps, plot, drawn, titles):
    control = play_panel(plot, drawn_panel(steps[drawn]))
    assert [subject["title"] for subject in control["subjects"]] == titles
    assert all(subject["original"] == 0 for subject in control["subjects"])
    assert [len(subject["results"]) for subject in control["subjects"]] == [3] * len(titles)


def test_a_grid_of_which_no_module_speaks_has_nothing_to_go_through(steps):
    assert play_panel("pictures of a new kind", drawn_panel(steps["pictures"])) is None


def test_missing_metric_is_named_with_the_node_that_lacks_it(table):
    row = table.row("evaluate/m/epoch-010", metrics={"confidence": 0.9})
    step = table.step({"plot": "class_histogram"}, {"epoch_010": row})
    with pytest.raises(StepFailed, match=r"evaluate/m/epoch-010 did not measure class_share_0"):
        draw_figure(step)


def test_unknown_plot_lists_those_there_are(table):
    with pytest.raises(StepFailed, match=r"no plot named 'pie'.*loss_curve"):
        draw_figure(table.step({"plot": "pie"}, {}))


def test_modules_of_plots_import_nothing_heavy():
    code = (
        "import sys; from tasks.figures.plots import drawn_plots; drawn_plots()\n"
        "print(sorted({'torch', 'prefect', 'pandas', 'matplotlib'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
