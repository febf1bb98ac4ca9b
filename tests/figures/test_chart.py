from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from tasks.figures.drawing.chart import csv_bytes
from tasks.figures.drawing.losses import smooth, smoothing_window, use_log_scale


@pytest.mark.parametrize("count", [1, 2, 7, 100])
@pytest.mark.parametrize("window", [1, 5, 51])
def test_smoothing_leaves_a_constant_alone(count, window):
    assert smooth(np.full(count, 0.3), window) == pytest.approx(np.full(count, 0.3))


def test_smoothing_leaves_a_straight_line_alone_away_from_its_end():
    line = np.linspace(1, 0, 100)
    assert smooth(line, 9)[:95] == pytest.approx(line[:95])


def test_smoothing_is_the_mean_of_the_window():
    values = np.random.default_rng(0).random(50)
    assert smooth(values, 5)[20] == pytest.approx(values[18:23].mean())


def test_smoothing_ends_on_the_mean_of_the_last_steps():
    values = np.random.default_rng(0).random(50)
    assert smooth(values, 5)[-1] == pytest.approx(values[-3:].mean())


def test_window_is_odd_and_grows_with_the_run():
    windows = [smoothing_window(steps) for steps in (10, 1000, 50_000)]
    assert all(window % 2 for window in windows)
    assert windows == sorted(set(windows))


def test_ticks_of_a_log_scale_read_as_plain_numbers():
    axes = Figure().subplots()
    losses = np.array([1.0, 0.1, 0.03])
    axes.plot(losses)
    use_log_scale(axes, [losses])
    assert axes.get_yscale() == "log"
    formatted = [axes.yaxis.get_major_formatter()(value, 0) for value in (0.02, 0.5, 1)]
    assert formatted == ["0.02", "0.5", "1"]


def test_csv_quotes_what_a_reader_would_split_or_run():
    text = csv_bytes(("model", "loss"), [("a, b", 0.5), ("=1+1", 0.25)]).decode()
    assert text == 'model,loss\n"a, b",0.5\n\'=1+1,0.25\n'
