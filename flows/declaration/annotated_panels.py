"""Panels of the annotated-diffusion write-up."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import GridSize, GuidanceScale, Name, Section
from flows.declaration.objectives import EvenWidth, Heads, Multipliers, NoiseSchedule
from flows.declaration.panel_base import PanelBase

Index = Annotated[int, Field(ge=0, le=9999)]
Loss = Annotated[float, Field(gt=0, le=1000)]
Side = Annotated[int, Field(ge=8, le=512)]
Schedules = Annotated[list[NoiseSchedule], Field(min_length=1, max_length=5)]


class SchedulesPanel(PanelBase):
    """beta, alpha-bar and posterior variance over the timesteps, one line a schedule."""

    plot: Literal["schedules"]
    schedules: Schedules


class SignalToNoise(PanelBase):
    """Signal-to-noise ratio of x_t in dB, the last value of each schedule named."""

    plot: Literal["signal_to_noise"]
    schedules: Schedules


class ForwardStrip(PanelBase):
    """A photograph of size x size pixels under growing noise. indices: timesteps counted from 0,
    as the write-up does."""

    plot: Literal["forward_strip"]
    image: Name
    size: Side = 128
    schedule: NoiseSchedule = NoiseSchedule()
    indices: Annotated[list[Index], Field(min_length=1, max_length=20)]


class NetworkSize(Section):
    """A network over images of size x size pixels. hidden_width, multipliers, heads: as of a
    convnext network."""

    channels: Annotated[int, Field(ge=1, le=16)]
    size: Side
    hidden_width: EvenWidth
    multipliers: Multipliers
    heads: Heads = 4


class NetworkSummary(PanelBase):
    """Shape after each part of the network, and the parameters of the part."""

    plot: Literal["network_summary"]
    networks: Annotated[list[NetworkSize], Field(min_length=1, max_length=3)]


class ReportedLoss(PanelBase):
    """The loss of one model at every hundredth step, beside losses that were published.

    published: a list an epoch, its values `every` steps apart from the first on.
    published_steps: of an epoch.
    """

    plot: Literal["reported_loss"]
    model: Name
    every: Annotated[int, Field(ge=1, le=100_000)] = 100
    published_steps: Annotated[int, Field(ge=1, le=1_000_000)]
    published: Annotated[
        list[Annotated[list[Loss], Field(min_length=1, max_length=100)]],
        Field(min_length=1, max_length=1000),
    ]


class PixelRanges(PanelBase):
    """Samples rescaled by their own minimum and maximum, and in the range of the data."""

    plot: Literal["pixel_ranges"]
    model: Name
    rows: GridSize = 4
    columns: GridSize = 16


class Ways(PanelBase):
    """The ways of a study side by side, from the same noise."""

    plot: Literal["ways"]
    study: Name
    rows: GridSize = 2
    columns: GridSize = 12


class EvaluationCost(PanelBase):
    """Frechet distance of the ways of a study over network evaluations."""

    plot: Literal["evaluation_cost"]
    study: Name


class GuideAccuracy(PanelBase):
    """How well a guide reads noised images, beside a classifier that has only seen clean ones."""

    plot: Literal["guide_accuracy"]
    guide: Name


class GuidanceCurve(PanelBase):
    """Accuracy and Frechet distance over guidance scales, by a classifier and without one."""

    plot: Literal["guidance_curve"]
    guide: Name


class GuidanceGrid(PanelBase):
    """Samples under both guidances: a row a scale, a column a class, all from the same noise.

    guidance_scales: some of the guide's; all by default.
    """

    plot: Literal["guidance_grid"]
    guide: Name
    guidance_scales: Annotated[list[GuidanceScale], Field(min_length=1, max_length=40)] | None = (
        None
    )


AnnotatedPanel = (
    SchedulesPanel
    | SignalToNoise
    | ForwardStrip
    | NetworkSummary
    | ReportedLoss
    | PixelRanges
    | Ways
    | EvaluationCost
    | GuideAccuracy
    | GuidanceCurve
    | GuidanceGrid
)
