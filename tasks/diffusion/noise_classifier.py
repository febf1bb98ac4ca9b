"""A classifier of noised images, p(y | x_t), for guidance: it is told the timestep.

One trained on clean images sees nothing familiar in x_t, and its gradient points nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.diffusion.convnext_unet import sinusoids
from tasks.diffusion.noise_prediction import PIXEL_RANGE, noised
from tasks.diffusion.schedule import NoiseSchedule


class NoiseAwareClassifier(nn.Module):
    """Three levels of two 3x3 convolutions, halved between, the time added in each; then the mean.

    width: channels of the first level, even, at least 4; doubled at each lower one.
    """

    def __init__(self, width: int, num_classes: int = 10) -> None:
        super().__init__()
        self.width, self.num_classes = width, num_classes
        embedding = 4 * width
        self.time = nn.Sequential(nn.Linear(width, embedding), nn.GELU())
        self.levels = nn.ModuleList(
            _Level(before, after, embedding)
            for before, after in ((1, width), (width, 2 * width), (2 * width, 4 * width))
        )
        self.head = nn.Linear(4 * width, num_classes)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """x: [B, 1, 28, 28], x_t as the diffusion model sees it. t: [B], 1..T. Returns logits
        [B, num_classes]."""
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
            nn.GELU(),
            nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1),
            nn.GroupNorm(1, out_channels),
            nn.GELU(),
        )

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.first(x)
        return self.second(h + self.time(embedding).to(h.dtype)[:, :, None, None])


@dataclass(frozen=True)
class NoisyClassification:
    """Cross-entropy of p(y | x_t), t uniform in 1..T, for the one trainer.

    pixel_range: of the diffusion model that is to be guided.
    """

    schedule: NoiseSchedule
    pixel_range: tuple[float, float] = PIXEL_RANGE

    def loss(
        self, network: nn.Module, x: Tensor, labels: Tensor, generator: torch.Generator
    ) -> Tensor:
        x_t, t, _ = noised(x, self.schedule, generator, self.pixel_range)
        return F.cross_entropy(network(x_t, t).float(), labels)
