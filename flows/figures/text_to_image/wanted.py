"""What a panel leaves to the declaration or the figure: prompts, guidance, seeds."""

from __future__ import annotations

from collections.abc import Sequence

from flows.declaration.text_to_image import TextToImage
from flows.declaration.trajectory_panels import (
    Anagram,
    AnagramPair,
    Factorized,
    Hybrid,
    HybridPair,
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


def guidance_of(settings: TextToImage, panel: TrajectoryPanel) -> float:
    """The scale of a panel's trajectories; 1 is the conditional estimate alone."""
    scale: float | None = getattr(panel, "guidance_scale", None)
    return settings.guidance_scale if scale is None else scale


def prompt_of(
    settings: TextToImage,
    panel: OneStep | Iterative | Methods | PromptSamples | Sdedit | Inpainting,
) -> str:
    return settings.prompt if panel.prompt is None else panel.prompt


def prompts_of(settings: TextToImage, panel: TrajectoryPanel) -> list[str]:
    """Every prompt of a panel, each once."""
    found: list[str] = []
    if isinstance(panel, StepCounts | PromptRow):
        found = panel.prompts
    elif isinstance(panel, TextEdit):
        found = [edit.prompt for edit in panel.edits]
    elif isinstance(panel, Inpainting):
        found = [hole.prompt or prompt_of(settings, panel) for hole in panel.holes]
    elif isinstance(panel, Anagram):
        found = [prompt for pair in panel.pairs for prompt in pair.prompts]
    elif isinstance(panel, Hybrid):
        found = [prompt for pair in panel.pairs for prompt in (pair.near, pair.far)]
    elif isinstance(panel, Factorized):
        found = [prompt for picture in panel.pictures for prompt in picture.prompts]
    elif isinstance(panel, OneStep | Iterative | Methods | PromptSamples | Sdedit):
        found = [prompt_of(settings, panel)]
    return list(dict.fromkeys(found))


def sample_seeds(panel: PromptSamples, seed: int) -> list[int]:
    """seed: of the figure."""
    return panel.seeds if panel.seeds is not None else [seed + i for i in range(panel.count)]


def version_seeds(
    panel: Anagram | Hybrid, pair: AnagramPair | HybridPair, seed: int
) -> list[list[int]]:
    """For each version of a pair that is shown, the seeds that are tried. seed: of the figure."""
    firsts: Sequence[int] = pair.seeds or [
        seed + version * panel.tries for version in range(panel.versions)
    ]
    return [tried_seeds(first, panel.tries) for first in firsts]


def tried_seeds(first: int, tries: int) -> list[int]:
    return [first + i for i in range(tries)]
