"""Titles of the pictures of text-to-image panels, and what kind of picture each is."""

from __future__ import annotations

from flows.declaration.figures import drawn_ids
from flows.declaration.trajectory_panels import Anagram, Hybrid, Inpainting, TrajectoryPanel

TITLES = {
    "step_counts": "More inference steps",
    "prompts": "More detailed prompts",
    "forward": "Forward process",
    "blur": "Gaussian blur",
    "one_step": "One-step denoising",
    "iterative": "Iterative denoising",
    "methods": "Methods side by side",
    "prompt_samples": "Samples",
    "sdedit": "Edits by noise level",
    "text_edit": "Edits towards a prompt",
    "inpainting": "Inpainting",
    "anagram": "Both ways up",
    "hybrid": "Near and far",
    "factorized": "A prompt for each component",
}


def titles(panel: TrajectoryPanel) -> list[tuple[str, str]]:
    """Plot and title, one for each of flows.declaration.figures.drawn_ids."""
    first = panel.title or TITLES[panel.plot]
    found: list[tuple[str, str]] = [(panel.plot, first)]
    rest = len(drawn_ids(panel)) - 1
    has_tries = isinstance(panel, Anagram | Hybrid | Inpainting) and panel.tries > 1
    if isinstance(panel, Anagram | Hybrid):
        moving = "turn" if isinstance(panel, Anagram) else "distance"
        what = "From one view to the other" if isinstance(panel, Anagram) else "Walking away"
        count = rest - has_tries
        numbers = [f", {number}" for number in range(1, count + 1)] if count > 1 else [""]
        found += [(moving, f"{what}{number}") for number in numbers]
    if has_tries:
        found.append(("tries", f"{first}: all tries"))
    return found
