"""The size of a step in units of its kind, from which past durations foretell future ones.

The unit is one image through a network of width 64, forward only, give or take a constant that is
the same for all steps of a kind.
"""

from __future__ import annotations

import math

from flows.declaration.models import Classifier, DenoisingModel, GenerativeModel
from flows.declaration.objectives import (
    AncestralSampler,
    ConditionedNetwork,
    ConvNextNetwork,
    DDPMSampler,
    PlainNetwork,
    Sampler,
)
from flows.declaration.studies import Guide

REFERENCE_WIDTH = 64
# Narrow networks are bound by memory, whose traffic grows with the width; wide ones by
# arithmetic, which grows with its square. The two meet near this width.
BALANCE_WIDTH = 32
CONVNEXT_FACTOR = 2.7
"""Width of the course's network over that of a ConvNeXt-style one that takes as long."""


def cost_per_image(width: int) -> float:
    """Relative cost of one forward pass of one image; 1 at width 64."""
    at_reference = REFERENCE_WIDTH * (REFERENCE_WIDTH + BALANCE_WIDTH)
    return width * (width + BALANCE_WIDTH) / at_reference


def cost_width(network: PlainNetwork | ConditionedNetwork | ConvNextNetwork) -> int:
    """Width of the course's network that costs as much as `network`."""
    if isinstance(network, ConvNextNetwork):
        return round(CONVNEXT_FACTOR * network.hidden_width)
    return network.hidden_width


def training_work(
    trained: Classifier | DenoisingModel | GenerativeModel | Guide, width: int, train_rows: int
) -> float:
    steps = trained.steps_per_epoch or math.ceil(train_rows / trained.batch_size)
    images = min(trained.batch_size, train_rows) * steps * trained.epochs
    return 3 * images * cost_per_image(width)


def evaluations_of(model: GenerativeModel, sampler: Sampler) -> int:
    """Network evaluations that one image takes."""
    if isinstance(sampler, DDPMSampler | AncestralSampler):
        objective = model.objective
        return objective.num_timesteps if objective.kind != "flow_matching" else 1
    return sampler.steps * (2 if sampler.method in ("midpoint", "heun") else 1)


def sampling_work(
    model: GenerativeModel,
    images: int,
    guidance_scale: float | None,
    sampler: Sampler | None = None,
) -> float:
    """sampler: that of the model by default."""
    evaluations = evaluations_of(model, sampler or model.sampler)
    rows_per_image = 1 if guidance_scale is None or guidance_scale in (0.0, 1.0) else 2
    return images * evaluations * rows_per_image * cost_per_image(cost_width(model.network))


def denoising_work(model: DenoisingModel, test_rows: int, sigmas: int) -> float:
    return test_rows * max(sigmas, 1) * cost_per_image(model.network.hidden_width)
