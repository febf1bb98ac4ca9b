"""From the bytes of whatever a user calls a picture to upright 8-bit RGB, or one clear refusal."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from tasks import BadInput
from tasks.data.eight_bit import UnusableLevels, to_rgb

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
"""Only these decoders are tried: some of Pillow's others start programs (EPS) or are rarely used,
and so rarely tested on damaged files. MPO is what some cameras write as .jpg."""

MAX_PIXELS = 80_000_000
"""Decoded that is 240 MB of RGB. A file of a few kilobytes can claim far more."""


def load_image(data: bytes | Path, name: str) -> Image.Image:
    """The picture as upright RGB at its own size.

    Transparency is laid over white, 16-bit levels are scaled to 8, of an animation the first frame
    is taken, EXIF orientation is applied, CMYK and palettes are converted.
    name: what messages call the picture, such as "images.tower: photo.jpg".
    Raises BadInput for anything that is not such a picture, is damaged, or has over MAX_PIXELS.
    """
    if isinstance(data, Path):
        data = data.read_bytes()
    with warnings.catch_warnings():
        # Pillow warns of tags it skips and of sizes that are checked here.
        warnings.simplefilter("ignore")
        return _load(data, name)


def _load(data: bytes, name: str) -> Image.Image:
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=_available_formats())
    except Image.DecompressionBombError as error:
        raise BadInput(_too_large(name, "far more")) from error
    except UnidentifiedImageError as error:
        raise BadInput(f"{name} {_what_it_is(data)}; save it as PNG or JPEG") from error
    except Exception as error:  # Pillow raises whatever damaged bytes lead its decoders to.
        raise BadInput(_damaged(name, error)) from error
    with image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise BadInput(_too_large(name, f"{width}x{height}"))
        try:
            image.load()
            return to_rgb(ImageOps.exif_transpose(image))
        except UnusableLevels as error:
            raise BadInput(f"{name} {error}; save it as 8-bit PNG or JPEG") from error
        except Exception as error:  # As above.
            raise BadInput(_damaged(name, error)) from error


def _available_formats() -> list[str]:
    """Those of FORMATS that the installed Pillow was built with."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _too_large(name: str, size: str) -> str:
    return (
        f"{name} has {size} pixels; expected at most {MAX_PIXELS // 1_000_000} million; "
        "save a smaller copy"
    )


def _damaged(name: str, error: Exception) -> str:
    reason = str(error) or type(error).__name__
    return f"{name} is damaged or incomplete ({reason}); save or download it again"


def _what_it_is(data: bytes) -> str:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1"):
        return "is a HEIC photograph, which is not read here"
    if start.startswith(b"<"):
        return "is a web page or SVG drawing, not a picture of pixels"
    if start.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the picture itself (git lfs pull fetches it)"
    try:
        start.decode()
    except UnicodeDecodeError:
        return "is not a picture in a format read here (PNG, JPEG, WebP, GIF, BMP, TIFF)"
    return "holds text, not a picture"
