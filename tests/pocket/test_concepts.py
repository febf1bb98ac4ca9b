"""The table of concepts names what the write-ups ask for, and every entry can be drawn."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from flows.figures.panel import Place
from flows.figures.sampled_panel import SampledPanel
from tasks import BadInput
from tasks.pocket.world.concepts import read_concepts
from tasks.pocket.world.glyphs import drawn_glyphs
from tasks.pocket.world.scenes import draw_scene
from tasks.pocket.world.treatments import STYLES
from tasks.pocket.world.world import ANY_PHOTO
from tests.flows.small_declaration import real_file
from tests.pocket.emoji import CONCEPTS, emoji_font
from tests.pocket.small_world import CONCEPTS as CONCEPTS_OF_SHAPES
from tests.pocket.small_world import GLYPHS


def declared_prompts() -> set[str]:
    """Of every figure of pipelines.yaml, under every profile."""
    file = real_file()
    return {
        prompt
        for profile in file.declaration.profiles
        for settled in [file.settle(profile)]
        for place in (Place(settled, figure_id) for figure_id in settled.figures)
        for panel in place.panels()
        if isinstance(panel, SampledPanel)
        for prompt in panel.prompts_in(place)
    }


def words(text: str) -> str:
    """As the tokenizer has them."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def test_every_prompt_of_a_figure_is_a_caption_of_the_training_pictures() -> None:
    captions = {words(ANY_PHOTO)} | {
        words(template.format(phrase))
        for concept in read_concepts(CONCEPTS)
        for phrase in concept.phrases
        for style in STYLES.values()
        for template in style.captions
    }
    prompts = declared_prompts()
    assert "an oil painting of a snowy mountain village" in prompts
    assert sorted(prompt for prompt in prompts if words(prompt) not in captions) == []


def test_no_two_concepts_share_a_phrase() -> None:
    phrases = [phrase for concept in read_concepts(CONCEPTS) for phrase in concept.phrases]
    assert len(phrases) == len(set(phrases))


def test_every_concept_covers_a_fair_part_of_its_picture() -> None:
    concepts = read_concepts(CONCEPTS)
    glyphs = {p.glyph for concept in concepts for p in concept.parts if p.glyph[0] != "@"}
    drawn = drawn_glyphs(emoji_font(), {}, glyphs, smallest=64)
    for concept in concepts:
        alpha = np.asarray(draw_scene(drawn, concept, 64))[..., 3]
        assert (alpha > 128).mean() > 0.08, concept.phrase


def test_a_glyph_the_font_lacks_is_named(tmp_path: Path) -> None:
    table = tmp_path / "concepts.yaml"
    table.write_text("single: {a secret: \ue123}\n", encoding="utf-8")
    (concept,) = read_concepts(table)
    with pytest.raises(BadInput, match="no picture of"):
        drawn_glyphs(emoji_font(), {}, [concept.parts[0].glyph], smallest=64)


def test_a_scene_is_arranged_anew_by_chance_and_the_same_without() -> None:
    (concept,) = (c for c in CONCEPTS_OF_SHAPES if len(c.parts) > 1)
    still = [np.asarray(draw_scene(GLYPHS, concept, 32)) for _ in range(2)]
    moved = [
        np.asarray(draw_scene(GLYPHS, concept, 32, np.random.default_rng(seed))) for seed in (0, 1)
    ]
    assert np.array_equal(*still)
    assert not np.array_equal(*moved)


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
