"""Step of kind "image": a picture of any size and format as the square that models see.

From the bytes of whatever a user calls a picture to upright 8-bit RGB, or one clear refusal; to
the square that is cut out of it; to what a model takes.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps, UnidentifiedImageError

from tasks import BadInput
from tasks.data.image_files import describe_source, read_source
from tasks.data.stand_ins import HEAD, stand_in
from tasks.running.step import Step, StepResult
from tasks.store.node import JSON

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tasks.running.kinds import Surroundings

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
"""Only these decoders are tried: some of Pillow's others start programs (EPS) or are rarely used,
and so rarely tested on damaged files. MPO is what some cameras write as .jpg."""

MAX_PIXELS = 80_000_000
"""Decoded that is 240 MB of RGB. A file of a few kilobytes can claim far more."""

SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N")

IMAGE_SIZE = 256
"""Side of a prepared picture: what stage II makes, and four times what stage I does."""

MIN_SIDE = 32
"""Pixels. Of a smaller square nothing is left to recognise, even at stage I's 64x64."""


def prepare_image(step: Step) -> StepResult:
    """Objects: image.png, RGB, IMAGE_SIZE square. Info: its size, and that of the original."""
    original, square = _prepare(step.params, step.image_files, step.project_root)
    return StepResult(
        objects={"image.png": to_png(square)},
        info={
            "width": square.width,
            "height": square.height,
            "original_width": original.width,
            "original_height": original.height,
        },
    )


def check_images(params: Sequence[Mapping[str, JSON]], surroundings: Surroundings) -> None:
    """The preflight of kind "image": decodes every picture that is to be prepared. Raises BadInput
    that names all those which cannot be used."""
    problems = []
    for one in params:
        try:
            _prepare(one, surroundings.image_files, surroundings.project_root)
        except BadInput as error:
            problems.append(str(error))
    if problems:
        raise BadInput("\n".join(problems))


def _prepare(
    params: Mapping[str, JSON], image_files: Mapping[str, JSON], project_root: Path
) -> tuple[Image.Image, Image.Image]:
    """The upright original and the square cut out of it."""
    location = image_files.get(params["sha256"])
    if location is None:
        raise BadInput(
            f"no image file of this run has the SHA-256 {params['sha256'][:12]}...; one has "
            "changed since the run was planned; run again"
        )
    data, where = read_source(location, project_root), describe_source(location)
    if hashlib.sha256(data).hexdigest() != params["sha256"]:
        raise BadInput(f"{where} has changed since the run was planned; run again")
    original = load_image(data, where)
    return original, cut_square(original, params["crop"], where)


def load_image(data: bytes, name: str) -> Image.Image:
    """The picture as upright RGB at its own size.

    Transparency is laid over white, 16-bit levels are scaled to 8, of an animation the first frame
    is taken, EXIF orientation is applied, CMYK and palettes are converted.
    name: what messages call the picture, such as "images.tower: photo.jpg".
    Raises BadInput for anything that is not such a picture, is damaged, or has over MAX_PIXELS.
    """
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
        problem = stand_in(data[:HEAD]) or f"{_what_it_is(data)}; save it as PNG or JPEG"
        raise BadInput(f"{name} {problem}") from error
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
    try:
        start.decode()
    except UnicodeDecodeError:
        return "is not a picture in a format read here (PNG, JPEG, WebP, GIF, BMP, TIFF)"
    return "holds text, not a picture"


class UnusableLevels(Exception):
    """The picture's levels have no agreed meaning as brightness. The message says which."""


def to_rgb(image: Image.Image) -> Image.Image:
    """`image` in mode RGB, what is transparent laid over white. Raises UnusableLevels."""
    if image.mode in (*SIXTEEN_BIT_MODES, "I", "F"):
        return _grey(_levels(image))
    if image.mode == "LAB":
        raise UnusableLevels("is in Lab colour")
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return image.convert("RGB")


def _levels(image: Image.Image) -> np.ndarray:
    """Of a picture with more than 8 bits: [height, width] in [0, 1]."""
    import numpy as np  # the plan, which decodes pictures too, needs it for these alone

    levels = np.asarray(image).astype(np.float64)
    return levels / 65535 if image.mode in SIXTEEN_BIT_MODES else _unit_range(levels, image.mode)


def _unit_range(levels: np.ndarray, mode: str) -> np.ndarray:
    """Levels of 32 bits in [0, 1], where their range says what they mean."""
    import numpy as np

    if not np.isfinite(levels).all():
        raise UnusableLevels("has levels that are not finite numbers")
    low, high = levels.min(), levels.max()
    tops = (1, 255) if mode == "F" else (255, 65535)
    for top in tops:
        if low >= 0 and high <= top:
            return levels / top
    raise UnusableLevels(
        f"has 32-bit levels from {low:g} to {high:g}, expected 0 to {tops[0]} or 0 to {tops[1]}"
    )


def _grey(levels: np.ndarray) -> Image.Image:
    """levels: [height, width] in [0, 1]."""
    import numpy as np

    return Image.fromarray(np.round(levels * 255).astype(np.uint8)).convert("RGB")


def cut_square(image: Image.Image, crop: Mapping[str, JSON], name: str) -> Image.Image:
    """The square of `image` that `crop` names, as IMAGE_SIZE x IMAGE_SIZE.

    crop: {"center": [x, y], "side": s}: x, y in fractions of width and height, s of the shorter
    side; the square is moved to lie inside. Raises BadInput if it has fewer than MIN_SIDE pixels.
    """
    left, top, side = square_box(*image.size, crop)
    if side < MIN_SIDE:
        width, height = image.size
        what = "" if side == min(width, height) else f", and crop keeps {side}x{side} of it"
        raise BadInput(
            f"{name} is {width}x{height} pixels{what}; expected at least {MIN_SIDE}x{MIN_SIDE}; "
            "use a larger picture"
        )
    # Cropped first: resize with a box would let pixels from beside it bleed into its edge.
    square = image.crop((left, top, left + side, top + side))
    return square.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.LANCZOS)


def square_box(width: int, height: int, crop: Mapping[str, JSON]) -> tuple[int, int, int]:
    """left, top and side in pixels, inside the picture."""
    shorter = min(width, height)
    side = min(max(round(crop["side"] * shorter), 1), shorter)
    x, y = crop["center"]
    left = min(max(round(x * width - side / 2), 0), width - side)
    top = min(max(round(y * height - side / 2), 0), height - side)
    return left, top, side


def to_png(image: Image.Image) -> bytes:
    """A PNG file without metadata: one picture, one sequence of bytes."""
    buffer = io.BytesIO()
    plain = Image.frombytes(image.mode, image.size, image.tobytes())
    plain.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def model_image(png: bytes, size: int) -> NDArray[np.float32]:
    """A prepared picture as models take it: [3, size, size] float32 in [-1, 1]."""
    import numpy as np

    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        picture = image.convert("RGB")
    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    levels = np.asarray(picture, dtype=np.float32).transpose(2, 0, 1)
    return np.ascontiguousarray(levels / np.float32(127.5) - np.float32(1))
