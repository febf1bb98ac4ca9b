"""Named random generators: every draw comes from a seed and a name, never from global state."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

import torch
from torch import Tensor


def derive_seed(seed: int, *names: str | int) -> int:
    """A 63-bit seed for one named use of `seed`.

    Different names give independent streams, so adding a draw in one place changes no other.
    """
    text = "/".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def named_generator(
    seed: int, *names: str | int, device: str | torch.device = "cpu"
) -> torch.Generator:
    """A generator for one named use of `seed`, on `device`."""
    return torch.Generator(device=device).manual_seed(derive_seed(seed, *names))


_initialising = threading.Lock()


@contextmanager
def seeded_initialisation(seed: int) -> Iterator[None]:
    """Layers built inside draw their weights from `seed`; global random state is left alone.

    Weights are always drawn on the CPU, so a network starts the same whatever the device. Layers
    draw from the one state of the process, so one network at a time is built.
    """
    with _initialising, torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights"))
        yield


@contextmanager
def weights_to_be_loaded() -> Iterator[None]:
    """Layers built inside draw nothing and hold nothing until load_state_dict(..., assign=True).

    So they leave alone the random state that a network built in another thread draws from.
    """
    with torch.device("meta"):
        yield


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
