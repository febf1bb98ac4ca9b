"""From a declaration to the nodes that make it."""

from __future__ import annotations

from flows.expand.expand import expand, expand_pipeline, figures_of

__all__ = ["expand", "expand_pipeline", "figures_of"]
