"""One step of every plot that there is, with made-up inputs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.running.step import Step, table_to_bytes
from tests.figures.annotated_steps import annotated_steps
from tests.figures.digit_steps import digit_steps
from tests.figures.drawing_table import DrawingTable
from tests.figures.picture_steps import picture_steps, scene

PHRASES = ["a panda", "a dog", "a people around a campfire in the snow", "a cat"]
STYLES = ["plain", "oil painting", "lithograph"]


def pocket_steps(table):
    """Step by plot."""
    small = [scene(shade=10 * number) for number in range(len(PHRASES))]
    large = [picture.repeat(2, 0).repeat(2, 1) for picture in small]
    arrays = {
        "concepts": np.stack([small, small]),
        "styles": np.stack([small[:2]] * len(STYLES)),
        "enlarged": np.stack(large[:2]),
        "drawn": np.stack(large),
        "is_right": np.array([[1, 0, 1, 1], [1, 1, 1, 1]], np.uint8),
    }
    info = {"phrases": PHRASES, "styles": STYLES, "subjects": PHRASES[:2], "seeds": [0, 1]}
    row = table.row("pocket/measure", {"samples.safetensors": arrays}, info=info)
    retrieval = {
        "condition": ["whole", "at_24", "at_16", "at_8", "high_passed", "disturbed"],
        "concept": [0.97, 0.95, 0.9, 0.5, 0.6, 0.9],
        "style": [0.99, 0.9, 0.8, 0.4, 0.5, 0.9],
        "both": [0.96, 0.88, 0.7, 0.3, 0.4, 0.8],
    }
    similarity = table.row(
        "pocket/similarity", files={"retrieval.parquet": table_to_bytes(pa.table(retrieval))}
    )
    found = table.step({"plot": "pocket_retrieval"}, {"similarity": similarity})
    return {"pocket_retrieval": found} | {
        plot: table.step({"plot": plot, **params}, {"measure": row})
        for plot, params in (
            ("pocket_concepts", {"columns": 3}),
            ("pocket_styles", {}),
            ("pocket_enlarged", {}),
        )
    }


def every_step(table: DrawingTable) -> dict[str, Step]:
    """Plot to a step that draws it, with made-up inputs."""
    return {
        **digit_steps(table),
        **annotated_steps(table),
        **picture_steps(table),
        **pocket_steps(table),
    }
