"""Figures of pictures that show several prompts: by a view, by distance, by component."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.declaration.components import fixed_part, prompted_parts
from flows.declaration.trajectory_panels import (
    Anagram,
    AnagramPair,
    Factorized,
    Hybrid,
    HybridPair,
)
from flows.figures.text_to_image.grid import Cell, Grid
from flows.figures.text_to_image.spot import Spot
from flows.figures.text_to_image.wanted import guidance_of, version_seeds
from flows.nodes.model_nodes import plain
from flows.nodes.sampling import Sampling, views_of
from tasks.figures.words import UPRIGHT, view_words
from tasks.store.node import JSON, Node

MOVING_WORK = 6.0
"""An animation against a sheet of pictures."""


@dataclass(frozen=True)
class Illusion:
    """A picture of a pair. picture: its node, the best of `tries` by `choice` where there are
    several. prompts: in the order of the combination. number: among the panel's, from 1."""

    number: int
    picture: str
    prompts: Sequence[str]
    seeds: Sequence[int]
    tries: Sequence[str]
    choice: str | None


def anagram_nodes(spot: Spot, panel: Anagram) -> Iterator[Node]:
    view = plain(panel.view)
    combination = views_of(view)
    made = list(_illusions(spot, panel, [pair.prompts for pair in panel.pairs], combination))
    rows = [
        [
            Cell(each.picture, each.prompts[0]),
            Cell(each.picture, each.prompts[1], "turned", view=view),
        ]
        for each in made
    ]
    columns = [UPRIGHT, view_words(view)]
    yield spot.grid_node(spot.panel_id, Grid(rows, column_labels=columns))
    for each in made:
        params = {"plot": "turn", "view": view, "prompts": list(each.prompts)}
        yield _moving(spot, each, params)
    yield from _tries(spot, panel, made)


def hybrid_nodes(spot: Spot, panel: Hybrid) -> Iterator[Node]:
    combination: dict[str, JSON] = {
        "kind": "components",
        "name": "low_high",
        "kernel_size": panel.kernel,
        "sigma": panel.sigma,
        "fixed": None,
    }
    # The low pass, seen from afar, is the first component; near is what is seen first.
    prompts = [[pair.far, pair.near] for pair in panel.pairs]
    made = list(_illusions(spot, panel, prompts, combination))
    rows = [
        [
            Cell(each.picture, each.prompts[1], pixels=panel.near_pixels),
            Cell(each.picture, each.prompts[0], pixels=panel.far_pixels),
        ]
        for each in made
    ]
    columns = [f"near, {panel.near_pixels} px", f"far, {panel.far_pixels} px"]
    yield spot.grid_node(spot.panel_id, Grid(rows, column_labels=columns))
    for each in made:
        params = {
            "plot": "distance",
            "near_pixels": panel.near_pixels,
            "far_pixels": panel.far_pixels,
            "prompts": [each.prompts[1], each.prompts[0]],
        }
        yield _moving(spot, each, params)
    yield from _tries(spot, panel, made)


def factorized_nodes(spot: Spot, panel: Factorized) -> Iterator[Node]:
    """A row of pictures, with their reference image above each where there is one."""
    combination = {"kind": "components", **plain(panel.components)}
    parts = prompted_parts(panel.components)
    pictures: list[Cell | None] = []
    references: list[Cell | None] = []
    for number, picture in enumerate(panel.pictures, 1):
        wanted = Sampling(
            picture.prompts,
            spot.seed if picture.seed is None else picture.seed,
            guidance_of(spot.settings, panel),
            combination=combination,
            reference=picture.image,
        )
        made = spot.picture(f"picture-{number}", wanted, stage_two=panel.stage_two)
        words = [f"{part}: {text}" for part, text in zip(parts, picture.prompts, strict=True)]
        pictures.append(Cell(made, "; ".join(words)))
        if picture.image is not None:
            label = f"{fixed_part(panel.components)} of this"
            references.append(Cell(spot.nodes.image(picture.image), label))
    rows = [references, pictures] if references else [pictures]
    yield spot.grid_node(spot.panel_id, Grid(rows))


def _illusions(
    spot: Spot,
    panel: Anagram | Hybrid,
    prompts: Sequence[Sequence[str]],
    combination: JSON,
) -> Iterator[Illusion]:
    """Every version of every pair. prompts: of each pair, in the order of the combination."""
    number = 0
    pairs: Sequence[AnagramPair | HybridPair] = panel.pairs
    for pair, texts in zip(pairs, prompts, strict=True):
        for seeds in version_seeds(panel, pair, spot.seed):
            number += 1
            wanted = [
                Sampling(texts, seed, guidance_of(spot.settings, panel), combination=combination)
                for seed in seeds
            ]
            tries = [spot.picture(f"{number}-seed-{each.seed}", each) for each in wanted]
            where = f"{spot.where}/{number}"
            choice = spot.nodes.choice(where, tries, wanted[0]) if panel.tries > 1 else None
            kept = choice or tries[0]
            if panel.stage_two:
                kept = spot.nodes.upscale(where, kept, wanted[0])
            yield Illusion(number, kept, texts, seeds, tries, choice)


def _moving(spot: Spot, illusion: Illusion, params: dict[str, JSON]) -> Node:
    drawn_id = f"{spot.panel_id}-{illusion.number}"
    return spot.figure_node(drawn_id, params, {"picture": illusion.picture}, MOVING_WORK)


def _tries(spot: Spot, panel: Anagram | Hybrid, made: Sequence[Illusion]) -> Iterator[Node]:
    if panel.tries == 1:
        return
    rows: list[list[Cell | None]] = [
        [Cell(node, f"seed {seed}") for node, seed in zip(each.tries, each.seeds, strict=True)]
        for each in made
    ]
    choices = [each.choice for each in made if each.choice is not None]
    yield spot.grid_node(f"{spot.panel_id}-tries", Grid(rows, choices=choices))
