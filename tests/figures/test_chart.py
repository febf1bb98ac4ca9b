from __future__ import annotations

import hashlib
import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from tasks.figures.drawing.chart import csv_bytes, draw_chart, legend_name
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


def draw_line(chart):
    axes = chart.add_axes("x", "y")
    axes.plot([0, 1], [0, 1], label="a line")
    axes.set_yscale("log")
    chart.add_legend(axes)


def test_settings_of_matplotlib_change_no_byte(monkeypatch):
    plain = draw_chart(draw_line, "A line.").objects
    for name, value in {"lines.linewidth": 9, "font.size": 30, "text.usetex": True}.items():
        monkeypatch.setitem(matplotlib.rcParams, name, value)
    assert draw_chart(draw_line, "A line.").objects == plain


def test_neither_a_backend_nor_a_file_of_settings_is_read(tmp_path):
    settings = tmp_path / "matplotlibrc"
    settings.write_text("lines.linewidth: 9\ntext.usetex: True\npath.sketch: 1, 100, 2\nnonsense\n")
    script = (
        "from hashlib import sha256\n"
        "from tasks.figures.drawing.chart import draw_chart\n"
        "def draw(chart):\n"
        "    axes = chart.add_axes('x', 'y')\n"
        "    axes.plot([0, 1], [0, 1], label='a line')\n"
        "    axes.set_yscale('log')\n"
        "    chart.add_legend(axes)\n"
        "print(sha256(draw_chart(draw, '').objects['image.png']).hexdigest())"
    )
    environment = {
        "PYTHONPATH": ":".join(sys.path),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MATPLOTLIBRC": str(settings),
        "MPLCONFIGDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.stderr == ""
    expected = hashlib.sha256(draw_chart(draw_line, "").objects["image.png"]).hexdigest()
    assert done.stdout.strip() == expected


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("Ba$$in", "Ba$$in"),
        ("costs $5 and $10", "costs $5 and $10"),
        ("_first", "_first"),
        ("_nolegend_", "_nolegend_"),
        (r"\alpha{x}^2_3", r"\alpha{x}^2_3"),
        ("a \N{PANDA FACE}", "a [panda face]"),
        ("\u6f22\u5b57 test", "[U+6F22 U+5B57] test"),
        ("tab\there", "tab here"),
    ],
)
def test_what_a_user_writes_is_text_wherever_a_chart_has_it(written, drawn):
    found = []

    def draw(chart):
        axes = chart.add_axes("x", "y")
        axes.plot([0, 1], [0, 1], label=legend_name(written))
        chart.add_legend(axes)
        chart.note(axes, written, (0.5, 0.5), (0, 0), "#000000")
        chart.write(axes, (0.1, 0.1), written, "#000000", "left")
        texts = [*axes.get_legend().get_texts(), *axes.texts]
        found.extend((text.get_text(), text.get_parse_math()) for text in texts)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_chart(draw, "A line.")
    assert set(found) == {(drawn, False)}
    assert len(found) == 2 * 3
