"""Thresholding of clean estimates."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.diffusion.trajectories.diffusion_schedule import DynamicThreshold, FixedClip, quantile
from tests.diffusion.miniature import scheduler


@settings(deadline=None)
@given(
    ratio=st.floats(0, 1, width=32),
    length=st.integers(1, 300),
    scale=st.floats(1e-3, 1e3),
    seed=st.integers(0, 1000),
)
def test_quantile_equals_that_of_torch(ratio, length, scale, seed):
    values = scale * torch.rand(2, length, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(quantile(values, ratio), torch.quantile(values, ratio, dim=1))


@pytest.mark.parametrize("spread", [0.3, 1.0, 1.3, 5.0])
@pytest.mark.parametrize("max_value", [1.0, 1.5])
def test_dynamic_threshold_equals_that_of_diffusers(spread, max_value):
    x_0 = spread * torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    theirs = scheduler(sample_max_value=max_value)._threshold_sample(x_0)
    torch.testing.assert_close(DynamicThreshold(0.95, max_value)(x_0), theirs, rtol=0, atol=0)


def test_each_picture_has_its_own_threshold():
    small, large = torch.full((1, 3, 2, 2), 0.5), torch.full((1, 3, 2, 2), 1.4)
    limited = DynamicThreshold(0.95, 1.5)(torch.cat([small, large]))
    assert torch.equal(limited[0], small[0])
    assert limited[1].eq(1).all()


def test_fixed_clip_is_a_clip():
    assert FixedClip(0.5)(torch.tensor([-2.0, 0.1, 2.0])).tolist() == pytest.approx(
        [-0.5, 0.1, 0.5]
    )
