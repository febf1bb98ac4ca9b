"""Parts of images painted anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from flows.declaration.fields import GuidanceScale, Section, Seed
from flows.declaration.text_to_image import Prompt
from flows.figures.edits.masks import ORIGINAL, Mask, plain_mask, with_mask
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import ONCE, Few, ImageName
from flows.figures.sampled_panel import TriedPanel
from flows.figures.sampled_words import quoted, stride_words
from flows.figures.sheet import Cell, Sheet
from flows.nodes.sampling import Sampling


class Hole(Section):
    """An image and the part of it that is painted anew. prompt, seed: default, the panel's."""

    image: ImageName
    mask: Mask
    prompt: Prompt | None = None
    seed: Seed | None = None


class Inpainting(TriedPanel):
    """Image, mask, hole and result: a row an image. tries: seeds from its own on; the best by the
    seam is shown, and all of them below."""

    heading = "Inpainting"
    score = "the smoothest seam, the gradient across the edge of the mask against that inside"

    plot: Literal["inpainting"]
    holes: Annotated[list[Hole], Few, ONCE]
    prompt: Prompt | None = None
    guidance_scale: GuidanceScale | None = None

    def images_shown(self) -> Sequence[str]:
        return [hole.image for hole in self.holes]

    def prompts_asked(self, place: Place) -> Sequence[str]:
        return [hole.prompt or self.prompt_in(place) for hole in self.holes]

    def seeds_drawn(self, place: Place) -> Sequence[int]:
        return [seed for hole in self.holes for seed in self._seeds_of(place, hole)]

    def draw(self, spot: Spot) -> Nodes:
        """Original, mask, hole and result; where several were tried, the best, and all below."""
        rows: list[list[Cell]] = []
        tries: list[dict[int, str]] = []
        choices: list[str] = []
        for hole in self.holes:
            wanted = [
                Sampling(
                    [hole.prompt or self.prompt_in(spot)],
                    seed,
                    self.scale_in(spot),
                    image=hole.image,
                    mask=plain_mask(hole.mask),
                )
                for seed in self._seeds_of(spot, hole)
            ]
            image = spot.nodes.image(hole.image)
            made = {w.seed: spot.picture(f"{hole.image}-seed-{w.seed}", w) for w in wanted}
            tries.append(made)
            kept = made[wanted[0].seed]
            if self.tries > 1:
                where = f"{spot.where}/{hole.image}"
                kept = spot.nodes.choice(where, list(made.values()), wanted[0])
                choices.append(kept)
            rows.append([*with_mask(image, hole.mask), Cell(kept)])
        columns = [ORIGINAL, "mask", "hole", "inpainted"]
        yield Sheet(rows, column_labels=columns).drawing(spot)
        yield from self.draw_tries(spot, tries, choices)

    def told(self, place: Place) -> str:
        return (
            f"{self.titles(place)}, painted anew where the mask is white, "
            f"{stride_words(place.settings)}, prompt {quoted(self.prompts_in(place))}, "
            f"{self.guidance(place)}{self.best_of()}. {self.origin(place)}"
        )

    def _seeds_of(self, place: Place, hole: Hole) -> list[int]:
        return self.tried_seeds(place.seed if hole.seed is None else hole.seed)
