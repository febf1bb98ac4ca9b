"""Figures of images noised and denoised: SDEdit, edits towards a prompt, inpainting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flows.declaration.pictures import Mask
from flows.declaration.trajectory_panels import Edit, Inpainting, Sdedit, TextEdit
from flows.figures.text_to_image.grid import Cell, Grid, padded
from flows.figures.text_to_image.spot import Spot
from flows.figures.text_to_image.wanted import guidance_of, prompt_of, tried_seeds
from flows.nodes.model_nodes import plain
from flows.nodes.sampling import Sampling
from flows.nodes.slugs import slug
from tasks.store.node import JSON, Node

ORIGINAL = "original"
MAX_LABEL_PROMPT = 24


def sdedit_nodes(spot: Spot, panel: Sdedit) -> Iterator[Node]:
    prompt = prompt_of(spot.settings, panel)
    rows = []
    for image in panel.images:
        edited = [
            Sampling(
                [prompt],
                spot.seed,
                guidance_of(spot.settings, panel),
                image=image,
                i_start=i_start,
            )
            for i_start in panel.i_starts
        ]
        made = [spot.picture(f"{image}-i{each.i_start:02d}", each) for each in edited]
        rows.append([Cell(spot.nodes.image(image)), *map(Cell, made)])
    labels = [ORIGINAL, *(level_label(spot, i_start) for i_start in panel.i_starts)]
    yield spot.grid_node(spot.panel_id, Grid(rows, column_labels=labels))


def text_edit_nodes(spot: Spot, panel: TextEdit) -> Iterator[Node]:
    """Original and levels in one row; with a mask, in two: original, mask and hole, then levels."""
    if all(edit.mask is None for edit in panel.edits):
        rows = [
            [Cell(spot.nodes.image(edit.image)), *_levels(spot, panel, edit)]
            for edit in panel.edits
        ]
        columns = [ORIGINAL, *(level_label(spot, i_start) for i_start in panel.i_starts)]
        labels = [edit.prompt for edit in panel.edits]
        yield spot.grid_node(spot.panel_id, Grid(rows, labels, columns))
        return
    rows, labels = [], []
    for edit in panel.edits:
        image = spot.nodes.image(edit.image)
        rows += [
            _with_mask(image, edit.mask, labelled=True),
            _levels(spot, panel, edit, labelled=True),
        ]
        labels += [edit.prompt, ""]
    yield spot.grid_node(spot.panel_id, Grid(padded(rows), labels))


def _levels(
    spot: Spot, panel: TextEdit, edit: Edit, *, labelled: bool = False
) -> list[Cell | None]:
    """What becomes of an edit at each i_start."""
    cells: list[Cell | None] = []
    for i_start in panel.i_starts:
        wanted = Sampling(
            [edit.prompt],
            spot.seed if edit.seed is None else edit.seed,
            guidance_of(spot.settings, panel),
            image=edit.image,
            i_start=i_start,
            mask=_mask(edit.mask),
        )
        label = f"{edit.image}-{slug(edit.prompt, MAX_LABEL_PROMPT)}-i{i_start:02d}"
        made = spot.picture(label, wanted, stage_two=panel.stage_two)
        cells.append(Cell(made, level_label(spot, i_start) if labelled else ""))
    return cells


def inpainting_nodes(spot: Spot, panel: Inpainting) -> Iterator[Node]:
    """Original, mask, hole and result; where several were tried, the best, and all below."""
    rows: list[list[Cell | None]] = []
    all_tries: list[list[Cell | None]] = []
    choices: list[str] = []
    for hole in panel.holes:
        image = spot.nodes.image(hole.image)
        prompt = hole.prompt or prompt_of(spot.settings, panel)
        seeds = tried_seeds(spot.seed if hole.seed is None else hole.seed, panel.tries)
        wanted = [
            Sampling(
                [prompt],
                seed,
                guidance_of(spot.settings, panel),
                image=hole.image,
                mask=_mask(hole.mask),
            )
            for seed in seeds
        ]
        made = [spot.picture(f"{hole.image}-seed-{each.seed}", each) for each in wanted]
        kept = made[0]
        if panel.tries > 1:
            kept = spot.nodes.choice(f"{spot.where}/{hole.image}", made, wanted[0])
            choices.append(kept)
        rows.append([*_with_mask(image, hole.mask), Cell(kept)])
        all_tries.append(
            [Cell(node, f"seed {seed}") for node, seed in zip(made, seeds, strict=True)]
        )
    columns = [ORIGINAL, "mask", "hole", "inpainted"]
    yield spot.grid_node(spot.panel_id, Grid(rows, column_labels=columns))
    if panel.tries > 1:
        yield spot.grid_node(f"{spot.panel_id}-tries", Grid(all_tries, choices=choices))


def _with_mask(image: str, mask: Mask | None, *, labelled: bool = False) -> list[Cell | None]:
    """An image, its mask and its hole; the image alone where there is no mask."""
    shape = _mask(mask)
    cells = [Cell(image, ORIGINAL)]
    if shape is not None:
        cells += [Cell(None, "mask", "mask", shape), Cell(image, "hole", "hole", shape)]
    return [cell if labelled else replace(cell, label="") for cell in cells]


def _mask(mask: Mask | None) -> JSON:
    return None if mask is None else plain(mask)


def level_label(spot: Spot, i_start: int) -> str:
    """Such as "i_start 10, t = 690"."""
    return f"i_start {i_start}, t = {spot.settings.timesteps[i_start]}"
