"""What the panels of the pocket model share."""

from __future__ import annotations

from collections.abc import Iterator

from flows.declaration import Declaration
from flows.declaration.messages import Path, Problem
from flows.figures.panel import Panel, Place, Spot
from flows.nodes.pocket_nodes import MEASURE
from tasks.store.node import Node


class PocketPanel(Panel):
    """A panel of what was measured of the pocket model."""

    def problems(self, declaration: Declaration, path: Path) -> Iterator[Problem]:
        if declaration.pocket is None:
            yield Problem(path, "shows the pocket model; declare how it is trained, at `pocket`")

    def draw(self, spot: Spot) -> Iterator[Node]:
        yield spot.drawing({"measure": MEASURE}, is_seeded=False)


def sampling_words(place: Place) -> str:
    """How its samples are drawn."""
    assert place.declaration.pocket is not None
    measure = place.declaration.pocket.measure
    return (
        f"guidance scale {measure.guidance_scale:g}, {measure.num_inference_steps} steps, "
        f"seed {measure.seeds[0]}"
    )
