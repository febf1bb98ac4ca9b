"""Step of kind "similarity": how well pictures, as they are or as they are seen, fit prompts."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from tasks.diffusion.views import view_from_params
from tasks.running.step import Step, StepResult, table_to_bytes
from tasks.store.node import JSON
from tasks.text_to_image.load import for_step
from tasks.text_to_image.similarity import load_similarity

TABLE = "similarity.parquet"


def measure_similarity(step: Step) -> StepResult:
    """params: model; prompts; pictures, each {"node": role, "side", "view"}: scaled down to `side`
    pixels, if that is not null, and under `view`, if that is not null.

    Objects: similarity.parquet, a row for each picture and prompt, in that order: picture and
    prompt (numbers), text, similarity (the cosine of their embeddings). Metrics: logit_scale, which
    the model was trained to multiply it with; pictures; prompts. Info: commit of the model.
    """
    pictures: list[Mapping[str, JSON]] = step.params["pictures"]
    texts: list[str] = step.params["prompts"]
    model = for_step(step, load_similarity)
    shown = {role: _image(step, role) for role in step.inputs}
    seen = [_seen(shown[picture["node"]], picture) for picture in pictures]
    scores = model.similarities(seen, texts)
    count, width = scores.shape
    table = pa.table(
        {
            "picture": np.repeat(np.arange(count), width),
            "prompt": np.tile(np.arange(width), count),
            "text": [text for _ in range(count) for text in texts],
            "similarity": scores.flatten().double().numpy(),
        }
    )
    return StepResult(
        objects={TABLE: table_to_bytes(table)},
        metrics={
            "logit_scale": model.logit_scale,
            "pictures": float(count),
            "prompts": float(width),
        },
        info={"commit": model.commit},
    )


def _image(step: Step, role: str) -> Image.Image:
    with Image.open(io.BytesIO(step.read(role, "image.png"))) as image:
        return image.convert("RGB")


def _seen(image: Image.Image, how: Mapping[str, JSON]) -> Image.Image:
    """The picture at a distance and under a view. Areas are averaged, as an eye far away does."""
    if how["side"] is not None:
        image = image.resize((int(how["side"]), int(how["side"])), Image.Resampling.BOX)
    if how["view"] is None:
        return image
    levels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1
    turned = view_from_params(how["view"], image.width).apply(levels)
    back = ((turned + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0)
    return Image.fromarray(np.ascontiguousarray(back.numpy()))
