"""Images noised and denoised, by noise level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flows.declaration.fields import GuidanceScale
from flows.declaration.text_to_image import Prompt
from flows.figures.edits.masks import ORIGINAL
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import Images, IStarts
from flows.figures.sampled_panel import SampledPanel
from flows.figures.sampled_words import level_label, quoted, start_words
from flows.figures.sheet import Cell, Sheet
from flows.nodes.sampling import Sampling


class Sdedit(SampledPanel):
    """Images noised to each i_start and denoised: a row an image."""

    heading = "Edits by noise level"

    plot: Literal["sdedit"]
    images: Images
    i_starts: IStarts
    prompt: Prompt | None = None
    guidance_scale: GuidanceScale | None = None

    def images_shown(self) -> Sequence[str]:
        return self.images

    def starts(self) -> list[int] | None:
        return self.i_starts

    def draw(self, spot: Spot) -> Nodes:
        rows = []
        for image in self.images:
            row = []
            for i_start in self.i_starts:
                wanted = Sampling(
                    [self.prompt_in(spot)],
                    spot.seed,
                    self.scale_in(spot),
                    image=image,
                    i_start=i_start,
                )
                row.append(Cell(spot.picture(f"{image}-i{i_start:02d}", wanted)))
            rows.append([Cell(spot.nodes.image(image)), *row])
        labels = [ORIGINAL, *(level_label(spot.settings, i_start) for i_start in self.i_starts)]
        yield Sheet(rows, column_labels=labels).drawing(spot)

    def told(self, place: Place) -> str:
        return (
            f"{self.titles(place)} noised to {start_words(place.settings, self.i_starts)} and "
            f"denoised with stride {place.settings.stride}, prompt "
            f"{quoted(self.prompts_in(place))}, {self.guidance(place)}. {self.origin(place)}"
        )
