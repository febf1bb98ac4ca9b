"""One pair of prompts by several rules of making one noise estimate of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import GuidanceScale
from flows.declaration.text_to_image import Rule
from flows.figures.illusions.anagram import RULE_WORDS, AnagramPair
from flows.figures.illusions.pairs import AlignedPanel, Best
from flows.figures.illusions.views import View
from flows.figures.panel import Nodes, Place, Spot
from flows.figures.parameters import DISTINCT, ONCE, Few
from flows.figures.sampled_words import quoted, stride_words
from flows.figures.sheet import Cell, Sheet
from flows.nodes.model_nodes import plain
from flows.nodes.sampling import Sampling, views_of
from tasks.figures.words import UPRIGHT, view_words

COLUMN_WORDS = {
    "mean": "mean",
    "rescaled": "rescaled mean",
    "alternating": "alternating",
    "by_visibility": "by visibility",
}


class AnagramRules(AlignedPanel):
    """Anagrams of the same noise, a column a rule, upright and in the view below."""

    heading = "One estimate of two prompts"

    plot: Literal["anagram_rules"]
    pairs: Annotated[list[AnagramPair], Few, ONCE]
    view: View
    rules: Annotated[list[Rule], Field(min_length=1), DISTINCT]
    guidance_scale: GuidanceScale | None = None

    def prompts_asked(self, place: Place) -> Sequence[str]:
        return [text for pair in self.pairs for text in pair.prompts]

    def seeds_drawn(self, place: Place) -> Sequence[int]:
        firsts = [(pair.seeds or [place.seed])[0] for pair in self.pairs]
        return [seed for first in firsts for seed in self.tried_seeds(first)]

    def draw(self, spot: Spot) -> Nodes:
        rows: list[list[Cell]] = []
        labels: list[str] = []
        made: list[Best] = []
        view = plain(self.view)
        for number, pair in enumerate(self.pairs, 1):
            best = [
                self.best(spot, f"{number}-{rule}", self._wanted(spot, pair, rule))
                for rule in self.rules
            ]
            made += best
            rows.append([Cell(each.picture) for each in best])
            rows.append([Cell(each.picture, show="turned", view=view) for each in best])
            upright, turned = pair.prompts
            labels += [f"{upright}, {UPRIGHT}", f"{turned}, {view_words(view)}"]
        yield Sheet(rows, labels, [COLUMN_WORDS[rule] for rule in self.rules]).drawing(spot)
        yield from self.draw_compared(spot, made)

    def _wanted(self, spot: Spot, pair: AnagramPair, rule: Rule) -> list[Sampling]:
        """The tries of a pair, from the same seeds by every rule."""
        combination = views_of(plain(self.view), rule)
        (first, *_) = pair.seeds or [spot.seed]
        return [
            Sampling(pair.prompts, seed, self.scale_in(spot), combination=combination)
            for seed in self.tried_seeds(first)
        ]

    def told(self, place: Place) -> str:
        pairs = [" and ".join(quoted([text]) for text in pair.prompts) for pair in self.pairs]
        rules = "; ".join(f"{COLUMN_WORDS[rule]}: the {RULE_WORDS[rule]}" for rule in self.rules)
        return (
            f"{'; '.join(pairs)}, upright and {view_words(plain(self.view))}, from the same noise "
            f"by each rule ({rules}), {stride_words(place.settings)}, {self.guidance(place)}"
            f"{self.best_of()}. {self.origin(place)}"
        )
