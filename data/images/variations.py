"""Draws photographs that are like those of this folder and none of them:
python data/images/variations.py OUTPUT --seed 0 --first 0 --count 40 --side 144

Scene n, with all its choices, follows from the seed and n. Its solids are surveyed once and
developed PICTURES times, each in another light and other colours. OUTPUT is a NumPy archive:
pictures (uint8 [count * PICTURES, side, side, 3]), kind (int64, into KINDS) and captions, what is
seen (text [KINDS, most], empty where a kind has fewer).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from drawing.architecture import random_house, random_land, random_tower
from drawing.photograph import Scene, develop, exposed, survey
from drawing.variation import rearranged, relit, relit_indoors
from pictures import (
    bridge,
    building,
    domed_tower,
    gate,
    kitten,
    lip_balm,
    observation_tower,
    rock,
    skyline,
    tower,
    waterfront,
)

PICTURES = 4
"""Of one survey."""
RAYS = 4 / 3
"""Of a side, to a pixel; averaged."""
PRECISION = 0.0016


@dataclass(frozen=True)
class Kind:
    """weight: how often it is drawn. captions: what is seen, without "a photo of"."""

    weight: float
    captions: Sequence[str]
    scene: Callable[[np.random.Generator], Scene] | None
    is_indoors: bool = False


def _tower(rng: np.random.Generator) -> Scene:
    return rearranged(tower.scene(), rng, trees=(2, 8), keeps_trees=0.3)


def _random_tower(rng: np.random.Generator) -> Scene:
    return rearranged(random_tower(rng), rng, stretch=(0.85, 1.15), trees=(2, 9))


def _random_house(rng: np.random.Generator) -> Scene:
    return rearranged(random_house(rng), rng, stretch=(0.85, 1.15), turn=50, trees=(2, 8))


def _building(rng: np.random.Generator) -> Scene:
    return rearranged(building.scene(), rng, turn=50, trees=(1, 7), keeps_trees=0.3)


def _gate(rng: np.random.Generator) -> Scene:
    return rearranged(gate.scene(), rng, turn=25, trees=(2, 8), keeps_trees=0.3)


def _rock(rng: np.random.Generator) -> Scene:
    return rearranged(rock.scene(), rng, stretch=(0.7, 1.35), trees=(0, 3), keeps_trees=0.4)


def _observation_tower(rng: np.random.Generator) -> Scene:
    return rearranged(observation_tower.scene(), rng, turn=20, trees=(2, 8), keeps_trees=0.3)


def _domed_tower(rng: np.random.Generator) -> Scene:
    return rearranged(domed_tower.scene(), rng, turn=40, trees=(0, 4), keeps_trees=0.5)


def _bridge(rng: np.random.Generator) -> Scene:
    return rearranged(bridge.scene(), rng, stretch=(0.8, 1.2), turn=25)


def _skyline(rng: np.random.Generator) -> Scene:
    houses = [
        (
            x + rng.uniform(-1.0, 1.0),
            z + rng.uniform(-1.5, 1.5),
            rng.uniform(0.9, 1.9),
            rng.uniform(3.5, 8.0) if z > -15 else rng.uniform(5.0, 14.0),
        )
        for z, count in ((-18.5, 8), (-12.8, 8))
        for x in np.linspace(-13, 13, count)
        if rng.random() < 0.85
    ]
    spire = (rng.uniform(-8, 8), -17.5) if rng.random() < 0.5 else None
    scene = skyline.scene(houses, spire)
    return rearranged(scene, rng, stretch=(0.85, 1.2), turn=12, keeps_trees=rng.uniform(0, 1))


def _kitten(rng: np.random.Generator) -> Scene:
    return rearranged(kitten.scene(), rng, stretch=(0.85, 1.15), turn=35)


def _lip_balm(rng: np.random.Generator) -> Scene:
    return rearranged(lip_balm.scene(), rng, stretch=(0.8, 1.2), turn=40)


def _random_land(rng: np.random.Generator) -> Scene:
    land = random_land(rng)
    # No trees in a lake.
    most = 8 if len(land.parts) == 1 else 0
    return rearranged(land, rng, stretch=(1.0, 1.0), turn=0, trees=(0, most))


KINDS = {
    "tower": Kind(0.12, ["a bell tower among trees", "a clock tower", "a tower"], _tower),
    "random_tower": Kind(0.12, ["a tower among trees", "a tower"], _random_tower),
    "domed_tower": Kind(0.07, ["a tower with a dome", "a tower"], _domed_tower),
    "observation_tower": Kind(
        0.07, ["an observation tower", "an observation tower over a city"], _observation_tower
    ),
    "building": Kind(0.08, ["a public building", "a building with columns"], _building),
    "random_house": Kind(0.08, ["a house among trees", "a house"], _random_house),
    "gate": Kind(0.07, ["a stone gate", "a stone gate in a park"], _gate),
    "rock": Kind(0.05, ["a rock on a meadow", "a boulder"], _rock),
    "bridge": Kind(0.07, ["a suspension bridge", "a bridge over water"], _bridge),
    "skyline": Kind(0.06, ["skyscrapers over a park", "a city"], _skyline),
    "waterfront": Kind(0.04, ["a waterfront by night", "a city by night"], None),
    "kitten": Kind(0.04, ["a cat on a rug", "a ginger cat"], _kitten, is_indoors=True),
    "lip_balm": Kind(0.03, ["a lip balm on a table", "a lip balm"], _lip_balm, is_indoors=True),
    "land": Kind(0.07, ["mountains", "a landscape"], _random_land),
}


def photographs(seed: int, number: int, side: int) -> tuple[int, np.ndarray]:
    """Scene `number`: its kind, and uint8 [PICTURES, side, side, 3]."""
    rng = np.random.default_rng([seed, number])
    weights = np.array([kind.weight for kind in KINDS.values()])
    index = int(rng.choice(len(KINDS), p=weights / weights.sum()))
    kind = list(KINDS.values())[index]
    if kind.scene is None:
        return index, np.stack([_scaled(waterfront.draw(rng), side) for _ in range(PICTURES)])
    scene = kind.scene(rng)
    seen = survey(scene, round(side * RAYS), PRECISION)
    pictures = []
    for _ in range(PICTURES):
        shown = (relit_indoors if kind.is_indoors else relit)(scene, rng)
        film = exposed(shown, develop(shown, seen))
        picture = Image.fromarray(np.clip(np.round(film), 0, 255).astype(np.uint8))
        pictures.append(_scaled(picture, side))
    return index, np.stack(pictures)


def _scaled(picture: Image.Image, side: int) -> np.ndarray:
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--side", type=int, default=144)
    chosen = parser.parse_args(arguments)
    kinds, pictures = [], []
    for number in range(chosen.first, chosen.first + chosen.count):
        kind, drawn = photographs(chosen.seed, number, chosen.side)
        kinds += [kind] * len(drawn)
        pictures.append(drawn)
    most = max(len(kind.captions) for kind in KINDS.values())
    captions = [[*kind.captions, *[""] * (most - len(kind.captions))] for kind in KINDS.values()]
    part = chosen.output.with_suffix(".part.npz")
    np.savez_compressed(
        part,
        pictures=np.concatenate(pictures),
        kind=np.array(kinds, np.int64),
        captions=np.array(captions),
    )
    part.replace(chosen.output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
