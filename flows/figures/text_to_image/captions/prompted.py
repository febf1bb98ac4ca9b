"""Captions of pictures drawn or edited to a prompt."""

from __future__ import annotations

from flows.declaration.trajectory_panels import (
    Anagram,
    Hybrid,
    Inpainting,
    PromptRow,
    PromptSamples,
    Sdedit,
    StepCounts,
    TextEdit,
)
from flows.figures.text_to_image.captions.told import Told
from flows.figures.text_to_image.panel_words import image_title, numbers, quoted, start_words
from flows.figures.text_to_image.wanted import prompt_of
from tasks.figures.words import join_words


def step_counts(told: Told, panel: StepCounts) -> str:
    return (
        f"{quoted(panel.prompts)} in {numbers(panel.steps)} inference steps from the same noise, "
        f"{told.guidance}{told.enlarged}. {told.origin}."
    )


def prompts(told: Told, panel: PromptRow) -> str:
    return (
        f"One subject in growing detail: {quoted(panel.prompts)}, in {panel.steps} inference "
        f"steps, {told.guidance}{told.enlarged}. {told.origin}."
    )


def prompt_samples(told: Told, panel: PromptSamples) -> str:
    return (
        f"Samples of {quoted([prompt_of(told.settings, panel)])} from noise, "
        f"{told.strided}, {told.guidance}{told.enlarged}. {told.origin}."
    )


def sdedit(told: Told, panel: Sdedit) -> str:
    return (
        f"{told.images} noised to {start_words(told.settings, panel.i_starts)} and denoised "
        f"with stride {told.settings.stride}, prompt "
        f"{quoted([prompt_of(told.settings, panel)])}, {told.guidance}. {told.origin}."
    )


def text_edit(told: Told, panel: TextEdit) -> str:
    inside = " inside the mask" if any(edit.mask is not None for edit in panel.edits) else ""
    pairs = [
        f"{image_title(told.declaration, edit.image)} towards {quoted([edit.prompt])}"
        for edit in panel.edits
    ]
    return (
        f"{join_words(pairs)}{inside}: noised to {start_words(told.settings, panel.i_starts)} and "
        f"denoised with stride {told.settings.stride}, "
        f"{told.guidance}{told.enlarged}. {told.origin}."
    )


def inpainting(told: Told, panel: Inpainting) -> str:
    shared = prompt_of(told.settings, panel)
    prompts = quoted(hole.prompt or shared for hole in panel.holes)
    return (
        f"{told.images}, painted anew where the mask is white, {told.strided}, "
        f"prompt {prompts}, {told.guidance}{told.best_of}. {told.origin}."
    )


def all_tries(told: Told, panel: Anagram | Hybrid | Inpainting) -> str:
    """Of the picture that shows every try beside the one that was kept."""
    return (
        f"All {panel.tries} tries of each; outlined, the one kept for {told.score}. {told.seeds}."
    )
