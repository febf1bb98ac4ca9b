"""Loading and using a model leaves the terminal alone, and other logging as it was."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

from tasks.text_to_image.quiet import quiet_libraries
from tests.tiny_if import TinyIF

ROOT = Path(__file__).parents[2]

LOAD = """
import sys
from pathlib import Path
import torch
from tasks.text_to_image.deepfloyd import load_stage, load_text_encoder
from tests.text_to_image.parts import part_at

first, second = map(Path, sys.argv[1:])
encoder = load_text_encoder(part_at(first, "text_encoder", number_format="bfloat16"), Path("/"))
embeds = encoder.encode(["a dog " * 100])
assert encoder.cut_off("a dog " * 100)
t = torch.tensor([10])
stage = load_stage(part_at(first, "stage_one"), Path("/"))
stage.unet(torch.zeros(1, 3, 16, 16), t, embeds)
stage = load_stage(part_at(second, "stage_two"), Path("/"))
stage.unet(torch.zeros(1, 6, 16, 16), t, embeds, t)
"""


def test_nothing_is_printed_when_a_model_is_loaded_and_used(tiny_if: TinyIF) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tiny_if.stage_one), str(tiny_if.stage_two)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""


def test_logging_and_progress_bars_are_as_they_were() -> None:
    from diffusers.utils import logging as diffusers_logging

    logger = logging.getLogger("diffusers")
    before = logger.level, diffusers_logging.is_progress_bar_enabled()
    with quiet_libraries():
        assert logger.level == logging.ERROR
        assert not diffusers_logging.is_progress_bar_enabled()
    assert (logger.level, diffusers_logging.is_progress_bar_enabled()) == before
