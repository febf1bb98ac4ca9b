"""Guided sampling from weights of the pocket model, before or after they are saved as folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load
from torch import Tensor

from tasks import StepFailed
from tasks.diffusion.seeds import derive_seed
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.diffusion.trajectories.engine import sample
from tasks.diffusion.trajectories.trajectory import Combination, Result, Trajectory
from tasks.diffusion.trajectories.upscale import enlarging
from tasks.pocket.export import scheduler
from tasks.pocket.networks import (
    EMBEDDING_WIDTH,
    stage_one_unet,
    stage_two_unet,
    text_encoder,
)
from tasks.pocket.objective import NUM_TIMESTEPS
from tasks.pocket.tokenizer import load_tokenizer, save_tokenizer, tokenize
from tasks.text_to_image.deepfloyd import LoadedStage

ROWS_AT_ONCE = 32
LARGE_ROWS_AT_ONCE = 8
NOISE_LEVEL = 50
"""Of stage II's input: the pictures are clean and flat, so little is left to invent."""

Report = Callable[[float, float, str], None]
Network = Callable[..., Tensor]


@dataclass(frozen=True)
class Settings:
    """stride: timesteps that a step of sampling goes, down to 0 (30: 990, 960, ..., 0).
    combination: of the prompt, single, perhaps with a guidance interval."""

    guidance_scale: float
    stride: int
    device: str = "cpu"
    report: Report = lambda done, total, message: None
    should_stop: Callable[[], bool] = lambda: False
    combination: Combination = field(default_factory=Combination)

    @property
    def timesteps(self) -> tuple[int, ...]:
        return tuple(reversed(range(0, NUM_TIMESTEPS, self.stride)))


class PocketSampler:
    """Both stages, ready to sample. networks: of stage I and stage II, as of_weights makes them.
    embeddings: texts to [length, width] each."""

    def __init__(
        self,
        networks: tuple[Network, Network],
        embeddings: Callable[[Sequence[str]], dict[str, Tensor]],
        settings: Settings,
        schedule: DiffusionSchedule | None = None,
    ) -> None:
        self.stage_one, self._stage_two = networks
        self.embeddings = embeddings
        self.settings = settings
        self.schedule = schedule or DiffusionSchedule.from_config(scheduler().config)

    def draw(self, jobs: Sequence[tuple[str, int]]) -> Tensor:
        """One guided picture for each (prompt, seed), [jobs, 3, 64, 64] in [-1, 1]."""
        embeds = self.embeddings([text for text, _ in jobs])
        return self.take(
            [
                Trajectory(
                    name=f"{text!r}, seed {seed}",
                    seed=derive_seed(seed, text),
                    timesteps=self.settings.timesteps,
                    prompt_embeds=(embeds[text],),
                    negative_embeds=embeds[""],
                    guidance_scale=self.settings.guidance_scale,
                    combination=self.settings.combination,
                )
                for text, seed in jobs
            ]
        )

    def take(self, trajectories: Sequence[Trajectory]) -> Tensor:
        """The pictures at the ends of the trajectories, [n, 3, 64, 64] in [-1, 1]."""
        return self._ends(self.stage_one, self.schedule, trajectories, 64, ROWS_AT_ONCE)

    def enlarge(
        self, pictures: Tensor, texts: Sequence[str], noise_level: int = NOISE_LEVEL
    ) -> Tensor:
        """[n, 3, 64, 64] under their prompts to [n, 3, 128, 128], unguided."""
        schedule = DiffusionSchedule.from_config(scheduler().config)
        embeds = self.embeddings(texts)
        trajectories = [
            enlarging(
                Trajectory(
                    name=f"{text!r}, enlarged",
                    seed=derive_seed(number, "enlarge"),
                    timesteps=self.settings.timesteps,
                    prompt_embeds=(embeds[text],),
                ),
                picture,
                noise_level,
                schedule,
                size=128,
            )
            for number, (picture, text) in enumerate(zip(pictures, texts, strict=True))
        ]
        return self._ends(self._stage_two, schedule, trajectories, 128, LARGE_ROWS_AT_ONCE)

    def _ends(
        self,
        network: Network,
        schedule: DiffusionSchedule,
        trajectories: Sequence[Trajectory],
        size: int,
        rows: int,
    ) -> Tensor:
        results = sample(
            network,
            schedule,
            trajectories,
            size=size,
            max_rows=rows,
            device=self.settings.device,
            report=self.settings.report,
            should_stop=self.settings.should_stop,
        )
        return torch.stack([_picture(result) for result in results])


@dataclass(frozen=True)
class Weights:
    """Objects of the training nodes: see tasks.pocket.train_pocket."""

    spiece: bytes
    text_encoder: bytes
    stage_one: bytes
    stage_two: bytes


def of_weights(
    weights: Weights, settings: Settings, number_format: torch.dtype, folder: Path
) -> PocketSampler:
    """A sampler of trained weights. folder: where the tokenizer may be written."""
    save_tokenizer(weights.spiece, folder)
    tokenizer = load_tokenizer(folder)
    encoder: Any = text_encoder(len(tokenizer))
    # Not strict: the shared embedding is saved once, under one of its two names.
    encoder.load_state_dict(as_float(weights.text_encoder), strict=False)
    known: dict[str, Tensor] = {}

    @torch.no_grad()
    def embeddings(texts: Sequence[str]) -> dict[str, Tensor]:
        new = sorted({"", *texts} - known.keys())
        for text in new:
            tokens, mask = tokenize(tokenizer, [text])
            known[text] = encoder(input_ids=tokens, attention_mask=mask).last_hidden_state[0]
        return known

    networks = []
    for unet, data, predicted, size in (
        (stage_one_unet(), weights.stage_one, "epsilon", 64),
        (stage_two_unet(), weights.stage_two, "v_prediction", 128),
    ):
        unet.load_state_dict(as_float(data))
        stage = LoadedStage(
            model=unet.to(settings.device, number_format).eval(),
            scheduler=dict(scheduler(predicted).config),
            noising_scheduler=None,
            sample_size=size,
            embedding_width=EMBEDDING_WIDTH,
            device=settings.device,
            commit=None,
        )
        networks.append(stage.unet)
    return PocketSampler((networks[0], networks[1]), embeddings, settings)


def as_float(data: bytes) -> dict[str, Tensor]:
    """Tensors of a safetensors file in float32."""
    return {name: tensor.float() for name, tensor in load(data).items()}


def _picture(result: Result | StepFailed) -> Tensor:
    if isinstance(result, StepFailed):
        raise result
    return result.image
