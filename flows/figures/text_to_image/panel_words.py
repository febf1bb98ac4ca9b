"""How parameters of text-to-image panels are put in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flows.declaration import Declaration
from flows.declaration.pictures import credit_line
from flows.declaration.text_to_image import TextToImage
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
    PromptSamples,
    Sdedit,
    TextEdit,
    TrajectoryPanel,
)
from flows.figures.text_to_image.wanted import sample_seeds, tried_seeds, version_seeds
from tasks.figures.words import join_words

MAX_SEEDS = 12


def quoted(prompts: Iterable[str]) -> str:
    return join_words([f"“{prompt}”" for prompt in dict.fromkeys(prompts)])


def numbers(values: Iterable[float]) -> str:
    return join_words([f"{value:g}" for value in values])


def guidance_words(scale: float) -> str:
    return "without guidance" if scale == 1 else f"guidance {scale:g}"


def stride_words(settings: TextToImage) -> str:
    """The strided timesteps, such as "t = 990, 960, ..., 0"."""
    timesteps = settings.timesteps
    if len(timesteps) <= 3:
        return f"t = {numbers(timesteps)}"
    return f"t = {timesteps[0]}, {timesteps[1]}, ..., {timesteps[-1]}"


def start_words(settings: TextToImage, i_starts: Sequence[int]) -> str:
    """Such as "i_start = 10 (t = 690)"."""
    levels = numbers(settings.timesteps[i_start] for i_start in i_starts)
    return f"i_start = {numbers(i_starts)} (t = {levels})"


def image_title(declaration: Declaration, name: str) -> str:
    return declaration.images[name].title or name.replace("_", " ")


def image_credit(declaration: Declaration, name: str) -> str:
    """Title, and whose work it is under which terms."""
    credit = credit_line(declaration.images[name])
    title = image_title(declaration, name)
    return f"{title} ({credit})" if credit else title


def images_of(panel: TrajectoryPanel) -> list[str]:
    """Declared images a panel shows, each once."""
    if isinstance(panel, Forward | Blur | OneStep | Iterative | Methods):
        return [panel.image]
    if isinstance(panel, Sdedit):
        return panel.images
    entries: Sequence[object] = ()
    if isinstance(panel, TextEdit):
        entries = panel.edits
    elif isinstance(panel, Inpainting):
        entries = panel.holes
    elif isinstance(panel, Factorized):
        entries = panel.pictures
    names = [getattr(entry, "image", None) for entry in entries]
    return list(dict.fromkeys(name for name in names if name is not None))


def seeds_of(panel: TrajectoryPanel, seed: int) -> list[int]:
    """Every seed a panel draws from, tries included. seed: of the figure."""
    found: list[int] = [seed]
    if isinstance(panel, PromptSamples):
        found = sample_seeds(panel, seed)
    elif isinstance(panel, Anagram | Hybrid):
        found = [
            one
            for pair in panel.pairs
            for tried in version_seeds(panel, pair, seed)
            for one in tried
        ]
    elif isinstance(panel, TextEdit):
        found = [seed if edit.seed is None else edit.seed for edit in panel.edits]
    elif isinstance(panel, Inpainting):
        firsts = [seed if hole.seed is None else hole.seed for hole in panel.holes]
        found = [one for first in firsts for one in tried_seeds(first, panel.tries)]
    elif isinstance(panel, Factorized):
        found = [seed if picture.seed is None else picture.seed for picture in panel.pictures]
    return list(dict.fromkeys(found))


def seed_words(seeds: Sequence[int]) -> str:
    shown = [str(seed) for seed in seeds[:MAX_SEEDS]]
    if len(seeds) > MAX_SEEDS:
        return f"seeds {', '.join(shown)} and {len(seeds) - MAX_SEEDS} more"
    return f"seed{'s' * (len(shown) != 1)} {join_words(shown)}"
