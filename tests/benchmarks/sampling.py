"""Guided class-conditioned sampling, D = 64, against two float32 forward passes a step."""

from __future__ import annotations

import torch

from tasks.diffusion.generate import Request, generate
from tasks.diffusion.inference import InferenceNetwork
from tasks.diffusion.samplers import FlowSampler
from tasks.diffusion.seeds import seeded_initialisation
from tasks.diffusion.unet import CourseUNet
from tests.benchmarks.measure import Measurement, table, take_turns
from tests.benchmarks.plain_notebook import sample_flow_plainly

COUNT = 100
STEPS = 6
GUIDANCE_SCALE = 5.0
LABELS = torch.arange(COUNT).remainder(10)


def measure_speed(repeats: int) -> list[Measurement]:
    with seeded_initialisation(0):
        network = CourseUNet(64, "multiply", 10)

    def plain() -> float:
        sample_flow_plainly(network, LABELS, steps=STEPS, guidance_scale=GUIDANCE_SCALE)
        return COUNT * STEPS

    def darkroom(number_format: str) -> float:
        generate(
            InferenceNetwork(network, "cpu", number_format),
            FlowSampler("euler", STEPS),
            [Request(0, COUNT, LABELS)],
            num_classes=10,
            guidance_scale=GUIDANCE_SCALE,
        )
        return COUNT * STEPS

    return take_turns(
        {
            "plain notebook, float32": plain,
            "Darkroom, float32": lambda: darkroom("float32"),
            "Darkroom, bfloat16": lambda: darkroom("bfloat16"),
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
