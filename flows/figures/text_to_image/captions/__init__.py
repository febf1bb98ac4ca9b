"""What stands under the pictures of text-to-image panels, written from their parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flows.declaration.trajectory_panels import (
    Anagram,
    Blur,
    Factorized,
    Forward,
    Hybrid,
    Inpainting,
    Iterative,
    Methods,
    OneStep,
    PromptRow,
    PromptSamples,
    Sdedit,
    StepCounts,
    TextEdit,
    TrajectoryPanel,
)
from flows.figures.text_to_image.captions import illusions, prompted, restoration
from flows.figures.text_to_image.captions.told import Told

__all__ = ["Told", "captions"]


def captions(told: Told) -> list[str]:
    """One for each of flows.declaration.figures.drawn_ids."""
    panel = told.panel
    texts = [panel.caption or _TEXTS[type(panel)](told, panel)]
    if isinstance(panel, Anagram | Hybrid):
        texts += illusions.moving(told, panel)
    if isinstance(panel, Anagram | Hybrid | Inpainting) and panel.tries > 1:
        texts.append(prompted.all_tries(told, panel))
    return texts


_TEXTS: dict[type[TrajectoryPanel], Callable[[Told, Any], str]] = {
    StepCounts: prompted.step_counts,
    PromptRow: prompted.prompts,
    Forward: restoration.forward,
    Blur: restoration.blur,
    OneStep: restoration.one_step,
    Iterative: restoration.iterative,
    Methods: restoration.methods,
    PromptSamples: prompted.prompt_samples,
    Sdedit: prompted.sdedit,
    TextEdit: prompted.text_edit,
    Inpainting: prompted.inpainting,
    Anagram: illusions.anagram,
    Hybrid: illusions.hybrid,
    Factorized: illusions.factorized,
}
