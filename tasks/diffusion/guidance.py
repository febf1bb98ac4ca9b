"""Classifier-free guidance: one network, asked with and without the class (Ho & Salimans 2022)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def guided_prediction(
    network: nn.Module, x: Tensor, t: Tensor, c: Tensor | None, guidance_scale: float
) -> Tensor:
    """u + guidance_scale * (p - u), with p the prediction for class c and u for no class.

    x: [B, 1, H, W]; t: [B]; c: [B, num_classes] one-hot, or None for a network without classes
    (guidance_scale is then unused). Both predictions come from one batch of 2B rows; scales 0 and
    1 need only one of them and cost B rows. Returns [B, 1, H, W], float32.
    """
    if c is None:
        return network(x, t).float()
    if guidance_scale == 0:
        return network(x, t, torch.zeros_like(c)).float()
    if guidance_scale == 1:
        return network(x, t, c).float()
    rows = network(
        torch.cat([x, x]), torch.cat([t, t]), torch.cat([torch.zeros_like(c), c])
    ).float()
    unconditional, conditional = rows.chunk(2)
    return unconditional + guidance_scale * (conditional - unconditional)
