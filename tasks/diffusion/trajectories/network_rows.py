"""What goes into the U-Net and what comes out: rows of any trajectories, in a few operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from tasks import BadInput
from tasks.diffusion.components import LinearMap
from tasks.diffusion.illusions import one_estimate
from tasks.diffusion.trajectories.rows import Ragged, distinct, plan_rows, rows_of
from tasks.diffusion.trajectories.trajectory import Trajectory
from tasks.diffusion.views import view_from_params
from tasks.diffusion.views.view import ViewBank

UNet = Callable[..., Tensor]
"""(x [batch, 3, size, size] float32, t [batch] int64, prompt_embeds [batch, length, width]) to
[batch, 6, size, size], three channels of noise and three of variance, in any float format. The
second stage's takes x [batch, 6, size, size] and class_labels [batch] int64 as well."""


class NetworkRows:
    """Rows are numbered over all trajectories, those of one trajectory in one run; so are the
    estimates, one a prompt, that are made of them. counts: see RowQueue."""

    def __init__(
        self, trajectories: Sequence[Trajectory], size: int, device: torch.device | str
    ) -> None:
        plans = [plan_rows(trajectory) for trajectory in trajectories]
        self.numbers = Ragged([len(plan.rows) for plan in plans])
        self.counts = [p.counts(t) for p, t in zip(plans, trajectories, strict=True)]
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

        estimates = [estimate for plan in plans for estimate in plan.estimates]
        self._estimates = Ragged([len(plan.estimates) for plan in plans])
        owner = self._estimates.owner
        first_row = self.numbers.start[owner]
        self._conditional = first_row + np.array([e.conditional for e in estimates])
        self._unconditional = first_row + np.array([e.unconditional for e in estimates])
        self._maps = [e.map for e in estimates]
        scales = [trajectories[i].guidance_scale for i in owner]
        self._guidance_scale = torch.tensor(scales, device=device)[:, None, None, None]
        self._trajectories = trajectories
        self._has_rule = np.array([t.combination.rule != "mean" for t in trajectories])
        is_sum = np.array([t.combination.is_sum for t in trajectories])
        self._noise_weight = np.where(is_sum, 1.0, 1 / self._estimates.counts)

    def inputs(self, rows: np.ndarray, x: Tensor, t: Tensor) -> tuple[Tensor, ...]:
        """The U-Net's arguments for some rows.

        x: [trajectory, 3, size, size] and t: [trajectory], of all trajectories.
        """
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

    def combine(
        self, output: Tensor, rows: np.ndarray, trajectories: np.ndarray, t: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Noise and variance of trajectories all of whose rows are in the U-Net's output.

        output: [row, 6, size, size] for the rows numbered `rows`; trajectories: [chosen]; t:
        [trajectory], of all. Returns two [chosen, 3, size, size] float32.
        """
        place = np.empty(self.numbers.total, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        estimates = self._estimates.of(trajectories)
        # The variance is the conditional estimate's: guidance extrapolates the noise alone.
        conditional = rows_of(output, place[self._conditional[estimates]]).float()
        eps_c, variance = conditional.chunk(2, dim=1)
        eps_u = rows_of(output[:, :3], place[self._unconditional_of(estimates, t)]).float()
        # Ho & Salimans 2022, eq. 6, with guidance_scale = 1 + w
        gap = eps_c - eps_u
        eps = eps_u + rows_of(self._guidance_scale, estimates) * gap

        # Both estimates of a prompt are in the same view.
        views = self._view[self._conditional[estimates]]
        eps = self._through_maps(self._view_bank.invert(eps, views), estimates)
        variance = self._view_bank.invert_variance(variance, views)
        counts = self._estimates.counts[trajectories]
        noise = weighted_sums(eps, counts, self._noise_weight[trajectories])
        ends = counts.cumsum()
        for row in np.flatnonzero(self._has_rule[trajectories]):
            trajectory = self._trajectories[trajectories[row]]
            of_it = slice(ends[row] - counts[row], ends[row])
            gaps = gap[of_it].flatten(1).square().mean(dim=1).sqrt()
            step = trajectory.timesteps.index(int(t[trajectories[row]]))
            noise[row] = one_estimate(trajectory.combination.rule, eps[of_it], gaps, step)
        return noise, weighted_sums(variance, counts, 1 / counts)

    def _unconditional_of(self, estimates: np.ndarray, t: Tensor) -> np.ndarray:
        """Of each estimate, its unconditional row; the conditional one where there is no guidance.

        t: [trajectory], of all.
        """
        owners = self._estimates.owner[estimates]
        is_guided = [self._trajectories[i].combination.is_guided_at(int(t[i])) for i in owners]
        return np.where(is_guided, self._unconditional[estimates], self._conditional[estimates])

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
    """The sum of each of several consecutive runs of rows, times its weight.

    values: [sum(counts), ...]; counts, weights: [run]. Returns [run, ...]. A run is added up in
    order, so that its sum does not depend on the runs beside it: floats are not associative.
    """
    start = np.concatenate([[0], counts.cumsum()[:-1]]).astype(np.int64)
    sums = rows_of(values, start)
    for k in range(1, int(counts.max())):
        has_more = np.flatnonzero(counts > k)
        index = torch.from_numpy(has_more).to(values.device)
        sums.index_add_(0, index, rows_of(values, start[has_more] + k))
    return sums * torch.from_numpy(weights).to(sums)[:, None, None, None]


def _stack_alike(tensors: Sequence[Tensor], what: str) -> Tensor:
    kinds = {(tuple(t.shape), t.dtype) for t in tensors}
    if len(kinds) > 1:
        shapes = ", ".join(f"{list(shape)} {dtype}" for shape, dtype in sorted(kinds, key=str))
        raise BadInput(f"{what} of one batch differ in shape or format: {shapes}")
    return torch.stack(list(tensors))
