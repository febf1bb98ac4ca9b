"""Which rows a trajectory needs of the U-Net at each step, none twice.

A row is a picture seen through a view, a timestep and a prompt. A prompt needs its own row and, if
guided, the unconditional one in the same view: both estimates must be of the same noise. Prompts
that see the picture alike, as the components of a hybrid do, share the unconditional row.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tasks.diffusion.components import LinearMap
from tasks.diffusion.trajectory import Trajectory
from tasks.diffusion.views import View


@dataclass(frozen=True, eq=False)
class Estimate:
    """What one prompt asks for: two rows by number (the same one twice if unguided)."""

    conditional: int
    unconditional: int
    view: View | None
    map: LinearMap | None


@dataclass(frozen=True, eq=False)
class RowPlan:
    """rows: the view and the prompt of each; estimates: one a prompt."""

    rows: tuple[tuple[View | None, Tensor], ...]
    estimates: tuple[Estimate, ...]


def plan_rows(trajectory: Trajectory) -> RowPlan:
    """The rows of one step; every step of a trajectory needs the same."""
    rows: list[tuple[View | None, Tensor]] = []

    def row(view: View | None, embeds: Tensor) -> int:
        for number, (other_view, other_embeds) in enumerate(rows):
            if view is other_view and torch.equal(embeds, other_embeds):
                return number
        rows.append((view, embeds))
        return len(rows) - 1

    estimates = []
    combination = trajectory.combination
    for view, part, embeds in zip(
        combination.views, combination.maps, trajectory.prompt_embeds, strict=True
    ):
        conditional = unconditional = row(view, embeds)
        if trajectory.guidance_scale != 1 and trajectory.negative_embeds is not None:
            unconditional = row(view, trajectory.negative_embeds)
        estimates.append(Estimate(conditional, unconditional, view, part))
    return RowPlan(tuple(rows), tuple(estimates))
