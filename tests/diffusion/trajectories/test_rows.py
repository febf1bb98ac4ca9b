"""Combinations as the declaration has them, the rows each needs, and their packing into batches."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import BadInput
from tasks.diffusion.trajectories.rows import RowQueue, plan_rows
from tasks.diffusion.trajectories.trajectory import combination_from_params
from tests.diffusion.trajectories.miniature import components, make_trajectory, prompt, views


def test_a_single_prompt():
    combination = combination_from_params({"kind": "single"}, 16)
    assert (combination.num_prompts, combination.is_sum) == (1, False)


def test_views_are_averaged_one_prompt_each():
    params = {"kind": "views", "views": [{"name": "identity"}, {"name": "flip"}]}
    combination = combination_from_params(params, 16)
    assert [view.name for view in combination.views] == ["identity", "flip"]
    assert not combination.is_sum


def test_components_are_summed_one_prompt_each():
    params = {"kind": "components", "name": "low_high", "kernel_size": 33, "sigma": 2.0}
    combination = combination_from_params(params, 16)
    assert (combination.num_prompts, combination.is_sum, combination.fixed) == (2, True, None)


def test_a_fixed_component_has_no_prompt():
    params = {"kind": "components", "name": "grey_colour", "fixed": "grey"}
    combination = combination_from_params(params, 16)
    assert combination.num_prompts == 1
    x = torch.randn(1, 3, 16, 16)
    torch.testing.assert_close(combination.fixed(x), x.mean(dim=1, keepdim=True).expand_as(x))


@pytest.mark.parametrize("params", [{}, {"kind": "views", "views": []}, {"kind": "mixture"}])
def test_anything_else_is_refused(params):
    with pytest.raises(BadInput, match="expected kind single, views with at least one view"):
        combination_from_params(params, 16)


SINGLE = {"kind": "single"}
FLIP, FLIP_TWICE = views("identity", "flip"), views("flip", "flip")
HYBRID, TRIPLE, INVERSE = (
    components("low_high"),
    components("triple"),
    components("low_high", fixed="low"),
)


def _plan(params, prompts, guidance_scale=7.0):
    reference = prompt(0) if params.get("fixed") else None
    return plan_rows(
        make_trajectory(*prompts, params=params, guidance_scale=guidance_scale, reference=reference)
    )


@pytest.mark.parametrize(
    ("params", "prompts", "guided", "unguided"),
    [
        (SINGLE, [0], 2, 1),
        (FLIP, [0, 1], 4, 2),
        (HYBRID, [0, 1], 3, 2),
        (TRIPLE, [0, 1, 2], 4, 3),
        (INVERSE, [0], 2, 1),
        # Two prompts in one view share the unconditional row, and one prompt in one view its own.
        (FLIP_TWICE, [0, 1], 3, 2),
        (FLIP_TWICE, [0, 0], 2, 1),
        (HYBRID, [0, 0], 2, 1),
    ],
)
def test_no_row_is_computed_twice(params, prompts, guided, unguided):
    assert len(_plan(params, prompts).rows) == guided
    assert len(_plan(params, prompts, guidance_scale=1.0).rows) == unguided


def test_a_prompt_guided_against_itself_needs_one_row():
    assert len(_plan(SINGLE, [9]).rows) == 1


def test_both_estimates_of_a_prompt_are_in_its_view():
    plan = _plan(FLIP, [0, 1])
    for estimate, name in zip(plan.estimates, ["identity", "flip"], strict=True):
        for row in (estimate.conditional, estimate.unconditional):
            view, _ = plan.rows[row]
            assert view.name == name


def test_unguided_estimates_stand_alone():
    for estimate in _plan(FLIP, [0, 1], guidance_scale=1.0).estimates:
        assert estimate.conditional == estimate.unconditional


CASES = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=12), min_size=1, max_size=12)
"""How many rows each step of each trajectory needs."""


def _drain(queue, max_rows):
    batches = []
    while batch := queue.take(max_rows):
        batches.append(batch)
    return batches


def _size(batch):
    return sum(share.stop - share.first for share in batch)


@settings(deadline=None)
@given(CASES, st.integers(1, 20))
def test_every_row_is_taken_once_and_steps_follow_each_other(cases, max_rows):
    taken = [[] for _ in cases]
    for batch in _drain(RowQueue(cases), max_rows):
        for share in batch:
            taken[share.trajectory] += range(share.first, share.stop)
    assert taken == [[row for count in counts for row in range(count)] for counts in cases]


@settings(deadline=None)
@given(CASES, st.integers(1, 20))
def test_a_step_waits_for_all_rows_of_the_step_before(cases, max_rows):
    # In one batch a trajectory has rows of one step only: the next depends on its result.
    for batch in _drain(RowQueue(cases), max_rows):
        owners = [share.trajectory for share in batch]
        assert len(set(owners)) == len(owners)


@settings(deadline=None)
@given(CASES, st.integers(1, 20))
def test_batches_are_full_while_there_are_rows_to_fill_them(cases, max_rows):
    left = [list(counts) for counts in cases]
    for batch in _drain(RowQueue(cases), max_rows):
        ready = sum(counts[0] for counts in left if counts)
        assert _size(batch) == min(max_rows, ready)
        for share in batch:
            counts = left[share.trajectory]
            counts[0] -= share.stop - share.first
            assert share.is_last == (counts[0] == 0)
            if share.is_last:
                counts.pop(0)
    assert not any(left)


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), st.integers(1, 8))
def test_no_order_needs_fewer_batches(steps, max_rows):
    # With one row a step two bounds hold for any order, and one of such bounds is met: the longest
    # trajectory, and the work that must be done before all have at most k steps left.
    batches = _drain(RowQueue([[1] * n for n in steps]), max_rows)
    bound = max(
        k + math.ceil(sum(max(n - k, 0) for n in steps) / max_rows) for k in range(max(steps))
    )
    assert len(batches) == bound


def test_a_waiting_trajectory_takes_the_place_of_a_finished_one():
    batches = _drain(RowQueue([[2] * 4] * 3), max_rows=4)
    assert [_size(batch) for batch in batches] == [4] * 6


@settings(deadline=None)
@given(CASES, st.integers(1, 20))
def test_rows_left_counts_down_to_zero(cases, max_rows):
    queue = RowQueue(cases)
    left = queue.rows_left
    assert left == sum(map(sum, cases))
    while batch := queue.take(max_rows):
        left -= _size(batch)
        assert queue.rows_left == left
    assert left == 0


def test_a_dropped_trajectory_is_taken_no_more():
    queue = RowQueue([[1] * 3] * 2)
    queue.take(2)
    queue.drop(0)
    assert all(share.trajectory == 1 for batch in _drain(queue, 2) for share in batch)
    assert queue.rows_left == 0
