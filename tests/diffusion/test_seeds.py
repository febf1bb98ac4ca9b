"""Named seeds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch

from tasks.diffusion.seeds import (
    derive_seed,
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
