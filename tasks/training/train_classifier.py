"""Step of kind "classifier": the judge of samples, with what real images look like to it."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from tasks.diffusion.measures import Gaussian
from tasks.diffusion.networks.classifiers import DigitClassifier, read_digits
from tasks.diffusion.process.objectives import Classification
from tasks.diffusion.seeds import seeded_initialisation
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.training.model_parts import build_recipe, checkpoint_name
from tasks.training.resumable_training import train_resumably
from tasks.training.training_losses import loss_log


def train_classifier(step: Step) -> StepResult:
    """Objects: weights.safetensors; reference.safetensors with the mean [64] and covariance
    [64, 64] of the features of the training images and the features [N, 64] of the test images;
    loss.parquet with a row a step.

    Metrics: test_accuracy, train_accuracy.
    """
    with seeded_initialisation(step.seed):
        classifier = DigitClassifier(step.params["width"])
    recipe = replace(build_recipe(step.params, step.seed, step.number_format), decay="exponential")
    state, checkpoints = train_resumably(
        step, classifier, Classification(), recipe, checkpoints=[recipe.epochs]
    )

    arrays = step.read_tensors("data", "arrays.safetensors")
    train = read_digits(classifier, arrays["train_images"])
    test = read_digits(classifier, arrays["test_images"])
    real = Gaussian.fit(train.features)
    return StepResult(
        objects={
            "weights.safetensors": checkpoints[checkpoint_name(recipe.epochs)],
            "reference.safetensors": tensors_to_bytes(
                {
                    "train_mean": real.mean,
                    "train_covariance": real.covariance,
                    "test_features": test.features,
                }
            ),
            **loss_log(state, recipe),
        },
        metrics={
            "test_accuracy": _accuracy(test.labels, arrays["test_labels"]),
            "train_accuracy": _accuracy(train.labels, arrays["train_labels"]),
        },
    )


def _accuracy(labels: Tensor, truth: Tensor) -> float:
    return float((labels == truth).double().mean())
