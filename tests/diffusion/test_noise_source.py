"""A trajectory's noise."""

from __future__ import annotations

import torch

from tasks.diffusion.seeds import SeededNoise, draw


def test_noise_of_a_seed_never_changes():
    # A changed value would silently change every picture of every pipeline.
    noise = draw([SeededNoise(180)], "start", 64)
    torch.testing.assert_close(
        noise[0, 0, 0, :2], torch.tensor([-0.9966, -0.8323]), rtol=0, atol=1e-4
    )


def test_streams_do_not_disturb_each_other():
    with_mask, without = SeededNoise(1), SeededNoise(1)
    draw([with_mask], "kept", 8)
    assert torch.equal(draw([with_mask], "step", 8), draw([without], "step", 8))


def test_streams_and_seeds_differ():
    drawn = [draw([SeededNoise(s)], name, 8) for s in (0, 1) for name in ("start", "step", "kept")]
    assert len({float(noise.sum()) for noise in drawn}) == 6


def test_each_draw_is_new_and_standard_normal():
    source = SeededNoise(0)
    first, second = draw([source], "step", 64), draw([source], "step", 64)
    assert not torch.equal(first, second)
    assert abs(float(first.mean())) < 0.03
    assert abs(float(first.std()) - 1) < 0.03


def test_what_needs_no_noise_draws_none():
    source = SeededNoise(0)
    noise = draw([None, source], "step", 8)
    assert noise[0].eq(0).all()
    assert torch.equal(noise[1:], draw([SeededNoise(0)], "step", 8))


def test_global_random_state_plays_no_part():
    torch.manual_seed(1)
    first = draw([SeededNoise(0)], "start", 8)
    torch.manual_seed(2)
    assert torch.equal(first, draw([SeededNoise(0)], "start", 8))
