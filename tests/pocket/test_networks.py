"""The pocket networks: shapes, sizes, and the coarse part that is trained first."""

from __future__ import annotations

import torch

from tasks.pocket.concept_reader import ConceptReader
from tasks.pocket.networks import (
    EMBEDDING_WIDTH,
    CoarseUNet,
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


def test_training_the_coarse_part_trains_the_inner_levels_and_no_others() -> None:
    unet = stage_one_unet()
    coarse = CoarseUNet(unet)
    out = coarse(
        torch.randn(1, 3, 32, 32), torch.tensor([300]), torch.randn(1, 77, EMBEDDING_WIDTH)
    )
    assert out.shape == (1, 3, 32, 32)
    out.square().mean().backward()
    without = {name for name, p in unet.named_parameters() if p.grad is None}
    outer = (
        "conv_in.", "conv_norm_out.", "conv_out.", "down_blocks.0.",
        "up_blocks.4.", "up_blocks.3.upsamplers.",
    )  # fmt: skip
    assert {name for name in without if not name.startswith(outer)} == set()
    assert {name for name, _ in unet.named_parameters() if name.startswith(outer)} == without


def test_the_reader_gives_a_score_to_every_concept() -> None:
    assert ConceptReader(7)(torch.zeros(2, 3, 64, 64)).shape == (2, 7)
