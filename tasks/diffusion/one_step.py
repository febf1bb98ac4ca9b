"""The clean picture guessed in one step, from one noise estimate."""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.diffusion.diffusion_schedule import DiffusionSchedule
from tasks.diffusion.network_rows import UNet
from tasks.diffusion.posterior import predicted_clean_image


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
    """x_0 = (x_t - sqrt(1 - abar_t) eps) / sqrt(abar_t), clipped to [-1, 1].

    noisy: [n, 3, S, S]; timesteps: [n] int64; prompt_embeds, negative_embeds: [length, width], the
    latter needed unless guidance_scale is 1. Returns [n, 3, S, S] float32 on the CPU.
    """
    eps = predicted_noise(unet, noisy, timesteps, prompt_embeds, max_rows=max_rows, device=device)
    if guidance_scale != 1:
        if negative_embeds is None:
            raise ValueError(f"guidance_scale {guidance_scale:g} needs negative_embeds")
        eps_u = predicted_noise(
            unet, noisy, timesteps, negative_embeds, max_rows=max_rows, device=device
        )
        eps = eps_u + guidance_scale * (eps - eps_u)
    x_0 = predicted_clean_image(noisy.cpu().float(), eps, schedule.alpha_bar_at(timesteps))
    return x_0.clamp(-1, 1)


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

    noisy: [n, 3, S, S]; timesteps: [n]; prompt_embeds: [length, width], or [n, length, width] for a
    prompt each. Returns [n, 3, S, S] float32 on the CPU.
    """
    prompts = prompt_embeds.expand(len(noisy), -1, -1)
    estimates = [
        unet(x.to(device).float(), t.to(device), p.to(device))[:, :3].float().cpu()
        for x, t, p in zip(
            noisy.split(max_rows), timesteps.split(max_rows), prompts.split(max_rows), strict=True
        )
    ]
    return torch.cat(estimates)
