"""One figure step of every plot of the pocket model, with a made-up measurement."""

from __future__ import annotations

import numpy as np

from tests.figures.picture_steps import scene

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
    return {
        plot: table.step({"plot": plot, **params}, {"measure": row})
        for plot, params in (
            ("pocket_concepts", {"columns": 3}),
            ("pocket_styles", {}),
            ("pocket_enlarged", {}),
        )
    }
