"""Training of stage II: from 64 to 128 pixels, told how noisy its input was made."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tasks.pocket.objective import cosine_alpha_bar, noised
from tasks.pocket.stage_one import Loss, hybrid_loss, normal
from tasks.pocket.world.world import World, reduced

NOISE_LEVELS = 400
"""Levels of noise on the condition seen in training: 0 to 399, the pipeline's 250 in the middle."""


def upscaled(pictures: Tensor, side: int) -> Tensor:
    """[batch, 3, s, s] to [batch, 3, side, side], as IFSuperResolutionPipeline upscales."""
    return functional.interpolate(pictures, size=(side, side), mode="bilinear", align_corners=True)


def super_resolution_loss(
    unet: nn.Module,
    embeddings: Tensor,
    world: World,
    number_format: torch.dtype,
    crop: int,
) -> Loss:
    """The hybrid loss of velocity on windows of `crop` pixels (128: whole pictures).

    embeddings: [captions, 77, width] of stage I's encoder. Windows come first because what stage
    II learns is local; whole pictures come last, for its few layers that see all of one.
    """

    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        batch = world.draw(batch_size, generator)
        x_0 = batch.pictures
        condition = upscaled(reduced(x_0, 2), x_0.shape[-1])
        if crop < x_0.shape[-1]:
            room = x_0.shape[-1] - crop + 1
            top, left = torch.randint(room, (2,), generator=generator, device=x_0.device).tolist()
            window = (..., slice(top, top + crop), slice(left, left + crop))
            x_0, condition = x_0[window], condition[window]
        level = torch.randint(NOISE_LEVELS, (batch_size,), generator=generator, device=x_0.device)
        alpha_bar = cosine_alpha_bar().to(x_0.device)
        condition = noised(condition, level, normal(x_0, generator), alpha_bar)

        def predict(x_t: Tensor, t: Tensor) -> Tensor:
            both = torch.cat([x_t, condition], dim=1)
            return unet(both, t, embeddings[batch.caption], class_labels=level).sample

        return hybrid_loss(predict, x_0, generator, number_format, predicts_velocity=True)

    return loss
