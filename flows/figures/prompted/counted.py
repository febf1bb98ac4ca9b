"""What figures share whose pictures take a declared number of inference steps."""

from __future__ import annotations

from collections.abc import Sequence

from flows.figures.panel import Place, Spot
from flows.figures.parameters import Prompts
from flows.figures.sampled_panel import SampledPanel
from flows.nodes.sampling import Sampling, slug


class CountedPanel(SampledPanel):
    """A panel of pictures of several prompts from the same noise."""

    is_strided = False

    prompts: Prompts

    def prompts_asked(self, place: Place) -> Sequence[str]:
        return self.prompts

    def picture_of(self, spot: Spot, prompt: str, steps: int, *, stage_two: bool) -> str:
        """The node that makes it."""
        wanted = Sampling([prompt], spot.seed, self.scale_in(spot), steps=steps)
        return spot.picture(f"{slug(prompt)}-{steps:03d}-steps", wanted, stage_two=stage_two)
