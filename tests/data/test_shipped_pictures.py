"""The pictures of data/images: whole, documented, and drawn by the code beside them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FOLDER = Path(__file__).parents[2] / "data" / "images"
NAMES = sorted(path.stem for path in FOLDER.glob("*.png"))
QUICK = ("rose", "creature", "panda_drawing", "waterfront")


@pytest.fixture
def drawer(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location("draw_pictures", FOLDER / "draw.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def committed(name: str, side: int = 256) -> np.ndarray:
    """side: of the picture scaled down, each pixel the mean of those it stands for."""
    with Image.open(FOLDER / f"{name}.png") as image:
        return np.asarray(image.reduce(image.width // side)).astype(int)


def test_every_picture_has_its_code_and_every_code_its_picture(drawer):
    assert drawer.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_256_pixels_square_in_colour_and_small_to_ship(name):
    assert committed(name).shape == (256, 256, 3)
    assert committed(name).std() > 20
    assert (FOLDER / f"{name}.png").stat().st_size < 150_000


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_is_listed_with_its_licence(name):
    assert f"`{name}`" in (FOLDER.parent / "README.md").read_text()


@pytest.mark.parametrize("name", QUICK)
def test_flat_pictures_are_drawn_again_as_they_are(drawer, name):
    # Not to the last level: another Pillow or NumPy may round otherwise.
    assert np.abs(np.asarray(drawer.draw(name)).astype(int) - committed(name)).mean() < 1


@pytest.mark.parametrize("name", [name for name in NAMES if name not in QUICK])
def test_every_picture_is_what_its_code_draws(drawer, name, monkeypatch):
    # Photographs a quarter as wide and with four rays a pixel: seconds in place of minutes.
    photograph = importlib.import_module("drawing.photograph")
    monkeypatch.setattr(photograph, "SIZE", 64)
    monkeypatch.setattr(photograph, "SUPERSAMPLING", 2)
    drawn = np.asarray(drawer.draw(name)).astype(int)
    assert np.abs(drawn - committed(name, len(drawn))).mean() < 6


def test_an_unknown_picture_is_refused_with_the_names_there_are():
    done = subprocess.run(
        [sys.executable, str(FOLDER / "draw.py"), "twoer"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "no picture twoer" in done.stderr and "tower" in done.stderr
