"""How good the pocket model's pictures are, apart from what they show: grain, and how much of a
photograph it keeps. Pictures are in [-1, 1]."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tasks.diffusion.measures import LEVELS_PER_UNIT, psnr, root_mean_square_distance
from tasks.diffusion.seeds import derive_seed, named_generator
from tasks.diffusion.trajectories.trajectory import Trajectory
from tasks.pocket.objective import noised
from tasks.pocket.sampler import PocketSampler
from tasks.pocket.world.world import ANY_PHOTO, World, reduced

ONE_STEP_TIMESTEPS = (390, 690)
I_STARTS = (1, 3, 5, 7, 10, 20)
HOLE = ((0.3, 0.1), (0.7, 0.55))
"""The hole of the inpainting measure: two corners, in fractions of the side."""


def grain(pictures: Tensor) -> Tensor:
    """Standard deviation of the noise in each picture, in 8-bit levels, [n].

    Immerkaer 1996, "Fast Noise Variance Estimation": the mean of a difference of two Laplacians
    that is blind to edges of constant slope, over all colours. pictures: [n, 3, S, S].
    """
    kernel = torch.tensor([[1.0, -2, 1], [-2, 4, -2], [1, -2, 1]], device=pictures.device)
    planes = (pictures.float() * LEVELS_PER_UNIT).flatten(0, 1)[:, None]
    answer = functional.conv2d(planes, kernel.view(1, 1, 3, 3)).abs().mean(dim=(1, 2, 3))
    return (math.sqrt(math.pi / 2) / 6 * answer).view(len(pictures), -1).mean(1)


@dataclass(frozen=True)
class Kept:
    """What is left of photographs. pictures: by what was done, [n, 3, 64, 64]."""

    metrics: dict[str, float]
    pictures: dict[str, Tensor]


def of_photographs(sampler: PocketSampler, photographs: Tensor, seed: int) -> Kept:
    """photographs: [n, 3, 64, 64]. All under the neutral prompt.

    Metrics, means over the photographs: onestep_psnr_<t> of the one-step estimate; edit_psnr_<i>
    of SDEdit from the last of I_STARTS and edits_faithful, the share whose distance to the original
    never rises with i_start; hole_psnr of what inpainting puts into HOLE.
    """
    metrics: dict[str, float] = {}
    pictures: dict[str, Tensor] = {"original": photographs}
    for t in ONE_STEP_TIMESTEPS:
        estimate = one_step(sampler, photographs, t, seed)
        metrics[f"onestep_psnr_{t}"] = float(psnr(estimate, photographs).mean())
        pictures[f"onestep_{t}"] = estimate
    edited = sampler.take(
        [
            _trajectory(sampler, photographs[n], seed, n, i_start=i_start)
            for i_start in I_STARTS
            for n in range(len(photographs))
        ]
    ).view(len(I_STARTS), *photographs.shape)
    far = [
        [root_mean_square_distance(edit, original) for edit in edits]
        for edits, original in zip(edited.transpose(0, 1), photographs, strict=True)
    ]
    falls = [sorted(distances, reverse=True) == distances for distances in far]
    metrics["edits_faithful"] = sum(falls) / len(falls)
    metrics[f"edit_psnr_{I_STARTS[-1]}"] = float(psnr(edited[-1], photographs).mean())
    pictures |= {f"edit_{i}": edits for i, edits in zip(I_STARTS, edited, strict=True)}
    mask = hole(photographs.shape[-1])
    filled = sampler.take(
        [_trajectory(sampler, photographs[n], seed, n, mask=mask) for n in range(len(photographs))]
    )
    inside = mask[0] > 0.5
    metrics["hole_psnr"] = float(
        psnr(filled[..., inside][..., None], photographs[..., inside][..., None]).mean()
    )
    pictures["inpainted"] = filled
    return Kept(metrics, pictures)


@torch.no_grad()
def one_step(sampler: PocketSampler, photographs: Tensor, t: int, seed: int) -> Tensor:
    """x_0 as estimated from x_t at once, unguided (Ho et al. 2020, eq. 15)."""
    device = sampler.settings.device
    alpha_bar = sampler.schedule.alpha_bar
    noise = torch.randn(photographs.shape, generator=named_generator(seed, "one step", t))
    at = torch.full((len(photographs),), t)
    x_t = noised(photographs, at, noise, alpha_bar)
    embeds = sampler.embeddings([ANY_PHOTO])[ANY_PHOTO].expand(len(photographs), -1, -1)
    eps = sampler.stage_one(x_t.to(device), at.to(device), embeds)[:, :3].cpu()
    level = float(alpha_bar[t])
    return ((x_t - (1 - level) ** 0.5 * eps) / level**0.5).clamp(-1, 1)


def hole(side: int) -> Tensor:
    """[1, side, side], 1 inside HOLE."""
    (left, top), (right, bottom) = ((round(side * x), round(side * y)) for x, y in HOLE)
    mask = torch.zeros(1, side, side)
    mask[:, top:bottom, left:right] = 1
    return mask


def of_enlargements(
    sampler: PocketSampler, world: World, count: int, seed: int, noise_levels: Sequence[int]
) -> Kept:
    """Stage II on `count` pictures of a world at 128 pixels that it was not trained on, halved.

    Metrics: enlarged_psnr_<level> for each noise level of its input, bicubic_psnr; enlarged_grain
    of the first level, bicubic_grain and drawn_grain, medians.
    """
    batch = world.draw(count, named_generator(seed, "enlarged", device=world.device), empty=0)
    drawn = batch.pictures.cpu()
    halved = reduced(drawn, 2)
    texts = [world.texts[number] for number in batch.caption.tolist()]
    bicubic = functional.interpolate(halved, scale_factor=2, mode="bicubic", align_corners=False)
    pictures = {"halved": halved, "bicubic": bicubic, "drawn": drawn}
    metrics = {
        "bicubic_psnr": float(psnr(bicubic, drawn).mean()),
        "bicubic_grain": float(grain(bicubic).median()),
        "drawn_grain": float(grain(drawn).median()),
    }
    for level in noise_levels:
        enlarged = sampler.enlarge(halved, texts, level)
        metrics[f"enlarged_psnr_{level}"] = float(psnr(enlarged, drawn).mean())
        pictures[f"enlarged_{level}"] = enlarged
    metrics["enlarged_grain"] = float(grain(pictures[f"enlarged_{noise_levels[0]}"]).median())
    return Kept(metrics, pictures)


def _trajectory(
    sampler: PocketSampler,
    photograph: Tensor,
    seed: int,
    number: int,
    i_start: int | None = None,
    mask: Tensor | None = None,
) -> Trajectory:
    embeds = sampler.embeddings([ANY_PHOTO])
    what = "inpainted" if mask is not None else f"edited from i_start {i_start}"
    return Trajectory(
        name=f"photograph {number}, {what}",
        # One noise for all i_start of a photograph, as the write-ups compare them.
        seed=derive_seed(seed, "photograph", number),
        timesteps=sampler.settings.timesteps,
        prompt_embeds=(embeds[ANY_PHOTO],),
        negative_embeds=embeds[""],
        guidance_scale=sampler.settings.guidance_scale,
        combination=sampler.settings.combination,
        image=photograph,
        i_start=i_start,
        mask=mask,
    )
