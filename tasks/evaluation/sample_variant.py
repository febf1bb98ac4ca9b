"""Step of kind "variant": a checkpoint sampled in another way than its own, and measured.

Another sampler, another start than N(0, I), or guidance by a classifier.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tasks.diffusion.networks.classifiers import NoiseAwareClassifier
from tasks.diffusion.networks.inference import AutocastNetwork
from tasks.diffusion.process.generate import GuidedPrediction, Request, generate
from tasks.diffusion.process.guidance import ClassifierGuidance, guided_prediction
from tasks.diffusion.process.matched_start import MatchedStart, Moments
from tasks.diffusion.seeds import weights_to_be_loaded
from tasks.evaluation.evaluate_checkpoint import measure_samples
from tasks.evaluation.sample_checkpoint import grid_request, request_name
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.training.model_parts import (
    build_sampler,
    build_schedule,
    load_for_inference,
    pixel_range,
    time_unit,
)


def sample_variant(step: Step) -> StepResult:
    """Objects: one <request>.safetensors for each request, with images [n, 28, 28] uint8.

    Metrics: those of an evaluation; network_evaluations an image; mean_pixel of the samples and
    data_mean_pixel of the training images, black 0 and white 1; and for a matched start its
    Kullback-Leibler divergence from N(0, I), start_divergence, in nats.
    """
    count, requests = step.params["samples"], step.params["requests"]
    num_classes = step.params["network"]["num_classes"]
    labels = torch.arange(count).remainder(num_classes) if num_classes else None
    sampler = build_sampler(step.params)
    start, metrics = _start(step)
    measured, *grids = generate(
        load_for_inference(step),
        sampler,
        [
            Request(step.seed, count, labels),
            *(grid_request(request, num_classes) for request in requests),
        ],
        num_classes=num_classes,
        guidance_scale=step.params["sampler"]["guidance_scale"],
        guided=_guidance(step),
        start=start,
        pixel_range=pixel_range(step.params),
        device=step.device,
        report=step.report,
        should_stop=step.should_stop,
    )
    metrics |= measure_samples(step, measured.images, labels)[1]
    metrics["network_evaluations"] = float(sampler.num_steps * sampler.evaluations_per_step)
    metrics["mean_pixel"] = float(measured.images.double().mean()) / 255
    metrics["data_mean_pixel"] = float(_training_images(step).mean())
    return StepResult(
        objects={
            request_name(request): tensors_to_bytes({"images": grid.images})
            for request, grid in zip(requests, grids, strict=True)
        },
        metrics=metrics,
    )


def _start(step: Step) -> tuple[Callable[[Tensor], Tensor], dict[str, float]]:
    if step.params["start"] == "noise":
        return lambda noise: noise, {}
    low, high = pixel_range(step.params)
    x_0 = Moments.of(low + (high - low) * _training_images(step)).augmented(
        step.params.get("max_shift", 0), step.params.get("horizontal_flip", False), background=low
    )
    matched = MatchedStart.of(x_0, build_schedule(step.params["objective"]))
    return matched, {"start_divergence": matched.divergence()}


def _training_images(step: Step) -> Tensor:
    """[N, 1, 28, 28] in [0, 1]."""
    return step.read_tensors("data", "arrays.safetensors")["train_images"][:, None].float().div(255)


def _guidance(step: Step) -> GuidedPrediction:
    if step.params["guidance"] != "classifier":
        return guided_prediction
    with weights_to_be_loaded():
        classifier = NoiseAwareClassifier(step.inputs["guide"].params["width"])
    classifier.load_state_dict(step.read_tensors("guide", "weights.safetensors"), assign=True)
    ready = AutocastNetwork(classifier, step.device, step.number_format)
    schedule = build_schedule(step.params["objective"])
    return ClassifierGuidance(ready, schedule, time_unit(step.params))
