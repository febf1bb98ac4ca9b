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

from tasks.pocket.bank import ANY_PHOTO, MARGIN, SIZE, Bank
from tasks.pocket.batches import ANY_PHOTO_SHARE, MIRRORED_SHARE
from tasks.pocket.treatments import STYLES

FAR_SIDES = (32, 24, 16, 12, 8)
"""A picture seen from afar has one of these sides."""
FAR_SHARE, HIGH_PASS_SHARE, GREY_SHARE, GRAIN_SHARE = 0.40, 0.08, 0.10, 0.50
MOST_GRAIN = 0.25
"""Standard deviation, for pictures in [-1, 1]."""


@dataclass(frozen=True)
class SimilarityBatch:
    """pictures: float32 [batch, 3, side, side] in [-1, 1]. caption: int64 [batch], into texts().
    fits: bool [picture, caption], whether a picture is a right one for another's caption.
    concept, style: int64 [batch].
    """

    pictures: Tensor
    caption: Tensor
    fits: Tensor
    concept: Tensor
    style: Tensor


class SimilaritySource:
    """Draws batches of a bank at `side` pixels."""

    def __init__(self, bank: Bank, side: int) -> None:
        # Half the bank's size is enough for an input of 64 pixels or less, and a quarter to move.
        whole = torch.from_numpy(bank.pictures)
        self._pictures = torch.stack([_halved(concept) for concept in whole])
        self._side = side
        self._concept_weights = torch.from_numpy(bank.concept_weights)
        self._style_weights = torch.from_numpy(bank.style_weights)
        self._is_mirrored = torch.from_numpy(bank.is_mirrored)
        position = {text: index for index, text in enumerate(bank.texts())}
        self._captions = [
            [[position[text] for text in texts] for texts in styles] for styles in bank.captions
        ]
        self._any_photo = position[ANY_PHOTO]
        self._photo = list(STYLES).index("photo")

    def draw(self, size: int, generator: torch.Generator) -> SimilarityBatch:
        """`size` independent pictures with a caption each, undisturbed but for where they stand:
        shifted, scaled by 0.85 to 1.1, turned by at most 8 degrees, mirrored where that means
        the same."""
        concept = torch.multinomial(self._concept_weights, size, True, generator=generator)
        style = torch.multinomial(self._style_weights, size, True, generator=generator)
        chance = torch.rand(3, size, generator=generator)
        any_photo = chance[0] < ANY_PHOTO_SHARE
        style[any_photo] = self._photo
        variant = torch.randint(self._pictures.shape[2], (size,), generator=generator)
        pixels = self._pictures[concept, style, variant].float() / 127.5 - 1
        mirrored = (chance[1] < MIRRORED_SHARE) & self._is_mirrored[concept]
        pictures = self._placed(pixels, mirrored, generator)
        caption = torch.empty(size, dtype=torch.int64)
        for row, (c, s) in enumerate(zip(concept.tolist(), style.tolist(), strict=True)):
            captions = self._captions[c][s]
            caption[row] = captions[min(int(chance[2, row] * len(captions)), len(captions) - 1)]
        caption[any_photo] = self._any_photo
        alike = (concept[:, None] == concept) & (style[:, None] == style) & ~any_photo
        fits = alike | ((style[:, None] == self._photo) & any_photo)
        return SimilarityBatch(pictures, caption, fits, concept, style)

    def _placed(self, pixels: Tensor, mirrored: Tensor, generator: torch.Generator) -> Tensor:
        batch = len(pixels)
        scale, angle, right, down = torch.rand(4, batch, generator=generator)
        # The sampling grid spans the picture without its margin.
        span = SIZE / (SIZE + 2 * MARGIN) / (0.85 + 0.25 * scale)
        turn = (2 * angle - 1) * (8 * torch.pi / 180)
        sign = torch.where(mirrored, -1.0, 1.0)
        cosine, sine = span * turn.cos(), span * turn.sin()
        shift = 2 * MARGIN / (SIZE + 2 * MARGIN)
        matrix = torch.stack(
            [
                torch.stack([sign * cosine, -sine, (2 * right - 1) * shift], 1),
                torch.stack([sign * sine, cosine, (2 * down - 1) * shift], 1),
            ],
            1,
        )
        grid = functional.affine_grid(
            matrix, [batch, 3, self._side, self._side], align_corners=False
        )
        return functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def disturbed(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures [batch, 3, side, side] in [-1, 1] with tint, softness and grain, drawn for each."""
    batch, side = len(pictures), pictures.shape[-1]
    chance = torch.rand(5, batch, 1, 1, 1, generator=generator)
    gain = 0.85 + 0.3 * torch.rand(batch, 3, 1, 1, generator=generator)
    offset = 0.2 * torch.rand(batch, 3, 1, 1, generator=generator) - 0.1
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
    noise = torch.randn(pictures.shape, generator=generator)
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


def _halved(pictures: Tensor) -> Tensor:
    """uint8 [..., 2 h, 2 w, 3] to uint8 [..., 3, h, w]."""
    planes = pictures.flatten(0, -4).permute(0, 3, 1, 2).float()
    half = functional.avg_pool2d(planes, 2).round().to(torch.uint8)
    return half.unflatten(0, pictures.shape[:-3])
