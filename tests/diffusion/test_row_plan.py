"""How many rows of the U-Net a step needs."""

from __future__ import annotations

import pytest

from tasks.diffusion.trajectories.rows import plan_rows
from tasks.diffusion.trajectories.trajectory import Trajectory, combination_from_params
from tests.diffusion.miniature import SIZE, prompt

SINGLE = {"kind": "single"}
FLIP = {"kind": "views", "views": [{"name": "identity"}, {"name": "flip"}]}
FLIP_TWICE = {"kind": "views", "views": [{"name": "flip"}, {"name": "flip"}]}
HYBRID = {"kind": "components", "name": "low_high"}
TRIPLE = {"kind": "components", "name": "triple"}
INVERSE = {"kind": "components", "name": "low_high", "fixed": "low"}


def _plan(params, prompts, guidance_scale=7.0, negative=9):
    combination = combination_from_params(params, SIZE)
    return plan_rows(
        Trajectory(
            name="plan",
            seed=0,
            timesteps=(990, 0),
            prompt_embeds=tuple(prompt(p) for p in prompts),
            negative_embeds=prompt(negative),
            guidance_scale=guidance_scale,
            combination=combination,
            reference=prompt(0) if combination.fixed else None,
        )
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
