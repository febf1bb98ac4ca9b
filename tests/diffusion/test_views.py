"""Views: linear, norm-preserving, exactly invertible, and each what its name says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import BadInput
from tasks.diffusion.views import REARRANGEMENTS, view_from_params
from tasks.diffusion.views.view import ViewBank

SIZES = (16, 32, 64)


@st.composite
def views(draw):
    """Any view, with any parameters that suit it, at some size."""
    size = draw(st.sampled_from(SIZES))
    name = draw(st.sampled_from(sorted(REARRANGEMENTS)))
    parameters = {
        "skew": {"max_displacement": st.integers(-100, 100)},
        "patch_permutation": {"patches": st.sampled_from([1, 2, 4, 8]), "seed": st.integers(0, 99)},
        "pixel_permutation": {"pixels": st.just(size), "seed": st.integers(0, 99)},
        "jigsaw": {"seed": st.integers(0, 99)},
        "inner_circle": {"radius": st.floats(0, 1.5), "degrees": st.sampled_from([90, 180, 270])},
        "square_hinge": {"squares": st.sampled_from([1, 2, 4, 8])},
    }.get(name, {})
    params = {key: draw(strategy) for key, strategy in parameters.items()}
    return view_from_params({"name": name, **params}, size), size


def _noise_picture(size, seed=0):
    return torch.randn(3, size, size, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None)
@given(views(), st.floats(-3, 3, width=32))
def test_a_view_is_linear(case, factor):
    view, size = case
    x, y = _noise_picture(size, 1), _noise_picture(size, 2)
    assert torch.equal(view.apply(x + factor * y), view.apply(x) + factor * view.apply(y))


@settings(deadline=None)
@given(views())
def test_a_view_preserves_the_norm(case):
    view, size = case
    x = _noise_picture(size)
    # The same values in another order, so equal to the last bit.
    assert torch.equal(view.apply(x).abs().flatten().sort()[0], x.abs().flatten().sort()[0])


@settings(deadline=None)
@given(views())
def test_the_inverse_is_exact_both_ways(case):
    view, size = case
    x = _noise_picture(size)
    assert torch.equal(view.invert(view.apply(x)), x)
    assert torch.equal(view.apply(view.invert(x)), x)


@settings(deadline=None)
@given(views())
def test_variance_moves_with_its_pixel_and_keeps_its_sign(case):
    view, size = case
    v = _noise_picture(size).abs()
    expected = view.invert(v).abs()
    assert torch.equal(view.invert_variance(v), expected)


@settings(deadline=None)
@given(st.lists(views().filter(lambda case: case[1] == 16), min_size=1, max_size=5), st.data())
def test_a_bank_does_to_each_row_what_its_view_does(cases, data):
    chosen = [view for view, _ in cases]
    which = np.array(
        data.draw(st.lists(st.integers(0, len(chosen) - 1), min_size=1, max_size=6)), dtype=np.int64
    )
    bank = ViewBank(chosen, "cpu")
    x = torch.randn(len(which), 6, 16, 16)
    for method in ("apply", "invert", "invert_variance"):
        together = getattr(bank, method)(x, which)
        alone = torch.stack([getattr(chosen[k], method)(x[i]) for i, k in enumerate(which)])
        assert torch.equal(together, alone), method


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("identity", lambda x: x),
        ("flip", lambda x: x.flip(1)),
        ("rotate_90_cw", lambda x: x.mT.flip(2)),
        ("rotate_90_ccw", lambda x: x.mT.flip(1)),
        ("rotate_180", lambda x: x.flip(1, 2)),
        ("negate", lambda x: -x),
    ],
)
def test_simple_views_are_what_they_are_called(name, expected):
    x = _noise_picture(16)
    assert torch.equal(view_from_params({"name": name}, 16).apply(x), expected(x))


def test_a_clockwise_turn_takes_the_top_left_to_the_top_right():
    x = torch.zeros(1, 16, 16)
    x[0, 0, 0] = 1
    assert view_from_params({"name": "rotate_90_cw"}, 16).apply(x)[0, 0, 15] == 1


def test_skew_rolls_the_outer_columns_by_the_maximum():
    x = _noise_picture(64)
    skewed = view_from_params({"name": "skew", "max_displacement": 50}, 64).apply(x)
    assert torch.equal(skewed[:, :, 0], x[:, :, 0].roll(-50, dims=1))
    assert torch.equal(skewed[:, :, 63], x[:, :, 63].roll(50, dims=1))


def test_the_inverse_of_skew_is_skew_by_the_negative_displacement():
    x = _noise_picture(64)
    there, back = (view_from_params({"name": "skew", "max_displacement": d}, 64) for d in (50, -50))
    assert torch.equal(there.invert(x), back.apply(x))


def test_patches_keep_their_inside():
    x = torch.arange(4).repeat_interleave(8).float()
    blocks = (10 * x[:, None] + x[None, :])[None]
    seen = view_from_params({"name": "patch_permutation", "patches": 4}, 32).apply(blocks)
    for row in range(0, 32, 8):
        for column in range(0, 32, 8):
            assert len(seen[0, row : row + 8, column : column + 8].unique()) == 1
    assert not torch.equal(seen, blocks)


@pytest.mark.parametrize("name", ["patch_permutation", "pixel_permutation", "jigsaw"])
def test_permutations_come_from_their_seed(name):
    x = _noise_picture(64)
    zero, again, one = (
        view_from_params({"name": name, "seed": seed}, 64).apply(x) for seed in (0, 0, 1)
    )
    assert torch.equal(zero, again)
    assert not torch.equal(zero, one)


def test_a_permutation_never_changes():
    # A changed order would silently change every anagram drawn with it.
    view = view_from_params({"name": "pixel_permutation"}, 64)
    assert view.permutation[:4].tolist() == [2887, 1041, 3911, 2736]


@pytest.mark.parametrize("size", [16, 20, 64, 128, 256])
@pytest.mark.parametrize("seed", range(5))
def test_jigsaw_pieces_fit_everywhere_without_gap_or_overlap(size, seed):
    permutation = view_from_params({"name": "jigsaw", "seed": seed}, size).permutation
    assert torch.equal(permutation.sort()[0], torch.arange(size * size))


def test_jigsaw_pieces_interlock():
    # Along the straight cut between two pieces, neighbours across it stay neighbours at the tabs.
    grid = torch.arange(64 * 64).reshape(1, 64, 64)
    seen = view_from_params({"name": "jigsaw", "seed": 1}, 64).apply(grid)[0]
    row, column = seen // 64, seen % 64
    distance = (row[:, 1:] - row[:, :-1]).abs() + (column[:, 1:] - column[:, :-1]).abs()
    across_the_cut = distance[:, 15] == 1
    assert 0 < across_the_cut.sum() < 64


def test_inner_circle_leaves_the_frame_alone():
    x = _noise_picture(64)
    seen = view_from_params({"name": "inner_circle", "radius": 0.5, "degrees": 180}, 64).apply(x)
    assert torch.equal(seen[:, :15], x[:, :15])
    assert torch.equal(seen[:, 24:40, 24:40], x[:, 24:40, 24:40].flip(1, 2))


def test_square_hinge_turns_neighbours_in_opposite_senses():
    x = _noise_picture(16)
    seen = view_from_params({"name": "square_hinge", "squares": 2}, 16).apply(x)
    assert torch.equal(seen[:, :8, :8], torch.rot90(x[:, :8, :8], k=-1, dims=(1, 2)))
    assert torch.equal(seen[:, :8, 8:], torch.rot90(x[:, :8, 8:], k=1, dims=(1, 2)))


@pytest.mark.parametrize(
    "params",
    [
        {"name": "flip"},
        {"name": "patch_permutation", "seed": 3},
        {"name": "pixel_permutation", "seed": 3},
        {"name": "square_hinge"},
    ],
    ids=str,
)
def test_a_view_is_the_same_in_both_stages(params):
    small = _noise_picture(64)
    large = small.repeat_interleave(4, dim=1).repeat_interleave(4, dim=2)
    seen_small = view_from_params(params, 64).apply(small)
    seen_large = view_from_params(params, 256).apply(large)
    assert torch.equal(seen_large[:, ::4, ::4], seen_small)


def test_equal_parameters_give_the_same_view():
    # Rows are shared between prompts whose views are one object.
    first, second = (view_from_params({"name": "skew", "max_displacement": 9}, 16) for _ in "ab")
    assert first is second


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"name": "spin"}, "views: name is 'spin'; expected one of identity, flip"),
        ({"name": "flip", "degrees": 3}, "views: flip has no parameter 'degrees'"),
        ({"name": "patch_permutation", "patches": 7}, "expected a divisor of the picture's width"),
        ({"name": "inner_circle", "degrees": 45}, "expected 90, 180 or 270"),
    ],
)
def test_a_view_that_cannot_be_is_refused(params, message):
    with pytest.raises(BadInput, match=message):
        view_from_params(params, 16)


def test_a_jigsaw_of_a_picture_too_small_is_refused():
    with pytest.raises(BadInput, match="jigsaw of a picture 12 wide"):
        view_from_params({"name": "jigsaw"}, 12)
