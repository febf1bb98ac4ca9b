"""Pictures whose components are decided one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from flows.declaration import Declaration
from flows.declaration.fields import GuidanceScale, Section, Seed
from flows.declaration.problems import Path, Problem, show_value
from flows.declaration.text_to_image import Prompt
from flows.figures.illusions.components import (
    AnyComponents,
    Components,
    Scale,
    Triple,
    fixed_part,
    prompted_parts,
)
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import ONCE, Few, ImageName, Problems
from flows.figures.sampled_panel import SampledPanel
from flows.figures.sampled_words import quoted, stride_words
from flows.figures.sheet import Cell, Sheet
from flows.nodes.model_nodes import plain
from flows.nodes.sampling import Sampling
from tasks.figures.words import join_words


class Composition(Section):
    """prompts: one for each component. image: the reference of a fixed component. seed: default,
    the figure's."""

    prompts: Annotated[list[Prompt], Few]
    image: ImageName | None = None
    seed: Seed | None = None


class Factorized(SampledPanel):
    """Pictures whose components are decided by a prompt each, or by a reference image."""

    heading = "A prompt for each component"
    is_illusion = True

    plot: Literal["factorized"]
    components: Components
    pictures: Annotated[list[Composition], Few, ONCE]
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False

    def problems(self, declaration: Declaration, path: Path) -> Problems:
        yield from super().problems(declaration, path)
        yield from _component_problems((*path, "components"), self.components)
        parts = prompted_parts(self.components)
        fixed = fixed_part(self.components)
        for index, picture in enumerate(self.pictures):
            where = (*path, "pictures", str(index))
            if len(picture.prompts) != len(parts):
                yield Problem(
                    (*where, "prompts"),
                    f"has {len(picture.prompts)}; expected {len(parts)}, for {', '.join(parts)}",
                )
            if (picture.image is None) != (fixed is None):
                what = "is missing" if picture.image is None else f"is {show_value(picture.image)}"
                yield Problem(
                    (*where, "image"),
                    f"{what}; expected a reference image if, and only if, components.fixed names "
                    "the component it decides",
                )

    def images_shown(self) -> Sequence[str]:
        return [picture.image for picture in self.pictures if picture.image is not None]

    def prompts_asked(self, place: Place) -> Sequence[str]:
        return [prompt for picture in self.pictures for prompt in picture.prompts]

    def seeds_drawn(self, place: Place) -> Sequence[int]:
        return [place.seed if each.seed is None else each.seed for each in self.pictures]

    def draw(self, spot: Spot) -> Nodes:
        """A row of pictures, with their reference image above each where there is one."""
        parts = prompted_parts(self.components)
        pictures: list[Cell] = []
        references: list[Cell] = []
        for number, picture in enumerate(self.pictures, 1):
            wanted = Sampling(
                picture.prompts,
                spot.seed if picture.seed is None else picture.seed,
                self.scale_in(spot),
                combination={"kind": "components", **plain(self.components)},
                reference=picture.image,
            )
            made = spot.picture(f"picture-{number}", wanted, stage_two=self.stage_two)
            words = [f"{part}: {text}" for part, text in zip(parts, picture.prompts, strict=True)]
            pictures.append(Cell(made, "; ".join(words)))
            if picture.image is not None:
                label = f"{fixed_part(self.components)} of this"
                references.append(Cell(spot.nodes.image(picture.image), label))
        yield Sheet([references, pictures] if references else [pictures]).drawing(spot)

    def told(self, place: Place) -> str:
        parts = join_words(prompted_parts(self.components))
        fixed = fixed_part(self.components)
        reference = f", the {fixed} component from {self.titles(place)}" if fixed else ""
        return (
            f"Pictures taken apart by {self.components.name.replace('_', ' and ')}, a prompt for "
            f"{parts}{reference}: {quoted(self.prompts_in(place))}; "
            f"{stride_words(place.settings)}, {self.guidance(place)}{self.enlarged(place)}. "
            f"{self.origin(place)}"
        )


def _component_problems(path: Path, components: AnyComponents) -> Problems:
    if isinstance(components, Scale):
        total = sum(components.weights)
        if not math.isclose(total, 1, abs_tol=1e-6):
            yield Problem((*path, "weights"), f"sum to {total:g}; expected them to sum to 1")
        return
    if isinstance(components, Triple) and components.sigma_low <= components.sigma_mid:
        yield Problem(
            (*path, "sigma_low"),
            f"is {components.sigma_low:g}; expected more than sigma_mid, {components.sigma_mid:g}",
        )
