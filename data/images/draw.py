"""Draws the pictures of this folder: python data/images/draw.py [name ...]

Without names, all of them, in a few minutes. Each is a file in pictures/ that is named as its
picture and draws it with drawing/: photographs of solids in daylight, clean flat pictures as the
web has them, and marker drawings by hand.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Of every picture that is drawn here."""
    return sorted(path.stem for path in (FOLDER / "pictures").glob("*.py"))


def draw(name: str) -> Image.Image:
    """The picture, 256x256, in RGB."""
    picture: Image.Image = importlib.import_module(f"pictures.{name}").draw()
    return picture


def main(chosen: list[str]) -> int:
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        print(f"no picture {', '.join(unknown)}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    for name in chosen or names():
        draw(name).save(FOLDER / f"{name}.png", optimize=True)
        print(FOLDER / f"{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
