"""Figures: panels, each one node and one picture. `plot` says how a panel is drawn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.annotated_panels import AnnotatedPanel, PixelRanges, ReportedLoss
from flows.declaration.fields import (
    DigitCount,
    EpochChoice,
    FrameCount,
    GridSize,
    Name,
    Section,
    Seed,
    Sigma,
    SigmaList,
    Title,
)
from flows.declaration.panel_base import PanelBase
from flows.declaration.pocket_panels import PocketPanel
from flows.declaration.trajectory_panels import (
    Anagram,
    Hybrid,
    Inpainting,
    TrajectoryPanel,
    count_versions,
)

MAX_GRID_IMAGES = 400


class LossCurve(PanelBase):
    """Training loss over steps, smoothed over raw, one line a model."""

    plot: Literal["loss_curve"]
    models: Annotated[list[Name], Field(min_length=1, max_length=8)]
    scale: Literal["linear", "log"] = "log"


class Noising(PanelBase):
    """Test digits under growing noise: a row a digit, a column a sigma."""

    plot: Literal["noising"]
    dataset: Name
    digits: DigitCount = 5
    sigmas: SigmaList


class Denoised(PanelBase):
    """Clean, noisy and denoised digits. sigma: that of training by default."""

    plot: Literal["denoised"]
    model: Name
    epochs: EpochChoice | None = None
    digits: DigitCount = 5
    sigma: Sigma | None = None


class SigmaRow(PanelBase):
    """The last checkpoint on the same digits at every noise level."""

    plot: Literal["sigma_row"]
    model: Name
    digits: DigitCount = 1
    sigmas: SigmaList | None = None


class SigmaCurve(PanelBase):
    """Test error over noise levels, one line a checkpoint."""

    plot: Literal["sigma_curve"]
    model: Name
    epochs: EpochChoice | None = None


class PureNoise(PanelBase):
    """Outputs on noise alone beside the mean training image."""

    plot: Literal["pure_noise"]
    model: Name
    epochs: EpochChoice | None = None
    digits: DigitCount = 5


class Samples(PanelBase):
    """A grid of samples a checkpoint, from the same noise. Class-conditioned: a column a class."""

    plot: Literal["samples"]
    model: Name
    epochs: EpochChoice | None = None
    rows: GridSize = 4
    columns: GridSize = 10


class Animation(PanelBase):
    """How the last checkpoint's samples come about. frames: at most this many."""

    plot: Literal["animation"]
    model: Name
    rows: GridSize = 4
    columns: GridSize = 10
    frames: FrameCount = 25


class Comparison(PanelBase):
    """The last checkpoints of several models from the same noise, side by side."""

    plot: Literal["comparison"]
    models: Annotated[list[Name], Field(min_length=2, max_length=4)]
    rows: GridSize = 4
    columns: GridSize = 10


class ClassHistogram(PanelBase):
    """Which digits an unconditional model draws, as the classifier reads them."""

    plot: Literal["class_histogram"]
    model: Name
    epochs: EpochChoice | None = None


class GuidanceSweep(PanelBase):
    """Label accuracy and Frechet distance over guidance scales, last checkpoint."""

    plot: Literal["guidance_sweep"]
    model: Name


ModelPanel = (
    LossCurve
    | Noising
    | Denoised
    | SigmaRow
    | SigmaCurve
    | PureNoise
    | Samples
    | Animation
    | Comparison
    | ClassHistogram
    | GuidanceSweep
)
"""Panels of the models that are trained here."""

Panel = Annotated[
    ModelPanel | PocketPanel | TrajectoryPanel | AnnotatedPanel, Field(discriminator="plot")
]


class Figure(Section):
    """One deliverable of a write-up. section: as the write-up numbers it."""

    section: Title
    title: Title
    seed: Seed
    panels: Annotated[list[Panel], Field(min_length=1, max_length=50)]


def panel_id(panel: Panel) -> str:
    return panel.id or panel.plot


def models_of(panel: Panel) -> list[str]:
    """Names of the models a panel shows, of whose checkpoints all measurements are wanted."""
    if isinstance(panel, AnnotatedPanel):
        return [panel.model] if isinstance(panel, ReportedLoss | PixelRanges) else []
    if isinstance(panel, TrajectoryPanel | PocketPanel):
        return []
    if isinstance(panel, LossCurve | Comparison):
        return panel.models
    return [] if isinstance(panel, Noising) else [panel.model]


def drawn_ids(panel: Panel) -> list[str]:
    """The pictures a panel is drawn as: itself; then an animation of each anagram or hybrid; then
    all tries, where the best of several is shown."""
    name = panel_id(panel)
    ids = [name]
    if isinstance(panel, Anagram | Hybrid):
        count = sum(count_versions(panel, pair) for pair in panel.pairs)
        ids += [f"{name}-{number}" for number in range(1, count + 1)]
    if isinstance(panel, Anagram | Hybrid | Inpainting) and panel.tries > 1:
        ids.append(f"{name}-tries")
    return ids
