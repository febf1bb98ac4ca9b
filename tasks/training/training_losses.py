"""The losses of a training on the digits, as its step keeps them."""

from __future__ import annotations

import pyarrow as pa

from tasks.diffusion.process.trainer import Recipe, TrainingState
from tasks.running.step import table_to_bytes

LOSS_LOG = "loss.parquet"


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
