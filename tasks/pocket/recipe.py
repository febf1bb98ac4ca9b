"""How the pocket model is trained, as it stands in a node's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.pocket.phase_order import ORDER
from tasks.pocket.training_loop import Phase


@dataclass(frozen=True)
class PocketRecipe:
    """styles: name of a style to how often it is drawn. phases: name to how that stretch of
    training goes, in the order in which they follow each other.
    """

    styles: dict[str, float]
    phases: dict[str, Phase]

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> PocketRecipe:
        """From {"styles", "phases": {name: settings of Phase}}."""
        declared = params["phases"]
        phases = {
            name: Phase(name=name, **declared[name]) for name in sorted(declared, key=ORDER.index)
        }
        return cls(dict(params["styles"]), phases)
