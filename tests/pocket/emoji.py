"""The emoji font where it is installed; tests that need it skip, saying so, where it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import ImageFont

from tasks.pocket.world.glyphs import load_font

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
CONCEPTS = Path(__file__).parents[2] / "data" / "pocket" / "concepts.yaml"


def require_font() -> None:
    """Skip the test where the font is missing; fail it where it is required."""
    if FONT.exists():
        return
    if os.environ.get("DARKROOM_REQUIRE_FONT"):
        pytest.fail("the Debian package fonts-noto-color-emoji is required and not installed")
    pytest.skip("needs the Debian package fonts-noto-color-emoji")


def emoji_font() -> ImageFont.FreeTypeFont:
    require_font()
    return load_font(FONT)
