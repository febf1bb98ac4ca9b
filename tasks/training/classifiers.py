"""Steps of kinds "classifier" and "guide": one judges samples, one reads noised images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from tasks.diffusion.measures import Gaussian
from tasks.diffusion.networks.classifiers import DigitClassifier, NoiseAwareClassifier, read_digits
from tasks.diffusion.networks.inference import AutocastNetwork
from tasks.diffusion.process.gaussian_process import forward
from tasks.diffusion.process.noise_schedules import NoiseSchedule
from tasks.diffusion.process.objectives import (
    Classification,
    NoisyClassification,
    Objective,
    to_range,
)
from tasks.diffusion.seeds import named_generator, seeded_initialisation, weights_to_be_loaded
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.training.model_parts import build_recipe, build_schedule, checkpoint_name, pixel_range
from tasks.training.training import loss_log, train_resumably

Network = TypeVar("Network", bound=nn.Module)

WEIGHTS = "weights.safetensors"

NOISE_LEVELS = 8
"""Accuracies are taken at t = 1 and at so many evenly spaced timesteps up to T."""

BATCH_SIZE = 500


def train_classifier(step: Step) -> StepResult:
    """Objects: weights.safetensors; reference.safetensors with the mean [64] and covariance
    [64, 64] of the features of the training images and the features [N, 64] of the test images;
    loss.parquet with a row a step.

    Metrics: test_accuracy, train_accuracy.
    """
    with seeded_initialisation(step.seed):
        classifier = DigitClassifier(step.params["width"])
    trained = _train(step, classifier, Classification(), decay="exponential")
    arrays = step.read_tensors("data", "arrays.safetensors")
    train = read_digits(classifier, arrays["train_images"])
    test = read_digits(classifier, arrays["test_images"])
    real = Gaussian.fit(train.features)
    reference = {
        "train_mean": real.mean,
        "train_covariance": real.covariance,
        "test_features": test.features,
    }
    return StepResult(
        objects={**trained, "reference.safetensors": tensors_to_bytes(reference)},
        metrics={
            "test_accuracy": _accuracy(test.labels, arrays["test_labels"]),
            "train_accuracy": _accuracy(train.labels, arrays["train_labels"]),
        },
    )


def train_guide(step: Step) -> StepResult:
    """Objects: weights.safetensors, and loss.parquet with a row a step.

    Metrics: guide_accuracy_<t> on noised test images, and clean_accuracy_<t> of the input
    "classifier", which has only seen clean ones.
    """
    with seeded_initialisation(step.seed):
        classifier = NoiseAwareClassifier(step.params["width"])
    schedule, limits = build_schedule(step.params["objective"]), pixel_range(step.params)
    trained = _train(step, classifier, NoisyClassification(schedule, limits))
    arrays = step.read_tensors("data", "arrays.safetensors")
    unit, labels = arrays["test_images"][:, None].float().div(255), arrays["test_labels"]
    guide = AutocastNetwork(classifier, step.device, step.number_format)
    clean = load_classifier(step).eval()
    metrics = {}
    for t in noise_levels(schedule.num_timesteps):
        x_t = _noised(to_range(unit, limits), schedule, t, step.seed)

        def read_noised(batch: Tensor, t: int = t) -> Tensor:
            return guide(batch, batch.new_full((len(batch),), t))

        def read_clean(batch: Tensor) -> Tensor:
            return clean(to_unit(batch, limits))

        for name, classify in (("guide", read_noised), ("clean", read_clean)):
            read = _labels(classify, x_t, step.device)
            metrics[f"{name}_accuracy_{t}"] = _accuracy(read, labels)
    return StepResult(objects=trained, metrics=metrics)


def load_classifier(step: Step) -> DigitClassifier:
    """The input "classifier" on the step's device."""
    return _load(step, "classifier", DigitClassifier).to(step.device)


def load_guide(step: Step) -> AutocastNetwork:
    """The input "guide", ready to classify on the step's device."""
    guide = _load(step, "guide", NoiseAwareClassifier)
    return AutocastNetwork(guide, step.device, step.number_format)


def noise_levels(num_timesteps: int) -> list[int]:
    """Timesteps at which accuracy is taken, ascending."""
    evenly = {round(num_timesteps * k / NOISE_LEVELS) for k in range(1, NOISE_LEVELS + 1)}
    return sorted((evenly | {1}) - {0})


def to_unit(x_t: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """x_t as a screen would show it, in [0, 1]."""
    low, high = pixel_range
    return ((x_t - low) / (high - low)).clamp(0, 1)


def _train(
    step: Step, network: nn.Module, objective: Objective, **recipe_changes: Any
) -> dict[str, bytes]:
    """The weights after the last epoch, and the losses."""
    recipe = build_recipe(step.params, step.seed, step.number_format)
    recipe = replace(recipe, **recipe_changes)
    state, weights = train_resumably(step, network, objective, recipe, checkpoints=[recipe.epochs])
    return {WEIGHTS: weights[checkpoint_name(recipe.epochs)], **loss_log(state, recipe)}


def _load(step: Step, role: str, kind: Callable[[int], Network]) -> Network:
    with weights_to_be_loaded():
        network = kind(step.inputs[role].params["width"])
    network.load_state_dict(step.read_tensors(role, WEIGHTS), assign=True)
    return network


def _noised(x_0: Tensor, schedule: NoiseSchedule, t: int, seed: int) -> Tensor:
    """x_t of images [N, 1, 28, 28]: the same noise at every t."""
    eps = torch.randn(x_0.shape, generator=named_generator(seed, "test noise"))
    return forward(x_0, eps, schedule, t)


@torch.no_grad()
def _labels(classify: Callable[[Tensor], Tensor], x: Tensor, device: str) -> Tensor:
    return torch.cat([classify(b.to(device)).argmax(dim=1).cpu() for b in x.split(BATCH_SIZE)])


def _accuracy(labels: Tensor, truth: Tensor) -> float:
    return float((labels == truth).double().mean())
