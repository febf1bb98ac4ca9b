"""Text-to-image trajectories, many at once, against the loop a notebook has: batch 1, two forward
passes a step, float32. Same model, prompts, seeds and timesteps."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import torch

from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule, strided_timesteps
from tasks.diffusion.trajectories.engine import sample
from tasks.diffusion.trajectories.trajectory import Result, Trajectory, combination_from_params
from tasks.running.device import keep_freed_memory
from tasks.text_to_image.deepfloyd import LoadedStage, load_stage, load_text_encoder
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.steps.sampling import CountedNetwork, rows_at_once
from tests.benchmarks.measure import (
    Done,
    Measurement,
    Work,
    peak_memory_mib,
    table,
    take_turns,
)

ROOT = Path(__file__).parents[2]
MODEL = "data/models/pocket-if"
STRIDE = 150
GUIDANCE_SCALE = 7.0
PROMPTS = (
    "a rocket ship",
    "an oil painting of a snowy mountain village",
    "a man wearing a hat",
    "a photo of a dog",
    "a lithograph of waterfalls",
    "a lithograph of a skull",
)
PAIRS = (
    ("an oil painting of people around a campfire", "an oil painting of an old man"),
    ("a photo of a volcano", "a photo of a dress"),
)


@functools.cache
def _embeddings() -> dict[str, torch.Tensor]:
    texts = ["", *PROMPTS, *(text for pair in PAIRS for text in pair)]
    part = ModelPart(backend="pocket", component="text_encoder", address=MODEL)
    return dict(zip(texts, load_text_encoder(part, ROOT).encode(texts), strict=True))


@functools.cache
def _stage(number_format: str, device: str) -> LoadedStage:
    _embeddings()
    return load_stage(
        ModelPart(
            backend="pocket",
            component="stage_one",
            address=MODEL,
            number_format=number_format,  # type: ignore[arg-type]
        ),
        ROOT,
        device,
    )


def _trajectories() -> list[Trajectory]:
    embeds = _embeddings()
    shared = {
        "timesteps": strided_timesteps(990, STRIDE),
        "negative_embeds": embeds[""],
        "guidance_scale": GUIDANCE_SCALE,
    }
    both = [{"name": "identity"}, {"name": "flip"}]
    views = combination_from_params({"kind": "views", "views": both}, 64)
    return [
        Trajectory(text, seed, prompt_embeds=(embeds[text],), **shared)
        for seed, text in enumerate(PROMPTS)
    ] + [
        Trajectory(
            " / ".join(pair),
            seed,
            prompt_embeds=tuple(embeds[text] for text in pair),
            combination=views,
            **shared,
        )
        for seed, pair in enumerate(PAIRS)
    ]


def _rows(trajectories: list[Trajectory]) -> int:
    """Network rows as a notebook counts them: two for each prompt and step."""
    return sum(2 * len(t.prompt_embeds) * len(t.visited_timesteps) for t in trajectories)


def plain(device: str) -> Done:
    stage = _stage("float32", device)
    network = CountedNetwork(stage.unet, device)
    trajectories = _trajectories()
    for trajectory in trajectories:
        _sample_plainly(stage, network, trajectory)
    return _done(trajectories, network, device)


@torch.no_grad()
def _sample_plainly(
    stage: LoadedStage, network: CountedNetwork, trajectory: Trajectory
) -> torch.Tensor:
    """One picture: for each step and prompt a conditional and an unconditional pass."""
    from diffusers import DDPMScheduler

    scheduler = DDPMScheduler.from_config(stage.scheduler)
    scheduler.set_timesteps(timesteps=list(trajectory.timesteps))
    generator = torch.Generator().manual_seed(trajectory.seed)
    x = torch.randn(1, 3, 64, 64, generator=generator).to(stage.device)
    flips = (False, True) if len(trajectory.prompt_embeds) == 2 else (False,)
    for t in scheduler.timesteps:
        estimates, variances = [], []
        for embeds, is_flipped in zip(trajectory.prompt_embeds, flips, strict=True):
            seen = x.flip(2) if is_flipped else x
            passes = [
                network(seen, t[None], text[None]) for text in (embeds, trajectory.negative_embeds)
            ]
            (conditional, variance), (unconditional, _) = (p.chunk(2, dim=1) for p in passes)
            eps = unconditional + trajectory.guidance_scale * (conditional - unconditional)
            estimates.append(eps.flip(2) if is_flipped else eps)
            variances.append(variance.flip(2) if is_flipped else variance)
        mean = torch.stack(estimates).mean(0)
        output = torch.cat([mean, torch.stack(variances).mean(0)], dim=1)
        x = scheduler.step(output, t, x, generator=generator).prev_sample
    return x.cpu()


def darkroom(number_format: str, device: str) -> Done:
    keep_freed_memory()
    stage = _stage(number_format, device)
    network = CountedNetwork(stage.unet, device)
    trajectories = _trajectories()
    results = sample(
        network,
        DiffusionSchedule.from_config(stage.scheduler),
        trajectories,
        size=64,
        max_rows=rows_at_once(device, 64),
        device=device,
    )
    assert all(isinstance(result, Result) for result in results)
    return _done(trajectories, network, device)


def _done(trajectories: list[Trajectory], network: CountedNetwork, device: str) -> Done:
    metrics = network.metrics()
    # Of a GPU, what torch took of it; else of the process, from its start.
    peak = metrics["peak_memory_mib"] if device == "cuda" else peak_memory_mib()
    # In the notebook's rows, so that rows saved count as speed.
    return Done(
        _rows(trajectories),
        {"forwards/s": metrics["forwards_per_second"], "peak MiB": peak},
    )


PICTURES = 16
"""That IFPipeline and Darkroom make side by side, one prompt each."""


@functools.cache
def _pipeline(number_format: str, device: str) -> Any:
    from diffusers import IFPipeline

    loaded = IFPipeline.from_pretrained(
        ROOT / MODEL,
        torch_dtype=getattr(torch, number_format),
        local_files_only=True,
        text_encoder=None,
        safety_checker=None,
        watermarker=None,
    )
    loaded.set_progress_bar_config(disable=True)
    return loaded.to(device)


def pipeline(number_format: str, device: str, at_once: int) -> float:
    """diffusers' own, `at_once` pictures a call: twice as many rows a forward."""
    made, embeds = _pipeline(number_format, device), _embeddings()
    timesteps = list(strided_timesteps(990, STRIDE))
    texts = [PROMPTS[number % len(PROMPTS)] for number in range(PICTURES)]
    for first in range(0, PICTURES, at_once):
        part = torch.stack([embeds[text] for text in texts[first : first + at_once]])
        made(
            prompt_embeds=part.to(device, made.unet.dtype),
            negative_prompt_embeds=embeds[""].expand_as(part).to(device, made.unet.dtype),
            timesteps=timesteps,
            guidance_scale=GUIDANCE_SCALE,
            output_type="pt",
        )
    return 2 * PICTURES * len(timesteps)


def single_prompts(number_format: str, device: str) -> float:
    """The same pictures by Darkroom."""
    keep_freed_memory()
    stage, embeds = _stage(number_format, device), _embeddings()
    trajectories = [
        Trajectory(
            str(number),
            number,
            timesteps=strided_timesteps(990, STRIDE),
            prompt_embeds=(embeds[PROMPTS[number % len(PROMPTS)]],),
            negative_embeds=embeds[""],
            guidance_scale=GUIDANCE_SCALE,
        )
        for number in range(PICTURES)
    ]
    sample(
        stage.unet,
        DiffusionSchedule.from_config(stage.scheduler),
        trajectories,
        size=64,
        max_rows=rows_at_once(device, 64),
        device=device,
    )
    return _rows(trajectories)


def measure_against_pipeline(number_format: str, device: str, repeats: int) -> list[Measurement]:
    variants: dict[str, Work] = {
        f"IFPipeline, {count} pictures a call": functools.partial(
            pipeline, number_format, device, count
        )
        for count in (4, 8, 16)
    }
    variants["Darkroom"] = functools.partial(single_prompts, number_format, device)
    return take_turns(variants, "rows/s", repeats)


def measure_speed(device: str, repeats: int) -> list[Measurement]:
    return take_turns(
        {
            "plain loop, float32": functools.partial(plain, device),
            "Darkroom, float32": functools.partial(darkroom, "float32", device),
            "Darkroom, bfloat16": functools.partial(darkroom, "bfloat16", device),
        },
        "rows/s",
        repeats,
    )


def section(repeats: int) -> str:
    if not (ROOT / MODEL).exists():
        return f"## Text-to-image\n\n{MODEL} is not there; `darkroom train-pocket` makes it.\n"
    steps = len(strided_timesteps(990, STRIDE))
    tables = "\n".join(
        f"On {_named(device)}:\n\n{table(measure_speed(device, repeats))}\n"
        for device in _devices()
    )
    beside = "\n".join(
        f"On {_named(device)}, {number_format}:\n\n"
        f"{table(measure_against_pipeline(number_format, device, repeats))}\n"
        for device in _devices()
        for number_format in ("float32", "bfloat16")
    )
    return f"""## Text-to-image trajectories, pocket model

{len(PROMPTS)} guided prompts and {len(PAIRS)} flip anagrams of {steps} steps. Rows are the plain
loop's: two for each prompt and step. Forwards are calls of the network, whatever their rows. Each
run is a process of its own, and its peak memory is the process's, or what torch took of the GPU.

{tables}
{PICTURES} pictures of one prompt each by diffusers' IFPipeline, and by Darkroom:

{beside}"""


def _devices() -> list[str]:
    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def _named(device: str) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{os.cpu_count()} cores"
