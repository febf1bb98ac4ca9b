"""What figures share that show a pair of prompts in one picture, and an animation of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from flows.declaration import Declaration
from flows.declaration.fields import Section
from flows.declaration.problems import Path, Problem
from flows.figures.panel import Nodes, Params, Picture, Place, Spot
from flows.figures.parameters import Count, Problems, Seeds
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
class Best:
    """Of several tries. picture: its node. tries: seed to node, of what was compared first.
    choice: the node that compared them; None for a single try."""

    picture: str
    tries: dict[int, str]
    choice: str | None


@dataclass(frozen=True)
class Illusion:
    """A picture of a pair. picture: its node, enlarged where that is asked for. best: what it is
    made of. texts: as of Pair."""

    picture: str
    best: Best
    texts: Sequence[str]


class AlignedPanel(TriedPanel):
    """Illusions, each the best of several tries by alignment.

    go_on: so many of the tries go on after half the timesteps, where their estimates of x_0 are
    compared; by default all are sampled to their end.
    """

    is_illusion = True
    score = (
        "the best alignment, how much the prompts help the model to find the noise, by the prompt "
        "that helps least"
    )

    go_on: Annotated[int, Field(ge=1, le=49)] | None = None

    def problems(self, declaration: Declaration, path: Path) -> Problems:
        yield from super().problems(declaration, path)
        if self.go_on is not None and self.go_on >= self.tries:
            yield Problem(
                (*path, "go_on"),
                f"is {self.go_on} of {self.tries} tries; expected fewer than tries, or nothing so "
                "that all are sampled to their end",
            )

    def best(self, spot: Spot, label: str, wanted: Sequence[Sampling]) -> Best:
        """Of `wanted`, alike but for the seed."""
        if self.go_on is None:
            tries = {w.seed: spot.picture(f"{label}-seed-{w.seed}", w) for w in wanted}
            return self._compared(spot, label, tries, wanted[0])
        timesteps = spot.settings.timesteps
        half = len(timesteps) // 2
        looked_at = [replace(w, until=half, snapshots=[timesteps[half]]) for w in wanted]
        tries = {w.seed: spot.picture(f"{label}-seed-{w.seed}-half", w) for w in looked_at}
        where = f"{spot.where}/{label}-half"
        choice = spot.nodes.choice(where, list(tries.values()), wanted[0], keep=self.go_on)
        rest = [
            replace(wanted[0], i_start=half, goes_on=(choice, rank)) for rank in range(self.go_on)
        ]
        ends = {rank: spot.picture(f"{label}-{rank}", w) for rank, w in enumerate(rest)}
        return Best(self._compared(spot, label, ends, wanted[0]).picture, tries, choice)

    def _compared(self, spot: Spot, label: str, tries: dict[int, str], wanted: Sampling) -> Best:
        nodes = list(tries.values())
        if len(nodes) == 1:
            return Best(nodes[0], tries, None)
        choice = spot.nodes.choice(f"{spot.where}/{label}", nodes, wanted)
        return Best(choice, tries, choice)

    def draw_compared(self, spot: Spot, made: Sequence[Best]) -> Nodes:
        """Below the pictures, all that was compared first."""
        choices = [best.choice for best in made if best.choice is not None]
        yield from self.draw_tries(spot, [best.tries for best in made], choices)

    def best_of(self) -> str:
        if self.go_on is None:
            return super().best_of()
        count = "the best one" if self.go_on == 1 else f"the {self.go_on} best"
        return (
            f"; of {self.tries} tries {count} half-way, by their estimates of the clean picture, "
            f"went on, judged by {self.score}"
        )

    def tries_told(self) -> str:
        if self.go_on is None:
            return super().tries_told()
        return (
            f"All {self.tries} tries of each half-way, as estimates of the clean picture; "
            f"outlined, what went on for {self.score}."
        )


class PairsPanel(AlignedPanel):
    """A panel of pairs: a row a version, both looks of it side by side; then the animations."""

    moving: ClassVar[str]
    """The plot of the animations."""
    moving_heading: ClassVar[str]

    pairs: list[Any]
    versions: Count = 1

    def combination(self, place: Place) -> Params:
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
        return [seed for _, seeds in self.versions_in(place) for seed in seeds]

    def draw(self, spot: Spot) -> Nodes:
        made = list(self._illusions(spot))
        rows = [self.looks(each) for each in made]
        yield Sheet(rows, column_labels=self.looks_labels()).drawing(spot)
        for number, each in enumerate(made, 1):
            yield spot.drawing(
                {"picture": each.picture},
                {"plot": self.moving, **self.moving_params(each)},
                drawn_id=f"{self.name}-{number}",
                work=MOVING_WORK,
            )
        yield from self.draw_compared(spot, [each.best for each in made])

    def shown_as(self, place: Place) -> list[Picture]:
        first, *tries = super().shown_as(place)
        versions = list(self.versions_in(place))
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

    def versions_in(self, place: Place) -> Iterator[tuple[Any, list[int]]]:
        """Each version of each pair, with the seeds that are tried."""
        for pair in self.pairs:
            own = [place.seed + version * self.tries for version in range(self.versions)]
            for first in pair.seeds or own:
                yield pair, self.tried_seeds(first)

    def _illusions(self, spot: Spot) -> Iterator[Illusion]:
        for number, (pair, seeds) in enumerate(self.versions_in(spot), 1):
            texts = pair.texts()
            wanted = [
                Sampling(texts, seed, self.scale_in(spot), combination=self.combination(spot))
                for seed in seeds
            ]
            best = self.best(spot, str(number), wanted)
            kept = best.picture
            if getattr(self, "stage_two", False):
                kept = spot.nodes.upscale(f"{spot.where}/{number}", kept, wanted[0])
            yield Illusion(kept, best, texts)
