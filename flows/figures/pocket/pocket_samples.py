"""Samples of the pocket model: every concept, every style, enlarged."""

from __future__ import annotations

from typing import ClassVar, Literal

from flows.declaration import Declaration
from flows.declaration.fields import GridSize
from flows.declaration.problems import Path, Problem
from flows.figures.panel import Nodes, Panel, Params, Place, Spot
from flows.figures.parameters import Problems
from flows.nodes.pocket_nodes import MEASURE


class PocketPanel(Panel):
    """A panel of what was measured of the pocket model."""

    measured_by: ClassVar[tuple[str, str]] = ("measure", MEASURE)
    """Role and name of the node."""

    def problems(self, declaration: Declaration, path: Path) -> Problems:
        if declaration.pocket is None:
            yield Problem(path, "shows the pocket model; declare how it is trained, at `pocket`")

    def options(self) -> Params:
        """What its drawing is told."""
        return {}

    def draw(self, spot: Spot) -> Nodes:
        yield spot.drawing(dict([self.measured_by]), self.options(), is_seeded=False)


class PocketConcepts(PocketPanel):
    """A sample of every concept, outlined where the classifier names it rightly."""

    heading = "Every concept"

    plot: Literal["pocket_concepts"]
    columns: GridSize = 10

    def options(self) -> Params:
        return {"columns": self.columns}

    def told(self, place: Place) -> str:
        return (
            f"One sample of each concept, {_sampling(place)}. Outlined: those that a "
            "classifier, trained apart on drawn pictures alone, names rightly among all concepts."
        )


class PocketStyles(PocketPanel):
    """A few subjects in every style."""

    heading = "Subjects in every style"

    plot: Literal["pocket_styles"]

    def told(self, place: Place) -> str:
        return f"A few subjects under every style the captions name, {_sampling(place)}."


class PocketEnlarged(PocketPanel):
    """Training picture, sample of stage I, and the same enlarged by stage II."""

    heading = "Drawn, sampled, enlarged"

    plot: Literal["pocket_enlarged"]

    def told(self, place: Place) -> str:
        return (
            "The training picture, a sample of stage I at 64 pixels, and the same enlarged by "
            f"stage II to 128, {_sampling(place)}."
        )


def _sampling(place: Place) -> str:
    """How its samples are drawn."""
    assert place.declaration.pocket is not None
    measure = place.declaration.pocket.measure
    return (
        f"guidance scale {measure.guidance_scale:g}, timesteps {measure.stride} apart, "
        f"seed {measure.seeds[0]}"
    )
