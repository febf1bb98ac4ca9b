"""The annotated write-up's network in training and sampling, width 28, against a plain notebook."""

from __future__ import annotations

import functools
import random
import statistics
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from tasks.diffusion.networks.convnext_unet import ConvNextUNet
from tasks.diffusion.networks.inference import AutocastNetwork
from tasks.diffusion.process.gaussian_process import mean_from_noise, posterior_variance
from tasks.diffusion.process.generate import Request, generate
from tasks.diffusion.process.noise_schedules import noise_schedule
from tasks.diffusion.process.objectives import NoisePrediction
from tasks.diffusion.process.samplers import DDIMSampler
from tasks.diffusion.process.trainer import Recipe, train
from tasks.diffusion.seeds import seeded_initialisation
from tasks.running.device import keep_freed_memory
from tests.benchmarks.digits import digits
from tests.benchmarks.measure import Measurement, Work, table, take_turns
from tests.benchmarks.plain_annotated import train_annotated_plainly
from tests.diffusion.networks.textbook_unet import textbook

SAMPLES, SAMPLING_STEPS = 64, 10
SEEDS = (0, 1, 2)
SCHEDULE = noise_schedule("linear", 200)


@dataclass(frozen=True)
class Setting:
    """A network and a training of it."""

    width: int
    heads: int
    batch_size: int
    steps: int
    learning_rate: float
    seed: int = 0

    def network(self) -> ConvNextUNet:
        with seeded_initialisation(self.seed):
            return ConvNextUNet(self.width, heads=self.heads)


TIMED = Setting(width=28, heads=4, batch_size=128, steps=5, learning_rate=1e-3)
# Narrow, and long enough for its loss to come down.
COMPARED = Setting(width=8, heads=1, batch_size=32, steps=300, learning_rate=4e-3)


def _plain(setting: Setting) -> list[float]:
    torch.manual_seed(setting.seed)
    random.seed(setting.seed)
    return train_annotated_plainly(
        textbook(setting.network()),
        SCHEDULE,
        digits()[0],
        batch_size=setting.batch_size,
        steps=setting.steps,
        learning_rate=setting.learning_rate,
    )


def _darkroom(number_format: str, setting: Setting) -> list[float]:
    images, labels = digits()
    recipe = Recipe(
        batch_size=setting.batch_size,
        epochs=1,
        learning_rate=setting.learning_rate,
        seed=setting.seed,
        steps_per_epoch=setting.steps,
        horizontal_flip=True,
        number_format=number_format,
    )
    state = train(
        setting.network(),
        NoisePrediction(SCHEDULE),
        torch.from_numpy(images),
        torch.from_numpy(labels),
        recipe,
    )
    return state.losses.tolist()


def plain_images() -> float:
    return len(_plain(TIMED)) * TIMED.batch_size


def darkroom_images(number_format: str) -> float:
    keep_freed_memory()
    return len(_darkroom(number_format, TIMED)) * TIMED.batch_size


@functools.cache
def _sampled_network(is_textbook: bool) -> ConvNextUNet:
    return textbook(TIMED.network()) if is_textbook else TIMED.network()


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
        return statistics.mean(losses[-COMPARED.steps // 3 :])

    settings = [replace(COMPARED, seed=seed) for seed in SEEDS]
    return {
        "plain notebook, float32": [tail(_plain(setting)) for setting in settings],
        "Darkroom, bfloat16": [tail(_darkroom("bfloat16", setting)) for setting in settings],
    }


def section(repeats: int) -> str:
    losses = "\n".join(
        f"| {name} | {statistics.mean(values):.4f} | "
        f"{', '.join(f'{value:.4f}' for value in values)} |"
        for name, values in final_losses().items()
    )
    return f"""## The annotated write-up's network, width {TIMED.width}

Training with batches of {TIMED.batch_size}, {TIMED.steps} steps a run on the UCI digits, each
in a process of its own after one warm-up; construction of network and optimiser included.

{table(measure_training(repeats))}

Sampling {SAMPLES} images, {SAMPLING_STEPS} ancestral steps:

{table(measure_sampling(repeats))}

Loss at width {COMPARED.width}, mean over the last {COMPARED.steps // 3} of {COMPARED.steps} steps,
seeds {SEEDS}:

| variant | mean | each seed |
|---|---:|---|
{losses}
"""
