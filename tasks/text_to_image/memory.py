"""Whether a part of a model fits, and where it goes: known before it is read.

On a GPU that is too small the weights stay in RAM and come layer by layer, which is slow and works.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tasks import BadInput
from tasks.text_to_image.model_part import ModelPart, or_pocket

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


BYTES_OF = {"float32": 4, "bfloat16": 2, "float16": 2}
BYTES_OF_VARIANT = {None: 4, "fp32": 4}
"""Of an element in files that are not here yet; 2 for every other variant."""

FEED_FORWARD_SHARE = 0.22
"""Of T5's weights, the output of its feed-forward layers: transformers keeps them in float32 where
the rest is float16, since there they overflow (the reason why `.to(float16)` corrupts T5)."""

ACTIVATIONS = {"text_encoder": 0.0, "stage_one": 0.25, "stage_two": 0.25, "similarity": 0.25}
"""What a forward pass takes besides, as a share of the weights."""

BASE = GIB // 2
"""What it takes in any case: buffers, kernels, a batch of images."""

SMALLEST_GPU = 2 * GIB
"""Free on a GPU, for the largest layer and a batch of activations."""


@dataclass(frozen=True)
class Memory:
    """Free bytes; None where the system does not tell, and nothing is refused for it."""

    ram: int | None
    gpu: int | None = None


@dataclass(frozen=True)
class Placement:
    """where: "device", or "offload" for weights that stay in RAM. note: what to tell the user,
    empty if nothing is out of the ordinary."""

    where: Literal["device", "offload"]
    note: str = ""


def place(part: ModelPart, weights: int, device: str, free: Memory) -> Placement:
    """Where a part with `weights` bytes goes. Raises BadInput, with what is needed and what is
    free, if there is no room for it.

    weights: in memory, in the part's number format.
    """
    needed = math.ceil(weights * (1 + ACTIVATIONS[part.component])) + BASE
    if device != "cuda":
        if free.ram is not None and free.ram < needed:
            raise _no_room(part, f"{show_size(needed)} of memory, where {show_size(free.ram)}")
        return Placement("device")
    if free.gpu is None or free.gpu >= needed:
        return Placement("device")
    on_gpu = f"{show_size(needed)} on the GPU, where {show_size(free.gpu)} are free"
    if free.gpu < SMALLEST_GPU:
        least = f"at least {show_size(SMALLEST_GPU)} however it is held"
        raise _no_room(
            part, f"{show_size(needed)} on the GPU, {least}, where {show_size(free.gpu)}"
        )
    if free.ram is not None and free.ram < weights + BASE:
        in_ram = f"{show_size(weights + BASE)} of RAM to be held there, where {show_size(free.ram)}"
        raise _no_room(part, f"{on_gpu}, or {in_ram}")
    return Placement(
        "offload", f"{part.title} needs {on_gpu}: its weights stay in RAM, which is slower"
    )


def bytes_in_memory(part: ModelPart, elements: int) -> int:
    """Of a part with so many weights, in its number format."""
    size = elements * BYTES_OF[part.number_format]
    if part.component == "text_encoder" and part.number_format == "float16":
        size += int(elements * FEED_FORWARD_SHARE) * 2
    return size


def count_elements(folder: Path, names: Iterable[str]) -> int:
    """Numbers in safetensors files, from their headers. Raises BadInput for a damaged file."""
    return sum(_elements_of(folder / name) for name in names)


def estimate_elements(part: ModelPart, size: int) -> int:
    """Numbers in `size` bytes of files that are not here yet."""
    return size // BYTES_OF_VARIANT.get(part.variant, 2)


def free_memory(device: str) -> Memory:
    """What this process can have now. On a GPU, this starts torch."""
    if device != "cuda":
        return Memory(free_ram())
    import torch

    free, _ = torch.cuda.mem_get_info()
    # What torch keeps for itself and does not use is free for the next part.
    kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    return Memory(free_ram(), free + kept)


def free_ram(
    meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")
) -> int | None:
    """Bytes free for new programs, and no more than this container may take."""
    found = [size for size in (_free_on_host(meminfo), _free_in_cgroup(cgroup)) if size is not None]
    return min(found, default=None)


def _free_on_host(meminfo: Path) -> int | None:
    try:
        lines = (line.split() for line in meminfo.read_text().splitlines())
        return next(int(words[1]) * 1024 for words in lines if words[:1] == ["MemAvailable:"])
    except (OSError, StopIteration, ValueError, IndexError):
        return None


def _free_in_cgroup(cgroup: Path) -> int | None:
    try:
        limit = int((cgroup / "memory.max").read_text())  # "max" where there is none
        used = int((cgroup / "memory.current").read_text())
        stat = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        # Cached files count as used and are given up when memory is wanted.
        return limit - used + int(stat.get("inactive_file", 0)) + int(stat.get("active_file", 0))
    except (OSError, ValueError):
        return None


def _elements_of(path: Path) -> int:
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > path.stat().st_size:
                raise ValueError("its header is longer than the file")
            header = json.loads(file.read(length))
        end = max((entry["data_offsets"][1] for n, entry in header.items() if n[:2] != "__"))
        if 8 + length + end != path.stat().st_size:
            raise ValueError("it ends too early")
        return sum(math.prod(entry["shape"]) for n, entry in header.items() if n[:2] != "__")
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise BadInput(f"{path}: not a whole safetensors file ({error}); fetch it again") from error


def _no_room(part: ModelPart, needs: str) -> BadInput:
    smaller = (
        ""
        if part.component == "similarity"
        else f", choose a smaller model (--set backends.{part.backend}.stage_one=...)"
        if part.component != "text_encoder"
        else f", or give embeddings in its place (--set backends.{part.backend}.prompt_embeds=...)"
    )
    return BadInput(
        f"{part.title} needs {needs} are free; close other programs{smaller}"
        f"{or_pocket(part, 'next to none')}"
    )
