"""A trained network made ready to sample, its normalisation folded in or left as it is."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


class InferenceNetwork(nn.Module):
    """A copy of `network` for prediction only; the original is left as it was.

    In eval mode BatchNorm is one multiplication and one addition a channel, so each is folded into
    the convolution before it. number_format "bfloat16" is that of the convolutions and all between
    them; time and class are embedded in float32, and predictions come back in the format of x.
    """

    def __init__(self, network: nn.Module, device: torch.device | str, number_format: str) -> None:
        super().__init__()
        self.dtype = getattr(torch, number_format)
        copied = copy.deepcopy(network).eval()
        _fold_batch_norms(copied)
        for module in copied.modules():
            if isinstance(module, CONVOLUTIONS):
                module.to(self.dtype)
        # torch's stubs know memory_format for tensors only.
        self.network = copied.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.requires_grad_(False)

    def forward(self, x: Tensor, *conditions: Tensor) -> Tensor:
        return self.network(x.to(self.dtype, memory_format=torch.channels_last), *conditions).to(
            x.dtype
        )


def _fold_batch_norms(module: nn.Module) -> None:
    for child in module.children():
        _fold_batch_norms(child)
    if not isinstance(module, nn.Sequential):
        return
    for position in range(len(module) - 1):
        first, second = module[position], module[position + 1]
        if isinstance(second, nn.BatchNorm2d) and isinstance(first, CONVOLUTIONS):
            transposed = isinstance(first, nn.ConvTranspose2d)
            module[position] = fuse_conv_bn_eval(first, second, transpose=transposed)
            module[position + 1] = nn.Identity()


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
        with autocast(x.device, self.number_format):
            return self.network(x, *conditions).float()


def autocast(device: torch.device, number_format: str) -> AbstractContextManager[object]:
    """torch's, nothing for "float32"."""
    if number_format == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, number_format))
