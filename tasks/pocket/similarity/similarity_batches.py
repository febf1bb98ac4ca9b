"""Batches for the similarity model: drawn pictures, disturbed as the pictures it will judge are.

It judges samples (uneven colour, grain, subjects off centre), pictures seen small or from afar,
and the high-pass half of hybrids, so it is trained on all of these. It is never shown a picture
turned over: that an upside-down subject fits its caption less is what an anagram is judged by.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tasks.pocket.stage_one import normal
from tasks.pocket.world.world import PHOTOGRAPH_SHARE, World

FAR_SIDES = (32, 24, 16, 12, 8)
"""A picture seen from afar has one of these sides."""
FAR_SHARE, HIGH_PASS_SHARE, GREY_SHARE, GRAIN_SHARE = 0.40, 0.08, 0.10, 0.50
MOST_GRAIN = 0.25
"""Standard deviation, for pictures in [-1, 1]."""


@dataclass(frozen=True)
class SimilarityBatch:
    """pictures: float32 [batch, 3, side, side] in [-1, 1]. caption: int64 [batch], into texts.
    fits: bool [picture, caption], whether a picture is a right one for another's caption.
    concept, style: int64 [batch].
    """

    pictures: Tensor
    caption: Tensor
    fits: Tensor
    concept: Tensor
    style: Tensor


def draw_pairs(
    world: World,
    side: int,
    size: int,
    generator: torch.Generator,
    photographs: float = PHOTOGRAPH_SHARE,
) -> SimilarityBatch:
    """`size` independent pictures at `side` pixels with a caption each, undisturbed."""
    batch = world.draw(size, generator, photographs=photographs, empty=0)
    pictures = functional.interpolate(
        batch.pictures, size=(side, side), mode="bilinear", antialias=True, align_corners=False
    )
    fits = (batch.right[:, None] == batch.caption[None, :, None]).any(2)
    return SimilarityBatch(pictures, batch.caption, fits, batch.concept, batch.style)


def disturbed(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures [batch, 3, side, side] in [-1, 1] with tint, softness and grain, drawn for each."""
    batch, side = len(pictures), pictures.shape[-1]
    device = pictures.device
    chance = torch.rand(5, batch, 1, 1, 1, generator=generator, device=device)
    gain = 0.85 + 0.3 * torch.rand(batch, 3, 1, 1, generator=generator, device=device)
    offset = 0.2 * torch.rand(batch, 3, 1, 1, generator=generator, device=device) - 0.1
    pictures = gain * pictures + offset
    pictures = torch.where(
        chance[0] < GREY_SHARE, pictures.mean(1, keepdim=True).expand_as(pictures), pictures
    )
    far = chance[1].flatten()
    for number, small in enumerate(FAR_SIDES):
        lower, upper = (FAR_SHARE * n / len(FAR_SIDES) for n in (number, number + 1))
        chosen = ((far >= lower) & (far < upper)).nonzero()[:, 0]
        if small < side and len(chosen):
            pictures[chosen] = seen_small(pictures[chosen], small)
    pictures = torch.where(chance[2] < HIGH_PASS_SHARE, high_passed(pictures), pictures)
    noise = normal(pictures, generator)
    grain = MOST_GRAIN * chance[4] * (chance[3] < GRAIN_SHARE)
    return (pictures + grain * noise).clamp(-1, 1)


def seen_small(pictures: Tensor, side: int) -> Tensor:
    """Pictures scaled down to `side` pixels by averaging, and up again."""
    whole = pictures.shape[-1]
    small = functional.interpolate(
        pictures, size=(side, side), mode="bilinear", antialias=True, align_corners=False
    )
    return functional.interpolate(small, size=(whole, whole), mode="bilinear", align_corners=False)


def high_passed(pictures: Tensor) -> Tensor:
    """What a quarter of the size loses, on grey: edges and fine texture."""
    return (pictures - seen_small(pictures, pictures.shape[-1] // 4)).clamp(-1, 1)
