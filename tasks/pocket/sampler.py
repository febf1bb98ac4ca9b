"""Guided sampling from trained weights of the pocket model, before they are saved as folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load
from torch import Tensor, nn

from tasks import StepFailed
from tasks.diffusion.seeds import derive_seed
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.diffusion.trajectories.engine import sample
from tasks.diffusion.trajectories.trajectory import Result, Trajectory
from tasks.diffusion.trajectories.upscale import enlarging
from tasks.pocket.export import scheduler
from tasks.pocket.networks import stage_one_unet, stage_two_unet
from tasks.pocket.stage_one import StageOne
from tasks.pocket.tokenizer import load_tokenizer, save_tokenizer, tokenize

ROWS_AT_ONCE = 32
LARGE_ROWS_AT_ONCE = 8
NOISE_LEVEL = 50
"""Of stage II's input: the pictures are clean and flat, so little is left to invent."""

Report = Callable[[float, float, str], None]


@dataclass(frozen=True)
class Weights:
    """Objects of the training nodes: see tasks.pocket.train_pocket."""

    spiece: bytes
    text_encoder: bytes
    stage_one: bytes
    stage_two: bytes


@dataclass(frozen=True)
class Settings:
    guidance_scale: float
    num_inference_steps: int
    number_format: torch.dtype


class PocketSampler:
    """Both stages, ready to sample on the CPU. folder: where the tokenizer may be written."""

    def __init__(self, weights: Weights, settings: Settings, folder: Path) -> None:
        save_tokenizer(weights.spiece, folder)
        self._tokenizer = load_tokenizer(folder)
        self._encoder = as_float(weights.text_encoder)
        self._settings = settings
        self._stage_one = self._network(stage_one_unet(), weights.stage_one)
        self._stage_two = self._network(stage_two_unet(), weights.stage_two)

    def draw(
        self,
        jobs: Sequence[tuple[str, int]],
        report: Report,
        should_stop: Callable[[], bool],
    ) -> Tensor:
        """One picture for each (prompt, seed), [jobs, 3, 64, 64] in [-1, 1]."""
        schedule = DiffusionSchedule.from_config(scheduler(1.5).config)
        embeds = self._embeddings([text for text, _ in jobs])
        trajectories = [
            Trajectory(
                name=f"{text!r}, seed {seed}",
                seed=derive_seed(seed, text),
                timesteps=schedule.spacing.timesteps(self._settings.num_inference_steps),
                prompt_embeds=(embeds[text],),
                negative_embeds=embeds[""],
                guidance_scale=self._settings.guidance_scale,
            )
            for text, seed in jobs
        ]
        results = sample(
            self._stage_one,
            schedule,
            trajectories,
            size=64,
            max_rows=ROWS_AT_ONCE,
            report=report,
            should_stop=should_stop,
        )
        return torch.stack([_picture(result) for result in results])

    def enlarge(
        self,
        pictures: Tensor,
        texts: Sequence[str],
        report: Report,
        should_stop: Callable[[], bool],
    ) -> Tensor:
        """[n, 3, 64, 64] under their prompts to [n, 3, 128, 128], unguided."""
        schedule = DiffusionSchedule.from_config(scheduler(1.0).config)
        embeds = self._embeddings(texts)
        trajectories = [
            enlarging(
                Trajectory(
                    name=f"{text!r}, enlarged",
                    seed=derive_seed(number, "enlarge"),
                    timesteps=schedule.spacing.timesteps(self._settings.num_inference_steps),
                    prompt_embeds=(embeds[text],),
                ),
                picture,
                NOISE_LEVEL,
                schedule,
                size=128,
            )
            for number, (picture, text) in enumerate(zip(pictures, texts, strict=True))
        ]
        results = sample(
            self._stage_two,
            schedule,
            trajectories,
            size=128,
            max_rows=LARGE_ROWS_AT_ONCE,
            report=report,
            should_stop=should_stop,
        )
        return torch.stack([_picture(result) for result in results])

    def _embeddings(self, texts: Sequence[str]) -> dict[str, Tensor]:
        distinct = sorted({"", *texts})
        stage = StageOne(*tokenize(self._tokenizer, distinct), len(self._tokenizer))
        # Not strict: the shared embedding is saved once, under one of its two names.
        stage.text_encoder.load_state_dict(self._encoder, strict=False)
        return dict(zip(distinct, stage.frozen_embeddings(), strict=True))

    def _network(self, unet: nn.Module, weights: bytes) -> Callable[..., Tensor]:
        number_format = self._settings.number_format
        unet.load_state_dict(as_float(weights))
        model: Any = unet.to(number_format).eval()

        def network(
            x: Tensor, t: Tensor, prompt_embeds: Tensor, class_labels: Tensor | None = None
        ) -> Tensor:
            embeds = prompt_embeds.to(number_format)
            output = model(x.to(number_format), t, embeds, class_labels=class_labels)
            predicted: Tensor = output.sample.float()
            return predicted

        return network


def as_float(data: bytes) -> dict[str, Tensor]:
    """Tensors of a safetensors file in float32."""
    return {name: tensor.float() for name, tensor in load(data).items()}


def _picture(result: Result | StepFailed) -> Tensor:
    if isinstance(result, StepFailed):
        raise result
    return result.image
