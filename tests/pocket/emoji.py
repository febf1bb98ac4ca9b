"""The emoji font where it is installed; tests that need it skip, saying so, where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageFont

from tasks.pocket.glyphs import load_font

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
CONCEPTS = Path(__file__).parents[2] / "data" / "pocket" / "concepts.yaml"


def emoji_font() -> ImageFont.FreeTypeFont:
    if not FONT.exists():
        pytest.skip("needs the Debian package fonts-noto-color-emoji")
    return load_font(FONT)
