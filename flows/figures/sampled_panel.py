"""What panels of the text-to-image model share: what they leave to the declaration or the figure,
checks of parameters that several have, and how these are told.

A parameter that several plots have means the same in each, and is read here by its name: prompt,
guidance_scale, stage_two, timesteps, steps, snapshots, kernel and sigma, view, tries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from flows.figures.panel import Nodes, Panel, Picture, Place, Spot
from flows.figures.parameters import Tries
from flows.figures.sampled_words import (
    guidance_words,
    image_credit,
    image_title,
    numbers,
    seed_words,
    stride_words,
)
from flows.figures.sheet import Cell, Sheet
from flows.nodes.model_identity import chosen_backend
from flows.nodes.model_nodes import plain
from flows.nodes.trajectory_nodes import shown_sigma
from tasks.figures.words import join_words, view_words


class SampledPanel(Panel):
    """A panel of pictures that the text-to-image model makes, or that are prepared for it."""

    reads_files = True
    is_strided: ClassVar[bool] = True
    """Whether its trajectories follow the strided timesteps."""
    is_illusion: ClassVar[bool] = False
    """Whether its pictures combine views or components."""
    score: ClassVar[str] = ""
    """What decides which of several tries is kept."""

    def images_shown(self) -> Sequence[str]:
        """Names of declared images."""
        return ()

    def prompts_asked(self, place: Place) -> Sequence[str]:
        """The prompt of the panel, unless a plot has others."""
        return [self.prompt_in(place)] if hasattr(self, "prompt") else []

    def seeds_drawn(self, place: Place) -> Sequence[int]:
        """From which it draws, tries included; the figure's, unless a plot has others."""
        return [place.seed]

    def starts(self) -> list[int] | None:
        """i_start of its trajectories; None if they begin from noise."""
        return None

    def prompts_in(self, place: Place) -> list[str]:
        """All that are asked for, each once."""
        return list(dict.fromkeys(self.prompts_asked(place)))

    def prompt_in(self, place: Place) -> str:
        """That of the declaration where the panel has none."""
        prompt: str | None = self._parameter("prompt")
        return place.settings.prompt if prompt is None else prompt

    def scale_in(self, place: Place) -> float:
        """Guidance scale of its trajectories; 1 is the conditional estimate alone."""
        scale: float | None = self._parameter("guidance_scale")
        return place.settings.guidance_scale if scale is None else scale

    def interval_in(self, place: Place) -> Sequence[int] | None:
        """The lowest and the highest t with guidance, where that is the backend's to say."""
        return chosen_backend(place.declaration)[1].guidance_interval

    def guidance(self, place: Place) -> str:
        return guidance_words(self.scale_in(place), self.interval_in(place))

    def titles(self, place: Place) -> str:
        """Of its images."""
        names = dict.fromkeys(self.images_shown())
        titles = [image_title(place.declaration, name) for name in names]
        return join_words(list(dict.fromkeys(titles)))

    def seeds_told(self, place: Place) -> str:
        words = seed_words(self._seeds(place))
        return words[0].upper() + words[1:]

    def origin(self, place: Place) -> str:
        """Ends a caption: model and seeds."""
        return f"Model: {_model(place)}. {self.seeds_told(place)}."

    def enlarged(self, place: Place) -> str:
        """How the second stage enlarges, to follow a list; empty where it does not."""
        words = self._stage_two(place)
        return f"; enlarged by stage II in {words}" if words else ""

    def best_of(self) -> str:
        """How many tries there were, to follow a list; empty where there was one."""
        tries = self._parameter("tries", 1)
        return f"; the best of {tries} tries, by {self.score}" if tries > 1 else ""

    def shown_as(self, place: Place) -> list[Picture]:
        (picture,) = super().shown_as(place)
        return [Picture(self.plot, picture.title, picture.caption, self.settings(place))]

    def settings(self, place: Place) -> list[tuple[str, str]]:
        """Its parameters, name and value, in the order in which a reader asks: with what, of what,
        how."""
        facts = [("text-to-image model", _model(place))]
        images = dict.fromkeys(self.images_shown())
        credits = ", ".join(image_credit(place.declaration, name) for name in images)
        facts.append(("image" if len(images) == 1 else "images", credits))
        seeds = self._seeds(place)
        if seeds != [place.seed]:
            facts.append(("seeds", ", ".join(map(str, seeds))))
        prompts = self.prompts_in(place)
        facts.append(("prompt" if len(prompts) == 1 else "prompts", "; ".join(prompts)))
        if hasattr(self, "guidance_scale"):
            scale = self.scale_in(place)
            facts.append(("guidance scale", "none" if scale == 1 else f"{scale:g}"))
            if scale != 1 and (interval := self.interval_in(place)):
                facts.append(("guided at t", "{1} to {0}".format(*interval)))
        for name in ("timesteps", "steps", "snapshots"):
            values = self._parameter(name, [])
            shown = values if isinstance(values, list) else [values]
            facts.append(("inference steps" if name == "steps" else name, numbers(shown)))
        if self.is_strided:
            facts.append(("sampled along", stride_words(place.settings)))
        starts = self.starts() or []
        levels = (str(place.settings.timesteps[i]) for i in starts)
        facts.append(("i_start", ", ".join(map(str, starts))))
        facts.append(("starts at t", ", ".join(levels)))
        if kernel := self._parameter("kernel"):
            sigma = shown_sigma(kernel, self._parameter("sigma"))
            facts += [("kernel", str(kernel)), ("sigma", f"{sigma:g}")]
        if view := self._parameter("view"):
            facts.append(("view", view_words(plain(view))))
        if self.best_of():
            facts.append(("tries", f"{self._parameter('tries')}, kept by {self.score}"))
        facts.append(("stage II", self._stage_two(place)))
        return [(name, value) for name, value in facts if value]

    def _parameter(self, name: str, default: Any = None) -> Any:
        """Of plots that have it."""
        return getattr(self, name, default)

    def _seeds(self, place: Place) -> list[int]:
        return list(dict.fromkeys(self.seeds_drawn(place)))

    def _stage_two(self, place: Place) -> str:
        if not self._parameter("stage_two"):
            return ""
        stage = place.settings.stage_two
        steps = stage.num_inference_steps
        count = "as many steps" if steps is None else f"{steps} steps"
        level = stage.noise_level_of(is_illusion=self.is_illusion)
        return f"{count}, noise level {level}, {guidance_words(stage.guidance_scale)}"


class TriedPanel(SampledPanel):
    """A panel that may show the best of several tries, and then shows all of them below."""

    tries: Tries = 1

    def drawn_ids(self) -> list[str]:
        return [self.name, *([f"{self.name}-tries"] if self.tries > 1 else [])]

    def shown_as(self, place: Place) -> list[Picture]:
        shown = super().shown_as(place)
        if self.tries > 1:
            title = f"{shown[0].title}: all tries"
            caption = f"{self.tries_told()} {self.seeds_told(place)}."
            shown.append(Picture("tries", title, caption, shown[0].settings))
        return shown

    def tries_told(self) -> str:
        """What the picture of all tries shows."""
        return f"All {self.tries} tries of each; outlined, the one kept for {self.score}."

    def tried_seeds(self, first: int) -> list[int]:
        return [first + i for i in range(self.tries)]

    def draw_tries(
        self, spot: Spot, tries: Sequence[dict[int, str]], choices: Sequence[str]
    ) -> Nodes:
        """A row for each picture, of its seeds and nodes."""
        if self.tries > 1:
            rows = [[Cell(node, f"seed {seed}") for seed, node in each.items()] for each in tries]
            yield Sheet(rows, choices=choices).drawing(spot, f"{self.name}-tries")


def _model(place: Place) -> str:
    """Title of the text-to-image model in use."""
    return chosen_backend(place.declaration)[1].title
