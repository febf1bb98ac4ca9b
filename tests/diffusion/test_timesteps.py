"""Strided and evenly spaced timesteps."""

from __future__ import annotations

import pytest
from diffusers import DDPMScheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import BadInput
from tasks.diffusion.trajectories.diffusion_schedule import TimestepSpacing, strided_timesteps


def test_the_write_ups_stride_has_34_timesteps():
    timesteps = strided_timesteps(990, 30)
    assert len(timesteps) == 34
    assert timesteps[:2] == (990, 960)
    assert timesteps[-2:] == (30, 0)
    assert timesteps[10] == 690


def test_a_stride_that_misses_zero_stops_above_it():
    assert strided_timesteps(10, 4) == (10, 6, 2)


@settings(deadline=None)
@given(
    num_inference_steps=st.integers(1, 1000),
    kind=st.sampled_from(["leading", "linspace", "trailing"]),
    steps_offset=st.integers(0, 1),
)
def test_spaced_timesteps_are_those_of_diffusers(num_inference_steps, kind, steps_offset):
    theirs = DDPMScheduler(timestep_spacing=kind, steps_offset=steps_offset)
    theirs.set_timesteps(num_inference_steps)
    ours = TimestepSpacing(1000, kind, steps_offset).timesteps(num_inference_steps)
    assert list(ours) == theirs.timesteps.tolist()


@pytest.mark.parametrize("num_inference_steps", [0, 1001])
def test_an_impossible_number_of_steps_is_refused(num_inference_steps):
    with pytest.raises(BadInput, match="expected 1 to 1000"):
        TimestepSpacing(1000).timesteps(num_inference_steps)


def test_an_unknown_spacing_is_refused():
    with pytest.raises(BadInput, match="timestep_spacing is 'even'"):
        TimestepSpacing(1000, "even").timesteps(10)


def test_a_stride_of_zero_is_refused():
    with pytest.raises(BadInput, match="stride >= 1"):
        strided_timesteps(990, 0)
