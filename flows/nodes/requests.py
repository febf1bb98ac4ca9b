"""What figures want of each checkpoint, gathered so that each checkpoint is loaded and run once.

Gathered over every figure of the declaration, not only those of one pipeline: so the gallery and
each write-up share their nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from flows.declaration import Declaration
from flows.declaration.annotated_panels import AnnotatedPanel, PixelRanges
from flows.declaration.figures import (
    Animation,
    Comparison,
    Denoised,
    ModelPanel,
    PureNoise,
    Samples,
    SigmaRow,
)
from flows.declaration.models import DenoisingModel, GenerativeModel
from flows.declaration.pocket_panels import PocketPanel
from flows.declaration.trajectory_panels import TrajectoryPanel
from tasks.store.node import JSON

Checkpoint = tuple[str, int]
"""Model and epoch."""


@dataclass
class Requests:
    """grids: for each checkpoint, (seed, rows, columns) to the frames to keep.
    digits: for each checkpoint, seed to how many test digits to show.
    sigmas: for each model, the noise levels its panels show."""

    grids: dict[Checkpoint, dict[tuple[int, int, int], int]] = field(default_factory=dict)
    digits: dict[Checkpoint, dict[int, int]] = field(default_factory=dict)
    sigmas: dict[str, set[float]] = field(default_factory=dict)

    def grids_of(self, model: str, epoch: int) -> list[dict[str, JSON]]:
        """Sorted, one entry an object: the frames are the most that any figure wants."""
        return [
            {"seed": seed, "rows": rows, "columns": columns, "frames": frames}
            for (seed, rows, columns), frames in sorted(self.grids.get((model, epoch), {}).items())
        ]

    def digits_of(self, model: str, epoch: int) -> list[dict[str, JSON]]:
        """Sorted, one entry an object: the digits are the most that any figure wants."""
        return [
            {"seed": seed, "digits": digits}
            for seed, digits in sorted(self.digits.get((model, epoch), {}).items())
        ]

    def _want_grid(self, checkpoint: Checkpoint, grid: tuple[int, int, int], frames: int) -> None:
        wanted = self.grids.setdefault(checkpoint, {})
        wanted[grid] = max(frames, wanted.get(grid, 0))

    def _want_digits(self, checkpoint: Checkpoint, seed: int, digits: int) -> None:
        wanted = self.digits.setdefault(checkpoint, {})
        wanted[seed] = max(digits, wanted.get(seed, 0))


def gather_requests(declaration: Declaration) -> Requests:
    requests = Requests()
    for figure in declaration.figures.values():
        for panel in figure.panels:
            if not isinstance(panel, TrajectoryPanel | PocketPanel):
                _gather(requests, declaration, panel, figure.seed)
    return requests


def _gather(
    requests: Requests, declaration: Declaration, panel: ModelPanel | AnnotatedPanel, seed: int
) -> None:
    models = declaration.models
    if isinstance(panel, PixelRanges):
        checkpoint = (panel.model, models[panel.model].kept_epochs[-1])
        requests._want_grid(checkpoint, (seed, panel.rows, panel.columns), 0)
    elif isinstance(panel, Samples | Animation):
        frames = panel.frames if isinstance(panel, Animation) else 0
        for epoch in shown_epochs(panel, models[panel.model]):
            requests._want_grid((panel.model, epoch), (seed, panel.rows, panel.columns), frames)
    elif isinstance(panel, Comparison):
        for name in panel.models:
            checkpoint = (name, models[name].kept_epochs[-1])
            requests._want_grid(checkpoint, (seed, panel.rows, panel.columns), 0)
    elif isinstance(panel, Denoised | SigmaRow | PureNoise):
        for epoch in shown_epochs(panel, models[panel.model]):
            requests._want_digits((panel.model, epoch), seed, panel.digits)
        shown = requests.sigmas.setdefault(panel.model, set())
        if isinstance(panel, Denoised) and panel.sigma is not None:
            shown.add(panel.sigma)
        if isinstance(panel, SigmaRow):
            shown.update(panel.sigmas or ())


def shown_epochs(panel: ModelPanel, model: DenoisingModel | GenerativeModel) -> list[int]:
    """The checkpoints a panel of one model draws, ascending."""
    kept = model.kept_epochs
    if isinstance(panel, SigmaRow | Animation):
        return kept[-1:]
    wanted: list[int | Literal["last"]] | None = getattr(panel, "epochs", None)
    if wanted is None:
        return kept
    return sorted({kept[-1] if epoch == "last" else epoch for epoch in wanted})
