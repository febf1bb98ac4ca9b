"""From what a decoder gives to the colours that are meant: 8-bit RGB, in sRGB, without holes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageCms

if TYPE_CHECKING:
    import numpy as np

SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N")

GREY_MODES = ("1", "L", "LA", "La")

COLOUR_SPACES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}
"""Of profiles that are used, each with the mode whose levels it explains."""


class UnusableLevels(Exception):
    """The picture's levels have no agreed meaning as brightness. The message says which."""


def to_rgb(image: Image.Image) -> Image.Image:
    """`image` in mode RGB and in sRGB, what is transparent laid over white.

    Levels that an embedded colour profile explains are converted; one that is broken, or made for
    other levels than the picture has, is ignored. Raises UnusableLevels.
    """
    profile = image.info.get("icc_profile")
    if image.mode in (*SIXTEEN_BIT_MODES, "I", "F"):
        return _in_srgb(_grey(_levels(image)), profile)
    if image.mode == "LAB":
        raise UnusableLevels("is in Lab colour")
    own = "L" if image.mode in GREY_MODES else "CMYK" if image.mode == "CMYK" else "RGB"
    if not image.has_transparency_data:
        return _in_srgb(image.convert(own), profile)
    picture = image.convert("RGBA")
    shown = _in_srgb(picture.convert(own), profile).convert("RGBA")
    shown.putalpha(picture.getchannel("A"))
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, shown).convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """image: in a mode of COLOUR_SPACES. In mode RGB, converted if `profile` fits its levels."""
    is_grey = image.mode == "L"
    source = _source(profile) if profile else None
    mode = COLOUR_SPACES.get(source.profile.xcolor_space.strip()) if source else None
    if is_grey and mode == "RGB":
        # Greys of an RGB space, as from a photograph without its colours.
        image = image.convert("RGB")
    transform = _to_srgb(source, mode) if source and mode == image.mode else None
    if transform is None or not _moves(transform, image.mode):
        return image.convert("RGB")
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # It is not done in place.
    # Greys stay without a tint.
    return converted.convert("L").convert("RGB") if is_grey else converted


def _source(profile: bytes) -> ImageCms.ImageCmsProfile | None:
    """None if it is broken."""
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except ImportError as error:
        raise UnusableLevels(
            f"has a colour profile, which this build of Pillow cannot read ({error})"
        ) from error
    except Exception:  # Whatever damaged bytes lead the library to.
        return None


def _to_srgb(source: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From levels of `mode`; None if the profile is broken."""
    try:
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(source, srgb, mode, "RGB", ImageCms.Intent.PERCEPTUAL)
    except Exception:  # As above.
        return None


def _moves(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether any colour changes by more than rounding: a profile may say sRGB in its own words,
    and such pictures keep their pixels."""
    if mode == "CMYK":
        return True
    import numpy as np

    ramp = np.linspace(0, 255, 18).round().astype(np.uint8)
    if mode == "L":
        levels = np.stack([ramp] * 3, axis=-1)[None]
        colours = Image.fromarray(ramp[None])
    else:
        levels = np.stack(np.meshgrid(ramp, ramp, ramp), axis=-1).reshape(1, -1, 3)
        colours = Image.fromarray(levels)
    found = np.asarray(ImageCms.applyTransform(colours, transform)).astype(np.int64)
    return bool((np.abs(found - levels) > 1).any())


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
    """levels: [height, width] in [0, 1]. In mode L."""
    import numpy as np

    return Image.fromarray(np.round(levels * 255).astype(np.uint8))
