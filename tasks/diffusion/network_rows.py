"""The U-Net's inputs for any rows of any trajectories, gathered in a few operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.numbering import Ragged, distinct, rows_of
from tasks.diffusion.row_plan import RowPlan
from tasks.diffusion.trajectory import Trajectory
from tasks.diffusion.views import view_from_params
from tasks.diffusion.views.view import ViewBank

UNet = Callable[..., Tensor]
"""(x [B, 3, S, S] float32, t [B] int64, prompt_embeds [B, length, width]) to [B, 6, S, S], three
channels of noise and three of variance, in any float format. The second stage's takes x
[B, 6, S, S] and class_labels [B] int64 as well."""


class NetworkRows:
    """Rows are numbered over all trajectories, those of one trajectory in one run."""

    def __init__(
        self,
        trajectories: Sequence[Trajectory],
        plans: Sequence[RowPlan],
        size: int,
        device: torch.device | str,
    ) -> None:
        self.numbers = Ragged([len(plan.rows) for plan in plans])
        self._trajectory = self.numbers.owner
        identity = view_from_params({"name": "identity"}, size)
        views, self._view = distinct(view or identity for plan in plans for view, _ in plan.rows)
        embeds, self._embeds = distinct(embeds for plan in plans for _, embeds in plan.rows)
        self._view_bank = ViewBank(views, device)
        self._embeds_bank = _stack_alike(embeds, "prompt embeddings").to(device)
        self._conditions: Tensor | None = None
        conditions = [t.condition for t in trajectories if t.condition is not None]
        labels = [t.class_label for t in trajectories if t.class_label is not None]
        if conditions:
            if len(conditions) != len(trajectories):
                raise BadInput("trajectories of both stages cannot be sampled by one U-Net")
            self._conditions = _stack_alike(conditions, "conditions").float().to(device)
            self._labels = torch.tensor(labels, device=device)

    def inputs(self, rows: np.ndarray, x: Tensor, t: Tensor) -> tuple[Tensor, ...]:
        """The U-Net's arguments for some rows, from x [N, 3, S, S] and t [N] of all
        trajectories."""
        trajectory = self._trajectory[rows]
        pictures = rows_of(x, trajectory)
        if self._conditions is not None:
            # A view is of the noisy picture and its condition together.
            pictures = torch.cat([pictures, rows_of(self._conditions, trajectory)], dim=1)
        inputs = (
            self._view_bank.apply(pictures, self._view[rows]),
            rows_of(t, trajectory).to(x.device),
            rows_of(self._embeds_bank, self._embeds[rows]),
        )
        if self._conditions is None:
            return inputs
        return (*inputs, rows_of(self._labels, trajectory))


def _stack_alike(tensors: Sequence[Tensor], what: str) -> Tensor:
    kinds = {(tuple(t.shape), t.dtype) for t in tensors}
    if len(kinds) > 1:
        shapes = ", ".join(f"{list(shape)} {dtype}" for shape, dtype in sorted(kinds, key=str))
        raise BadInput(f"{what} of one batch differ in shape or format: {shapes}")
    return torch.stack(list(tensors))
