"""Components by name: linear maps that sum to the identity, one of them perhaps held fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from tasks import BadInput

LinearMap = Callable[[Tensor], Tensor]
"""A component of pictures: [B, 3, S, S] to the same shape, linear, each picture on its own."""

Parts = Mapping[str, LinearMap]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """parts: component by name, in the order of the prompts; their sum is the picture.

    fixed: the component that a reference picture decides, or None. No prompt speaks for it.
    """

    parts: Parts
    fixed: str | None = None

    def with_fixed(self, name: str) -> Decomposition:
        if name not in self.parts:
            raise BadInput(
                f"components: fixed is {name!r}; expected one of {', '.join(self.parts)}"
            )
        return replace(self, fixed=name)

    @property
    def fixed_map(self) -> LinearMap | None:
        return None if self.fixed is None else self.parts[self.fixed]

    @property
    def prompted_maps(self) -> tuple[LinearMap, ...]:
        """What each prompt decides of the noise; these too sum to the identity.

        The first also speaks for a fixed component: what it says there is replaced after every
        step, and a noise estimate without that band would be too small for the thresholding.
        """
        maps = [part for name, part in self.parts.items() if name != self.fixed]
        if self.fixed_map is not None:
            maps[0] = _Sum(maps[0], self.fixed_map)
        return tuple(maps)


@dataclass(frozen=True)
class _Sum:
    first: LinearMap
    second: LinearMap

    def __call__(self, x: Tensor) -> Tensor:
        return self.first(x) + self.second(x)
