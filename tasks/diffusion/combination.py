"""How the estimates of a trajectory's prompts become one estimate of its noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks import BadInput
from tasks.diffusion.components import Decomposition, LinearMap, components_from_params
from tasks.diffusion.views import View, view_from_params


@dataclass(frozen=True, eq=False)
class Combination:
    """For prompt i the U-Net sees the picture through views[i]; its noise estimate, brought back
    from the view, passes through maps[i]; then all are summed, or averaged.

    views, maps: one a prompt, None standing for no change. The variance is always averaged.
    fixed: the component that is taken from a reference picture after every step, or None.
    """

    views: tuple[View | None, ...] = (None,)
    maps: tuple[LinearMap | None, ...] = (None,)
    is_sum: bool = False
    fixed: LinearMap | None = None

    @property
    def num_prompts(self) -> int:
        return len(self.views)


def single() -> Combination:
    """One prompt for the whole picture."""
    return Combination()


def mean_of_views(views: Sequence[View]) -> Combination:
    """A prompt a view: an anagram (Geng et al. 2024, Visual Anagrams, eq. 3)."""
    return Combination(views=tuple(views), maps=(None,) * len(views))


def sum_of_components(decomposition: Decomposition) -> Combination:
    """A prompt a component: a hybrid (Geng et al. 2024, Factorized Diffusion, eq. 4); with a fixed
    component, an inverse problem."""
    maps = decomposition.prompted_maps
    return Combination(
        views=(None,) * len(maps), maps=maps, is_sum=True, fixed=decomposition.fixed_map
    )


def combination_from_params(params: Mapping[str, Any], size: int) -> Combination:
    """{"kind": "single"}, {"kind": "views", "views": [...]} or {"kind": "components", "name": ...}
    for pictures of size x size pixels. Raises BadInput for anything else."""
    kind = params.get("kind")
    if kind == "single":
        return single()
    if kind == "views" and params.get("views"):
        return mean_of_views([view_from_params(view, size) for view in params["views"]])
    if kind == "components":
        rest = {key: value for key, value in params.items() if key != "kind"}
        return sum_of_components(components_from_params(rest, size))
    raise BadInput(
        f"combination: {dict(params)!r}; expected kind single, views with at least one view, or "
        "components"
    )
