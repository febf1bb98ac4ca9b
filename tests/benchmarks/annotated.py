"""The annotated write-up's network in training and sampling, width 28, against a plain notebook."""

from __future__ import annotations

import functools
import random
import statistics
from functools import partial

import torch
from torch import Tensor

from tasks.diffusion.autocast_network import AutocastNetwork
from tasks.diffusion.beta_schedules import noise_schedule
from tasks.diffusion.convnext_unet import ConvNextUNet
from tasks.diffusion.gaussian_process import mean_from_noise, posterior_variance
from tasks.diffusion.generate import Request, generate
from tasks.diffusion.noise_prediction import NoisePrediction
from tasks.diffusion.noise_samplers import DDIMSampler
from tasks.diffusion.seeds import seeded_initialisation
from tasks.diffusion.trainer import Recipe, train
from tasks.memory_allocator import keep_freed_memory
from tests.benchmarks.digits import digits
from tests.benchmarks.measure import Measurement, Work, table, take_turns
from tests.benchmarks.plain_annotated import train_annotated_plainly
from tests.diffusion.textbook_unet import textbook

WIDTH, HEADS = 28, 4
BATCH_SIZE = 128
STEPS = 5
LEARNING_RATE = 1e-3
SAMPLES, SAMPLING_STEPS = 64, 10
LOSS_WIDTH, LOSS_HEADS, LOSS_STEPS = 8, 1, 120
SEEDS = (0, 1, 2)
SCHEDULE = noise_schedule("linear", 200)


def _network(seed: int = 0, width: int = WIDTH, heads: int = HEADS) -> ConvNextUNet:
    with seeded_initialisation(seed):
        return ConvNextUNet(width, heads=heads)


def _plain(steps: int, seed: int = 0, width: int = WIDTH, heads: int = HEADS) -> list[float]:
    torch.manual_seed(seed)
    random.seed(seed)
    return train_annotated_plainly(
        textbook(_network(seed, width, heads)),
        SCHEDULE,
        digits()[0],
        batch_size=BATCH_SIZE,
        steps=steps,
        learning_rate=LEARNING_RATE,
    )


def _darkroom(
    number_format: str, steps: int, seed: int = 0, width: int = WIDTH, heads: int = HEADS
) -> list[float]:
    images, labels = digits()
    recipe = Recipe(
        batch_size=BATCH_SIZE,
        epochs=1,
        learning_rate=LEARNING_RATE,
        seed=seed,
        steps_per_epoch=steps,
        horizontal_flip=True,
        number_format=number_format,
    )
    state = train(
        _network(seed, width, heads),
        NoisePrediction(SCHEDULE),
        torch.from_numpy(images),
        torch.from_numpy(labels),
        recipe,
    )
    return state.losses.tolist()


def plain_images() -> float:
    return len(_plain(STEPS)) * BATCH_SIZE


def darkroom_images(number_format: str) -> float:
    keep_freed_memory()
    return len(_darkroom(number_format, STEPS)) * BATCH_SIZE


@functools.cache
def _sampled_network(is_textbook: bool) -> ConvNextUNet:
    return textbook(_network()) if is_textbook else _network()


@torch.no_grad()
def plain_sampling() -> float:
    """Ancestral steps in float32, as a notebook takes them; only the first few of them."""
    network = _sampled_network(True).eval()
    variance = posterior_variance(SCHEDULE)
    x: Tensor = torch.randn(SAMPLES, 1, 28, 28)
    for t in range(200, 200 - SAMPLING_STEPS, -1):
        eps = network(x, torch.full((SAMPLES,), float(t)))
        x = mean_from_noise(x, eps, SCHEDULE, t) + float(variance[t]) ** 0.5 * torch.randn_like(x)
    return SAMPLES * SAMPLING_STEPS


def darkroom_sampling(number_format: str) -> float:
    keep_freed_memory()
    generate(
        AutocastNetwork(_sampled_network(False), "cpu", number_format),
        DDIMSampler(SCHEDULE, SAMPLING_STEPS, eta=1.0),
        [Request(0, SAMPLES)],
        pixel_range=(-1.0, 1.0),
    )
    return SAMPLES * SAMPLING_STEPS


def measure_training(repeats: int) -> list[Measurement]:
    variants: dict[str, Work] = {
        "plain notebook, float32": plain_images,
        "Darkroom, float32": partial(darkroom_images, "float32"),
        "Darkroom, bfloat16": partial(darkroom_images, "bfloat16"),
    }
    return take_turns(variants, "images/s", repeats)


def measure_sampling(repeats: int) -> list[Measurement]:
    variants: dict[str, Work] = {
        "plain notebook, float32": plain_sampling,
        "Darkroom, float32": partial(darkroom_sampling, "float32"),
        "Darkroom, bfloat16": partial(darkroom_sampling, "bfloat16"),
    }
    return take_turns(variants, "image-steps/s", repeats)


def final_losses() -> dict[str, list[float]]:
    """Mean loss of the last third of a short run, for several seeds, of a narrow network."""

    def tail(losses: list[float]) -> float:
        return statistics.mean(losses[-LOSS_STEPS // 3 :])

    def plain(seed: int) -> float:
        return tail(_plain(LOSS_STEPS, seed, LOSS_WIDTH, LOSS_HEADS))

    def darkroom(seed: int) -> float:
        return tail(_darkroom("bfloat16", LOSS_STEPS, seed, LOSS_WIDTH, LOSS_HEADS))

    return {
        "plain notebook, float32": [plain(seed) for seed in SEEDS],
        "Darkroom, bfloat16": [darkroom(seed) for seed in SEEDS],
    }


def section(repeats: int) -> str:
    losses = "\n".join(
        f"| {name} | {statistics.mean(values):.4f} | "
        f"{', '.join(f'{value:.4f}' for value in values)} |"
        for name, values in final_losses().items()
    )
    return f"""## The annotated write-up's network, width {WIDTH}

Training with batches of {BATCH_SIZE}, {STEPS} steps a run on the embedded digits, each run in a
process of its own after one warm-up; construction of network and optimiser included.

{table(measure_training(repeats))}

Sampling {SAMPLES} images, {SAMPLING_STEPS} ancestral steps:

{table(measure_sampling(repeats))}

Loss at width {LOSS_WIDTH}, mean over the last {LOSS_STEPS // 3} of {LOSS_STEPS} steps, seeds
{SEEDS}:

| variant | mean | each seed |
|---|---:|---|
{losses}
"""
