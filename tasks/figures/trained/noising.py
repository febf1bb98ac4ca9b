"""Digits under growing noise."""

from __future__ import annotations

import numpy as np

from tasks.figures.drawing.drawn import Drawing, Origin
from tasks.figures.drawing.grid import Block, choose_scale, draw_blocks
from tasks.figures.drawing.inputs import at_sigmas, sigma_label
from tasks.figures.drawing.pixels import Images
from tasks.figures.drawing.style import SIGMA
from tasks.figures.playing.sheets import by_column
from tasks.figures.plots import Plot
from tasks.running.step import Step


def draw_noising(step: Step) -> Drawing:
    """z = x + sigma * eps: test digits down, sigma across, one eps for each digit."""
    arrays = step.read_arrays("data", "arrays.safetensors")
    generator = np.random.default_rng(step.seed)
    chosen = pick_digits(arrays["test_labels"], int(step.params["digits"]), generator)
    clean = arrays["test_images"][chosen]
    sigmas = [float(sigma) for sigma in step.params["sigmas"]]
    eps = generator.standard_normal(clean.shape)
    noisy = np.stack([to_pixels(clean / 255 + sigma * eps) for sigma in sigmas], axis=1)
    block = Block(
        noisy,
        column_labels=[sigma_label(sigma) for sigma in sigmas],
        origin=Origin("data", {"seed": step.seed}),
        column_origins=at_sigmas(sigmas),
    )
    alt = (
        f"{len(chosen)} test digits, one a row, with more noise from left to right: "
        f"{SIGMA} from {min(sigmas):g} to {max(sigmas):g}."
    )
    return Drawing.of_sheet(draw_blocks([block], choose_scale(len(sigmas))), alt)


def pick_digits(labels: Images, count: int, generator: np.random.Generator) -> list[int]:
    """Indices of `count` images, of different classes as far as there are classes."""
    order = generator.permutation(len(labels))
    _, first = np.unique(labels[order], return_index=True)
    distinct = order[np.sort(first)][:count]
    rest = [index for index in order if index not in set(distinct)]
    return [int(index) for index in [*distinct, *rest][:count]]


def to_pixels(images: np.ndarray) -> Images:
    """Values in [0, 1] to 0..255; what lies outside is cut, as a screen would."""
    pixels: Images = np.round(np.clip(images, 0.0, 1.0) * 255).astype(np.uint8)
    return pixels


PLOTS = [Plot("noising", draw_noising, by_column)]
