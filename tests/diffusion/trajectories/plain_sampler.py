"""A notebook's loop: one trajectory, one network row at a time, diffusers' scheduler for the step.

Slow and plain, so that what the engine packs and batches can be checked against it.
"""

from __future__ import annotations

import torch

from tasks.diffusion.seeds import SeededNoise, named_generator
from tests.diffusion.trajectories.miniature import scheduler


def same(x):
    return x


def plain_sample(
    unet,
    *,
    seed,
    timesteps,
    prompts,
    negative,
    guidance_scale,
    size,
    views=((same, same, same),),
    maps=(same,),
    is_sum=False,
    image=None,
    i_start=None,
    mask=None,
    reference=None,
    fixed=None,
    guidance_interval=(0, 1000),
):
    """views: (see, bring noise back, bring variance back) for each prompt. Returns [3, S, S]."""
    steps = scheduler()
    steps.set_timesteps(timesteps=list(timesteps))
    source = SeededNoise(seed)
    step_noise = named_generator(seed, "trajectory", "step")

    def noise(stream):
        out = torch.empty(3, size, size)
        source.fill(stream, out)
        return out[None]

    def noised(clean, t, stream):
        return steps.add_noise(clean[None], noise(stream), torch.tensor([t]))

    visited = timesteps[i_start or 0 :]
    x = noise("start") if i_start is None else noised(image, visited[0], "start")
    for t, t_next in zip(visited, (*visited[1:], None), strict=True):
        eps, variance = 0, 0
        for (see, bring_back, bring_variance_back), part, embeds in zip(
            views, maps, prompts, strict=True
        ):
            at = torch.tensor([t])
            conditional = unet(see(x), at, embeds[None])
            eps_c, predicted_variance = conditional.split(3, dim=1)
            low, high = guidance_interval
            if guidance_scale == 1 or not low <= t <= high:
                guided = eps_c
            else:
                eps_u = unet(see(x), at, negative[None])[:, :3]
                guided = eps_u + guidance_scale * (eps_c - eps_u)
            eps = eps + part(bring_back(guided)) / (1 if is_sum else len(prompts))
            variance = variance + bring_variance_back(predicted_variance) / len(prompts)
        output = torch.cat([eps, variance], dim=1)
        x = steps.step(output, t, x, generator=step_noise).prev_sample
        if fixed is not None:
            target = reference[None] if t_next is None else noised(reference, t_next, "reference")
            x = fixed(target) + x - fixed(x)
        if mask is not None:
            target = image[None] if t_next is None else noised(image, t_next, "kept")
            x = mask * x + (1 - mask) * target
    return x[0].clamp(-1, 1)
