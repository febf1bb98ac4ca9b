"""A trained network made ready to sample, its normalisation left as it is."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn


class AutocastNetwork(nn.Module):
    """A copy of `network` for prediction only; the original is left as it was.

    For networks whose normalisation depends on their input, which cannot be folded away. In
    "bfloat16" torch.autocast chooses what is computed in it; predictions come back in float32.
    """

    def __init__(self, network: nn.Module, device: torch.device | str, number_format: str) -> None:
        super().__init__()
        copied = copy.deepcopy(network).eval().to(device)
        # torch's stubs know memory_format for tensors only.
        self.network = copied.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.number_format = number_format
        self.requires_grad_(False)

    def forward(self, x: Tensor, *conditions: Tensor) -> Tensor:
        with self._autocast(x.device):
            return self.network(x, *conditions).float()

    def _autocast(self, device: torch.device) -> AbstractContextManager[object]:
        if self.number_format == "float32":
            return nullcontext()
        return torch.autocast(device.type, dtype=getattr(torch, self.number_format))
