"""Plots of the annotated-diffusion write-up: what they show of made-up inputs."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from tasks.data.images import model_image
from tasks.diffusion.process.gaussian_process import forward
from tasks.diffusion.process.noise_schedules import noise_schedule
from tasks.figures.annotated import guidance_curve
from tasks.figures.draw_figure import draw_figure
from tasks.figures.drawing import chart
from tasks.figures.drawing.losses import smooth, smoothing_window
from tasks.figures.drawing.pixels import to_pixels
from tasks.figures.drawing.style import GAMMA, LIGHT
from tests.figures.annotated_steps import annotated_steps, schedule_table
from tests.figures.drawing_table import loss_table


@pytest.fixture(scope="module")
def steps(table):
    return annotated_steps(table)


def opened(result) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(result.objects["image.png"])).convert("RGB")).copy()


def cell(result, row, column, block=0) -> int:
    """Grey value in the middle of one image of a sheet."""
    place = result.info["cells"][block]
    x = place["left"] + column * (place["cell_width"] + place["gap"]) + place["cell_width"] // 2
    y = place["top"] + row * (place["cell_height"] + place["gap"]) + place["cell_height"] // 2
    return int(opened(result)[y, x, 0])


def csv_lines(result) -> list[str]:
    return result.objects["data.csv"].decode().splitlines()


def test_terminal_signal_to_noise_is_named_for_each_schedule(steps):
    result = draw_figure(steps["signal_to_noise"])
    for count in (200, 300):
        ratio = schedule_table(count)["signal_to_noise"].to_pylist()[-1]
        value = f"{10 * np.log10(ratio):.1f}".replace("-", "\N{MINUS SIGN}")
        assert f"linear, T = {count} {value} dB" in result.info["alt"]


def test_schedule_data_has_every_timestep_of_every_schedule(steps):
    lines = csv_lines(draw_figure(steps["schedules"]))
    assert lines[0] == "schedule,t,beta,alpha_bar,posterior_variance,signal_to_noise"
    assert len(lines) == 1 + 200 + 300


def test_photograph_drowns_in_noise_from_left_to_right(steps):
    result = draw_figure(steps["forward_strip"])
    pixels = opened(result).astype(float)
    # The original, t = 1 and t = 199; the left half of the photograph is red.
    places = result.info["cells"][0]["pictures"]
    assert [(place["width"], place["height"]) for place in places] == [(32, 32)] * 3
    halves = [
        pixels[place["top"] : place["top"] + 32, place["left"] : place["left"] + 16]
        for place in places
    ]
    red, blue = ([half[..., channel].mean() for half in halves] for channel in (0, 2))
    assert red[0] - blue[0] == pytest.approx(255, abs=16)
    assert red[0] - blue[0] > red[1] - blue[1] > red[2] - blue[2]


@pytest.mark.parametrize(("place", "t"), [(1, 2), (2, 200)])
def test_noised_photograph_is_the_closed_form_at_its_timestep(steps, place, t):
    """The strip shows indices 1 and 199, counted from 0; the schedule counts t from 1."""
    step = steps["forward_strip"]
    assert step.params["indices"] == [1, 199]
    result = draw_figure(step)
    where = result.info["cells"][0]["pictures"][place]
    shown = opened(result)[where["top"] :, where["left"] :][: where["height"], : where["width"]]
    x_0 = model_image(step.read("image", "image.png"), 32)
    eps = np.random.default_rng(step.seed).standard_normal(x_0.shape)
    x_t = forward(torch.tensor(x_0).double(), torch.tensor(eps), noise_schedule("linear", 200), t)
    expected = to_pixels(x_t.float().numpy())
    assert np.mean(shown != expected) < 1e-3


def test_network_table_names_the_whole_network_of_each_size(steps):
    alt = draw_figure(steps["network_summary"]).info["alt"]
    assert "1 channel, 28 pixels, 2,996,315 parameters, output 1 x 1 x 28 x 28" in alt
    assert "3 channels, 128 pixels" in alt


def reported_rows(result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.objects["data.csv"].decode())))


def test_reported_loss_data_have_every_step_raw_and_smoothed(steps):
    step = steps["reported_loss"]
    loss = np.asarray(step.read_table("model_0", "loss.parquet")["loss"])
    rows = [row for row in reported_rows(draw_figure(step)) if row["model"] == "A"]
    assert [int(row["step"]) for row in rows] == list(range(1, 301))
    assert [float(row["loss"]) for row in rows] == pytest.approx(loss, rel=1e-5)
    smoothed = smooth(loss, smoothing_window(300))
    assert [float(row["smoothed"]) for row in rows] == pytest.approx(smoothed, rel=1e-5)


def test_published_losses_stand_in_the_data_at_their_own_steps(steps):
    rows = [
        row for row in reported_rows(draw_figure(steps["reported_loss"])) if row["model"] != "A"
    ]
    assert {(row["model"], row["smoothed"]) for row in rows} == {("published, Fashion-MNIST", "")}
    assert [(row["step"], row["epoch"], row["step_of_epoch"], row["loss"]) for row in rows] == [
        ("1", "1", "0", "0.472"),
        ("101", "1", "100", "0.145"),
        ("151", "2", "0", "0.06"),
        ("251", "2", "100", "0.05"),
    ]


def test_a_shorter_epoch_leaves_later_steps_to_the_published_ones(table, steps):
    step = steps["reported_loss"]
    train = table.row("train/short", losses=loss_table(60, 30))
    result = draw_figure(table.step(dict(step.params), {"model_0": train}))
    places = [
        (row["epoch"], row["step_of_epoch"])
        for row in reported_rows(result)
        if row["step_of_epoch"] in ("0", "100")
    ]
    assert places == [("1", "0"), ("2", "0"), ("1", "0"), ("1", "100"), ("2", "0"), ("2", "100")]


def test_both_ranges_show_the_same_samples(steps):
    result = draw_figure(steps["pixel_ranges"])
    assert [cell(result, 1, 4, block) for block in (0, 1)] == [115, 15]


def test_ways_are_blocks_in_their_order(steps):
    titles = [block["title"] for block in draw_figure(steps["ways"]).info["cells"]]
    assert titles == ["ancestral, 200 steps", "DDIM, 10 steps"]


def test_cost_data_pairs_evaluations_with_distance(steps):
    assert csv_lines(draw_figure(steps["evaluation_cost"]))[1:] == [
        '"ancestral, 200 steps",200,10,0.5',
        '"DDIM, 10 steps",10,9,0.5',
    ]


def test_guidance_data_has_both_guidances_at_every_scale(steps):
    lines = csv_lines(draw_figure(steps["guidance_curve"]))
    assert lines[1] == "by_classifier,0,0.5,20,0.5"
    assert lines[-1] == "classifier_free,10,0.8,18,0.5"
    assert len(lines) == 1 + 2 * 3


def test_equation_of_the_score_stands_over_the_curves(steps, monkeypatch):
    drawn = []

    def draw_chart(draw, *args, **options):
        figure = Figure()
        draw(chart.Chart(figure, LIGHT))
        drawn.append(figure)
        return chart.draw_chart(draw, *args, **options)

    monkeypatch.setattr(guidance_curve, "draw_chart", draw_chart)
    draw_figure(steps["guidance_curve"])
    (figure,) = drawn
    equation = figure.get_suptitle()
    assert equation == f"{guidance_curve.SCORE_FORM}\n{guidance_curve.LAST_TERM}"
    # p_gamma(x_t | y) is p(x_t) p(y | x_t)^gamma; eps is -sqrt(1 - alpha-bar_t) times the score.
    score, by_classifier, classifier_free = (
        "".join(part.split()).replace(r"\,", "") for part in re.findall(r"\$(.+?)\$", equation)
    )
    assert score.endswith(r"=\nabla_{x_t}\logp(x_t)+\gamma\nabla_{x_t}\logp(y|x_t)")
    assert by_classifier == r"\nabla_{x_t}\logp(y|x_t)"
    assert classifier_free.startswith("-(") and classifier_free.endswith(r"/\sqrt{1-\bar\alpha_t}")


@pytest.mark.parametrize("name", ["image.png", "image-dark.png"])
def test_equation_is_in_the_pictures_on_both_grounds(steps, monkeypatch, name):
    def first_lines():
        picture = Image.open(io.BytesIO(draw_figure(steps["guidance_curve"]).objects[name]))
        pixels = np.asarray(picture.convert("L"))
        return pixels[: len(pixels) // 12, : pixels.shape[1] // 2].astype(int)

    written = first_lines()
    monkeypatch.setattr(guidance_curve, "SCORE_FORM", " ")
    assert np.ptp(written) > 100 > np.ptp(first_lines())


def test_guidance_grid_has_a_row_a_scale_and_a_block_a_guidance(steps):
    result = draw_figure(steps["guidance_grid"])
    left, right = result.info["cells"]
    assert left["row_labels"] == [f"{GAMMA} = {scale}" for scale in ("0", "1", "10")]
    assert (left["title"], right["title"]) == ("by a classifier", "classifier-free")
    assert cell(result, 2, 3) == 4


def test_guide_accuracy_is_over_the_timesteps_that_were_measured(steps):
    lines = csv_lines(draw_figure(steps["guide_accuracy"]))
    assert [line.split(",")[0] for line in lines] == ["t", "1", "100", "200"]
