"""Guided class-conditioned sampling, D = 64, against two float32 forward passes a step."""

from __future__ import annotations

import functools
from functools import partial

import torch

from tasks.diffusion.networks.inference import InferenceNetwork
from tasks.diffusion.networks.unet import CourseUNet
from tasks.diffusion.process.generate import Request, generate
from tasks.diffusion.process.samplers import FlowSampler
from tasks.diffusion.seeds import seeded_initialisation
from tasks.running.device import keep_freed_memory
from tests.benchmarks.measure import Measurement, table, take_turns
from tests.benchmarks.plain_notebook import sample_flow_plainly

COUNT = 100
STEPS = 6
GUIDANCE_SCALE = 5.0
LABELS = torch.arange(COUNT).remainder(10)


@functools.cache
def _network() -> CourseUNet:
    with seeded_initialisation(0):
        return CourseUNet(64, "multiply", 10)


def plain() -> float:
    sample_flow_plainly(_network(), LABELS, steps=STEPS, guidance_scale=GUIDANCE_SCALE)
    return COUNT * STEPS


def darkroom(number_format: str) -> float:
    keep_freed_memory()
    generate(
        InferenceNetwork(_network(), "cpu", number_format),
        FlowSampler("euler", STEPS),
        [Request(0, COUNT, LABELS)],
        num_classes=10,
        guidance_scale=GUIDANCE_SCALE,
    )
    return COUNT * STEPS


def measure_speed(repeats: int) -> list[Measurement]:
    return take_turns(
        {
            "plain notebook, float32": plain,
            "Darkroom, float32": partial(darkroom, "float32"),
            "Darkroom, bfloat16": partial(darkroom, "bfloat16"),
        },
        "guided image-steps/s",
        repeats,
    )


def section(repeats: int) -> str:
    return f"""## Guided sampling, class-conditioned flow matching, D = 64

{COUNT} images, {STEPS} Euler steps, guidance {GUIDANCE_SCALE:g}; folding the normalisation and
casting the weights is counted in.

{table(measure_speed(repeats))}
"""
