"""Steps that sample a checkpoint: for figures, to measure it, or in another way than its own.

A variant takes another sampler, another start than N(0, I), or guidance by a classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from tasks.diffusion.measures import Gaussian, frechet_distance
from tasks.diffusion.networks.classifiers import Reading, read_digits
from tasks.diffusion.process.generate import (
    Generated,
    GuidedPrediction,
    Request,
    generate,
    to_uint8,
)
from tasks.diffusion.process.guidance import ClassifierGuidance, guided_prediction
from tasks.diffusion.process.matched_start import MatchedStart, Moments
from tasks.diffusion.seeds import named_generator
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.store.node import JSON
from tasks.training.classifiers import load_classifier, load_guide
from tasks.training.model_parts import (
    build_sampler,
    build_schedule,
    load_for_inference,
    pixel_range,
    time_unit,
)


def sample_checkpoint(step: Step) -> StepResult:
    """Objects: one <request>.safetensors for each request, with images [n, 28, 28] uint8 (rows of
    the grid, one after the other), frames [K, n, 28, 28] uint8 and times [K] float32; and, of a
    model whose pixels are not in [0, 1], rescaled, the images between their own extremes.

    A class-conditioned model draws class j in column j. Metrics: network_evaluations a request.
    """
    wanted = step.params["requests"]
    generated = _generate(step, [_grid_request(step, request) for request in wanted])
    return StepResult(
        objects={
            _request_name(request): tensors_to_bytes(_grid(step, result))
            for request, result in zip(wanted, generated, strict=True)
        },
        metrics={"network_evaluations": _network_evaluations(step)},
    )


def evaluate_checkpoint(step: Step) -> StepResult:
    """Objects: features.safetensors with the samples' features [n, 64] and labels [n].

    Metrics: samples; frechet_distance to the training images; frechet_floor, the distance of as
    many test images (floor_images: no more than there are) to the same; confidence, the mean
    largest probability; class_share_0..9 as the classifier reads the samples; and label_accuracy
    for a class-conditioned model, whose classes are drawn equally often.
    """
    request = _measured_request(step)
    (generated,) = _generate(step, [request])
    reading, metrics = _measure(step, generated.images, request.labels)
    features = {"features": reading.features, "labels": reading.labels}
    return StepResult({"features.safetensors": tensors_to_bytes(features)}, metrics)


def sample_variant(step: Step) -> StepResult:
    """Objects: one <request>.safetensors for each request, with images [n, 28, 28] uint8.

    Metrics: those of an evaluation; network_evaluations an image; mean_pixel of the samples and
    data_mean_pixel of the training images, black 0 and white 1; and for a matched start its
    Kullback-Leibler divergence from N(0, I), start_divergence, in nats.
    """
    wanted, request = step.params["requests"], _measured_request(step)
    start, metrics = _start(step)
    measured, *grids = _generate(
        step,
        [request, *(_grid_request(step, one) for one in wanted)],
        guided=_guidance(step),
        start=start,
    )
    metrics |= _measure(step, measured.images, request.labels)[1]
    metrics["network_evaluations"] = float(_network_evaluations(step))
    metrics["mean_pixel"] = float(measured.images.double().mean()) / 255
    metrics["data_mean_pixel"] = float(_training_images(step).mean())
    return StepResult(
        objects={
            _request_name(one): tensors_to_bytes({"images": grid.images})
            for one, grid in zip(wanted, grids, strict=True)
        },
        metrics=metrics,
    )


def _generate(step: Step, requests: list[Request], **way: Any) -> list[Generated]:
    """The input "model" sampled as params say. way: what of `generate` is not its default."""
    return generate(
        load_for_inference(step),
        build_sampler(step.params),
        requests,
        num_classes=step.params["network"]["num_classes"],
        guidance_scale=step.params["sampler"]["guidance_scale"],
        pixel_range=pixel_range(step.params),
        device=step.device,
        report=step.report,
        should_stop=step.should_stop,
        **way,
    )


def _network_evaluations(step: Step) -> int:
    """Of one image; under guidance each is one of twice the rows."""
    sampler = build_sampler(step.params)
    return sampler.num_steps * sampler.evaluations_per_step


def _request_name(request: Mapping[str, JSON]) -> str:
    """Object name of a request's grid."""
    return f"seed-{request['seed']}-{request['rows']}x{request['columns']}.safetensors"


def _grid_request(step: Step, request: Mapping[str, JSON]) -> Request:
    """The images of a grid, a column a class where there are classes."""
    rows, columns = request["rows"], request["columns"]
    labels = _labels(step, columns)
    labels = labels.repeat(rows) if labels is not None else None
    return Request(request["seed"], rows * columns, labels, request["frames"])


def _measured_request(step: Step) -> Request:
    """The samples that are measured, every class equally often."""
    count = step.params["samples"]
    return Request(step.seed, count, _labels(step, count))


def _labels(step: Step, count: int) -> Tensor | None:
    """Classes 0, 1, ... over and over; None for a model without classes."""
    num_classes = step.params["network"]["num_classes"]
    return torch.arange(count).remainder(num_classes) if num_classes else None


def _grid(step: Step, result: Generated) -> dict[str, Tensor]:
    grid = {"images": result.images, "frames": result.frames, "times": result.times}
    if pixel_range(step.params) != (0.0, 1.0):
        values = result.values
        extremes = (float(values.min()), float(values.max()))
        grid["rescaled"] = to_uint8(values[:, None], extremes)
    return grid


def _measure(step: Step, images: Tensor, labels: Tensor | None) -> tuple[Reading, dict[str, float]]:
    """What the input "classifier" makes of images [n, 28, 28] uint8, drawn as `labels` if any."""
    classifier = load_classifier(step)
    reading = read_digits(classifier, images)
    metrics = {
        "samples": float(len(images)),
        **_distances(step, reading.features, len(images)),
        "confidence": float(reading.probabilities.max(dim=1).values.mean()),
        **_class_shares(reading),
    }
    if labels is not None:
        metrics["label_accuracy"] = float((reading.labels == labels).double().mean())
    return reading, metrics


def _distances(step: Step, features: Tensor, count: int) -> dict[str, float]:
    reference = step.read_tensors("classifier", "reference.safetensors")
    real = Gaussian(reference["train_mean"], reference["train_covariance"])
    test = reference["test_features"]
    order = torch.randperm(len(test), generator=named_generator(step.seed, "floor"))
    held_out = test[order[:count]]
    return {
        "frechet_distance": frechet_distance(Gaussian.fit(features), real),
        "frechet_floor": frechet_distance(Gaussian.fit(held_out), real),
        "floor_images": float(len(held_out)),
    }


def _class_shares(reading: Reading) -> dict[str, float]:
    num_classes = reading.probabilities.shape[1]
    shares = reading.labels.bincount(minlength=num_classes).double() / len(reading.labels)
    return {f"class_share_{label}": float(share) for label, share in enumerate(shares)}


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
    schedule = build_schedule(step.params["objective"])
    return ClassifierGuidance(load_guide(step), schedule, time_unit(step.params))
