"""Pictures that show another prompt in another view."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flows.declaration.fields import GuidanceScale
from flows.declaration.text_to_image import Prompt, Rule
from flows.figures.illusions.pairs import Illusion, Pair, PairsPanel
from flows.figures.illusions.views import View
from flows.figures.panel import Params, Place
from flows.figures.parameters import ONCE, Few
from flows.figures.sampled_words import quoted, stride_words
from flows.figures.sheet import Cell
from flows.nodes.model_identity import chosen_backend
from flows.nodes.model_nodes import plain
from flows.nodes.sampling import views_of
from tasks.figures.words import UPRIGHT, view_words

RULE_WORDS: dict[Rule, str] = {
    "mean": "mean of both estimates",
    "rescaled": "mean of both estimates, brought back to unit variance",
    "alternating": "estimate of one prompt and of the other, step by step",
    "by_visibility": "mean of both estimates by weights that favour the one seen less, brought "
    "back to unit variance",
}


class AnagramPair(Pair):
    """prompts: upright, and under the view. seeds: one for each version; default, the figure's."""

    prompts: Annotated[list[Prompt], Field(min_length=2, max_length=2)]

    def texts(self) -> list[str]:
        return self.prompts


class Anagram(PairsPanel):
    """Pictures that show one prompt upright and the other under the view, both ways, and one
    animation each. versions: of pairs without seeds. tries: the best by alignment is shown.
    rule: how both noise estimates become one; by default that of the backend."""

    heading = "Both ways up"
    moving = "turn"
    moving_heading = "From one view to the other"

    plot: Literal["anagram"]
    pairs: Annotated[list[AnagramPair], Few, ONCE]
    view: View
    rule: Rule | None = None
    guidance_scale: GuidanceScale | None = None
    stage_two: bool = False

    def rule_in(self, place: Place) -> Rule:
        return self.rule or chosen_backend(place.declaration)[1].anagram_rule

    def combination(self, place: Place) -> Params:
        return views_of(plain(self.view), self.rule_in(place))

    def looks(self, made: Illusion) -> list[Cell]:
        upright, turned = made.texts
        return [
            Cell(made.picture, upright),
            Cell(made.picture, turned, "turned", view=plain(self.view)),
        ]

    def looks_labels(self) -> list[str]:
        return [UPRIGHT, self._view_words()]

    def moving_params(self, made: Illusion) -> Params:
        return {"view": plain(self.view), "prompts": list(made.texts)}

    def moving_words(self, pair: AnagramPair) -> str:
        upright, turned = pair.prompts
        return f"turned: {quoted([upright])} upright, {quoted([turned])} {self._view_words()}"

    def told(self, place: Place) -> str:
        pairs = [" and ".join(quoted([text]) for text in pair.prompts) for pair in self.pairs]
        return (
            f"One picture, two prompts, upright and {self._view_words()}: {'; '.join(pairs)}. The "
            f"{RULE_WORDS[self.rule_in(place)]}, {stride_words(place.settings)}, "
            f"{self.guidance(place)}{self.enlarged(place)}{self.best_of()}. {self.origin(place)}"
        )

    def _view_words(self) -> str:
        return view_words(plain(self.view))
