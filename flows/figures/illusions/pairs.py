"""What figures share that show a pair of prompts in one picture, and an animation of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flows.declaration.fields import Section
from flows.figures.panel import Nodes, Params, Picture, Place, Spot
from flows.figures.parameters import Count, Seeds
from flows.figures.sampled_panel import TriedPanel
from flows.figures.sampled_words import seed_words
from flows.figures.sheet import Cell, Sheet
from flows.nodes.sampling import Sampling

MOVING_WORK = 6.0
"""An animation against a sheet of pictures."""


class Pair(Section):
    """seeds: one for each version that is shown."""

    seeds: Seeds | None = None

    def texts(self) -> list[str]:
        """Both prompts, in the order of the combination."""
        raise NotImplementedError


@dataclass(frozen=True)
class Illusion:
    """A picture of a pair. number: among the panel's, from 1. picture: its node, the best of
    `tries`, seed to node, by `choice` where there are several. texts: as of Pair."""

    number: int
    picture: str
    texts: Sequence[str]
    tries: dict[int, str]
    choice: str | None


class PairsPanel(TriedPanel):
    """A panel of pairs: a row a version, both looks of it side by side; then the animations."""

    is_illusion = True
    score = (
        "the best alignment, how much the prompts help the model to find the noise, by the prompt "
        "that helps least"
    )
    moving: ClassVar[str]
    """The plot of the animations."""
    moving_heading: ClassVar[str]

    pairs: list[Any]
    versions: Count = 1

    def combination(self) -> Params:
        """Of the prompts of a pair."""
        raise NotImplementedError

    def looks(self, made: Illusion) -> list[Cell]:
        """A row of the sheet."""
        raise NotImplementedError

    def looks_labels(self) -> list[str]:
        raise NotImplementedError

    def moving_params(self, made: Illusion) -> Params:
        """What the drawing of an animation is told."""
        raise NotImplementedError

    def moving_words(self, pair: Any) -> str:
        """How the picture of a pair moves, and what it shows where."""
        raise NotImplementedError

    def drawn_ids(self) -> list[str]:
        count = sum(len(pair.seeds or range(self.versions)) for pair in self.pairs)
        first, *tries = super().drawn_ids()
        return [first, *(f"{first}-{number}" for number in range(1, count + 1)), *tries]

    def prompts_asked(self, place: Place) -> Sequence[str]:
        return [text for pair in self.pairs for text in pair.texts()]

    def seeds_drawn(self, place: Place) -> Sequence[int]:
        return [seed for _, seeds in self._versions(place) for seed in seeds]

    def draw(self, spot: Spot) -> Nodes:
        made = list(self._illusions(spot))
        rows = [self.looks(each) for each in made]
        yield Sheet(rows, column_labels=self.looks_labels()).drawing(spot)
        for each in made:
            yield spot.drawing(
                {"picture": each.picture},
                {"plot": self.moving, **self.moving_params(each)},
                drawn_id=f"{self.name}-{each.number}",
                work=MOVING_WORK,
            )
        choices = [each.choice for each in made if each.choice is not None]
        yield from self.draw_tries(spot, [each.tries for each in made], choices)

    def shown_as(self, place: Place) -> list[Picture]:
        first, *tries = super().shown_as(place)
        versions = list(self._versions(place))
        kept = f", the best of {self.tries} tries" if self.tries > 1 else ""
        moving = []
        for number, (pair, seeds) in enumerate(versions, 1):
            # Its settings are those of a panel of this picture alone.
            alone = pair.model_copy(update={"seeds": seeds[:1]})
            settings = self.model_copy(update={"pairs": [alone]}).settings(place)
            title = self.moving_heading + (f", {number}" if len(versions) > 1 else "")
            caption = f"The picture {self.moving_words(pair)}{kept}; {seed_words(seeds)}."
            moving.append(Picture(self.moving, title, caption, settings))
        return [first, *moving, *tries]

    def _versions(self, place: Place) -> Iterator[tuple[Any, list[int]]]:
        """Each version of each pair, with the seeds that are tried."""
        for pair in self.pairs:
            own = [place.seed + version * self.tries for version in range(self.versions)]
            for first in pair.seeds or own:
                yield pair, self.tried_seeds(first)

    def _illusions(self, spot: Spot) -> Iterator[Illusion]:
        for number, (pair, seeds) in enumerate(self._versions(spot), 1):
            texts = pair.texts()
            wanted = [
                Sampling(texts, seed, self.scale_in(spot), combination=self.combination())
                for seed in seeds
            ]
            tries = {each.seed: spot.picture(f"{number}-seed-{each.seed}", each) for each in wanted}
            where = f"{spot.where}/{number}"
            nodes = list(tries.values())
            choice = spot.nodes.choice(where, nodes, wanted[0]) if self.tries > 1 else None
            kept = choice or nodes[0]
            if getattr(self, "stage_two", False):
                kept = spot.nodes.upscale(where, kept, wanted[0])
            yield Illusion(number, kept, texts, tries, choice)
