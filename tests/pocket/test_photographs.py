"""Photographs drawn anew: from a seed, none the one of data/images, which keeps every pixel."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks import StepCancelled, StepFailed
from tasks.pocket.world import photographs as module
from tasks.pocket.world.photographs import code_of_photographs, render_photographs

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "data" / "images"


@pytest.fixture(scope="module")
def variations():  # type: ignore[no-untyped-def]
    sys.path.insert(0, str(IMAGES))
    try:
        import variations as program
    finally:
        sys.path.remove(str(IMAGES))
    return program


@pytest.mark.parametrize("name", ["lip_balm", "waterfront"])
def test_the_picture_of_data_images_is_still_drawn_pixel_by_pixel(variations, name: str) -> None:  # type: ignore[no-untyped-def]
    drawn = getattr(variations, name).draw()
    kept = Image.open(IMAGES / f"{name}.png").convert("RGB")
    assert np.array_equal(np.asarray(drawn), np.asarray(kept))


def test_a_scene_follows_from_its_seed_and_number(variations) -> None:  # type: ignore[no-untyped-def]
    kind, first = variations.photographs(0, 1, 16)
    assert (kind, first.shape) == (variations.photographs(0, 1, 16)[0], (4, 16, 16, 3))
    assert np.array_equal(first, variations.photographs(0, 1, 16)[1])
    assert not np.array_equal(first, variations.photographs(1, 1, 16)[1])
    assert not np.array_equal(first[0], first[1])


@pytest.mark.parametrize("name", ["tower", "random_tower", "random_house", "skyline", "land"])
def test_every_kind_of_scene_shows_something_in_every_light(variations, name: str) -> None:  # type: ignore[no-untyped-def]
    number = next(n for n in range(400) if _kind(variations, n) == name)
    _, pictures = variations.photographs(0, number, 24)
    assert (pictures.reshape(4, -1).std(1) > 6).all()


def _kind(variations, number: int) -> str:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng([0, number])
    weights = np.array([kind.weight for kind in variations.KINDS.values()])
    return list(variations.KINDS)[int(rng.choice(len(weights), p=weights / weights.sum()))]


def render(project: Path, cache: Path, scenes: int, **more: object) -> module.Photographs:
    return render_photographs(project, cache, seed=0, scenes=scenes, **more)  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose program draws flat pictures, and counts its runs."""
    folder = tmp_path / "data" / "images"
    folder.mkdir(parents=True)
    (folder / "variations.py").write_text(
        """
import sys, numpy as np
output, first, count = sys.argv[1], int(sys.argv[5]), int(sys.argv[7])
open("runs", "a").write(output + "\\n")
if first >= 100:
    sys.exit("out of paint")
kind = np.arange(first, first + count).repeat(4) % 2
pictures = np.full((4 * count, 144, 144, 3), first, np.uint8)
np.savez(output, pictures=pictures, kind=kind, captions=np.array([["a tower", ""], ["a", "b"]]))
""",
        encoding="utf-8",
    )
    return tmp_path


def test_photographs_are_rendered_once_and_kept(project: Path, tmp_path: Path) -> None:
    first = render(project, tmp_path / "cache", 30)
    assert first.pictures.shape == (120, 144, 144, 3)
    assert first.captions == [["a tower"], ["a", "b"]]
    again = render(project, tmp_path / "cache", 30)
    assert np.array_equal(first.pictures, again.pictures)
    assert len((project / "runs").read_text().splitlines()) == 2


def test_other_code_renders_others(project: Path, tmp_path: Path) -> None:
    before = code_of_photographs(project)
    program = project / "data" / "images" / "variations.py"
    program.write_text(program.read_text() + "\n")
    assert code_of_photographs(project) != before


def test_a_stopped_run_keeps_what_is_rendered(project: Path, tmp_path: Path) -> None:
    answers = iter([False, True, True, True])
    with pytest.raises(StepCancelled):
        render(project, tmp_path / "cache", 60, should_stop=lambda: next(answers, True))
    render(project, tmp_path / "cache", 60)
    assert len((project / "runs").read_text().splitlines()) == 3


def test_a_program_that_fails_is_quoted(project: Path, tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="out of paint"):
        render(project, tmp_path / "cache", 120)
