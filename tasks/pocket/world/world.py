"""The pocket model's picture world: batches of pictures and captions, drawn as training goes on.

Every concept in every style, by several artists, at any size, turned, shifted and mirrored, on any
ground; and photographs, cropped, mirrored and relit. A batch follows from its generator alone, so
any picture of any training can be drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from tasks.pocket.world.concepts import Concept
from tasks.pocket.world.photographs import Photographs
from tasks.pocket.world.scenes import Glyphs, draw_scene
from tasks.pocket.world.treatments import STYLES, Chance, Subjects

ANY_PHOTO = "a high quality photo"
"""The neutral prompt of the write-ups: a photo of anything."""
EMPTY, NEUTRAL = 0, 1
"""Positions of the empty caption and of ANY_PHOTO among all captions."""

PHOTOGRAPH = -1
"""Stands for the concept of a picture that is a photograph."""

EMPTY_SHARE = 0.10
"""Captions left empty, for guidance."""
PHOTOGRAPH_SHARE = 1 / 7
ANY_PHOTO_SHARE = 0.5
"""Of photographs, under the neutral prompt; the others under a caption of their own."""
ANY_PHOTO_OF_CONCEPTS = 0.05
"""Of concepts in the style "photo", under the neutral prompt."""
STYLED_SHARE = 0.15
"""Of photographs, shown as a painting, a print or a drawing."""
STYLES_OF_PHOTOGRAPHS = ("oil painting", "watercolor", "lithograph", "pencil drawing")

BENDING_STYLES = ("oil painting", "watercolor", "lithograph")
"""What a picture that must show two prompts at once is easily painted in."""
BARE_SHARE = 0.15
"""Of concepts in these styles, under the subject's phrase alone, so that a prompt without a style
can be bent too."""

MIRRORED_SHARE = 0.4
GLYPH_SCALE, SCENE_SCALE = (0.72, 1.12), (0.86, 1.12)
GLYPH_TURN, SCENE_TURN = 10.0, 4.0
"""Degrees, either way."""
SHIFT = 0.13
"""Of the side, either way."""
PHOTOGRAPH_CROP = (0.68, 1.0)
SCENE_VARIANTS = 24
"""Arrangements of each scene."""


@dataclass(frozen=True)
class Batch:
    """pictures: float32 [batch, 3, side, side] in [-1, 1]. caption: int64 [batch], into texts.
    right: int64 [batch, most], every caption that would be right, -1 for none.
    concept: int64 [batch], PHOTOGRAPH for photographs. style: int64 [batch], counts STYLES.
    """

    pictures: Tensor
    caption: Tensor
    right: Tensor
    concept: Tensor
    style: Tensor


class World:
    """Draws batches at `side` pixels on the device of the generator it is given.

    texts: every caption, once; captions of a batch are positions in it. style_weights: how often
    each of STYLES is drawn, up to a common factor. seed: of the arrangements of scenes.
    """

    def __init__(
        self,
        concepts: Sequence[Concept],
        glyphs: Glyphs,
        photographs: Photographs | None,
        style_weights: Mapping[str, float],
        *,
        side: int,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.side = side
        self.device = torch.device(device)
        self.concepts = list(concepts)
        pictures, first = _subjects(concepts, glyphs, round(1.5 * side), seed)
        self._pictures = torch.from_numpy(pictures).to(device)
        self._first = torch.tensor(first, device=device)
        self._photographs = (
            None if photographs is None else torch.from_numpy(photographs.pictures).to(device)
        )
        self._is_scene = torch.tensor([len(c.parts) > 1 for c in concepts], device=device)
        self._is_mirrored = torch.tensor([c.is_mirrored for c in concepts], device=device)
        # A scene has more to learn than one glyph, and most prompts of the write-ups are scenes.
        self._concept_weights = torch.where(self._is_scene, 2.0, 1.0)
        self._style_weights = torch.tensor([style_weights[name] for name in STYLES], device=device)
        self.texts, of_concepts, of_photographs = _captions(concepts, photographs)
        self.captions = of_concepts.to(device)
        """int64 [concepts, styles, most], -1 after the last."""
        if photographs is not None:
            self._kind = torch.from_numpy(photographs.kind).to(device)
            self._of_photographs = of_photographs.to(device)
        self._photo, self._plain = list(STYLES).index("photo"), list(STYLES).index("plain")
        self._bends = torch.tensor([name in BENDING_STYLES for name in STYLES], device=device)

    def draw(
        self,
        size: int,
        generator: torch.Generator,
        *,
        photographs: float = PHOTOGRAPH_SHARE,
        empty: float = EMPTY_SHARE,
    ) -> Batch:
        """`size` independent pictures. photographs: the share of them, if this world has any.
        empty: the share of captions that is left out."""
        chance = Chance(generator)
        if self._photographs is None:
            photographs = 0.0
        is_photograph = chance.uniform(size).flatten() < photographs
        concept = torch.multinomial(self._concept_weights, size, True, generator=generator)
        style = torch.multinomial(self._style_weights, size, True, generator=generator)
        right = self.captions[concept, style]
        caption = _one_of(right, chance)
        any_photo = chance.uniform(size).flatten() < ANY_PHOTO_OF_CONCEPTS
        caption[any_photo & (style == self._photo)] = NEUTRAL
        bare = self.captions[concept, self._plain]
        is_bare = self._bends[style] & (chance.uniform(size).flatten() < BARE_SHARE)
        caption = torch.where(is_bare, _one_of(bare, chance), caption)
        pictures = torch.empty(size, 3, self.side, self.side, device=chance.device)
        rows = (~is_photograph).nonzero()[:, 0]
        subjects = self._placed(concept[rows], chance)
        for number, name in enumerate(STYLES):
            chosen = (style[rows] == number).nonzero()[:, 0]
            if len(chosen):
                some = Subjects(subjects.rgb[chosen], subjects.alpha[chosen])
                pictures[rows[chosen]] = STYLES[name].treatment(some, chance)
        rows = is_photograph.nonzero()[:, 0]
        if len(rows):
            drawn = self._photographed(len(rows), chance)
            concept[rows] = PHOTOGRAPH
            pictures[rows], caption[rows], right[rows], style[rows] = drawn
        neutral = torch.where(style == self._photo, NEUTRAL, -1)
        bends = self._bends[style] & (concept != PHOTOGRAPH)
        bare = torch.where(bends[:, None], bare, -1)
        right = torch.cat([right, neutral[:, None], bare], 1)
        caption[chance.uniform(size).flatten() < empty] = EMPTY
        return Batch(2 * pictures - 1, caption, right, concept, style)

    def portraits(self, side: int) -> Tensor:
        """Each concept by its first artist on white, [concepts, 3, side, side] in [-1, 1]."""
        whole = self._pictures[self._first[:-1]].permute(0, 3, 1, 2).float() / 255
        on_white = whole[:, :3] + 1 - whole[:, 3:]
        sized = functional.interpolate(
            on_white, size=(side, side), mode="bilinear", antialias=True, align_corners=False
        )
        return 2 * sized - 1

    def _placed(self, concept: Tensor, chance: Chance) -> Subjects:
        """Subjects of any artist, somewhere in the picture."""
        n = len(concept)
        first, behind = self._first[concept], self._first[concept + 1]
        index = first + (chance.uniform(n).flatten() * (behind - first)).long()
        whole = self._pictures[index].permute(0, 3, 1, 2).float() / 255
        is_scene = self._is_scene[concept]
        share = chance.uniform(n).flatten()
        scale = torch.where(is_scene, _between(SCENE_SCALE, share), _between(GLYPH_SCALE, share))
        degrees = torch.where(is_scene, SCENE_TURN, GLYPH_TURN)
        turn = chance.uniform(n, -1, 1).flatten() * degrees * (math.pi / 180)
        is_mirrored = chance.uniform(n).flatten() < MIRRORED_SHARE
        sign = torch.where(is_mirrored & self._is_mirrored[concept], -1.0, 1.0)
        shift = chance.uniform(n, -2 * SHIFT, 2 * SHIFT, channels=2)[:, :, 0, 0]
        seen = _sampled(whole, sign, turn, 1 / scale, shift, self.side, "zeros")
        return Subjects(seen[:, :3], seen[:, 3:].clamp(0, 1))

    def _photographed(self, n: int, chance: Chance) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Pictures in [0, 1], their captions, all right ones, and their styles."""
        assert self._photographs is not None
        index = torch.randint(
            len(self._photographs), (n,), generator=chance.generator, device=chance.device
        )
        whole = self._photographs[index].permute(0, 3, 1, 2).float() / 255
        scale = chance.uniform(n, *PHOTOGRAPH_CROP).flatten()
        sign = torch.where(chance.uniform(n).flatten() < 0.5, -1.0, 1.0)
        room = (1 - scale)[:, None]
        shift = chance.uniform(n, -1, 1, channels=2)[:, :, 0, 0] * room
        still = torch.zeros_like(scale)
        pictures = _sampled(whole, sign, still, scale, shift, self.side, "border")
        pictures = pictures * chance.uniform(n, 0.85, 1.15) * chance.uniform(n, 0.95, 1.05, 3)
        style = torch.full((n,), self._photo, device=chance.device)
        styled = torch.randint(
            len(STYLES_OF_PHOTOGRAPHS), (n,), generator=chance.generator, device=chance.device
        )
        is_styled = chance.uniform(n).flatten() < STYLED_SHARE
        # Column 0 holds the captions of photographs as such, the others those in a style.
        column = torch.where(is_styled, styled + 1, 0)
        right = self._of_photographs[self._kind[index], column]
        caption = _one_of(right, chance)
        is_any = chance.uniform(n).flatten() < ANY_PHOTO_SHARE
        caption[is_any & ~is_styled] = NEUTRAL
        for number, name in enumerate(STYLES_OF_PHOTOGRAPHS, start=1):
            chosen = (column == number).nonzero()[:, 0]
            if len(chosen):
                style[chosen] = list(STYLES).index(name)
                rgb = pictures[chosen].clamp(0, 1)
                some = Subjects(rgb, torch.ones_like(rgb[:, :1]))
                pictures[chosen] = STYLES[name].treatment(some, chance)
        return pictures.clamp(0, 1), caption, right, style


def reduced(pictures: Tensor, factor: int) -> Tensor:
    """Pictures at 1 / factor of their side, by averaging."""
    return functional.avg_pool2d(pictures, factor)


def _subjects(
    concepts: Sequence[Concept], glyphs: Glyphs, side: int, seed: int
) -> tuple[NDArray[np.uint8], list[int]]:
    """All subjects, RGBA with RGB times alpha [n, side, side, 4], and where each concept's begin,
    one more at the end."""
    pictures: list[NDArray[np.uint8]] = []
    first = [0]
    for row, concept in enumerate(concepts):
        if len(concept.parts) > 1:
            variants = [
                np.random.default_rng([seed, row, variant]) for variant in range(SCENE_VARIANTS)
            ]
            drawn = [draw_scene(glyphs, concept, side, rng) for rng in variants]
        else:
            glyph = concept.parts[0].glyph
            artists = [[picture] for picture in glyphs.get(glyph, [])] or [[]]
            drawn = [draw_scene({glyph: artist}, concept, side) for artist in artists]
        pictures += [_premultiplied(picture) for picture in drawn]
        first.append(len(pictures))
    return np.stack(pictures), first


def _premultiplied(picture: Image.Image) -> NDArray[np.uint8]:
    levels = np.asarray(picture, np.float32)
    levels[..., :3] *= levels[..., 3:] / 255
    return np.rint(levels).astype(np.uint8)


def _captions(
    concepts: Sequence[Concept], photographs: Photographs | None
) -> tuple[list[str], Tensor, Tensor]:
    """Every caption; those of [concept, style] and of [kind of photograph, 1 + styles], int64 with
    -1 after the last."""
    of_concepts = [
        [[text.format(phrase) for text in style.captions for phrase in concept.phrases]
         for style in STYLES.values()]
        for concept in concepts
    ]  # fmt: skip
    templates = [STYLES[name].captions for name in ("photo", *STYLES_OF_PHOTOGRAPHS)]
    of_photographs = [
        [[text.format(phrase) for text in texts for phrase in kind] for texts in templates]
        for kind in (photographs.captions if photographs is not None else ())
    ]
    known = {text for row in [*of_concepts, *of_photographs] for texts in row for text in texts}
    texts = ["", ANY_PHOTO, *sorted(known)]
    position = {text: index for index, text in enumerate(texts)}
    rows = [*of_concepts, *of_photographs]
    most = max(len(texts) for row in rows for texts in row)
    return texts, _table(of_concepts, position, most), _table(of_photographs, position, most)


def _table(rows: list[list[list[str]]], position: Mapping[str, int], most: int) -> Tensor:
    return torch.tensor(
        [
            [[position[text] for text in texts] + [-1] * (most - len(texts)) for texts in row]
            for row in rows
        ],
        dtype=torch.int64,
    )


def _one_of(captions: Tensor, chance: Chance) -> Tensor:
    """One of each row of [n, most] that is not -1."""
    count = (captions >= 0).sum(1)
    chosen = (chance.uniform(len(captions)).flatten() * count).long()
    return captions.gather(1, chosen[:, None])[:, 0]


def _between(limits: tuple[float, float], share: Tensor) -> Tensor:
    return limits[0] + (limits[1] - limits[0]) * share


def _sampled(
    whole: Tensor, sign: Tensor, turn: Tensor, span: Tensor, shift: Tensor, side: int, padding: str
) -> Tensor:
    """Pictures [n, c, h, h] seen through a window: span of 1 shows all, mirrored where sign is -1,
    at twice the side and averaged, or edges would be stairs."""
    line = (torch.arange(2 * side, device=whole.device) + 0.5) / side - 1
    x, y = line.view(1, 1, -1), line.view(1, -1, 1)
    cosine, sine = (span * turn.cos()).view(-1, 1, 1), (span * turn.sin()).view(-1, 1, 1)
    across = sign.view(-1, 1, 1) * (cosine * x - sine * y) + shift[:, 0].view(-1, 1, 1)
    down = sine * x + cosine * y + shift[:, 1].view(-1, 1, 1)
    grid = torch.stack([across, down], -1)
    seen = functional.grid_sample(whole, grid, padding_mode=padding, align_corners=False)
    return functional.avg_pool2d(seen, 2)
