"""How well a picture fits a prompt, by the model that drew it: no other network is needed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tasks.diffusion.diffusion_schedule import DiffusionSchedule, forward
from tasks.diffusion.network_rows import UNet
from tasks.diffusion.one_step import predicted_noise
from tasks.diffusion.seeds import named_generator

TIMESTEPS = (150, 250, 350, 450, 550, 650, 750, 850)
"""Where neither the picture nor the noise hides the prompt's effect."""


def alignment_scores(
    unet: UNet,
    schedule: DiffusionSchedule,
    pictures: Tensor,
    prompt_embeds: Tensor,
    negative_embeds: Tensor,
    *,
    seed: int,
    max_rows: int,
    device: torch.device | str = "cpu",
    timesteps: tuple[int, ...] = TIMESTEPS,
) -> Tensor:
    """S_ij: how much better the noise in picture i is found when prompt j is given.

    The mean over timesteps of |eps - eps_uncond|^2 - |eps - eps_cond|^2, per pixel and channel (Li
    et al. 2023, Your Diffusion Model is Secretly a Zero-Shot Classifier, eq. 5). The noise, drawn
    from seed, is the same for all pictures and prompts, so that scores compare.

    pictures: [n, 3, S, S] in [-1, 1]; prompt_embeds: [m, length, width]; negative_embeds:
    [length, width]. Returns [n, m] float32; positive where the prompt helps. Costs
    n * (m + 1) * len(timesteps) rows.
    """
    n, num_times, size = len(pictures), len(timesteps), pictures.shape[-1]
    generator = named_generator(seed, "alignment")
    eps = torch.randn(num_times, 3, size, size, generator=generator).repeat(n, 1, 1, 1)
    t = torch.tensor(timesteps).repeat(n)
    noisy = forward(schedule, pictures.cpu().float().repeat_interleave(num_times, dim=0), t, eps)

    def error(embeds: Tensor) -> Tensor:
        estimate = predicted_noise(unet, noisy, t, embeds, max_rows=max_rows, device=device)
        return (eps - estimate).square().flatten(1).mean(dim=1).reshape(n, num_times)

    unconditional = error(negative_embeds)
    return torch.stack(
        [(unconditional - error(embeds)).mean(dim=1) for embeds in prompt_embeds], dim=1
    )


@dataclass(frozen=True)
class IllusionScores:
    """alignment: how well the worst view fits its prompt. concealment: how well views and prompts
    tell each other apart, in [0, 1]."""

    alignment: float
    concealment: float


def illusion_scores(scores: Tensor, temperature: float) -> IllusionScores:
    """Of one anagram (Geng et al. 2024, Visual Anagrams, section 4.1).

    scores: [v, v], of view i of the picture under prompt j. temperature: in the units of scores.
    """
    by_row, by_column = (
        (scores / temperature).softmax(dim=dim).diagonal().mean() for dim in (1, 0)
    )
    return IllusionScores(
        alignment=float(scores.diagonal().min()), concealment=float((by_row + by_column) / 2)
    )
