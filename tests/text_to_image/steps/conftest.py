"""A tiny text-to-image model for steps that use one."""

from __future__ import annotations

import pytest

from tests.text_to_image.steps.studio import LARGE_SIZE, SIZE, Studio
from tests.tiny_if import build_tiny_if


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory):
    return build_tiny_if(
        tmp_path_factory.mktemp("models"),
        variants={None: "float32"},
        sample_size=SIZE,
        upscaled_size=LARGE_SIZE,
    )


@pytest.fixture
def studio(workshop, tiny_models):
    return Studio(workshop, tiny_models)
