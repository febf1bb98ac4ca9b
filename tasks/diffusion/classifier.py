"""A small digit classifier: its labels judge samples, its features carry the Frechet distance."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NUM_FEATURES = 64


class DigitClassifier(nn.Module):
    """Two convolutions at each of 28x28, 14x14 and 7x7, then a 64-feature layer and the logits.

    width: channels of the first level; doubled at each lower one.
    """

    def __init__(self, width: int, num_classes: int = 10) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            *_level(1, width),
            nn.MaxPool2d(2),
            *_level(width, 2 * width),
            nn.MaxPool2d(2),
            *_level(2 * width, 4 * width),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.penultimate = nn.Sequential(nn.Linear(4 * width, NUM_FEATURES), nn.GELU())
        self.head = nn.Linear(NUM_FEATURES, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """[B, 1, 28, 28] in [0, 1] to [B, 64]."""
        return self.penultimate(self.convolutions(x))

    def forward(self, x: Tensor) -> Tensor:
        """[B, 1, 28, 28] in [0, 1] to logits [B, num_classes]."""
        return self.head(self.features(x))


def _level(in_channels: int, out_channels: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers += [
            nn.Conv2d(channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.GELU(),
        ]
    return layers


@dataclass(frozen=True)
class Classification:
    """Cross-entropy of the logits, for the one trainer."""

    def loss(
        self, network: nn.Module, x: Tensor, labels: Tensor, generator: torch.Generator
    ) -> Tensor:
        return F.cross_entropy(network(x).float(), labels)


@dataclass(frozen=True)
class Reading:
    """What the classifier makes of images: features [N, 64] and probabilities [N, classes]."""

    features: Tensor
    probabilities: Tensor

    @property
    def labels(self) -> Tensor:
        return self.probabilities.argmax(dim=1)


@torch.no_grad()
def read_digits(classifier: DigitClassifier, images: Tensor, *, batch_size: int = 500) -> Reading:
    """Classify uint8 images [N, 28, 28] in float32, on the device of the classifier."""
    classifier.eval()
    device = classifier.head.weight.device
    features, probabilities = [], []
    for batch in images.split(batch_size):
        x = batch.to(device).float().div(255)[:, None]
        f = classifier.features(x)
        features.append(f.cpu())
        probabilities.append(classifier.head(f).softmax(dim=1).cpu())
    return Reading(torch.cat(features), torch.cat(probabilities))
