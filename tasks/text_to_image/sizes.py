"""Sizes of weights, and sizes as messages give them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

MIB, GIB = 2**20, 2**30


def show_size(size: int) -> str:
    """Bytes as "1.4 GiB" or "12.0 MiB"."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / MIB:.1f} MiB"


def bytes_of(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def weight_bytes(model: Any) -> int:
    """Of a network, wherever its weights lie."""
    return bytes_of((*model.parameters(), *model.buffers()))
