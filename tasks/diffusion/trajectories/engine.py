"""Many trajectories at once through one U-Net, in full batches.

At each step a trajectory needs some rows of the network (rows.py). The engine packs the rows of all
trajectories, each at its own timestep, into batches, gathers the network's inputs and reads its
outputs as one noise estimate for each trajectory (network_rows.py), and takes those whose rows are
complete a step on (pictures.py). A trajectory's noise is its own, so its result depends on neither
its neighbours nor the size of the batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from tasks import BadInput, StepCancelled, StepFailed
from tasks.diffusion.trajectories.diffusion_schedule import DiffusionSchedule
from tasks.diffusion.trajectories.network_rows import NetworkRows, UNet
from tasks.diffusion.trajectories.pictures import PicturesInProgress
from tasks.diffusion.trajectories.rows import RowQueue, rows_of
from tasks.diffusion.trajectories.trajectory import Result, Trajectory


@torch.no_grad()
def sample(
    unet: UNet,
    schedule: DiffusionSchedule,
    trajectories: Sequence[Trajectory],
    *,
    size: int,
    max_rows: int,
    device: torch.device | str = "cpu",
    report: Callable[[float, float, str], None] = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Result | StepFailed]:
    """Take every trajectory to its clean picture of size x size pixels; results in their order.

    max_rows: rows of a full batch. report(rows done, rows in all, what) follows each batch.

    A trajectory whose picture is not finite, or one flat colour, has a StepFailed in its place and
    leaves the others alone. Raises BadInput for trajectories that cannot be sampled together or by
    this U-Net, StepCancelled when should_stop says so.
    """
    if not trajectories:
        return []
    pictures = PicturesInProgress(schedule, trajectories, size, device)
    network_rows = NetworkRows(trajectories, size, device)
    numbers = network_rows.numbers
    queue = RowQueue(network_rows.counts)
    unet_rows, forwards = np.zeros((2, len(trajectories)), dtype=np.int64)
    # Rows of a step that was cut by the end of a batch wait here for its others.
    output = torch.empty(0, 6, size, size, device=device)
    rows = np.empty(0, dtype=np.int64)
    while batch := queue.take(max_rows):
        if should_stop():
            raise StepCancelled("sampling was stopped; the next run starts this batch again.")
        new_rows = np.concatenate(
            [numbers.start[s.trajectory] + np.arange(s.first, s.stop) for s in batch]
        )
        new_output = unet(*network_rows.inputs(new_rows, pictures.x, pictures.t))
        _check_output(new_output, len(new_rows), size)
        output, rows = torch.cat([output, new_output.float()]), np.concatenate([rows, new_rows])
        for share in batch:
            unet_rows[share.trajectory] += share.stop - share.first
            forwards[share.trajectory] += 1

        complete = np.array([s.trajectory for s in batch if s.is_last], dtype=np.int64)
        if len(complete):
            pictures.advance(complete, *network_rows.combine(output, rows, complete, pictures.t))
            for trajectory in pictures.failures:
                queue.drop(trajectory)
        is_waiting = np.isin(rows, numbers.of(complete), invert=True)
        output, rows = rows_of(output, np.flatnonzero(is_waiting)), rows[is_waiting]
        done = int(unet_rows.sum())
        report(done, done + queue.rows_left, "sampling")
    return [
        pictures.failures.get(i)
        or Result(pictures.clean(i), pictures.snapshots[i], int(unet_rows[i]), int(forwards[i]))
        for i in range(len(trajectories))
    ]


def _check_output(output: Tensor, num_rows: int, size: int) -> None:
    if output.shape != (num_rows, 6, size, size):
        raise BadInput(
            f"the U-Net returned {list(output.shape)}; expected {[num_rows, 6, size, size]}: three "
            "channels of noise and three of variance"
        )
