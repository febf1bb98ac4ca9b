"""A small classifier that names the concept in a picture, to measure the pocket model with.

Trained on the drawn pictures alone, apart from the model: it has never seen a sample.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from tasks.pocket.stage_one import Loss, mixed, normal
from tasks.pocket.world.world import World


class ConceptReader(nn.Module):
    """Pictures [batch, 3, 64, 64] in [-1, 1] to logits [batch, concepts]."""

    def __init__(self, concepts: int, width: int = 32) -> None:
        super().__init__()
        widths = (3, width, 2 * width, 3 * width, 4 * width)
        layers: list[nn.Module] = []
        for i, o in pairwise(widths):
            layers += [
                nn.Conv2d(i, o, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(o),
                nn.GELU(),
                nn.Conv2d(o, o, 3, padding=1, bias=False),
                nn.BatchNorm2d(o),
                nn.GELU(),
            ]
        self.features = nn.Sequential(*layers)
        self.logits = nn.Linear(16 * widths[-1], concepts)

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.logits(self.features(pictures).flatten(1))
        return logits


def reader_loss(reader: ConceptReader, world: World, number_format: torch.dtype) -> Loss:
    """Cross-entropy over concepts, on pictures made as unclean as samples are.

    A little blur, noise and change of contrast: a sample that a person recognises must not be
    missed for its texture.
    """

    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        batch = world.draw(batch_size, generator, photographs=0)
        pictures = blemished(batch.pictures, generator)
        with mixed(pictures.device, number_format):
            logits = reader(pictures)
        return functional.cross_entropy(logits.float(), batch.concept, label_smoothing=0.05)

    return loss


def blemished(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures with random noise, softness and contrast, one draw each."""
    batch = len(pictures)
    softness, sigma, contrast = torch.rand(
        3, batch, 1, 1, 1, generator=generator, device=pictures.device
    )
    soft = functional.avg_pool2d(functional.pad(pictures, (1, 1, 1, 1), mode="reflect"), 3, 1)
    pictures = torch.lerp(pictures, soft, softness)
    noisy = (0.8 + 0.3 * contrast) * pictures + 0.15 * sigma * normal(pictures, generator)
    return noisy.clamp(-1, 1)
