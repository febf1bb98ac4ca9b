"""Combinations as the declaration has them."""

from __future__ import annotations

import pytest
import torch

from tasks import BadInput
from tasks.diffusion.trajectories.trajectory import combination_from_params


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
