"""Packing rows into batches."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.diffusion.trajectories.rows import RowQueue

CASES = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 12)), min_size=1, max_size=12)


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
    rows, steps = zip(*cases, strict=True)
    taken = [[] for _ in cases]
    for batch in _drain(RowQueue(rows, steps), max_rows):
        for share in batch:
            taken[share.trajectory] += [(k, share.is_last) for k in range(share.first, share.stop)]
    for own, num_rows, num_steps in zip(taken, rows, steps, strict=True):
        assert [row for row, _ in own] == list(range(num_rows)) * num_steps


@settings(deadline=None)
@given(CASES, st.integers(1, 20))
def test_a_step_waits_for_all_rows_of_the_step_before(cases, max_rows):
    # In one batch a trajectory has rows of one step only: the next depends on its result.
    rows, steps = zip(*cases, strict=True)
    for batch in _drain(RowQueue(rows, steps), max_rows):
        owners = [share.trajectory for share in batch]
        assert len(set(owners)) == len(owners)


@settings(deadline=None)
@given(CASES, st.integers(1, 20))
def test_batches_are_full_while_there_are_rows_to_fill_them(cases, max_rows):
    rows, steps = zip(*cases, strict=True)
    left = [r * s for r, s in cases]
    for batch in _drain(RowQueue(rows, steps), max_rows):
        ready = sum(min(r, n - (n - 1) // r * r) for r, n in zip(rows, left, strict=True) if n)
        assert _size(batch) == min(max_rows, ready)
        for share in batch:
            left[share.trajectory] -= share.stop - share.first
    assert not any(left)


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), st.integers(1, 8))
def test_no_order_needs_fewer_batches(steps, max_rows):
    # With one row a step two bounds hold for any order, and one of such bounds is met: the longest
    # trajectory, and the work that must be done before all have at most k steps left.
    batches = _drain(RowQueue([1] * len(steps), steps), max_rows)
    bound = max(
        k + math.ceil(sum(max(n - k, 0) for n in steps) / max_rows) for k in range(max(steps))
    )
    assert len(batches) == bound


def test_a_waiting_trajectory_takes_the_place_of_a_finished_one():
    batches = _drain(RowQueue(rows=[2, 2, 2], steps=[4, 4, 4]), max_rows=4)
    assert [_size(batch) for batch in batches] == [4] * 6


@settings(deadline=None)
@given(CASES, st.integers(1, 20))
def test_rows_left_counts_down_to_zero(cases, max_rows):
    rows, steps = zip(*cases, strict=True)
    queue = RowQueue(rows, steps)
    left = queue.rows_left
    assert left == sum(r * s for r, s in cases)
    while batch := queue.take(max_rows):
        left -= _size(batch)
        assert queue.rows_left == left
    assert left == 0


def test_a_dropped_trajectory_is_taken_no_more():
    queue = RowQueue(rows=[1, 1], steps=[3, 3])
    queue.take(2)
    queue.drop(0)
    assert all(share.trajectory == 1 for batch in _drain(queue, 2) for share in batch)
    assert queue.rows_left == 0
