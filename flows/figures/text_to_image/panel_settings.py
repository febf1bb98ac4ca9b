"""The parameters of a text-to-image panel, as the report lists them: name and value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.declaration.figures import drawn_ids
from flows.declaration.trajectory_panels import Anagram, AnagramPair, Hybrid, HybridPair
from flows.figures.text_to_image.captions.told import Told
from flows.figures.text_to_image.panel_words import (
    image_credit,
    images_of,
    numbers,
    seeds_of,
)
from flows.figures.text_to_image.wanted import guidance_of, version_seeds
from flows.nodes.model_nodes import plain
from flows.nodes.trajectory_nodes import shown_sigma
from tasks.figures.words import view_words


def settings_of_each(told: Told) -> list[list[tuple[str, str]]]:
    """One for each of flows.declaration.figures.drawn_ids."""
    shared = panel_settings(told)
    each = [panel_settings(replace(told, panel=part)) for part in moving_parts(told)]
    return [shared, *each, *([shared] if len(drawn_ids(told.panel)) > 1 + len(each) else [])]


def moving_parts(told: Told) -> list[Anagram | Hybrid]:
    """The panel of each animation alone: one pair with one seed."""
    panel = told.panel
    if not isinstance(panel, Anagram | Hybrid):
        return []
    pairs: Sequence[AnagramPair | HybridPair] = panel.pairs
    return [
        panel.model_copy(update={"pairs": [pair.model_copy(update={"seeds": seeds[:1]})]})
        for pair in pairs
        for seeds in version_seeds(panel, pair, told.figure.seed)
    ]


def panel_settings(told: Told) -> list[tuple[str, str]]:
    """In the order in which a reader asks: with what, of what, how."""
    panel, settings = told.panel, told.settings
    facts: list[tuple[str, str]] = [("text-to-image model", told.model)]
    images = [image_credit(told.declaration, name) for name in images_of(panel)]
    if images:
        facts.append(("image" if len(images) == 1 else "images", ", ".join(images)))
    seeds = seeds_of(panel, told.figure.seed)
    if seeds != [told.figure.seed]:
        facts.append(("seeds", ", ".join(map(str, seeds))))
    if told.prompts:
        facts.append(("prompt" if len(told.prompts) == 1 else "prompts", "; ".join(told.prompts)))
    if hasattr(panel, "guidance_scale"):
        scale = guidance_of(settings, panel)
        facts.append(("guidance scale", "none" if scale == 1 else f"{scale:g}"))
    for name in ("timesteps", "steps", "snapshots"):
        values = getattr(panel, name, None)
        if values is not None:
            shown = [values] if isinstance(values, int) else values
            facts.append(("inference steps" if name == "steps" else name, numbers(shown)))
    if told.is_strided:
        facts.append(("sampled along", told.strided))
    if (starts := told.i_starts) is not None:
        facts.append(("i_start", ", ".join(map(str, starts))))
        facts.append(("starts at t", ", ".join(str(settings.timesteps[i]) for i in starts)))
    kernel: int | None = getattr(panel, "kernel", None)
    if kernel is not None:
        sigma = shown_sigma(kernel, getattr(panel, "sigma", None))
        facts += [("kernel", str(kernel)), ("sigma", f"{sigma:g}")]
    if (view := getattr(panel, "view", None)) is not None:
        facts.append(("view", view_words(plain(view))))
    if told.best_of:
        facts.append(("tries", f"{getattr(panel, 'tries', 1)}, kept by {told.score}"))
    if told.enlarged:
        facts.append(("stage II", told.enlarged.removeprefix("; enlarged by stage II in ")))
    return facts
