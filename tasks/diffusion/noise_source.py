"""Where a trajectory's noise comes from: streams of its own, by name, always drawn on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import torch
from torch import Tensor

from tasks.diffusion.seeds import named_generator

Stream = Literal["start", "step", "kept", "reference", "condition"]
"""What noise is for: the first x_t, each reverse step, the kept region of a mask, the fixed
component of a reference, the upscaled picture that conditions the second stage."""


class NoiseSource(Protocol):
    """Fills tensors with standard normal noise."""

    def fill(self, stream: Stream, out: Tensor) -> None:
        """Draw the next noise of `stream` into out, contiguous float32 on the CPU."""


class SeededNoise:
    """A generator for each stream of one seed.

    Streams are apart so that a mask added to a trajectory, say, leaves the noise of its steps as
    it was. Drawn on the CPU in float32, noise is the same whatever device the network runs on.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._generators: dict[Stream, torch.Generator] = {}

    def fill(self, stream: Stream, out: Tensor) -> None:
        if stream not in self._generators:
            self._generators[stream] = named_generator(self._seed, "trajectory", stream)
        out.normal_(generator=self._generators[stream])


def draw(sources: Sequence[NoiseSource | None], stream: Stream, size: int) -> Tensor:
    """The next noise of each source, [len(sources), 3, size, size]; zeros, undrawn, for None."""
    noise = torch.zeros(len(sources), 3, size, size)
    for row, source in zip(noise, sources, strict=True):
        if source is not None:
            source.fill(stream, row)
    return noise
