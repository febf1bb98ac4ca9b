"""Training of the annotated write-up's network as a notebook has it: the yardstick.

A DataLoader over PIL images that it mirrors one at a time, float32, eager, contiguous NCHW, and the
network layer by layer as its formulas are read. Nothing in Darkroom uses this file.
"""

from __future__ import annotations

import random

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from tasks.diffusion.process.noise_schedules import NoiseSchedule


class PillowImages(Dataset[Tensor]):
    """Images kept as arrays, handed out as PIL images turned into tensors in [-1, 1]."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        image = Image.fromarray(self.images[index])
        if random.random() < 0.5:
            image = ImageOps.mirror(image)
        array = np.asarray(image, dtype=np.uint8)[None].copy()
        return torch.from_numpy(array).float().div(255) * 2 - 1


def train_annotated_plainly(
    network: nn.Module,
    schedule: NoiseSchedule,
    images: np.ndarray,
    *,
    batch_size: int,
    steps: int,
    learning_rate: float,
) -> list[float]:
    """Noise prediction under Huber's loss; returns the loss of every step."""
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    loader = DataLoader(PillowImages(images), batch_size=batch_size, shuffle=True, drop_last=True)
    alpha_bars = schedule.alpha_bar.float()
    losses: list[float] = []
    while len(losses) < steps:
        for x_0 in loader:
            t = torch.randint(1, schedule.num_timesteps + 1, (len(x_0),))
            eps = torch.randn_like(x_0)
            alpha_bar = alpha_bars[t].view(-1, 1, 1, 1)
            x_t = alpha_bar.sqrt() * x_0 + (1 - alpha_bar).sqrt() * eps
            loss = F.smooth_l1_loss(network(x_t, t), eps)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == steps:
                break
    return losses
