"""The numbers that a chart of losses is drawn from."""

from __future__ import annotations

import json

import pytest

from tasks.figures.curves import csv_bytes
from tasks.figures.draw_figure import draw_figure
from tasks.report.play.loss import loss_control
from tests.figures.annotated_steps import annotated_steps
from tests.figures.drawing_table import DrawingTable
from tests.report.playable_run import OURS, PUBLISHED, THEIRS, reported_table


@pytest.fixture(scope="module")
def control():
    return loss_control(reported_table(), log_steps=True)


def long_table(steps: int) -> bytes:
    rows = [(step, 1, 1 / step, 2 / step) for step in range(1, steps + 1)]
    return csv_bytes(("step", "epoch", "loss", "smoothed"), rows)


def test_a_drawing_beside_published_losses_can_be_played_with(tmp_path):
    drawn = draw_figure(annotated_steps(DrawingTable(tmp_path))["reported_loss"])
    control = loss_control(drawn.objects["data.csv"], log_steps=True)
    assert [(line["name"], line["steps"][-1]) for line in control["series"]] == [("A", 300)]
    (points,) = control["points"]
    assert points["losses"] == [0.472, 0.145, 0.06, 0.05]


def test_reported_values_are_points_under_their_own_name(control):
    assert [line["name"] for line in control["series"]] == [OURS]
    assert control["points"] == [
        {"name": THEIRS, "steps": [1, 601, 1001, 1601], "losses": [*PUBLISHED[0], *PUBLISHED[1]]}
    ]


def test_each_reported_value_stands_beside_the_same_step_of_this_run(control):
    assert control["table"] == {
        "steps": [0, 600],
        "rows": [
            [0, [["1.000", "0.472"], ["", "0.145"]]],
            [1, [["0.002", "0.061"], ["", "0.050"]]],
        ],
    }


def test_losses_alone_have_neither_points_nor_a_table():
    control = loss_control(long_table(10))
    assert (control["points"], control["table"], control["log_steps"]) == ([], None, False)


@pytest.mark.parametrize("steps", [1, 9, 800, 4690, 40_000])
def test_first_steps_stand_alone_where_steps_are_logarithmic(steps):
    (line,) = loss_control(long_table(steps), log_steps=True)["series"]
    assert line["steps"][:9] == list(range(1, min(steps, 9) + 1))
    assert (line["steps"][-1], line["high"][0]) == (steps, 1.0)
    assert len(line["steps"]) <= 300


def test_a_drawing_of_other_columns_has_no_control():
    assert loss_control(b"epoch,step,loss,published\n0,0,1.0,0.472\n") is None


def test_numbers_of_a_long_training_take_little_room():
    assert len(json.dumps(loss_control(long_table(40_000), log_steps=True))) < 20_000
