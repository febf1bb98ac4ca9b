"""Masks: which pixels lie inside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import BadInput
from tasks.data.masks import draw_mask


def mask(shape: str, *points: tuple[float, float]) -> dict[str, object]:
    return {"shape": shape, "points": [list(point) for point in points]}


def test_a_box_holds_the_pixels_between_its_corners():
    drawn = draw_mask(mask("box", (0.25, 0.5), (0.75, 1.0)), 8)
    expected = np.zeros((8, 8), dtype=bool)
    expected[4:8, 2:6] = True
    assert drawn.dtype == bool
    assert np.array_equal(drawn, expected)


def test_any_two_opposite_corners_name_a_box():
    boxes = [
        ((0.25, 0.5), (0.75, 1.0)),
        ((0.75, 1.0), (0.25, 0.5)),
        ((0.25, 1.0), (0.75, 0.5)),
    ]
    first, *others = [draw_mask(mask("box", *corners), 64) for corners in boxes]
    assert all(np.array_equal(first, other) for other in others)


def test_the_whole_picture_is_a_box():
    assert draw_mask(mask("box", (0, 0), (1, 1)), 64).all()


def test_an_ellipse_fills_pi_quarters_of_its_box():
    drawn = draw_mask(mask("ellipse", (0.1, 0.2), (0.9, 0.8)), 512)
    assert drawn.mean() == pytest.approx(np.pi / 4 * 0.8 * 0.6, rel=0.01)
    assert drawn[256, 256] and not drawn[int(0.21 * 512), int(0.11 * 512)]


def test_a_triangle_has_half_the_area_of_its_box():
    drawn = draw_mask(mask("polygon", (0, 0), (1, 0), (0, 1)), 256)
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
    assert drawn[10, 10] and not drawn[250, 250]


def test_a_polygon_may_be_given_in_either_direction():
    points = [(0.1, 0.1), (0.9, 0.2), (0.6, 0.9), (0.2, 0.7)]
    forwards = draw_mask(mask("polygon", *points), 64)
    assert np.array_equal(forwards, draw_mask(mask("polygon", *reversed(points)), 64))


def test_a_polygon_of_a_boxs_corners_is_that_box():
    corners = [(0.25, 0.125), (0.75, 0.125), (0.75, 0.5), (0.25, 0.5)]
    box = draw_mask(mask("box", corners[0], corners[2]), 64)
    assert np.array_equal(draw_mask(mask("polygon", *corners), 64), box)


def test_where_edges_cross_the_overlap_is_outside():
    star = [(0.5, 0.0), (0.8, 0.95), (0.02, 0.36), (0.98, 0.36), (0.2, 0.95)]
    drawn = draw_mask(mask("polygon", *star), 256)
    assert not drawn[140, 128]
    assert drawn[40, 128]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=9))
def test_polygons_stay_within_their_corners(points):
    try:
        rows, columns = np.nonzero(draw_mask(mask("polygon", *points), 64))
    except BadInput:
        return
    x, y = zip(*points, strict=True)
    assert min(x) <= (columns.min() + 0.5) / 64 and (columns.max() + 0.5) / 64 <= max(x)
    assert min(y) <= (rows.min() + 0.5) / 64 and (rows.max() + 0.5) / 64 <= max(y)


@pytest.mark.parametrize("shape", ["box", "ellipse", "polygon"])
def test_masks_without_a_pixel_are_refused(shape):
    points = (
        [(0.5, 0.2), (0.5, 0.8)] if shape != "polygon" else [(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)]
    )
    with pytest.raises(BadInput, match="holds no pixel at 64x64"):
        draw_mask(mask(shape, *points), 64)
