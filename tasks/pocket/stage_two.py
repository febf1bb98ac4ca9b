"""Training of stage II: from 64 to 128 pixels, told how noisy its input was made."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tasks.pocket.batches import BatchSource, reduced
from tasks.pocket.objective import (
    NUM_TIMESTEPS,
    cosine_alpha_bar,
    min_snr_loss,
    noised,
    variance_loss,
)
from tasks.pocket.stage_one import VARIANCE_WEIGHT, Loss

NOISE_LEVELS = 400
"""Levels of noise on the condition seen in training: 0 to 399, the pipeline's 250 in the middle."""


def upscaled(pictures: Tensor, side: int) -> Tensor:
    """[batch, 3, s, s] to [batch, 3, side, side], as IFSuperResolutionPipeline upscales."""
    return functional.interpolate(pictures, size=(side, side), mode="bilinear", align_corners=True)


def super_resolution_loss(
    unet: nn.Module,
    embeddings: Tensor,
    source: BatchSource,
    number_format: torch.dtype,
    crop: int,
) -> Loss:
    """The hybrid loss on windows of `crop` pixels (128: whole pictures).

    embeddings: [captions, 77, width] of stage I's encoder. Windows come first because what stage
    II learns is local; whole pictures come last, for its few layers that see all of one.
    """
    alpha_bar = cosine_alpha_bar()

    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        batch = source.draw(batch_size, generator)
        x_0 = batch.pictures
        condition = upscaled(reduced(x_0, 2), x_0.shape[-1])
        if crop < x_0.shape[-1]:
            room = x_0.shape[-1] - crop + 1
            top, left = torch.randint(room, (2,), generator=generator).tolist()
            window = (..., slice(top, top + crop), slice(left, left + crop))
            x_0, condition = x_0[window], condition[window]
        level = torch.randint(NOISE_LEVELS, (batch_size,), generator=generator)
        condition = noised(condition, level, torch.randn(x_0.shape, generator=generator), alpha_bar)
        t = torch.randint(NUM_TIMESTEPS, (batch_size,), generator=generator)
        noise = torch.randn(x_0.shape, generator=generator)
        x_t = noised(x_0, t, noise, alpha_bar)
        with torch.autocast("cpu", dtype=number_format, enabled=number_format != torch.float32):
            out = unet(
                torch.cat([x_t, condition], dim=1),
                t,
                embeddings[batch.caption],
                class_labels=level,
            ).sample
        eps, variance = out.float().chunk(2, dim=1)
        return min_snr_loss(eps, noise, t, alpha_bar) + VARIANCE_WEIGHT * variance_loss(
            eps, variance, x_0, x_t, t, alpha_bar
        )

    return loss
