"""The size of a step in units of its kind, from which past durations foretell future ones.

The unit is one image through a network of width 64, forward only, give or take a constant that is
the same for all steps of a kind.
"""

from __future__ import annotations

import math

from flows.declaration.models import Classifier, DenoisingModel, GenerativeModel

REFERENCE_WIDTH = 64
# Narrow networks are bound by memory, whose traffic grows with the width; wide ones by
# arithmetic, which grows with its square. The two meet near this width.
BALANCE_WIDTH = 32


def cost_per_image(width: int) -> float:
    """Relative cost of one forward pass of one image; 1 at width 64."""
    at_reference = REFERENCE_WIDTH * (REFERENCE_WIDTH + BALANCE_WIDTH)
    return width * (width + BALANCE_WIDTH) / at_reference


def training_work(
    trained: Classifier | DenoisingModel | GenerativeModel, width: int, train_rows: int
) -> float:
    steps = trained.steps_per_epoch or math.ceil(train_rows / trained.batch_size)
    images = min(trained.batch_size, train_rows) * steps * trained.epochs
    return 3 * images * cost_per_image(width)


def sampling_work(model: GenerativeModel, images: int, guidance_scale: float | None) -> float:
    sampler = model.sampler
    if sampler.method == "ddpm":
        objective = model.objective
        evaluations = objective.num_timesteps if objective.kind == "ddpm" else 1
    else:
        evaluations = sampler.steps * (1 if sampler.method == "euler" else 2)
    rows_per_image = 1 if guidance_scale is None or guidance_scale in (0.0, 1.0) else 2
    return images * evaluations * rows_per_image * cost_per_image(model.network.hidden_width)


def denoising_work(model: DenoisingModel, test_rows: int, sigmas: int) -> float:
    return test_rows * max(sigmas, 1) * cost_per_image(model.network.hidden_width)
