"""Training that survives a kill, and the step of kind "train", which is one such training.

The state after each epoch lies in the step's workspace.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pyarrow as pa
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from tasks import BadInput
from tasks.diffusion.networks.unet import count_parameters
from tasks.diffusion.process.objectives import Objective
from tasks.diffusion.process.trainer import Recipe, TrainingState, train
from tasks.running.step import Step, StepResult, table_to_bytes, tensors_to_bytes
from tasks.store.local_files import write_local_file
from tasks.training.model_parts import (
    build_network,
    build_objective,
    build_recipe,
    checkpoint_name,
)

STATE_FILE = "state.safetensors"
LOSS_LOG = "loss.parquet"


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


def train_resumably(
    step: Step,
    network: nn.Module,
    objective: Objective,
    recipe: Recipe,
    *,
    checkpoints: list[int],
) -> tuple[TrainingState, dict[str, bytes]]:
    """Train on the input "data", from the last saved epoch if there is one.

    Returns the final state and the weights at each epoch of `checkpoints`, by object name.
    """
    arrays = step.read_tensors("data", "arrays.safetensors")
    state_path = step.workspace / STATE_FILE

    def on_epoch(state: TrainingState) -> None:
        # Checkpoints first: a state on disk promises that those before it are there too.
        if state.epoch in checkpoints:
            write_local_file(
                step.workspace / checkpoint_name(state.epoch), tensors_to_bytes(state.weights)
            )
        write_local_file(state_path, save(state.to_tensors()))

    final = train(
        network,
        objective,
        arrays["train_images"],
        arrays["train_labels"],
        recipe,
        device=step.device,
        resume_from=_saved_state(step, checkpoints),
        on_epoch=on_epoch,
        on_progress=_progress(step, recipe),
        should_stop=step.should_stop,
        deadline_seconds=_deadline(),
    )
    objects = {
        checkpoint_name(epoch): (step.workspace / checkpoint_name(epoch)).read_bytes()
        for epoch in checkpoints
    }
    return final, objects


def loss_log(state: TrainingState, recipe: Recipe) -> dict[str, bytes]:
    """The object "loss.parquet": a row a step, with step and epoch (from 1), learning_rate and
    loss."""
    steps = len(state.losses)
    epochs = [step * recipe.epochs // steps for step in range(steps)]
    table = pa.table(
        {
            "step": pa.array(range(1, steps + 1), pa.int64()),
            "epoch": pa.array([epoch + 1 for epoch in epochs], pa.int32()),
            "learning_rate": pa.array([recipe.learning_rate_of(e) for e in epochs], pa.float64()),
            "loss": pa.array(state.losses.tolist(), pa.float32()),
        }
    )
    return {LOSS_LOG: table_to_bytes(table)}


def _saved_state(step: Step, checkpoints: list[int]) -> TrainingState | None:
    """The last state saved, or None where there is none that can be used whole."""
    try:
        state = TrainingState.from_tensors(load_file(step.workspace / STATE_FILE))
    except (FileNotFoundError, SafetensorError, KeyError):
        return None
    due = [epoch for epoch in checkpoints if epoch <= state.epoch]
    if not all((step.workspace / checkpoint_name(epoch)).is_file() for epoch in due):
        return None
    return state


def _progress(step: Step, recipe: Recipe) -> Callable[[int, int, float], None]:
    def report(done: int, total: int, loss: float) -> None:
        epoch = (done - 1) * recipe.epochs // total + 1
        step.report(done, total, f"epoch {epoch} of {recipe.epochs}, loss {loss:.4f}")

    return report


def _deadline() -> float | None:
    """Seconds one training may take, from DARKROOM_TRAINING_DEADLINE; none by default."""
    value = os.environ.get("DARKROOM_TRAINING_DEADLINE")
    if not value:
        return None
    try:
        return float(value)
    except ValueError:
        raise BadInput(
            f"DARKROOM_TRAINING_DEADLINE is {value!r}; expected a number of seconds"
        ) from None
