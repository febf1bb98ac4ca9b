"""The pocket networks: shapes and sizes."""

from __future__ import annotations

import torch

from tasks.pocket.concept_reader import ConceptReader
from tasks.pocket.networks import (
    EMBEDDING_WIDTH,
    stage_one_unet,
    stage_two_unet,
    text_encoder,
)


def megabytes_in_half(*networks: torch.nn.Module) -> float:
    return sum(2 * p.numel() for n in networks for p in n.parameters()) / 1e6


def test_stage_one_predicts_noise_and_variance_and_is_small_enough_to_ship() -> None:
    unet, encoder = stage_one_unet(), text_encoder(400)
    text = torch.randn(2, 77, EMBEDDING_WIDTH)
    out = unet(torch.randn(2, 3, 64, 64), torch.tensor([0, 999]), text).sample
    assert out.shape == (2, 6, 64, 64)
    assert megabytes_in_half(unet, encoder) < 25


def test_stage_two_takes_a_condition_and_its_noise_level_and_is_small_enough_to_ship() -> None:
    unet = stage_two_unet()
    x, t = torch.randn(1, 6, 64, 64), torch.tensor([500])
    text = torch.randn(1, 77, EMBEDDING_WIDTH)
    quiet = unet(x, t, text, class_labels=torch.tensor([0])).sample
    noisy = unet(x, t, text, class_labels=torch.tensor([399])).sample
    assert quiet.shape == (1, 6, 64, 64)
    assert not torch.allclose(quiet, noisy)
    assert megabytes_in_half(unet) < 10


def test_the_reader_gives_a_score_to_every_concept() -> None:
    assert ConceptReader(7)(torch.zeros(2, 3, 64, 64)).shape == (2, 7)
