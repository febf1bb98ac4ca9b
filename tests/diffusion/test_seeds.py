"""Named seeds, and the noise of a trajectory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch

from tasks.diffusion.seeds import (
    SeededNoise,
    derive_seed,
    draw,
    named_generator,
    seeded_initialisation,
    weights_to_be_loaded,
)


def test_a_named_seed_never_changes():
    # A changed value would silently change every image of every pipeline.
    assert derive_seed(0, "epoch", 1) == 123735704575244949


def test_names_and_seeds_give_different_streams():
    seeds = {derive_seed(s, *names) for s in (0, 1) for names in (("a",), ("b",), ("a", "b"))}
    assert len(seeds) == 6


def test_generators_of_one_name_agree():
    a, b = (torch.randn(5, generator=named_generator(3, "x")) for _ in range(2))
    assert torch.equal(a, b)


def test_initialisation_leaves_global_random_state_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    with seeded_initialisation(5):
        torch.rand(100)
    assert torch.equal(torch.rand(3), expected)


def test_networks_built_in_two_threads_start_as_each_would_alone() -> None:
    def build(seed: int) -> torch.Tensor:
        with seeded_initialisation(seed):
            layers = [torch.nn.Linear(64, 64) for _ in range(20)]
        return torch.stack([layer.weight.detach() for layer in layers])

    alone = [build(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(build, range(8)))
    torch.testing.assert_close(torch.stack(together), torch.stack(alone), rtol=0, atol=0)


def test_a_network_to_be_loaded_draws_nothing() -> None:
    before = torch.get_rng_state()
    with weights_to_be_loaded():
        layer = torch.nn.Linear(4, 4)
    assert torch.equal(torch.get_rng_state(), before)
    layer.load_state_dict({"weight": torch.eye(4), "bias": torch.ones(4)}, assign=True)
    assert torch.equal(layer(torch.zeros(1, 4)), torch.ones(1, 4))


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
