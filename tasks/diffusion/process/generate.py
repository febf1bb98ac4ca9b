"""Many samples at once: requests with seeds of their own, packed into full batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks import StepCancelled, StepFailed
from tasks.diffusion.process.guidance import guided_prediction
from tasks.diffusion.process.samplers import Sampler
from tasks.diffusion.seeds import named_generator

GuidedPrediction = Callable[[nn.Module, Tensor, Tensor, Tensor | None, float], Tensor]
"""network, x, t, c, guidance_scale to the prediction; see guidance.guided_prediction."""

BLOCK_ROWS = 50
"""Images that share a generator. Fixed, so that results do not depend on how blocks are batched."""

BATCH_ROWS = 200
"""Images walked together; twice as many rows reach the network under guidance."""


@dataclass(frozen=True)
class Request:
    """Images to draw from one seed.

    labels: [count] int64, the class of each, or None for a network without classes.
    num_frames: how many intermediate states to keep, evenly spread, the last being the sample.
    """

    seed: int
    count: int
    labels: Tensor | None = None
    num_frames: int = 0


@dataclass(frozen=True)
class Generated:
    """images: [count, 28, 28] uint8; values: the same, float32, as the sampler left them. frames:
    [num_frames, count, 28, 28] uint8; times: [num_frames] float32, the t each frame has reached,
    as the sampler counts it."""

    images: Tensor
    values: Tensor
    frames: Tensor
    times: Tensor


@dataclass
class _Block:
    request: int
    labels: Tensor | None
    rows: int
    generator: torch.Generator
    steps: list[int]
    frames: list[Tensor] = field(default_factory=list)
    values: Tensor | None = None


@torch.no_grad()
def generate(
    network: nn.Module,
    sampler: Sampler,
    requests: list[Request],
    *,
    num_classes: int = 0,
    guidance_scale: float = 1.0,
    guided: GuidedPrediction = guided_prediction,
    start: Callable[[Tensor], Tensor] = lambda noise: noise,
    pixel_range: tuple[float, float] = (0.0, 1.0),
    device: torch.device | str = "cpu",
    report: Callable[[float, float, str], None] = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Generated]:
    """Sample every request, in order.

    guided: prediction for a class at a guidance scale. start: x at the first step from standard
    normal noise. pixel_range: what the network takes black and white to be.

    Each block of BLOCK_ROWS images draws its noise from its own generator on the CPU, so an image
    depends on its seed, its place in its request and the network, never on its neighbours.

    Raises ValueError for labels that do not fit the network; StepCancelled when should_stop says
    so; StepFailed if a sample is not finite.
    """
    blocks = _blocks(requests, num_classes, sampler.num_steps)
    batches = _batches(blocks)
    total = len(batches) * sampler.num_steps
    times: dict[int, Tensor] = {}
    for number, batch in enumerate(batches):
        c = _one_hot(batch, num_classes, device)

        def draw_noise(batch: list[_Block] = batch) -> Tensor:
            return torch.cat(
                [torch.randn(block.rows, 1, 28, 28, generator=block.generator) for block in batch]
            ).to(device)

        def predict(x: Tensor, t: Tensor, c: Tensor | None = c) -> Tensor:
            return guided(network, x, t, c, guidance_scale)

        reached: list[float] = []
        x = first = start(draw_noise())
        for step, (time, reached_x) in enumerate(sampler.walk(predict, first, draw_noise)):
            x = reached_x
            reached.append(time)
            for block, part in _split(x, batch):
                if step in block.steps:
                    block.frames.append(to_uint8(part, pixel_range))
            report(number * sampler.num_steps + step + 1, total, "sampling")
            if should_stop():
                raise StepCancelled("sampling was stopped; the next run starts this step again.")
        if not bool(x.isfinite().all()):
            raise StepFailed(
                f"sampling gave non-finite pixels at guidance {guidance_scale:g}; train the model "
                "with a lower learning_rate, or sample in float32 (--number-format float32)"
            )
        for block, part in _split(x, batch):
            block.values = part[:, 0].float().cpu()
            times[block.request] = torch.tensor([reached[step] for step in block.steps])
    return [_gather(index, blocks, times[index], pixel_range) for index in range(len(requests))]


def to_uint8(x: Tensor, pixel_range: tuple[float, float] = (0.0, 1.0)) -> Tensor:
    """[batch, 1, height, width] in pixel_range, clipped there, as [batch, height, width] uint8 on
    the CPU."""
    low, high = pixel_range
    unit = (x[:, 0] - low) / (high - low)
    return unit.clamp(0, 1).mul(255).round().to("cpu", torch.uint8)


def _blocks(requests: list[Request], num_classes: int, num_steps: int) -> list[_Block]:
    blocks = []
    for index, request in enumerate(requests):
        labels = request.labels
        if (labels is not None) != bool(num_classes):
            raise ValueError("labels are needed for, and only for, a network with classes")
        steps = _frame_steps(request.num_frames, num_steps)
        for number, start in enumerate(range(0, request.count, BLOCK_ROWS)):
            rows = min(BLOCK_ROWS, request.count - start)
            chosen = None if labels is None else labels[start : start + rows]
            generator = named_generator(request.seed, "sample", number)
            blocks.append(_Block(index, chosen, rows, generator, steps))
    return blocks


def _batches(blocks: list[_Block]) -> list[list[_Block]]:
    batches: list[list[_Block]] = []
    for block in blocks:
        if not batches or sum(b.rows for b in batches[-1]) + block.rows > BATCH_ROWS:
            batches.append([])
        batches[-1].append(block)
    return batches


def _frame_steps(num_frames: int, num_steps: int) -> list[int]:
    """Which steps to keep: evenly spread, ending with the last, none twice."""
    num_frames = min(num_frames, num_steps)
    return [round((k + 1) * num_steps / num_frames) - 1 for k in range(num_frames)]


def _one_hot(batch: list[_Block], num_classes: int, device: torch.device | str) -> Tensor | None:
    if not num_classes:
        return None
    labels = torch.cat([block.labels for block in batch if block.labels is not None])
    return F.one_hot(labels, num_classes).float().to(device)


def _split(x: Tensor, batch: list[_Block]) -> list[tuple[_Block, Tensor]]:
    return list(zip(batch, x.split([block.rows for block in batch]), strict=True))


def _gather(
    index: int, blocks: list[_Block], times: Tensor, pixel_range: tuple[float, float]
) -> Generated:
    mine = [block for block in blocks if block.request == index]
    values = torch.cat([block.values for block in mine if block.values is not None])
    images = to_uint8(values[:, None], pixel_range)
    frames = [torch.cat([block.frames[k] for block in mine]) for k in range(len(mine[0].frames))]
    stacked = torch.stack(frames) if frames else torch.empty(0, *images.shape, dtype=torch.uint8)
    return Generated(images, values, stacked, times)
