"""How parameters of text-to-image panels are put in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flows.declaration import Declaration
from flows.declaration.pictures import credit_line
from flows.declaration.text_to_image import TextToImage
from tasks.figures.words import join_words

MAX_SEEDS = 12


def quoted(prompts: Iterable[str]) -> str:
    return join_words([f"“{prompt}”" for prompt in dict.fromkeys(prompts)])


def numbers(values: Iterable[float]) -> str:
    return join_words([f"{value:g}" for value in values])


def guidance_words(scale: float, interval: Sequence[int] | None = None) -> str:
    """interval: the lowest and the highest t with guidance; None for all."""
    if scale == 1:
        return "without guidance"
    if interval is None:
        return f"guidance {scale:g}"
    low, high = interval
    return f"guidance {scale:g} from t = {high} to {low}"


def timesteps_words(timesteps: Sequence[int], whole: int) -> str:
    """Such as "990, 960, ..., 0"; up to `whole` of them are listed whole."""
    if len(timesteps) <= whole:
        return ", ".join(map(str, timesteps))
    return f"{timesteps[0]}, {timesteps[1]}, ..., {timesteps[-1]}"


def stride_words(settings: TextToImage) -> str:
    """The timesteps of trajectories that do not count their inference steps, such as
    "t = 990, 960, ..., 0, stride 30"."""
    timesteps = settings.timesteps
    words = numbers(timesteps) if len(timesteps) <= 3 else timesteps_words(timesteps, 3)
    return f"t = {words}, stride {settings.stride}"


def start_words(settings: TextToImage, i_starts: Sequence[int]) -> str:
    """Such as "i_start = 10 (t = 690)"."""
    levels = numbers(settings.timesteps[i_start] for i_start in i_starts)
    return f"i_start = {numbers(i_starts)} (t = {levels})"


def level_label(settings: TextToImage, i_start: int) -> str:
    """Such as "i_start 10, t = 690"."""
    return f"i_start {i_start}, t = {settings.timesteps[i_start]}"


def image_title(declaration: Declaration, name: str) -> str:
    return declaration.images[name].title or name.replace("_", " ")


def image_credit(declaration: Declaration, name: str) -> str:
    """Title, and whose work it is under which terms."""
    credit = credit_line(declaration.images[name])
    title = image_title(declaration, name)
    return f"{title} ({credit})" if credit else title


def seed_words(seeds: Sequence[int]) -> str:
    shown = [str(seed) for seed in seeds[:MAX_SEEDS]]
    if len(seeds) > MAX_SEEDS:
        return f"seeds {', '.join(shown)} and {len(seeds) - MAX_SEEDS} more"
    return f"seed{'s' * (len(shown) != 1)} {join_words(shown)}"
