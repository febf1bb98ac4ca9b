"""What the U-Net says of noisy pictures at once: the clean ones, and how well prompts fit."""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.diffusion.seeds import named_generator
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule, forward
from tasks.diffusion.trajectories.network_rows import UNet
from tasks.diffusion.trajectories.posterior import predicted_clean_image

TIMESTEPS = (150, 250, 350, 450, 550, 650, 750, 850)
"""Where neither the picture nor the noise hides the prompt's effect."""


@torch.no_grad()
def one_step_estimate(
    unet: UNet,
    schedule: DiffusionSchedule,
    noisy: Tensor,
    timesteps: Tensor,
    prompt_embeds: Tensor,
    negative_embeds: Tensor | None = None,
    *,
    guidance_scale: float = 1.0,
    max_rows: int,
    device: torch.device | str = "cpu",
) -> Tensor:
    """x_0 as it is seen in x_t, clipped to [-1, 1].

    noisy: [batch, 3, size, size]; timesteps: [batch] int64; prompt_embeds, negative_embeds:
    [length, width], the latter needed unless guidance_scale is 1. Returns the shape of noisy,
    float32 on the CPU.
    """
    eps = predicted_noise(unet, noisy, timesteps, prompt_embeds, max_rows=max_rows, device=device)
    if guidance_scale != 1:
        if negative_embeds is None:
            raise ValueError(f"guidance_scale {guidance_scale:g} needs negative_embeds")
        eps_u = predicted_noise(
            unet, noisy, timesteps, negative_embeds, max_rows=max_rows, device=device
        )
        eps = eps_u + guidance_scale * (eps - eps_u)  # Ho & Salimans 2022, eq. 6, 1 + w
    x_0 = predicted_clean_image(noisy.cpu().float(), eps, schedule.alpha_bar_at(timesteps))
    return x_0.clamp(-1, 1)


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

    A mean over timesteps, per pixel and channel (after Li et al. 2023, Your Diffusion Model is
    Secretly a Zero-Shot Classifier). The noise, drawn from seed, is the same for all pictures and
    prompts, so that scores compare.

    pictures: [picture, 3, size, size] in [-1, 1]; prompt_embeds: [prompt, length, width];
    negative_embeds: [length, width]. Returns [picture, prompt] float32; positive where the prompt
    helps. Costs pictures * (prompts + 1) * len(timesteps) rows.
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


@torch.no_grad()
def predicted_noise(
    unet: UNet,
    noisy: Tensor,
    timesteps: Tensor,
    prompt_embeds: Tensor,
    *,
    max_rows: int,
    device: torch.device | str = "cpu",
) -> Tensor:
    """The U-Net's noise estimates of many pictures for one prompt, max_rows at a time.

    noisy: [batch, 3, size, size]; timesteps: [batch]; prompt_embeds: [length, width], or
    [batch, length, width] for a prompt each. Returns the shape of noisy, float32 on the CPU.
    """
    prompts = prompt_embeds.expand(len(noisy), -1, -1)
    estimates = [
        unet(x.to(device).float(), t.to(device), p.to(device))[:, :3].float().cpu()
        for x, t, p in zip(
            noisy.split(max_rows), timesteps.split(max_rows), prompts.split(max_rows), strict=True
        )
    ]
    return torch.cat(estimates)
