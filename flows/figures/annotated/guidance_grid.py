"""Samples under two kinds of guidance."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration import Declaration
from flows.declaration.fields import GuidanceScale
from flows.declaration.problems import Path, Problem
from flows.figures.annotated.guide_accuracy import GuidePanel
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import DISTINCT, Problems
from flows.nodes.requests import Requests
from flows.nodes.study_nodes import CLASSES
from tasks.figures.words import join_words

Scales = Annotated[list[GuidanceScale], Field(min_length=1, max_length=40), DISTINCT]


class GuidanceGrid(GuidePanel):
    """Samples under both guidances: a row a scale, a column a class, all from the same noise.

    guidance_scales: some of the guide's; all by default.
    """

    heading = "Samples over guidance scales"

    plot: Literal["guidance_grid"]
    guidance_scales: Scales | None = None

    def problems(self, declaration: Declaration, path: Path) -> Problems:
        yield from super().problems(declaration, path)
        if self.guide not in declaration.guides:
            return
        known = declaration.guides[self.guide].guidance_scales
        scales = self.guidance_scales or []
        missing = [scale for scale in scales if scale not in known]
        if missing:
            listed = ", ".join(f"{scale:g}" for scale in known)
            text = f"asks for {missing[0]:g}; expected some of the guide's: {listed}"
            yield Problem((*path, "guidance_scales"), text)

    def ask(self, requests: Requests, place: Place) -> None:
        for node in self.guided_samples(self._scales(place)).values():
            requests.want_grid(node, place.seed, 1, CLASSES)

    def draw(self, spot: Spot) -> Nodes:
        scales = self._scales(spot)
        grid = {"seed": spot.seed, "rows": 1, "columns": CLASSES}
        yield spot.drawing(self.guided_samples(scales), {"guidance_scales": scales, **grid})

    def told(self, place: Place) -> str:
        scales = join_words([f"{scale:g}" for scale in self._scales(place)])
        return (
            f"{self.head(place)}: a column a class, a row a guidance scale ({scales}). All start "
            f"from the same noise, seed {place.seed}."
        )

    def _scales(self, place: Place) -> list[float]:
        return sorted(self.guidance_scales or self.guided(place)[0].guidance_scales)
