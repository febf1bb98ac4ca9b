"""What figures of a noised image share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flows.declaration import Declaration
from flows.declaration.fields import Name
from flows.declaration.messages import Path, Problem
from flows.figures.panel import Spot
from flows.figures.sampled_panel import IStart, SampledPanel, image_problems, start_problems
from flows.nodes.sampling import Sampling


class NoisedPanel(SampledPanel):
    """A panel of an image under noise."""

    image: Name

    def problems(self, declaration: Declaration, path: Path) -> Iterator[Problem]:
        yield from image_problems(declaration, (*path, "image"), self.image)
        yield from super().problems(declaration, path)

    def images_shown(self) -> Sequence[str]:
        return [self.image]


class RestoredPanel(NoisedPanel):
    """A panel of an image noised to timesteps[i_start] and denoised step by step."""

    i_start: IStart

    def problems(self, declaration: Declaration, path: Path) -> Iterator[Problem]:
        yield from super().problems(declaration, path)
        yield from start_problems(declaration, (*path, "i_start"), self.i_start)

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
