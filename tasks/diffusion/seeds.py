"""Named random generators: every draw comes from a seed and a name, never from global state."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch


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
