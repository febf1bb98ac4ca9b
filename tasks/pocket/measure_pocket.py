"""The step that measures the pocket model: it samples every concept, and the reader names them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import load
from torch import Tensor

from tasks.pocket.bank import MARGIN, SIZE, Bank
from tasks.pocket.concept_reader import ConceptReader
from tasks.pocket.sampler import PocketSampler, Settings, Weights
from tasks.pocket.sources import load_bank
from tasks.pocket.train_pocket import TEXT_ENCODER, TOKENIZER, UNET
from tasks.pocket.treatments import STYLES
from tasks.running.step import Step, StepResult, table_to_bytes, tensors_to_bytes


def measure_pocket(step: Step) -> StepResult:
    """Guided samples of every concept for every seed, and of a few subjects in every style.

    Objects: samples.safetensors with "concepts" u8 [seeds, concepts, 64, 64, 3], "drawn" u8
    [concepts, 128, 128, 3] (the training pictures), "styles" u8 [styles, subjects, 64, 64, 3],
    "enlarged" u8 [subjects, 128, 128, 3] (the plain ones) and "is_right" [seeds, concepts];
    readings.parquet. Metrics: accuracy (first choice of the classifier among all concepts),
    accuracy_seed_<s>, style_accuracy.
    """
    bank, concepts = load_bank(step.params, step.project_root)
    sampler = _sampler(step)
    seeds = [int(seed) for seed in step.params["seeds"]]
    phrases = [concept.phrase for concept in concepts]
    subjects = [str(subject) for subject in step.params["style_subjects"]]
    templates = [texts[0] for _, texts in STYLES.values()]
    styled = [template.format(subject) for template in templates for subject in subjects]
    jobs = [(phrase, seed) for seed in seeds for phrase in phrases]
    jobs += [(text, seeds[0]) for text in styled]
    pictures = sampler.draw(jobs, step.report, step.should_stop)
    plain, in_style = pictures[: -len(styled)], pictures[-len(styled) :]
    enlarged = sampler.enlarge(
        in_style[: len(subjects)], styled[: len(subjects)], step.report, step.should_stop
    )

    read = _read_concepts(step, pictures, len(concepts))
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
    samples = {
        "concepts": _u8(plain).view(len(seeds), len(concepts), 64, 64, 3),
        "styles": _u8(in_style).view(len(templates), len(subjects), 64, 64, 3),
        "enlarged": _u8(enlarged),
        "drawn": _drawn(bank),
        "is_right": is_right.view(len(seeds), -1).to(torch.uint8),
    }
    return StepResult(
        {
            "samples.safetensors": tensors_to_bytes(samples),
            "readings.parquet": table_to_bytes(pa.Table.from_pylist(readings)),
        },
        metrics,
        {"phrases": phrases, "styles": list(STYLES), "subjects": subjects, "seeds": seeds},
    )


def _sampler(step: Step) -> PocketSampler:
    weights = Weights(
        spiece=step.read("stage_one", TOKENIZER),
        text_encoder=step.read("stage_one", TEXT_ENCODER),
        stage_one=step.read("stage_one", UNET),
        stage_two=step.read("stage_two", UNET),
    )
    settings = Settings(
        guidance_scale=float(step.params["guidance_scale"]),
        num_inference_steps=int(step.params["num_inference_steps"]),
        number_format=getattr(torch, step.number_format),
    )
    return PocketSampler(weights, settings, step.workspace / "tokenizer")


@torch.inference_mode()
def _read_concepts(step: Step, pictures: Tensor, concepts: int) -> Tensor:
    """The concept that the reader sees in each picture, int64 [n]."""
    reader = ConceptReader(concepts)
    reader.load_state_dict(load(step.read("reader", "reader.safetensors")))
    reader.eval()
    return torch.cat([reader(part).argmax(1) for part in pictures.split(100)])


def _u8(pictures: Tensor) -> Tensor:
    """[n, 3, s, s] in [-1, 1] to u8 [n, s, s, 3]."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


def _drawn(bank: Bank) -> Tensor:
    """The plain training picture of each concept, u8 [concepts, 128, 128, 3]."""
    window = slice(MARGIN, MARGIN + SIZE)
    return torch.from_numpy(np.ascontiguousarray(bank.pictures[:, 0, 0, window, window]))
