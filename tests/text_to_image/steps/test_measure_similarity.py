"""Pictures as they are seen, compared with prompts by the similarity model."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tasks.data.images import to_png
from tasks.running.step import StepResult
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.similarity import load_similarity
from tasks.text_to_image.steps.measure_similarity import TABLE, measure_similarity
from tests.tiny_clip import TEXTS, build_tiny_clip

pytestmark = pytest.mark.usefixtures("no_part_loaded")


@pytest.fixture
def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8))


@pytest.fixture
def measured(workshop, picture, tmp_path: Path):
    """What the step finds of a picture seen in each of these ways, and the model it asked."""
    part = ModelPart("", "similarity", str(build_tiny_clip(tmp_path / "clip")))
    made = workshop.step("trajectory", {"number": 1})
    row = workshop.record("trajectory", made, StepResult({"image.png": to_png(picture)}))

    def measure(*ways: tuple[int | None, dict | None]):
        pictures = [{"node": "input_0", "side": side, "view": view} for side, view in ways]
        params = {"model": part.to_params(), "prompts": TEXTS, "pictures": pictures}
        result = measure_similarity(workshop.step("similarity", params, {"input_0": row}))
        table = pq.read_table(io.BytesIO(result.objects[TABLE])).to_pydict()
        return result, np.array(table["similarity"]).reshape(len(ways), len(TEXTS))

    return measure, load_similarity(part, Path("/"))


def test_a_picture_is_seen_as_it_is_small_and_under_views(measured, picture) -> None:
    measure, model = measured
    result, found = measure((None, None), (16, None), (None, {"name": "flip"}))
    small = picture.resize((16, 16), Image.Resampling.BOX)
    flipped = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    expected = model.similarities([picture, small, flipped], TEXTS).numpy()
    assert np.allclose(found, expected, atol=1e-6)
    assert result.metrics["logit_scale"] == pytest.approx(model.logit_scale)


def test_negation_turns_each_level_into_its_opposite(measured, picture) -> None:
    measure, model = measured
    _, found = measure((None, {"name": "negate"}))
    negative = Image.fromarray(255 - np.asarray(picture))
    assert np.allclose(found, model.similarities([negative], TEXTS).numpy(), atol=1e-6)
