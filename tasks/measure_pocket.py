"""The step that measures the pocket model: it samples every concept, and the reader names them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import load
from torch import Tensor

from tasks.diffusion.diffusion_schedule import DiffusionSchedule
from tasks.diffusion.engine import sample
from tasks.diffusion.seeds import derive_seed
from tasks.diffusion.trajectory import Result, Trajectory
from tasks.errors import StepFailed
from tasks.pocket.bank import MARGIN, SIZE, Bank
from tasks.pocket.concept_reader import ConceptReader
from tasks.pocket.export import scheduler
from tasks.pocket.networks import stage_one_unet
from tasks.pocket.sources import load_bank
from tasks.pocket.stage_one import StageOne
from tasks.pocket.tokenizer import load_tokenizer, save_tokenizer, tokenize
from tasks.pocket.treatments import STYLES
from tasks.step import Step, StepResult, table_to_bytes, tensors_to_bytes
from tasks.train_pocket import TEXT_ENCODER, TOKENIZER, UNET

ROWS_AT_ONCE = 32


def measure_pocket(step: Step) -> StepResult:
    """Guided samples of every concept for every seed, and of a few subjects in every style.

    Objects: samples.safetensors with "concepts" u8 [seeds, concepts, 64, 64, 3], "drawn" u8
    [concepts, 64, 64, 3] (the training pictures beside them) and "styles" u8 [styles, subjects,
    64, 64, 3]; readings.parquet. Metrics: accuracy (top 1 over all concepts), accuracy_seed_<s>,
    style_accuracy.
    """
    bank, concepts = load_bank(step.params, step.project_root)
    sampler = _Sampler(step)
    seeds = [int(seed) for seed in step.params["seeds"]]
    phrases = [concept.phrase for concept in concepts]
    subjects = [str(subject) for subject in step.params["style_subjects"]]
    templates = [texts[0] for _, texts in STYLES.values()]
    styled = [template.format(subject) for template in templates for subject in subjects]
    jobs = [(phrase, seed) for seed in seeds for phrase in phrases]
    jobs += [(text, seeds[0]) for text in styled]
    pictures = sampler.draw(jobs)
    plain, in_style = pictures[: -len(styled)], pictures[-len(styled) :]

    reader = _reader(step, len(concepts))
    with torch.inference_mode():
        read = torch.cat([reader(part).argmax(1) for part in pictures.split(100)])
    truth = torch.arange(len(concepts)).repeat(len(seeds))
    is_right = read[: len(plain)] == truth
    style_truth = torch.tensor([phrases.index(s) for s in subjects]).repeat(len(templates))
    metrics = {
        "accuracy": float(is_right.float().mean()),
        "style_accuracy": float((read[len(plain) :] == style_truth).float().mean()),
    }
    for seed, right in zip(seeds, is_right.view(len(seeds), -1), strict=True):
        metrics[f"accuracy_seed_{seed}"] = float(right.float().mean())
    readings = [
        {"phrase": text, "seed": seed, "read_as": phrases[int(index)]}
        for (text, seed), index in zip(jobs, read, strict=True)
    ]
    return StepResult(
        {
            "samples.safetensors": tensors_to_bytes(
                {
                    "concepts": _u8(plain).view(len(seeds), len(concepts), 64, 64, 3),
                    "styles": _u8(in_style).view(len(templates), len(subjects), 64, 64, 3),
                    "drawn": _drawn(bank),
                    "is_right": is_right.view(len(seeds), -1).to(torch.uint8),
                }
            ),
            "readings.parquet": table_to_bytes(pa.Table.from_pylist(readings)),
        },
        metrics,
        {"phrases": phrases, "styles": list(STYLES), "subjects": subjects, "seeds": seeds},
    )


class _Sampler:
    """Guided sampling from the trained networks of the input "stage_one"."""

    def __init__(self, step: Step) -> None:
        self._step = step
        folder = step.workspace / "tokenizer"
        save_tokenizer(step.read("stage_one", TOKENIZER), folder)
        self._tokenizer = load_tokenizer(folder)
        self._unet = stage_one_unet().eval()
        self._unet.load_state_dict(_float(step.read("stage_one", UNET)))
        self._schedule = DiffusionSchedule.from_config(scheduler(1.5).config)

    def draw(self, jobs: Sequence[tuple[str, int]]) -> Tensor:
        """One picture for each (prompt, seed), [jobs, 3, 64, 64] in [-1, 1]."""
        step = self._step
        texts = sorted({"", *(text for text, _ in jobs)})
        embeds = dict(zip(texts, self._encode(texts), strict=True))
        timesteps = self._schedule.spacing.timesteps(int(step.params["num_inference_steps"]))
        trajectories = [
            Trajectory(
                name=f"{text!r}, seed {seed}",
                seed=derive_seed(seed, text),
                timesteps=timesteps,
                prompt_embeds=(embeds[text],),
                negative_embeds=embeds[""],
                guidance_scale=float(step.params["guidance_scale"]),
            )
            for text, seed in jobs
        ]
        results = sample(
            self._network(),
            self._schedule,
            trajectories,
            size=64,
            max_rows=ROWS_AT_ONCE,
            report=step.report,
            should_stop=step.should_stop,
        )
        return torch.stack([_picture(result) for result in results])

    def _encode(self, texts: list[str]) -> Tensor:
        stage = StageOne(*tokenize(self._tokenizer, texts), len(self._tokenizer))
        weights = _float(self._step.read("stage_one", TEXT_ENCODER))
        stage.text_encoder.load_state_dict(weights, strict=False)
        return stage.frozen_embeddings()

    def _network(self) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        number_format = getattr(torch, self._step.number_format)
        unet: Any = self._unet.to(number_format)

        def network(x: Tensor, t: Tensor, prompt_embeds: Tensor) -> Tensor:
            out: Tensor = unet(x.to(number_format), t, prompt_embeds.to(number_format)).sample
            return out.float()

        return network


def _picture(result: Result | StepFailed) -> Tensor:
    if isinstance(result, StepFailed):
        raise result
    return result.image


def _reader(step: Step, concepts: int) -> ConceptReader:
    reader = ConceptReader(concepts)
    reader.load_state_dict(load(step.read("reader", "reader.safetensors")))
    return reader.eval()


def _float(data: bytes) -> dict[str, Tensor]:
    return {name: tensor.float() for name, tensor in load(data).items()}


def _u8(pictures: Tensor) -> Tensor:
    """[n, 3, 64, 64] in [-1, 1] to u8 [n, 64, 64, 3]."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


def _drawn(bank: Bank) -> Tensor:
    """The plain training picture of each concept, u8 [concepts, 64, 64, 3]."""
    whole = bank.pictures[:, 0, 0, MARGIN : MARGIN + SIZE, MARGIN : MARGIN + SIZE]
    small = whole.reshape(len(whole), 64, 2, 64, 2, 3).mean(axis=(2, 4))
    return torch.from_numpy(np.rint(small).astype(np.uint8))


