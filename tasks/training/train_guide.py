"""Step of kind "guide": a noise-aware classifier, and how well it reads noised test images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tasks.diffusion.networks.classifiers import NoiseAwareClassifier
from tasks.diffusion.networks.inference import AutocastNetwork
from tasks.diffusion.process.gaussian_process import forward
from tasks.diffusion.process.noise_schedules import NoiseSchedule
from tasks.diffusion.process.objectives import NoisyClassification, to_range
from tasks.diffusion.seeds import named_generator, seeded_initialisation
from tasks.evaluation.evaluate_checkpoint import load_classifier
from tasks.running.step import Step, StepResult
from tasks.training.model_parts import build_recipe, build_schedule, checkpoint_name, pixel_range
from tasks.training.resumable_training import train_resumably
from tasks.training.training_losses import loss_log

NOISE_LEVELS = 8
"""Accuracies are taken at t = 1 and at so many evenly spaced timesteps up to T."""

BATCH_SIZE = 500


def train_guide(step: Step) -> StepResult:
    """Objects: weights.safetensors, and loss.parquet with a row a step.

    Metrics: guide_accuracy_<t> on noised test images, and clean_accuracy_<t> of the input
    "classifier", which has only seen clean ones.
    """
    with seeded_initialisation(step.seed):
        classifier = NoiseAwareClassifier(step.params["width"])
    schedule = build_schedule(step.params["objective"])
    recipe = build_recipe(step.params, step.seed, step.number_format)
    state, checkpoints = train_resumably(
        step,
        classifier,
        NoisyClassification(schedule, pixel_range(step.params)),
        recipe,
        checkpoints=[recipe.epochs],
    )
    arrays = step.read_tensors("data", "arrays.safetensors")
    unit, labels = arrays["test_images"][:, None].float().div(255), arrays["test_labels"]
    limits = pixel_range(step.params)
    guide = AutocastNetwork(classifier, step.device, step.number_format)
    clean = load_classifier(step).eval()
    metrics = {}
    for t in noise_levels(schedule.num_timesteps):
        x_t = _noised(to_range(unit, limits), schedule, t, step.seed)

        def read_noised(batch: Tensor, t: int = t) -> Tensor:
            return guide(batch, batch.new_full((len(batch),), t))

        metrics[f"guide_accuracy_{t}"] = _accuracy(read_noised, x_t, labels, step.device)
        metrics[f"clean_accuracy_{t}"] = _accuracy(
            lambda batch: clean(to_unit(batch, limits)), x_t, labels, step.device
        )
    return StepResult(
        objects={
            "weights.safetensors": checkpoints[checkpoint_name(recipe.epochs)],
            **loss_log(state, recipe),
        },
        metrics=metrics,
    )


def noise_levels(num_timesteps: int) -> list[int]:
    """Timesteps at which accuracy is taken, ascending."""
    evenly = {round(num_timesteps * k / NOISE_LEVELS) for k in range(1, NOISE_LEVELS + 1)}
    return sorted((evenly | {1}) - {0})


def _noised(x_0: Tensor, schedule: NoiseSchedule, t: int, seed: int) -> Tensor:
    """x_t of images [N, 1, 28, 28]: the same noise at every t."""
    eps = torch.randn(x_0.shape, generator=named_generator(seed, "test noise"))
    return forward(x_0, eps, schedule, t)


def to_unit(x_t: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """x_t as a screen would show it, in [0, 1]."""
    low, high = pixel_range
    return ((x_t - low) / (high - low)).clamp(0, 1)


@torch.no_grad()
def _accuracy(
    classify: Callable[[Tensor], Tensor], x: Tensor, labels: Tensor, device: str
) -> float:
    read = torch.cat([classify(b.to(device)).argmax(dim=1).cpu() for b in x.split(BATCH_SIZE)])
    return float((read == labels).double().mean())
