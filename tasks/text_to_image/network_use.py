"""How a step uses a U-Net: how many rows at once, how many in all, how fast, in what memory."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from tasks import StepFailed

T = TypeVar("T")

ROWS_AT_64 = {"cpu": 16, "mps": 16, "cuda": 128}
"""Rows of a full batch of pictures of 64x64. Larger pictures take as many fewer."""

MIB = 2**20


def rows_at_once(device: str, size: int) -> int:
    """Rows of a full batch of pictures of size x size."""
    return max(1, ROWS_AT_64.get(device, ROWS_AT_64["cpu"]) * 64 * 64 // (size * size))


def with_rows_that_fit(call: Callable[[int], T], rows: int, name: str) -> T:
    """What `call` returns for the most rows at once that the device's memory holds.

    Halves `rows` whenever memory runs out. Raises StepFailed if even one row is too much.
    """
    while True:
        try:
            return call(rows)
        except torch.OutOfMemoryError as error:
            if rows == 1:
                raise StepFailed(
                    f"{name}: the device's memory does not hold one picture beside the model "
                    f"({error}); free it of other programs, or choose a smaller model"
                ) from error
        rows //= 2
        torch.cuda.empty_cache()


class CountedNetwork:
    """A U-Net that counts what it is asked, from the moment it is made."""

    def __init__(self, unet: Callable[..., Tensor], device: str) -> None:
        self._unet, self._device = unet, device
        self._began = time.perf_counter()
        self.rows = self.forwards = 0
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()

    def __call__(self, x: Tensor, *others: Tensor) -> Tensor:
        self.rows += len(x)
        self.forwards += 1
        return self._unet(x, *others)

    def metrics(self) -> dict[str, float]:
        """rows_per_second; forwards_per_second, of batches; peak_memory_mib of the process, or of
        the GPU where there is one."""
        seconds = max(time.perf_counter() - self._began, 1e-9)
        return {
            "rows_per_second": self.rows / seconds,
            "forwards_per_second": self.forwards / seconds,
            "peak_memory_mib": _peak_memory(self._device) / MIB,
        }


def _peak_memory(device: str) -> float:
    """Bytes."""
    if device == "cuda":
        return float(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return float(peak if sys.platform == "darwin" else peak * 1024)
