"""Step of kind "train": one MNIST model, with the checkpoints it was asked to keep."""

from __future__ import annotations

import torch

from tasks.diffusion.networks.unet import count_parameters
from tasks.running.step import Step, StepResult
from tasks.training.model_parts import build_network, build_objective, build_recipe
from tasks.training.resumable_training import train_resumably
from tasks.training.training_losses import loss_log


def train_model(step: Step) -> StepResult:
    """Objects: epoch-NNN.safetensors for each checkpoint, loss.parquet with a row a step.

    Metrics: final_loss (mean of the last epoch), parameters, images_per_second, training_seconds
    (of all runs it took) and threads, whose number changes the last bits on the CPU.
    """
    network = build_network(step.params, step.seed)
    recipe = build_recipe(step.params, step.seed, step.number_format)
    state, objects = train_resumably(
        step, network, build_objective(step.params), recipe, checkpoints=step.params["checkpoints"]
    )
    steps_per_epoch = len(state.losses) // recipe.epochs
    return StepResult(
        objects=objects | loss_log(state, recipe),
        metrics={
            "final_loss": float(state.losses[-steps_per_epoch:].mean()),
            "images_per_second": len(state.losses) * recipe.batch_size / state.seconds,
            "parameters": count_parameters(network),
            "training_seconds": state.seconds,
            "threads": torch.get_num_threads(),
        },
    )
