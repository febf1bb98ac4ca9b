"""Two classifiers: of digits, to judge samples, and of noised images, to guide them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.diffusion.networks.activation import GELU
from tasks.diffusion.networks.convnext_unet import sinusoids

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
        self.penultimate = nn.Sequential(nn.Linear(4 * width, NUM_FEATURES), GELU())
        self.head = nn.Linear(NUM_FEATURES, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """x: [batch, 1, 28, 28] in [0, 1]. Returns [batch, NUM_FEATURES]."""
        return self.penultimate(self.convolutions(x))

    def forward(self, x: Tensor) -> Tensor:
        """x: [batch, 1, 28, 28] in [0, 1]. Returns logits [batch, num_classes]."""
        return self.head(self.features(x))


def _level(in_channels: int, out_channels: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers += [
            nn.Conv2d(channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            GELU(),
        ]
    return layers


@dataclass(frozen=True)
class Reading:
    """What the classifier makes of images: features [image, NUM_FEATURES] and probabilities [image,
    num_classes]."""

    features: Tensor
    probabilities: Tensor

    @property
    def labels(self) -> Tensor:
        return self.probabilities.argmax(dim=1)


@torch.no_grad()
def read_digits(classifier: DigitClassifier, images: Tensor, *, batch_size: int = 500) -> Reading:
    """Classify uint8 images [image, 28, 28] in float32, on the device of the classifier."""
    classifier.eval()
    device = classifier.head.weight.device
    features, probabilities = [], []
    for batch in images.split(batch_size):
        x = batch.to(device).float().div(255)[:, None]
        f = classifier.features(x)
        features.append(f.cpu())
        probabilities.append(classifier.head(f).softmax(dim=1).cpu())
    return Reading(torch.cat(features), torch.cat(probabilities))


class NoiseAwareClassifier(nn.Module):
    """Three levels of two 3x3 convolutions, halved between, the time added in each; then the mean.

    width: channels of the first level, even, at least 4; doubled at each lower one.
    """

    def __init__(self, width: int, num_classes: int = 10) -> None:
        super().__init__()
        self.width, self.num_classes = width, num_classes
        embedding = 4 * width
        self.time = nn.Sequential(nn.Linear(width, embedding), GELU())
        self.levels = nn.ModuleList(
            _Level(before, after, embedding)
            for before, after in ((1, width), (width, 2 * width), (2 * width, 4 * width))
        )
        self.head = nn.Linear(4 * width, num_classes)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """x: [batch, 1, 28, 28], x_t as the diffusion model sees it. t: [batch], 1..T. Returns
        logits [batch, num_classes]."""
        with torch.autocast(t.device.type, enabled=False):
            embedding = self.time(sinusoids(t.float(), self.width))
        for number, level in enumerate(self.levels):
            x = level(x if number == 0 else F.avg_pool2d(x, 2), embedding)
        return self.head(x.mean(dim=(2, 3)))


class _Level(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, embedding: int) -> None:
        super().__init__()
        self.time = nn.Linear(embedding, out_channels)
        self.first = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),
            nn.GroupNorm(1, out_channels),
        )
        self.second = nn.Sequential(
            GELU(),
            nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1),
            nn.GroupNorm(1, out_channels),
            GELU(),
        )

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.first(x)
        return self.second(h + self.time(embedding).to(h.dtype)[:, :, None, None])
