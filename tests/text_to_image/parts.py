"""Parts of the tiny model, as nodes name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.text_to_image.model_part import Component, ModelPart


def part_at(folder: Path, component: Component, **options: Any) -> ModelPart:
    """In float32 from the fp16 files, unless options say otherwise."""
    return ModelPart("tiny", component, str(folder), **{"variant": "fp16", **options})
