"""All training pictures and captions of the pocket model, drawn once.

A bank holds every concept in every style, a few times each (grounds and textures differ), with a
margin, so that a training batch is an index, a shift and a mirror image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFont

from tasks.pocket.concepts import Concept
from tasks.pocket.scenes import draw_scene
from tasks.pocket.treatments import STYLES

SIZE = 128
"""Side of a training picture of stage II; stage I sees it at half and a quarter of that."""
MARGIN = 8
"""Pixels on each side that a shift may uncover, at SIZE."""

ANY_PHOTO = "a high quality photo"
"""The neutral prompt of the write-ups: a photo of anything."""


@dataclass(frozen=True)
class Bank:
    """pictures: uint8 [concept, style, variant, side, side, 3], side = SIZE + 2 MARGIN.
    captions: [concept][style] -> texts. is_mirrored: bool [concept].
    concept_weights, style_weights: how often each is drawn; each sums to 1.
    """

    pictures: NDArray[np.uint8]
    captions: list[list[list[str]]]
    is_mirrored: NDArray[np.bool_]
    concept_weights: NDArray[np.float64]
    style_weights: NDArray[np.float64]

    def texts(self) -> list[str]:
        """Every caption, once, in a fixed order, the neutral prompt and the empty one included."""
        texts = {text for styles in self.captions for texts in styles for text in texts}
        return ["", ANY_PHOTO, *sorted(texts)]


def draw_bank(
    font: ImageFont.FreeTypeFont,
    concepts: list[Concept],
    style_weights: dict[str, float],
    *,
    seed: int,
    variants: int = 2,
) -> Bank:
    """Draw every picture. The same font, table and seed give the same bank.

    style_weights: every name of STYLES to how often it is drawn, up to a common factor.
    """
    side = SIZE + 2 * MARGIN
    pictures = np.empty((len(concepts), len(STYLES), variants, side, side, 3), np.uint8)
    for row, concept in enumerate(concepts):
        subject = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        subject.paste(draw_scene(font, concept, SIZE), (MARGIN, MARGIN))
        for column, (treatment, _) in enumerate(STYLES.values()):
            for variant in range(variants):
                rng = np.random.default_rng([seed, row, column, variant])
                pictures[row, column, variant] = np.rint(255 * treatment(subject, rng))
    captions = [
        [
            [template.format(phrase) for template in templates for phrase in concept.phrases]
            for _, templates in STYLES.values()
        ]
        for concept in concepts
    ]
    # A scene has more to learn than one glyph, and most prompts of the write-ups are scenes.
    weights = np.array([2.0 if len(concept.parts) > 1 else 1.0 for concept in concepts])
    styles = np.array([style_weights[name] for name in STYLES], float)
    return Bank(
        pictures=pictures,
        captions=captions,
        is_mirrored=np.array([concept.is_mirrored for concept in concepts]),
        concept_weights=weights / weights.sum(),
        style_weights=styles / styles.sum(),
    )
