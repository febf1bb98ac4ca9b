"""The step that measures the pocket model: it samples every concept, and the reader names them;
it measures grain, what is left of photographs, and what stage II adds."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from PIL import Image
from safetensors.torch import load
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.seeds import named_generator
from tasks.diffusion.trajectories.trajectory import combination_from_params
from tasks.pocket.concept_reader import ConceptReader
from tasks.pocket.measures import grain, of_enlargements, of_photographs
from tasks.pocket.sampler import PocketSampler, Settings, Weights, of_weights
from tasks.pocket.train_pocket import TEXT_ENCODER, TOKENIZER, UNET
from tasks.pocket.world.sources import load_world
from tasks.pocket.world.treatments import STYLES
from tasks.pocket.world.world import World
from tasks.running.step import Step, StepResult, table_to_bytes, tensors_to_bytes
from tasks.shipped import project_path

GRAIN_CONCEPTS = 20
"""Concepts whose plain and photo samples grain is measured on."""
GRAIN_STYLES = ("plain", "photo")
GRAIN_DRAWN = 400
"""Pictures of the world, of all styles."""
NOISE_LEVELS = (50, 150, 300)
"""Of stage II's input; the first is that of the samples that are shown."""


def measure_pocket(step: Step) -> StepResult:
    """Guided samples of every concept for every seed, of a few subjects in every style, and edits
    of photographs.

    Objects: samples.safetensors with "concepts" u8 [seeds, concepts, 64, 64, 3], "drawn" u8
    [concepts, 128, 128, 3] (how each is drawn), "styles" u8 [styles, subjects, 64, 64, 3],
    "enlarged" u8 [subjects, 128, 128, 3] (the plain ones), "is_right" [seeds, concepts], and what
    became of photographs and of stage II's pictures, "kept_..." u8; readings.parquet.
    Metrics: accuracy (first choice of the classifier among all concepts), accuracy_seed_<s>,
    style_accuracy; grain, of stage I's samples, grain_enlarged, of them after stage II, and
    grain_drawn, of the world, medians in 8-bit levels; those of tasks.pocket.measures.
    """
    world = _world(step, 64)
    sampler = _sampler(step)
    seeds = [int(seed) for seed in step.params["seeds"]]
    phrases = [concept.phrase for concept in world.concepts]
    subjects = [str(subject) for subject in step.params["style_subjects"]]
    templates = [style.captions[0] for style in STYLES.values()]
    styled = [template.format(subject) for template in templates for subject in subjects]
    plain_jobs = [(phrase, seed) for seed in seeds for phrase in phrases]
    styled_jobs = [(text, seeds[0]) for text in styled]
    grain_jobs = [
        (STYLES[style].captions[0].format(phrase), seeds[0])
        for style in GRAIN_STYLES
        for phrase in phrases[:: max(1, len(phrases) // GRAIN_CONCEPTS)][:GRAIN_CONCEPTS]
    ]
    jobs = [*plain_jobs, *styled_jobs, *grain_jobs]
    plain, in_style, for_grain = sampler.draw(jobs).split(
        [len(plain_jobs), len(styled_jobs), len(grain_jobs)]
    )
    enlarged = sampler.enlarge(in_style[: len(subjects)], styled[: len(subjects)])

    named = torch.cat([plain, in_style])
    read = _read_concepts(step, named, len(phrases))
    truth = torch.arange(len(phrases)).repeat(len(seeds))
    is_right = read[: len(plain)] == truth
    style_truth = torch.tensor([phrases.index(s) for s in subjects]).repeat(len(templates))
    metrics = {
        "accuracy": float(is_right.float().mean()),
        "style_accuracy": float((read[len(plain) :] == style_truth).float().mean()),
        "grain": float(grain(for_grain).median()),
        "grain_enlarged": float(
            grain(sampler.enlarge(for_grain, [text for text, _ in grain_jobs])).median()
        ),
        "grain_drawn": _grain_of(world, step.seed),
    }
    for seed, right in zip(seeds, is_right.view(len(seeds), -1), strict=True):
        metrics[f"accuracy_seed_{seed}"] = float(right.float().mean())
    readings = [
        {"phrase": text, "seed": seed, "read_as": phrases[int(index)]}
        for (text, seed), index in zip([*plain_jobs, *styled_jobs], read, strict=True)
    ]
    samples = {
        "concepts": _u8(plain).view(len(seeds), len(phrases), 64, 64, 3),
        "styles": _u8(in_style).view(len(templates), len(subjects), 64, 64, 3),
        "enlarged": _u8(enlarged),
        "drawn": _u8(world.portraits(128)),
        "is_right": is_right.view(len(seeds), -1).to(torch.uint8),
    }
    held_out = _world(step, 128, int(step.params["world_seed"]) + 1)
    count = int(step.params["held_out"])
    kept = [
        of_enlargements(sampler, held_out, count, step.seed, NOISE_LEVELS),
        of_photographs(sampler, _photographs(step), seeds[0]),
    ]
    for each in kept:
        metrics |= each.metrics
        samples |= {f"kept_{name}": _u8(pictures) for name, pictures in each.pictures.items()}
    return StepResult(
        {
            "samples.safetensors": tensors_to_bytes(samples),
            "readings.parquet": table_to_bytes(pa.Table.from_pylist(readings)),
        },
        metrics,
        {"phrases": phrases, "styles": list(STYLES), "subjects": subjects, "seeds": seeds},
    )


def _world(step: Step, side: int, world_seed: int | None = None) -> World:
    return load_world(
        step.params,
        step.project_root,
        side=side,
        world_seed=world_seed,
        device=step.device,
        report=step.report,
        should_stop=step.should_stop,
    )


def _sampler(step: Step) -> PocketSampler:
    weights = Weights(
        spiece=step.read("stage_one", TOKENIZER),
        text_encoder=step.read("stage_one", TEXT_ENCODER),
        stage_one=step.read("stage_one", UNET),
        stage_two=step.read("stage_two", UNET),
    )
    combination = {"kind": "single", "guidance_interval": step.params["guidance_interval"]}
    settings = Settings(
        guidance_scale=float(step.params["guidance_scale"]),
        stride=int(step.params["stride"]),
        device=step.device,
        report=step.report,
        should_stop=step.should_stop,
        combination=combination_from_params(combination, 64),
    )
    number_format = getattr(torch, step.number_format)
    return of_weights(weights, settings, number_format, step.workspace / "tokenizer")


def _photographs(step: Step) -> Tensor:
    """[n, 3, 64, 64] in [-1, 1]. Raises BadInput for a file that changed since the plan."""
    pictures = []
    for declared in step.params["photographs_kept"]:
        path = project_path(declared["file"], step.project_root)
        if hashlib.sha256(path.read_bytes()).hexdigest() != declared["sha256"]:
            raise BadInput(f"{path} is another than when the plan was made; plan again")
        pictures.append(photograph(path))
    return torch.stack(pictures)


def photograph(path: Path) -> Tensor:
    """The picture in a file at 64 pixels, [3, 64, 64] in [-1, 1], by averaging."""
    small = Image.open(path).convert("RGB").resize((64, 64), Image.Resampling.BOX)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 127.5 - 1


@torch.inference_mode()
def _grain_of(world: World, seed: int) -> float:
    """Of plain pictures and photos, as the world draws them."""
    batch = world.draw(
        GRAIN_DRAWN, named_generator(seed, "grain", device=world.device), photographs=0
    )
    styles = torch.tensor([list(STYLES).index(name) for name in GRAIN_STYLES])
    return float(grain(batch.pictures[torch.isin(batch.style.cpu(), styles)]).median())


@torch.inference_mode()
def _read_concepts(step: Step, pictures: Tensor, concepts: int) -> Tensor:
    """The concept that the reader sees in each picture, int64 [n]."""
    reader = ConceptReader(concepts)
    reader.load_state_dict(load(step.read("reader", "reader.safetensors")))
    reader.eval()
    return torch.cat([reader(part).argmax(1) for part in pictures.split(100)])


def _u8(pictures: Tensor) -> Tensor:
    """[n, 3, s, s] in [-1, 1] to u8 [n, s, s, 3]."""
    levels = ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return levels.permute(0, 2, 3, 1).cpu().contiguous()
