"""A panel, and what its captions are written from."""

from __future__ import annotations

from dataclasses import dataclass

from flows.declaration import Declaration
from flows.declaration.figures import Figure
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
    Sdedit,
    TextEdit,
    TrajectoryPanel,
)
from flows.figures.text_to_image.panel_words import (
    guidance_words,
    image_title,
    images_of,
    seed_words,
    seeds_of,
    stride_words,
)
from flows.figures.text_to_image.wanted import guidance_of, prompts_of
from flows.nodes.model_identity import chosen_backend
from tasks.figures.words import join_words

BY_SEAM = "the smoothest seam, the gradient across the edge of the mask against that inside"
BY_ALIGNMENT = (
    "the best alignment, how much the prompts help the model to find the noise, by the prompt that "
    "helps least"
)


@dataclass(frozen=True)
class Told:
    """A panel and what its captions are written from."""

    declaration: Declaration
    figure: Figure
    panel: TrajectoryPanel

    @property
    def model(self) -> str:
        """Title of the backend."""
        return chosen_backend(self.declaration)[1].title

    @property
    def settings(self) -> TextToImage:
        return self.declaration.text_to_image

    @property
    def guidance(self) -> str:
        return guidance_words(guidance_of(self.settings, self.panel))

    @property
    def seeds(self) -> str:
        words = seed_words(seeds_of(self.panel, self.figure.seed))
        return words[0].upper() + words[1:]

    @property
    def origin(self) -> str:
        """Ends a caption: model and seeds."""
        return f"Model: {self.model}. {self.seeds}"

    @property
    def images(self) -> str:
        titles = [image_title(self.declaration, name) for name in images_of(self.panel)]
        return join_words(list(dict.fromkeys(titles)))

    @property
    def prompts(self) -> list[str]:
        """Every prompt of the panel, each once."""
        return prompts_of(self.settings, self.panel)

    @property
    def is_strided(self) -> bool:
        """Whether its trajectories follow the strided timesteps."""
        no_trajectory = isinstance(self.panel, Forward | Blur | OneStep)
        return not no_trajectory and not hasattr(self.panel, "steps")

    @property
    def i_starts(self) -> list[int] | None:
        """Where its trajectories begin; None if they begin from noise."""
        if isinstance(self.panel, Iterative | Methods):
            return [self.panel.i_start]
        return self.panel.i_starts if isinstance(self.panel, Sdedit | TextEdit) else None

    @property
    def strided(self) -> str:
        """The timesteps of trajectories that do not count their inference steps, such as
        "t = 990, 960, ..., 0, stride 30"."""
        return f"{stride_words(self.settings)}, stride {self.settings.stride}"

    @property
    def enlarged(self) -> str:
        """How the second stage enlarges; empty where it does not."""
        if not getattr(self.panel, "stage_two", False):
            return ""
        stage = self.settings.stage_two
        steps = stage.num_inference_steps
        count = "as many steps" if steps is None else f"{steps} steps"
        is_illusion = isinstance(self.panel, Anagram | Hybrid | Factorized)
        level = stage.noise_level_of(is_illusion=is_illusion)
        return (
            f"; enlarged by stage II in {count}, noise level {level}, "
            f"{guidance_words(stage.guidance_scale)}"
        )

    @property
    def score(self) -> str:
        """What decides which of several tries is kept."""
        return BY_SEAM if isinstance(self.panel, Inpainting) else BY_ALIGNMENT

    @property
    def best_of(self) -> str:
        """How many tries there were; empty where there was one."""
        tries: int = getattr(self.panel, "tries", 1)
        return f"; the best of {tries} tries, by {self.score}" if tries > 1 else ""
