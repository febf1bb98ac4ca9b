"""Images edited towards a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from flows.declaration.fields import GuidanceScale, Section, Seed
from flows.declaration.text_to_image import Prompt
from flows.figures.edits.masks import ORIGINAL, Mask, plain_mask, with_mask
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import ONCE, Few, ImageName, IStarts
from flows.figures.sampled_panel import SampledPanel
from flows.figures.sampled_words import image_title, level_label, quoted, start_words
from flows.figures.sheet import Cell, Sheet
from flows.nodes.sampling import Sampling, slug
from tasks.figures.words import join_words

MAX_LABEL_PROMPT = 24


class Edit(Section):
    """mask: where the image is edited; everywhere if null. seed: default, the figure's."""

    image: ImageName
    prompt: Prompt
    mask: Mask | None = None
    seed: Seed | None = None


class TextEdit(SampledPanel):
    """SDEdit towards a prompt, perhaps inside a mask: a row an edit."""

    heading = "Edits towards a prompt"

    plot: Literal["text_edit"]
    edits: Annotated[list[Edit], Few, ONCE]
    i_starts: IStarts
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False

    def images_shown(self) -> Sequence[str]:
        return [edit.image for edit in self.edits]

    def prompts_asked(self, place: Place) -> Sequence[str]:
        return [edit.prompt for edit in self.edits]

    def seeds_drawn(self, place: Place) -> Sequence[int]:
        return [place.seed if edit.seed is None else edit.seed for edit in self.edits]

    def starts(self) -> list[int] | None:
        return self.i_starts

    def draw(self, spot: Spot) -> Nodes:
        """Original and levels in one row; with a mask, in two: original, mask and hole, then
        levels."""
        rows: list[list[Cell]] = []
        if all(edit.mask is None for edit in self.edits):
            for edit in self.edits:
                original = Cell(spot.nodes.image(edit.image))
                rows.append([original, *self._levels(spot, edit)])
            levels = [level_label(spot.settings, i_start) for i_start in self.i_starts]
            labels = [edit.prompt for edit in self.edits]
            yield Sheet(rows, labels, [ORIGINAL, *levels]).drawing(spot)
            return
        labels = []
        for edit in self.edits:
            rows.append(with_mask(spot.nodes.image(edit.image), edit.mask, labelled=True))
            rows.append(self._levels(spot, edit, labelled=True))
            labels += [edit.prompt, ""]
        yield Sheet(rows, labels).drawing(spot)

    def _levels(self, spot: Spot, edit: Edit, *, labelled: bool = False) -> list[Cell]:
        """What becomes of an edit at each i_start."""
        cells = []
        for i_start in self.i_starts:
            wanted = Sampling(
                [edit.prompt],
                spot.seed if edit.seed is None else edit.seed,
                self.scale_in(spot),
                image=edit.image,
                i_start=i_start,
                mask=plain_mask(edit.mask),
            )
            label = f"{edit.image}-{slug(edit.prompt, MAX_LABEL_PROMPT)}-i{i_start:02d}"
            made = spot.picture(label, wanted, stage_two=self.stage_two)
            cells.append(Cell(made, level_label(spot.settings, i_start) if labelled else ""))
        return cells

    def told(self, place: Place) -> str:
        inside = " inside the mask" if any(edit.mask is not None for edit in self.edits) else ""
        pairs = [
            f"{image_title(place.declaration, edit.image)} towards {quoted([edit.prompt])}"
            for edit in self.edits
        ]
        return (
            f"{join_words(pairs)}{inside}: noised to {start_words(place.settings, self.i_starts)} "
            f"and denoised with stride {place.settings.stride}, "
            f"{self.guidance(place)}{self.enlarged(place)}. {self.origin(place)}"
        )
