"""From the U-Net's rows to one estimate of noise and variance for each trajectory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tasks.diffusion.components import LinearMap
from tasks.diffusion.numbering import Ragged, distinct, rows_of
from tasks.diffusion.row_plan import RowPlan
from tasks.diffusion.trajectory import Trajectory
from tasks.diffusion.views import view_from_params
from tasks.diffusion.views.view import ViewBank


class NoiseEstimates:
    """Estimates, one a prompt, are numbered over all trajectories, those of one in one run."""

    def __init__(
        self,
        trajectories: Sequence[Trajectory],
        plans: Sequence[RowPlan],
        rows: Ragged,
        size: int,
        device: torch.device | str,
    ) -> None:
        self._rows = rows
        self._numbers = Ragged([len(plan.estimates) for plan in plans])
        estimates = [estimate for plan in plans for estimate in plan.estimates]
        first_row = rows.start[self._numbers.owner]
        self._conditional = first_row + np.array([e.conditional for e in estimates])
        self._unconditional = first_row + np.array([e.unconditional for e in estimates])
        identity = view_from_params({"name": "identity"}, size)
        views, self._view = distinct(e.view or identity for e in estimates)
        self._view_bank = ViewBank(views, device)
        self._maps = [e.map for e in estimates]
        scales = [trajectories[i].guidance_scale for i in self._numbers.owner]
        self._guidance_scale = torch.tensor(scales, device=device)[:, None, None, None]
        is_sum = np.array([t.combination.is_sum for t in trajectories])
        self._noise_weight = np.where(is_sum, 1.0, 1 / self._numbers.counts)

    def combine(
        self, output: Tensor, rows: np.ndarray, trajectories: np.ndarray
    ) -> tuple[Tensor, Tensor]:
        """Noise and variance of trajectories all of whose rows are in the U-Net's output.

        output: [B, 6, S, S] for the rows numbered `rows`; trajectories: [K]. Returns two
        [K, 3, S, S] float32.
        """
        place = np.empty(self._rows.total, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        estimates = self._numbers.of(trajectories)
        # The variance is the conditional estimate's: guidance extrapolates the noise alone.
        conditional = rows_of(output, place[self._conditional[estimates]]).float()
        eps_c, variance = conditional.chunk(2, dim=1)
        eps_u = rows_of(output[:, :3], place[self._unconditional[estimates]]).float()
        eps = eps_u + rows_of(self._guidance_scale, estimates) * (eps_c - eps_u)

        views = self._view[estimates]
        eps = self._through_maps(self._view_bank.invert(eps, views), estimates)
        variance = self._view_bank.invert_variance(variance, views)
        counts = self._numbers.counts[trajectories]
        return (
            weighted_sums(eps, counts, self._noise_weight[trajectories]),
            weighted_sums(variance, counts, 1 / counts),
        )

    def _through_maps(self, eps: Tensor, estimates: np.ndarray) -> Tensor:
        """Of each estimate, the component that its prompt decides."""
        groups: dict[LinearMap, list[int]] = {}
        for place, estimate in enumerate(estimates):
            part = self._maps[estimate]
            if part is not None:
                groups.setdefault(part, []).append(place)
        for part, places in groups.items():
            index = torch.tensor(places, device=eps.device)
            eps = eps.index_copy(0, index, part(eps[index]))
        return eps


def weighted_sums(values: Tensor, counts: np.ndarray, weights: np.ndarray) -> Tensor:
    """The sum of each of K consecutive runs of rows, times its weight.

    values: [sum(counts), ...]; counts, weights: [K]. Returns [K, ...]. A run is added up in order,
    so that its sum does not depend on the runs beside it: floats are not associative.
    """
    start = np.concatenate([[0], counts.cumsum()[:-1]]).astype(np.int64)
    sums = rows_of(values, start)
    for k in range(1, int(counts.max())):
        has_more = np.flatnonzero(counts > k)
        index = torch.from_numpy(has_more).to(values.device)
        sums.index_add_(0, index, rows_of(values, start[has_more] + k))
    return sums * torch.from_numpy(weights).to(sums)[:, None, None, None]
