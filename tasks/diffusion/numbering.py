"""Numbers for things, so that a batch is built from index arrays instead of loops over its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

T = TypeVar("T")


class Ragged:
    """Numbers start[i], start[i] + 1, ... for each of N things that have a count each."""

    def __init__(self, counts: Sequence[int]) -> None:
        self.counts = np.array(counts, dtype=np.int64)
        self.start = np.concatenate([[0], self.counts.cumsum()]).astype(np.int64)

    @property
    def total(self) -> int:
        return int(self.start[-1])

    @property
    def owner(self) -> np.ndarray:
        """[total]: which thing each number belongs to."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def of(self, things: np.ndarray) -> np.ndarray:
        """All numbers of the given things, thing after thing."""
        return np.concatenate(
            [np.arange(self.start[i], self.start[i + 1]) for i in things] or [np.empty(0, np.int64)]
        )


def distinct(things: Iterable[T]) -> tuple[list[T], np.ndarray]:
    """The different objects among things, and for each thing the place of its own."""
    places: dict[int, int] = {}
    found: list[T] = []
    numbers = []
    for thing in things:
        if id(thing) not in places:
            places[id(thing)] = len(found)
            found.append(thing)
        numbers.append(places[id(thing)])
    return found, np.array(numbers, dtype=np.int64)


def rows_of(tensor: Tensor, index: np.ndarray) -> Tensor:
    """tensor[index], on the device of the tensor."""
    return tensor[torch.from_numpy(index).to(tensor.device)]
