"""The chart of losses: its values are read by pointer and keyboard, its lines put away."""

from __future__ import annotations

import re

import pytest

from tests.report.playable_run import LOSSES
from tests.report.playing import panel, set_slider

pytestmark = pytest.mark.browser


def test_values_of_a_loss_can_be_read(visit):
    figure = panel(visit, "loss")
    set_slider(figure, "Step", 0)
    said = figure.locator(".readout").inner_text()
    # Four steps stand together: 1,000 are more than the chart has room for.
    assert f"steps 1 to 4: loss {LOSSES[3]:.4g} to {LOSSES[0]:.4g}" in said
    assert f"smoothed {2 * LOSSES[3]:.4g}" in said


def test_loss_goes_from_log_to_linear_and_hides_what_is_not_wanted(visit):
    figure = panel(visit, "loss")
    smoothed = figure.locator("path.smoothed")
    logarithmic = smoothed.get_attribute("d")
    figure.get_by_label("log scale").uncheck()
    assert smoothed.get_attribute("d") != logarithmic
    figure.get_by_label("raw").uncheck()
    assert figure.locator("path.raw").count() == 0
    figure.get_by_label("smoothed").uncheck()
    assert smoothed.count() == 0


def read_out(figure) -> tuple[int, int]:
    """First and last of the steps whose loss is told."""
    said = re.search(r"steps ([\d,]+) to ([\d,]+): loss", figure.locator(".readout").inner_text())
    return tuple(int(number.replace(",", "")) for number in said.groups())


def test_steps_are_gone_through_by_the_keyboard(visit):
    figure = panel(visit, "loss")
    slider = figure.get_by_role("slider", name="Step")
    assert read_out(figure) == (997, 1000)
    for key, steps in (("ArrowLeft", (993, 996)), ("Home", (1, 4)), ("ArrowRight", (5, 8))):
        slider.press(key)
        assert read_out(figure) == steps
        first, last = steps
        low, high = (f"{LOSSES[step - 1]:.4g}" for step in (last, first))
        assert f"loss {low} to {high}" in figure.locator(".readout").inner_text()
        assert slider.get_attribute("aria-valuetext") == f"{last:,}"


def test_the_value_told_is_the_one_pointed_at(visit):
    figure = panel(visit, "loss")
    figure.locator(".curve-field").hover()
    chart = figure.locator(".curve-field svg").bounding_box()
    rule = figure.locator("line.rule").first.bounding_box()
    for share in (0.25, 0.8, 0.5):
        x = rule["x"] + share * rule["width"]
        visit.page.mouse.move(x, chart["y"] + chart["height"] / 2)
        _, last = read_out(figure)
        assert abs(last - share * len(LOSSES)) <= 4
        line = figure.locator("line.cursor").bounding_box()
        assert abs(line["x"] + line["width"] / 2 - x) <= rule["width"] * 4 / len(LOSSES)
        assert figure.get_by_role("slider", name="Step").input_value() == str(last // 4 - 1)
