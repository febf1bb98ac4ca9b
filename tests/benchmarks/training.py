"""Images a second in training, D = 64, batch 128, against a plain notebook trainer."""

from __future__ import annotations

import functools
import shutil
import statistics
from functools import partial
from typing import cast

import torch
from torch import nn

from tasks.diffusion.networks.unet import CourseUNet
from tasks.diffusion.process.noise_schedules import noise_schedule
from tasks.diffusion.process.objectives import DDPM
from tasks.diffusion.process.trainer import Recipe, train
from tasks.diffusion.seeds import seeded_initialisation
from tasks.running.device import keep_freed_memory
from tests.benchmarks.digits import digits
from tests.benchmarks.measure import Measurement, Work, table, take_turns
from tests.benchmarks.plain_notebook import train_plainly

BATCH_SIZE = 128
STEPS = 12
LEARNING_RATE = 1e-3
LOSS_STEPS = 150
SEEDS = (0, 1, 2)


def _network(seed: int = 0, hidden_width: int = 64) -> CourseUNet:
    with seeded_initialisation(seed):
        return CourseUNet(hidden_width, "add", 10)


def _darkroom(
    number_format: str,
    steps: int,
    seed: int = 0,
    hidden_width: int = 64,
    network: nn.Module | None = None,
) -> list[float]:
    images, labels = digits()
    recipe = Recipe(
        batch_size=BATCH_SIZE,
        epochs=1,
        learning_rate=LEARNING_RATE,
        seed=seed,
        steps_per_epoch=steps,
        number_format=number_format,
    )
    state = train(
        _network(seed, hidden_width) if network is None else network,
        DDPM(noise_schedule("linear", 300), 10, 0.1),
        torch.from_numpy(images),
        torch.from_numpy(labels),
        recipe,
    )
    return state.losses.tolist()


def _plain(steps: int, seed: int = 0, hidden_width: int = 64) -> list[float]:
    images, labels = digits()
    torch.manual_seed(seed)
    return train_plainly(
        _network(seed, hidden_width),
        noise_schedule("linear", 300),
        images,
        labels,
        batch_size=BATCH_SIZE,
        steps=steps,
        learning_rate=LEARNING_RATE,
    )


def plain_images() -> float:
    return len(_plain(STEPS)) * BATCH_SIZE


def darkroom_images(number_format: str) -> float:
    keep_freed_memory()
    return len(_darkroom(number_format, STEPS)) * BATCH_SIZE


def compiled_images() -> float:
    keep_freed_memory()
    return len(_darkroom("bfloat16", STEPS, network=_compiled_network())) * BATCH_SIZE


@functools.cache
def _compiled_network() -> nn.Module:
    # Once a process, in its warm-up; whether it pays is what the row is for.
    return cast(nn.Module, torch.compile(_network()))


def measure_speed(repeats: int) -> list[Measurement]:
    variants: dict[str, Work] = {
        "plain notebook, float32": plain_images,
        "Darkroom, float32": partial(darkroom_images, "float32"),
        "Darkroom, bfloat16": partial(darkroom_images, "bfloat16"),
    }
    if shutil.which("g++"):
        variants["Darkroom, bfloat16, torch.compile"] = compiled_images
    return take_turns(variants, "images/s", repeats)


def final_losses() -> dict[str, list[float]]:
    """Mean loss of the last third of a short run, for several seeds, at a narrow width."""

    def tail(losses: list[float]) -> float:
        return statistics.mean(losses[-LOSS_STEPS // 3 :])

    return {
        "plain notebook, float32": [tail(_plain(LOSS_STEPS, s, 16)) for s in SEEDS],
        "Darkroom, bfloat16": [tail(_darkroom("bfloat16", LOSS_STEPS, s, 16)) for s in SEEDS],
    }


def section(repeats: int) -> str:
    losses = "\n".join(
        f"| {name} | {statistics.mean(values):.4f} | "
        f"{', '.join(f'{value:.4f}' for value in values)} |"
        for name, values in final_losses().items()
    )
    return f"""## Training, class-conditioned DDPM, D = 64, batch {BATCH_SIZE}

{STEPS} steps a run on the UCI digits, each run in a process of its own after one warm-up;
construction of the network and optimiser included.

{table(measure_speed(repeats))}

Loss at D = 16, mean over the last {LOSS_STEPS // 3} of {LOSS_STEPS} steps, seeds {SEEDS}:

| variant | mean | each seed |
|---|---:|---|
{losses}
"""
