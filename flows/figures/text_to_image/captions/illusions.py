"""Captions of pictures that show several prompts."""

from __future__ import annotations

from flows.declaration.components import fixed_part, prompted_parts
from flows.declaration.trajectory_panels import (
    Anagram,
    AnagramPair,
    Factorized,
    Hybrid,
    HybridPair,
)
from flows.figures.text_to_image.captions.told import Told
from flows.figures.text_to_image.panel_words import quoted, seed_words
from flows.figures.text_to_image.wanted import version_seeds
from flows.nodes.model_nodes import plain
from tasks.figures.words import join_words, view_words


def anagram(told: Told, panel: Anagram) -> str:
    pairs = [f"{quoted(pair.prompts[:1])} and {quoted(pair.prompts[1:])}" for pair in panel.pairs]
    return (
        f"One picture, two prompts, upright and {view_words(plain(panel.view))}: "
        f"{'; '.join(pairs)}. The mean of both estimates, {told.strided}, "
        f"{told.guidance}{told.enlarged}{told.best_of}. {told.origin}."
    )


def hybrid(told: Told, panel: Hybrid) -> str:
    pairs = [f"near {quoted([pair.near])}, far {quoted([pair.far])}" for pair in panel.pairs]
    return (
        f"One picture, two distances: {'; '.join(pairs)}. High pass of one estimate and "
        f"low pass of the other, kernel {panel.kernel}, sigma = {panel.sigma:g}, "
        f"{told.strided}, {told.guidance}{told.enlarged}{told.best_of}; drawn {panel.near_pixels} "
        f"and {panel.far_pixels} pixels wide. {told.origin}."
    )


def moving(told: Told, panel: Anagram | Hybrid) -> list[str]:
    """Of the animation of each version of each pair."""
    pairs: list[tuple[AnagramPair | HybridPair, str]]
    if isinstance(panel, Anagram):
        view = view_words(plain(panel.view))
        pairs = [
            (pair, f"turned: {quoted(pair.prompts[:1])} upright, {quoted(pair.prompts[1:])} {view}")
            for pair in panel.pairs
        ]
    else:
        pairs = [
            (pair, f"moved away: {quoted([pair.near])} near, {quoted([pair.far])} far")
            for pair in panel.pairs
        ]
    kept = f", the best of {panel.tries} tries" if panel.tries > 1 else ""
    return [
        f"The picture {how}{kept}; {seed_words(seeds)}."
        for pair, how in pairs
        for seeds in version_seeds(panel, pair, told.figure.seed)
    ]


def factorized(told: Told, panel: Factorized) -> str:
    parts = join_words(prompted_parts(panel.components))
    fixed = fixed_part(panel.components)
    reference = f", the {fixed} component from {told.images}" if fixed is not None else ""
    prompts = quoted(prompt for picture in panel.pictures for prompt in picture.prompts)
    return (
        f"Pictures taken apart by {panel.components.name.replace('_', ' and ')}, a prompt for "
        f"{parts}{reference}: {prompts}; {told.strided}, "
        f"{told.guidance}{told.enlarged}. {told.origin}."
    )
