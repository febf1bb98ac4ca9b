"""Ways of taking a picture apart into components that sum to it (Geng et al. 2024, Factorized
Diffusion): each prompt then decides one component of the noise.

The declaration names a decomposition: {"name": "low_high", "kernel_size": 33, "sigma": 2.0}. With
"fixed": "low" that component is taken from a reference picture instead of a prompt.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from tasks import BadInput
from tasks.diffusion.components.bands import low_high, motion, triple
from tasks.diffusion.components.decomposition import Decomposition, LinearMap, Parts
from tasks.diffusion.components.pointwise import grey_colour, scale

__all__ = ["Decomposition", "LinearMap", "components_from_params"]

DECOMPOSITIONS: dict[str, tuple[Callable[..., Parts], dict[str, Any]]] = {
    "low_high": (low_high, {"kernel_size": 33, "sigma": 2.0}),
    "triple": (triple, {"kernel_size": 33, "sigma_low": 2.0, "sigma_mid": 1.0}),
    "grey_colour": (grey_colour, {}),
    "motion": (motion, {"length": 9, "degrees": 0.0}),
    "scale": (scale, {"weights": [0.5, 0.5]}),
}
"""Each decomposition by name, and its parameters with their defaults."""


def components_from_params(params: Mapping[str, Any], size: int) -> Decomposition:
    """The decomposition {"name": ..., parameters, "fixed": component or null} for pictures of
    size x size pixels.

    Lengths (kernel_size, sigma, length) are declared for a picture 64 pixels wide. The same
    parameters give the same object. Raises BadInput for an unknown name, parameter or component.
    """
    return _cached_components(json.dumps(dict(params), sort_keys=True), size)


@functools.lru_cache(maxsize=64)
def _cached_components(canonical: str, size: int) -> Decomposition:
    params = json.loads(canonical)
    name, fixed = params.pop("name", None), params.pop("fixed", None)
    if name not in DECOMPOSITIONS:
        raise BadInput(f"components: name is {name!r}; expected one of {', '.join(DECOMPOSITIONS)}")
    decompose, defaults = DECOMPOSITIONS[name]
    unknown = sorted(params.keys() - defaults.keys())
    if unknown:
        allowed = ", ".join([*defaults, "fixed"])
        raise BadInput(f"components: {name} has no parameter {unknown[0]!r}; expected {allowed}")
    decomposition = Decomposition(decompose(size, **{**defaults, **params}))
    return decomposition if fixed is None else decomposition.with_fixed(fixed)
