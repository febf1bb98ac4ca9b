"""Step of kind "image": a picture of any size and format as the square that models see.

From the bytes of whatever a user calls a picture to upright 8-bit RGB, or one clear refusal; to
the square that is cut out of it; to what a model takes.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ExifTags, Image, UnidentifiedImageError

from tasks import BadInput
from tasks.data.colours import UnusableLevels, to_rgb
from tasks.data.image_files import describe_source, read_source
from tasks.data.metadata import with_less_metadata
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

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation; 1 is upright."""

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
    is taken, EXIF orientation is applied, CMYK and palettes are converted, and colours of an
    embedded profile become those of sRGB. Metadata that cannot be read is ignored.
    name: what messages call the picture, such as "images.tower: photo.jpg".
    Raises BadInput for anything that is not such a picture, is damaged, or has over MAX_PIXELS.
    """
    with warnings.catch_warnings():
        # Pillow warns of tags it skips and of sizes that are checked here.
        warnings.simplefilter("ignore")
        return _load(data, name)


def _load(data: bytes, name: str) -> Image.Image:
    try:
        return _decode(data)
    except Exception as error:  # Pillow raises whatever damaged bytes lead its decoders to.
        if not isinstance(error, UnusableLevels):
            for less in with_less_metadata(data):
                with suppress(Exception):
                    return _decode(less)
        raise BadInput(f"{name} {_refusal(error, data)}") from error


def _decode(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=_available_formats()) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise Image.DecompressionBombError(f"{width}x{height}")
        image.load()
        return _upright(to_rgb(image), image)


def _upright(picture: Image.Image, original: Image.Image) -> Image.Image:
    """`picture` as the orientation of `original` has it; as it is where that cannot be read."""
    try:
        turn = TURNS.get(original.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Metadata is as often damaged as it is read by nobody.
        turn = None
    return picture if turn is None else picture.transpose(turn)


def _available_formats() -> list[str]:
    """Those of FORMATS that the installed Pillow was built with."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _refusal(error: Exception, data: bytes) -> str:
    """What is wrong with the picture, and what to do."""
    if isinstance(error, UnusableLevels):
        return f"{error}; save it as 8-bit PNG or JPEG in sRGB"
    if isinstance(error, Image.DecompressionBombError):
        # Pillow, which checks at twice as many, counts them in a sentence.
        size = str(error) if " " not in str(error) else "far more"
        limit = f"expected at most {MAX_PIXELS // 1_000_000} million"
        return f"has {size} pixels; {limit}; save a smaller copy"
    if isinstance(error, UnidentifiedImageError):
        return stand_in(data[:HEAD]) or f"{_what_it_is(data)}; save it as PNG or JPEG"
    reason = str(error) or type(error).__name__
    return f"is damaged or incomplete ({reason}); save or download it again"


def _what_it_is(data: bytes) -> str:
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1"):
        return "is a HEIC photograph, which is not read here"
    try:
        start.decode()
    except UnicodeDecodeError:
        return "is not a picture in a format read here (PNG, JPEG, WebP, GIF, BMP, TIFF)"
    return "holds text, not a picture"


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
