"""Training batches from a bank: which picture, where, and under which caption."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tasks.pocket.bank import ANY_PHOTO, MARGIN, SIZE, Bank
from tasks.pocket.treatments import STYLES

EMPTY_SHARE = 0.10
ANY_PHOTO_SHARE = 0.03
MIRRORED_SHARE = 0.25


@dataclass(frozen=True)
class Batch:
    """pictures: float32 [batch, 3, 128, 128] in [-1, 1]. caption: int64 [batch], into texts().
    concept, style: int64 [batch]; style counts STYLES.
    """

    pictures: Tensor
    caption: Tensor
    concept: Tensor
    style: Tensor


class BatchSource:
    """Draws batches of a bank. caption numbers are positions in `bank.texts()`."""

    def __init__(self, bank: Bank) -> None:
        self._pictures = torch.from_numpy(bank.pictures)
        self._concept_weights = torch.from_numpy(bank.concept_weights)
        self._style_weights = torch.from_numpy(bank.style_weights)
        self._is_mirrored = torch.from_numpy(bank.is_mirrored)
        position = {text: index for index, text in enumerate(bank.texts())}
        self._captions = [
            [[position[text] for text in texts] for texts in styles] for styles in bank.captions
        ]
        self._empty, self._any_photo = position[""], position[ANY_PHOTO]
        self._photo = list(STYLES).index("photo")

    def draw(self, size: int, generator: torch.Generator) -> Batch:
        """`size` independent pictures: concept, style, variant, shift and mirroring at random."""
        concept = torch.multinomial(self._concept_weights, size, True, generator=generator)
        style = torch.multinomial(self._style_weights, size, True, generator=generator)
        chance = torch.rand(4, size, generator=generator)
        any_photo = chance[0] < ANY_PHOTO_SHARE
        style[any_photo] = self._photo
        variants = self._pictures.shape[2]
        variant = torch.randint(variants, (size,), generator=generator)
        shift = torch.randint(2 * MARGIN + 1, (size, 2), generator=generator).tolist()
        mirrored = (chance[1] < MIRRORED_SHARE) & self._is_mirrored[concept]
        pictures = torch.empty(size, SIZE, SIZE, 3, dtype=torch.uint8)
        for row, (top, left) in enumerate(shift):
            whole = self._pictures[concept[row], style[row], variant[row]]
            pictures[row] = whole[top : top + SIZE, left : left + SIZE]
        pixels = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
        pixels = torch.where(mirrored.view(-1, 1, 1, 1), pixels.flip(-1), pixels)
        caption = torch.tensor(
            [
                self._choose(self._captions[c][s], float(chance[2, row]))
                for row, (c, s) in enumerate(zip(concept.tolist(), style.tolist(), strict=True))
            ]
        )
        caption[any_photo] = self._any_photo
        caption[chance[3] < EMPTY_SHARE] = self._empty
        return Batch(pixels, caption, concept, style)

    @staticmethod
    def _choose(captions: list[int], chance: float) -> int:
        return captions[min(int(chance * len(captions)), len(captions) - 1)]


def reduced(pictures: Tensor, factor: int) -> Tensor:
    """Pictures at 1 / factor of their side, by averaging."""
    return functional.avg_pool2d(pictures, factor)
