"""What figures of a noised image share."""

from __future__ import annotations

from collections.abc import Sequence

from flows.figures.panel import Spot
from flows.figures.parameters import ImageName, IStart
from flows.figures.sampled_panel import SampledPanel
from flows.nodes.sampling import Sampling


class NoisedPanel(SampledPanel):
    """A panel of an image under noise."""

    image: ImageName

    def images_shown(self) -> Sequence[str]:
        return [self.image]


class RestoredPanel(NoisedPanel):
    """A panel of an image noised to timesteps[i_start] and denoised step by step."""

    i_start: IStart

    def starts(self) -> list[int] | None:
        return [self.i_start]

    def restored(self, spot: Spot, snapshots: Sequence[int] = ()) -> str:
        """The node of its trajectory."""
        wanted = Sampling(
            [self.prompt_in(spot)],
            spot.seed,
            self.scale_in(spot),
            image=self.image,
            i_start=self.i_start,
            snapshots=snapshots,
        )
        return spot.picture(f"{self.image}-i{self.i_start:02d}", wanted)
