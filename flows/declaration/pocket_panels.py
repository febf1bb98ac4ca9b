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


class PocketRetrieval(PanelBase):
    """How often the similarity model finds the right caption, by how the picture is seen."""

    plot: Literal["pocket_retrieval"]


PocketPanel = PocketConcepts | PocketStyles | PocketEnlarged | PocketRetrieval
