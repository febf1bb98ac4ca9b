"""Step of kind "evaluate": a checkpoint's samples as the digit classifier sees them."""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.diffusion.measures import Gaussian, frechet_distance
from tasks.diffusion.networks.classifiers import DigitClassifier, Reading, read_digits
from tasks.diffusion.process.generate import Request, generate
from tasks.diffusion.seeds import named_generator, weights_to_be_loaded
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.training.model_parts import build_sampler, load_for_inference, pixel_range


def evaluate_checkpoint(step: Step) -> StepResult:
    """Objects: features.safetensors with the samples' features [n, 64] and labels [n].

    Metrics: samples; frechet_distance to the training images; frechet_floor, the distance of as
    many test images (floor_images: no more than there are) to the same; confidence, the mean
    largest probability; class_share_0..9 as the classifier reads the samples; and label_accuracy
    for a class-conditioned model, whose classes are drawn equally often.
    """
    count = step.params["samples"]
    num_classes = step.params["network"]["num_classes"]
    labels = torch.arange(count).remainder(num_classes) if num_classes else None
    (generated,) = generate(
        load_for_inference(step),
        build_sampler(step.params),
        [Request(step.seed, count, labels)],
        num_classes=num_classes,
        guidance_scale=step.params["sampler"]["guidance_scale"],
        pixel_range=pixel_range(step.params),
        device=step.device,
        report=step.report,
        should_stop=step.should_stop,
    )
    reading, metrics = measure_samples(step, generated.images, labels)
    return StepResult(
        objects={
            "features.safetensors": tensors_to_bytes(
                {"features": reading.features, "labels": reading.labels}
            )
        },
        metrics=metrics,
    )


def measure_samples(
    step: Step, images: Tensor, labels: Tensor | None
) -> tuple[Reading, dict[str, float]]:
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


def load_classifier(step: Step) -> DigitClassifier:
    """The input "classifier" on the step's device."""
    with weights_to_be_loaded():
        classifier = DigitClassifier(step.inputs["classifier"].params["width"])
    weights = step.read_tensors("classifier", "weights.safetensors")
    classifier.load_state_dict(weights, assign=True)
    return classifier.to(step.device)


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
