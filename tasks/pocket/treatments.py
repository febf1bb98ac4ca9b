"""Style words made visible: how a subject looks as a photo, an oil painting, a lithograph.

Each treatment takes the subject as RGBA and a random generator (grounds and textures are drawn
from it) and returns float32 RGB in [0, 1], [size, size, 3]. They are image filters, not
imitations of artists: what matters is that style and subject can be told apart and combined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels: TypeAlias = NDArray[np.float32]
Treatment: TypeAlias = Callable[[Image.Image, np.random.Generator], Pixels]

PASTELS = {
    "blue": (0.68, 0.83, 0.96),
    "green": (0.73, 0.91, 0.74),
    "yellow": (0.99, 0.94, 0.66),
    "pink": (0.99, 0.80, 0.86),
}
"""Grounds a caption can ask for by name."""


def plain(subject: Image.Image, rng: np.random.Generator) -> Pixels:
    """On white."""
    return _over(subject, np.ones(3, np.float32))


def coloured(name: str) -> Treatment:
    """On one of PASTELS."""

    def treatment(subject: Image.Image, rng: np.random.Generator) -> Pixels:
        return _over(subject, np.asarray(PASTELS[name], np.float32))

    return treatment


def photo(subject: Image.Image, rng: np.random.Generator) -> Pixels:
    """On a lit floor before a wall, with a soft shadow, directional light and a vignette."""
    size = subject.width
    y, x = _grid(size)
    warmth = rng.uniform(-0.04, 0.04)
    wall = _colour([0.62 + warmth, 0.66, 0.72 - warmth]) * (0.80 + 0.34 * y[..., None])
    floor = _colour([0.50 + warmth, 0.45, 0.40 - warmth]) * (0.72 + 0.38 * y[..., None])
    ground = np.where(y[..., None] < 0.66, wall, floor)
    alpha = _alpha(subject)
    shadow = _blurred(np.roll(alpha, (size // 24, size // 24), (0, 1)), size / 24)
    ground = ground * (1 - 0.55 * shadow[..., None])
    light = 1.12 - 0.30 * (0.5 * x + 0.5 * y)[..., None]
    picture = _rgb(subject) * light * alpha[..., None] + ground * (1 - alpha[..., None])
    vignette = 1 - 0.35 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)[..., None]
    return _clipped(picture * vignette)


def oil_painting(subject: Image.Image, rng: np.random.Generator) -> Pixels:
    """Flat dabs of strong colour on a brown ground, with brush strokes across."""
    size = subject.width
    ground = _colour([0.47, 0.36, 0.22]) * rng.uniform(0.9, 1.1)
    dabs = _image(_over(subject, ground)).filter(ImageFilter.ModeFilter(max(3, size // 18 | 1)))
    picture = np.asarray(dabs, np.float32) / 255
    grey = picture.mean(axis=2, keepdims=True)
    picture = grey + 1.35 * (picture - grey)
    strokes = _strokes(rng, size, angle=0.6)
    return _clipped(picture * (1 + 0.22 * strokes[..., None]))


def watercolor(subject: Image.Image, rng: np.random.Generator) -> Pixels:
    """Thin, pale washes that bleed at the edge on warm paper, darker where they dried."""
    size = subject.width
    paper = _colour([0.98, 0.96, 0.91])
    wash = np.asarray(
        _image(_over(subject, paper)).filter(ImageFilter.GaussianBlur(size / 120)), np.float32
    )
    alpha = _blurred(_alpha(subject), size / 64)
    bleed = np.clip(alpha + 0.35 * _cloud(rng, size, size / 10), 0, 1)
    pale = 0.30 + 0.70 * wash / 255
    edge = np.clip(4 * alpha * (1 - alpha), 0, 1) ** 2
    picture = pale * (1 - 0.25 * edge[..., None])
    picture = bleed[..., None] * picture + (1 - bleed[..., None]) * paper
    return _clipped(picture * (1 + 0.05 * _cloud(rng, size, size / 40)[..., None]))


def lithograph(subject: Image.Image, rng: np.random.Generator) -> Pixels:
    """Four tones of dark ink, hatched, on cream paper."""
    size = subject.width
    grey = _over(subject, np.ones(3, np.float32)) @ _colour([0.30, 0.59, 0.11])
    grey = np.clip(0.5 + 1.25 * (grey - 0.5), 0, 1)
    y, x = _grid(size)
    hatch = 0.5 + 0.5 * np.sin(2 * np.pi * (x + y) * 16)
    tone = np.clip(np.round(3 * (grey + 0.20 * (hatch - 0.5) * (grey < 0.92))) / 3, 0, 1)
    ink, paper = _colour([0.16, 0.11, 0.08]), _colour([0.93, 0.87, 0.74])
    outline = _edges(grey, size)
    tone = tone * (1 - 0.7 * outline)
    return _clipped(ink + (paper - ink) * tone[..., None])


def pencil_drawing(subject: Image.Image, rng: np.random.Generator) -> Pixels:
    """Grey outlines with light shading on white paper."""
    size = subject.width
    grey = _over(subject, np.ones(3, np.float32)) @ _colour([0.30, 0.59, 0.11])
    y, x = _grid(size)
    lines = 0.5 + 0.5 * np.sin(2 * np.pi * (x - 0.4 * y) * 20)
    shade = 1 - (1 - grey) * (0.16 + 0.20 * lines)
    outline = _edges(grey, size)
    return _clipped(np.repeat((shade * (1 - 0.85 * outline))[..., None], 3, axis=2))


def stained_glass(subject: Image.Image, rng: np.random.Generator) -> Pixels:
    """Panes of saturated colour held by black leading."""
    size = subject.width
    seeds = (np.stack(np.meshgrid(np.arange(5), np.arange(5)), -1).reshape(-1, 2) + 0.5) / 5
    seeds = seeds + rng.uniform(-0.07, 0.07, seeds.shape)
    y, x = _grid(size)
    distance = (x[..., None] - seeds[:, 0]) ** 2 + (y[..., None] - seeds[:, 1]) ** 2
    nearest = np.sort(np.sqrt(distance), axis=-1)
    lead = np.clip(1 - (nearest[..., 1] - nearest[..., 0]) * size / 4, 0, 1)
    panes = _colour([[0.10, 0.30, 0.72], [0.15, 0.45, 0.80], [0.10, 0.52, 0.60]])
    ground = panes[distance.argmin(-1) % 3]
    alpha = _alpha(subject)[..., None]
    rgb = _rgb(subject)
    grey = rgb.mean(axis=2, keepdims=True)
    vivid = np.round(np.clip(grey + 1.6 * (rgb - grey), 0, 1) * 4) / 4
    picture = alpha * vivid + (1 - alpha) * ground
    lead = lead * (1 - 0.6 * alpha[..., 0])
    outline = _edges(alpha[..., 0], size)
    return _clipped(picture * (1 - np.clip(lead + outline, 0, 1)[..., None] * 0.95))


STYLES: dict[str, tuple[Treatment, tuple[str, ...]]] = {
    "plain": (plain, ("{}",)),
    "photo": (photo, ("a photo of {}", "a high quality photo of {}")),
    "oil painting": (oil_painting, ("an oil painting of {}",)),
    "watercolor": (watercolor, ("a watercolor of {}", "a watercolor painting of {}")),
    "lithograph": (lithograph, ("a lithograph of {}",)),
    "pencil drawing": (pencil_drawing, ("a pencil drawing of {}",)),
    "stained glass": (stained_glass, ("a stained glass window of {}",)),
    **{f"on {name}": (coloured(name), (f"{{}} on a {name} background",)) for name in PASTELS},
}
"""Style to its treatment and the captions it goes with ({} is the subject's phrase)."""


def _colour(values: object) -> Pixels:
    return np.asarray(values, np.float32)


def _over(subject: Image.Image, ground: Pixels) -> Pixels:
    """`subject` composited over a colour or a picture."""
    alpha = _alpha(subject)[..., None]
    return alpha * _rgb(subject) + (1 - alpha) * ground


def _rgb(picture: Image.Image) -> Pixels:
    return np.asarray(picture, np.float32)[..., :3] / np.float32(255)


def _alpha(picture: Image.Image) -> Pixels:
    return np.asarray(picture, np.float32)[..., 3] / np.float32(255)


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray((_clipped(pixels) * 255).round().astype(np.uint8))


def _clipped(pixels: NDArray[np.floating]) -> Pixels:
    return np.clip(pixels, 0, 1).astype(np.float32)


def _grid(size: int) -> tuple[Pixels, Pixels]:
    """y and x of each pixel's centre, in fractions of the side."""
    line = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    y, x = np.meshgrid(line, line, indexing="ij")
    return y, x


def _blurred(plane: Pixels, sigma: float) -> Pixels:
    return _rgb_plane(_plane(plane).filter(ImageFilter.GaussianBlur(sigma)))


def _plane(plane: Pixels) -> Image.Image:
    return Image.fromarray((np.clip(plane, 0, 1) * 255).round().astype(np.uint8))


def _rgb_plane(picture: Image.Image) -> Pixels:
    return np.asarray(picture, np.float32) / np.float32(255)


def _edges(plane: Pixels, size: int) -> Pixels:
    """Gradient magnitude, [size, size], 0 to 1, a line about size / 50 wide."""
    smooth = _blurred(plane, size / 110)
    dy, dx = np.gradient(smooth)
    return np.clip(np.hypot(dx, dy) * size / 14, 0, 1).astype(np.float32)


def _cloud(rng: np.random.Generator, size: int, sigma: float) -> Pixels:
    """Smooth noise, mean 0, about -1 to 1."""
    noise = _blurred(rng.random((size, size), np.float32), sigma) - 0.5
    return (noise / max(float(np.abs(noise).max()), 1e-6)).astype(np.float32)


def _strokes(rng: np.random.Generator, size: int, angle: float) -> Pixels:
    """Noise smeared along one direction, mean 0, about -1 to 1."""
    noise = Image.fromarray((rng.random((size, size)) * 255).astype(np.uint8))
    turned = noise.rotate(np.degrees(angle), Image.Resampling.BILINEAR, fillcolor=128)
    smeared = turned.filter(ImageFilter.BoxBlur((size / 16, 1)))
    back = np.asarray(smeared.rotate(-np.degrees(angle), fillcolor=128), np.float32) / 255 - 0.5
    return (back / max(float(np.abs(back).max()), 1e-6)).astype(np.float32)
