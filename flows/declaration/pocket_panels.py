"""Panels of the pocket model's own figures."""

from __future__ import annotations

from typing import Literal

from flows.declaration.fields import GridSize
from flows.declaration.panel_base import PanelBase


class PocketConcepts(PanelBase):
    """A sample of every concept, outlined where the classifier names it rightly."""

    plot: Literal["pocket_concepts"]
    columns: GridSize = 10


class PocketStyles(PanelBase):
    """A few subjects in every style."""

    plot: Literal["pocket_styles"]


class PocketEnlarged(PanelBase):
    """Training picture, sample of stage I, and the same enlarged by stage II."""

    plot: Literal["pocket_enlarged"]


PocketPanel = PocketConcepts | PocketStyles | PocketEnlarged
