"""Exponential moving average of a network's weights, normalisation buffers included."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    """average <- decay * average + (1 - decay) * weights, after every step.

    decay in [0, 1). Early on the decay is lowered to (1 + n) / (10 + n) after n updates, so that
    the random initial weights are forgotten quickly. BatchNorm's running statistics are averaged
    too: the averaged weights were never run with any other statistics. Integer buffers are copied.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {
            name: tensor.detach().clone() for name, tensor in network.state_dict().items()
        }
        self.num_updates = 0

    def load(self, weights: dict[str, Tensor], num_updates: int) -> None:
        """Go on from an average that has seen num_updates steps."""
        for name, tensor in weights.items():
            self.weights[name].copy_(tensor)
        self.num_updates = num_updates

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                self.weights[name].lerp_(tensor, 1 - decay)
            else:
                self.weights[name].copy_(tensor)
        self.num_updates += 1
