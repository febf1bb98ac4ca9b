"""Training and sampling as a notebook has them: the yardstick of the benchmarks.

A DataLoader over PIL images, float32, eager, contiguous NCHW, and two forward passes a step for
guidance. Nothing in Darkroom uses this file.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from tasks.diffusion.process.noise_schedules import NoiseSchedule


class PillowDigits(Dataset[tuple[Tensor, int]]):
    """Digits kept as arrays and handed out as PIL images turned into tensors, one at a time."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.images[index])
        array = np.asarray(image, dtype=np.uint8)[None].copy()
        return torch.from_numpy(array).float().div(255), int(self.labels[index])


def train_plainly(
    network: nn.Module,
    schedule: NoiseSchedule,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    batch_size: int,
    steps: int,
    learning_rate: float,
) -> list[float]:
    """Class-conditioned DDPM training; returns the loss of every step."""
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    loader = DataLoader(
        PillowDigits(images, labels), batch_size=batch_size, shuffle=True, drop_last=True
    )
    alpha_bars = schedule.alpha_bar.float()
    num_timesteps = schedule.num_timesteps
    losses: list[float] = []
    while len(losses) < steps:
        for x, label in loader:
            t = torch.randint(1, num_timesteps + 1, (len(x),))
            eps = torch.randn_like(x)
            alpha_bar = alpha_bars[t].view(-1, 1, 1, 1)
            x_t = alpha_bar.sqrt() * x + (1 - alpha_bar).sqrt() * eps
            c = F.one_hot(label, 10).float()
            c = c * (torch.rand(len(x), 1) >= 0.1)
            loss = F.mse_loss(network(x_t, t / num_timesteps, c), eps)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == steps:
                break
    return losses


@torch.no_grad()
def sample_flow_plainly(
    network: nn.Module, labels: Tensor, *, steps: int, guidance_scale: float
) -> Tensor:
    """Euler sampling of class-conditioned flow matching, two forward passes a step."""
    network.eval()
    x = torch.randn(len(labels), 1, 28, 28)
    c = F.one_hot(labels, 10).float()
    for step in range(steps):
        t = torch.full((len(labels),), step / steps)
        conditional = network(x, t, c)
        unconditional = network(x, t, torch.zeros_like(c))
        x = x + (unconditional + guidance_scale * (conditional - unconditional)) / steps
    return x
