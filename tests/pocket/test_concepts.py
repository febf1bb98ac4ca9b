"""The table of concepts names what the write-ups ask for, and every entry can be drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tasks.errors import BadInput
from tasks.pocket.concepts import read_concepts
from tasks.pocket.scenes import draw_scene
from tests.pocket.emoji import CONCEPTS, emoji_font

SUBJECTS = [
    "a rocket ship",
    "a snowy mountain village",
    "a man wearing a hat",
    "an old man",
    "people around a campfire",
    "a dog",
    "waterfalls",
    "a skull",
    "yin and yang",
    "flowers",
    "flower arrangements",
    "a panda",
    "a sunset",
    "a volcano",
    "a dress",
    "grand canyon",
    "albert einstein",
    "a stormtrooper from star wars",
    "a pencil",
    "a peacock",
    "a forest",
    "an elephant",
    "istanbul",
    "a panda eating bamboo",
]


def test_every_subject_of_the_write_ups_is_a_concept() -> None:
    phrases = {phrase for concept in read_concepts(CONCEPTS) for phrase in concept.phrases}
    assert [subject for subject in SUBJECTS if subject not in phrases] == []


def test_no_two_concepts_share_a_phrase() -> None:
    phrases = [phrase for concept in read_concepts(CONCEPTS) for phrase in concept.phrases]
    assert len(phrases) == len(set(phrases))


def test_every_concept_covers_a_fair_part_of_its_picture() -> None:
    font = emoji_font()
    for concept in read_concepts(CONCEPTS):
        alpha = np.asarray(draw_scene(font, concept, 64))[..., 3]
        assert (alpha > 128).mean() > 0.08, concept.phrase


def test_a_glyph_the_font_lacks_is_named(tmp_path: Path) -> None:
    table = tmp_path / "concepts.yaml"
    table.write_text("single: {a secret: \ue123}\n", encoding="utf-8")
    (concept,) = read_concepts(table)
    with pytest.raises(BadInput, match="no picture of"):
        draw_scene(emoji_font(), concept, 32)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("single: {a: 🐼}\nscene: {a: [[🐼, 0.5, 0.5, 1.0]]}", "both a single glyph and a scene"),
        ("scene: {a: [[🐼, 0.5, 0.5]]}", r"expected \[glyph, x, y, size\]"),
        ("single: {a: 🐼}\naliases: {b: [c]}", "'b' is no concept"),
        ("singles: {a: 🐼}", "expected a mapping with"),
        ("single: [", "cannot be read"),
    ],
)
def test_a_wrong_table_is_refused_by_entry(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "concepts.yaml"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=message):
        read_concepts(table)
