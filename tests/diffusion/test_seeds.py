"""Named seeds."""

from __future__ import annotations

import torch

from tasks.diffusion.seeds import derive_seed, named_generator, seeded_initialisation


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
