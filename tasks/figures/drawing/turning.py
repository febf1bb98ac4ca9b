"""How a view of a picture comes about, as motion: turned, flipped, slid, inverted or taken apart.

A view moves pixels and may invert them; the motion is read from where they go:

- all in one rotation: the picture turns
- a mirror image: it is squashed through the axis, and opens again reversed
- columns rolled: they slide, and what leaves at one end comes back at the other
- anything else: pieces that keep together move and turn as one, single pixels fly straight
- inverted colours fade through grey
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tasks.figures.drawing.pieces import Indices, Piece, paste_centred, take_apart
from tasks.figures.drawing.pixels import Images, upscale
from tasks.figures.drawing.style import SHEET_GROUND
from tasks.store.node import JSON

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class PixelView:
    """A view of [size, size] pixels: out.flat[p] is in.flat[source.flat[p]], inverted or not."""

    source: Indices
    is_negative: bool

    @property
    def size(self) -> int:
        return len(self.source)

    def apply(self, picture: Images) -> Images:
        """[size, size, 3] u8 as the view shows it."""
        if picture.shape[:2] != self.source.shape:
            raise ValueError(f"a view of {self.source.shape} pixels, a picture of {picture.shape}")
        seen: Images = picture.reshape(-1, picture.shape[2])[self.source.reshape(-1)]
        seen = seen.reshape(picture.shape)
        return 255 - seen if self.is_negative else seen


def pixel_view(view: Mapping[str, JSON], size: int) -> PixelView:
    """Where each pixel of a picture `size` wide goes in the view {"name": ..., parameters}.

    Raises BadInput for a view or a size that there is not.
    """
    # torch is imported with the views, and only the few figures that turn pictures need them.
    from tasks.diffusion.views import view_from_params

    seen = view_from_params(view, size)
    source = seen.permutation.numpy().reshape(size, size)
    return PixelView(source, is_negative=seen.sign < 0)


def turning_frames(
    picture: Images, view: PixelView, factor: int, progress: Sequence[float]
) -> list[Image.Image]:
    """The picture [size, size, 3] u8, enlarged `factor` times, on its way to the view.

    progress: of each frame, from 0, the picture itself, to 1, the picture as the view shows it.
    Frames are RGB, square, equally large, on the ground of sheets; a turning picture needs more
    room than it fills at rest.
    """
    motion = _motion(view)
    side = math.ceil(motion.extent * factor)
    side += (side - view.size * factor) % 2
    frames = []
    for p in progress:
        canvas = Image.new("RGB", (side, side), SHEET_GROUND)
        colours = _inverted(picture, p) if view.is_negative else picture
        if p in (0.0, 1.0):
            still = view.apply(picture) if p else picture
            paste_centred(canvas, upscale(still, factor))
        else:
            motion.draw(canvas, colours, factor, p)
        frames.append(canvas)
    return frames


def _inverted(picture: Images, p: float) -> Images:
    """Colours a share `p` of the way to their negative; halfway all are grey."""
    faded: Images = np.round(127.5 + (1 - 2 * p) * (picture.astype(np.float64) - 127.5))
    return faded.astype(np.uint8)


class _Motion(Protocol):
    """extent: how many pixels of the picture, across, it needs room for."""

    extent: float

    def draw(self, canvas: Image.Image, picture: Images, factor: int, p: float) -> None: ...


class _Still:
    """Nothing moves."""

    def __init__(self, size: int) -> None:
        self.extent: float = size

    def draw(self, canvas: Image.Image, picture: Images, factor: int, p: float) -> None:
        paste_centred(canvas, upscale(picture, factor))


class _Mirror(_Still):
    """Squashed along `axis` (0: upside down, 1: left and right) and opened again, reversed."""

    def __init__(self, size: int, axis: int) -> None:
        super().__init__(size)
        self.axis = axis

    def draw(self, canvas: Image.Image, picture: Images, factor: int, p: float) -> None:
        shown = upscale(picture if p < 0.5 else np.flip(picture, self.axis), factor)
        height, width = shown.shape[:2]
        left_of = max(1, round(abs(math.cos(math.pi * p)) * height))
        size = (width, left_of) if self.axis == 0 else (left_of, height)
        squashed = Image.fromarray(shown).resize(size, Image.Resampling.BOX)
        paste_centred(canvas, np.asarray(squashed))


class _Slide(_Still):
    """Column x rolled down by shifts[x] pixels."""

    def __init__(self, shifts: NDArray[np.float64]) -> None:
        super().__init__(len(shifts))
        self.shifts = shifts

    def draw(self, canvas: Image.Image, picture: Images, factor: int, p: float) -> None:
        shown = upscale(picture, factor)
        shifts = np.repeat(np.round(self.shifts * p * factor).astype(np.int64), factor)
        rows = (np.arange(len(shown))[:, None] - shifts[None]) % len(shown)
        paste_centred(canvas, shown[rows, np.arange(len(shifts))[None]])


def _motion(view: PixelView) -> _Motion:
    size = view.size
    if np.array_equal(view.source, _unmoved(size)):
        return _Still(size)
    axis = mirrored_axis(view.source)
    if axis is not None:
        return _Mirror(size, axis)
    shifts = column_shifts(view.source)
    return _Slide(shifts) if shifts is not None else take_apart(view.source)


def _unmoved(size: int) -> Indices:
    return np.arange(size * size).reshape(size, size)


def mirrored_axis(source: Indices) -> int | None:
    """0 for a picture upside down, 1 for one with left and right exchanged, else None."""
    for axis in (0, 1):
        if np.array_equal(source, np.flip(_unmoved(len(source)), axis)):
            return axis
    return None


def column_shifts(source: Indices) -> NDArray[np.float64] | None:
    """How far down each column is rolled, or None if that is not what the view does.

    A roll by 50 of 64 is one by -14 too: of those the one nearest the neighbour's is meant.
    """
    size = len(source)
    rows, columns = np.divmod(source, size)
    shifts = (np.arange(size)[:, None] - rows) % size
    if not (columns == np.arange(size)).all() or not (shifts == shifts[0]).all():
        return None
    smooth = np.unwrap(shifts[0].astype(np.float64), period=size)
    centred: NDArray[np.float64] = smooth - size * np.round(smooth.mean() / size)
    return centred


def motion_data(view: PixelView) -> dict[str, Any]:
    """How a view comes about as plain JSON, for a page to move the picture itself; in pixels of a
    picture `size` wide.

    negative: colours are inverted on the way. And one of
    mirror: 0 for upside down, 1 for left and right.
    shifts: for each column, how far down it is rolled.
    turning, straight: rigid pieces, each with its clockwise quarter turns, its centre from the
        middle of the picture before and after, as [x, y], and its rectangles, four numbers each
        (x, y, width, height); and rectangles that move without turning, six numbers each (the same
        and how far they go, x and y).
    """
    return {"size": view.size, "negative": view.is_negative, **_plain_motion(view)}


def _plain_motion(view: PixelView) -> dict[str, Any]:
    axis = mirrored_axis(view.source)
    if axis is not None:
        return {"mirror": axis}
    shifts = column_shifts(view.source)
    if shifts is not None and shifts.any():
        return {"shifts": [float(shift) for shift in shifts]}
    pieces = take_apart(view.source)
    return {
        "turning": [_turning(piece, view.size) for piece in pieces.pieces],
        "straight": _straight(pieces.straight, pieces.displacement),
    }


def _turning(piece: Piece, size: int) -> dict[str, Any]:
    mask = np.zeros((size, size), dtype=np.bool_)
    mask[piece.rows, piece.columns] = True
    return {
        "turns": piece.quarter_turns,
        "start": [float(piece.start[1]), float(piece.start[0])],
        "end": [float(piece.end[1]), float(piece.end[0])],
        "rectangles": [number for box in _rectangles(mask) for number in box],
    }


def _straight(places: Indices, displacement: Indices) -> list[int]:
    """Rectangles of pixels that go equally far, those that stay first."""
    size = len(displacement)
    far = displacement[places[:, 0], places[:, 1]]
    numbers: list[int] = []
    for down, across in sorted({(int(y), int(x)) for y, x in far}, key=_distance):
        mask = np.zeros((size, size), dtype=np.bool_)
        chosen = places[(far == (down, across)).all(axis=1)]
        mask[chosen[:, 0], chosen[:, 1]] = True
        for box in _rectangles(mask):
            numbers += [*box, across, down]
    return numbers


def _distance(shift: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    return abs(shift[0]) + abs(shift[1]), shift


def _rectangles(mask: Mask) -> Iterator[tuple[int, int, int, int]]:
    """x, y, width, height of rectangles that cover the mask, each pixel once."""
    left_over = mask.copy()
    for y, x in np.argwhere(mask):
        if not left_over[y, x]:
            continue
        width = _run(left_over[y, x:])
        height = _run(np.all(left_over[y:, x : x + width], axis=1))
        left_over[y : y + height, x : x + width] = False
        yield int(x), int(y), width, height


def _run(are_set: Mask) -> int:
    """How many are set before the first that is not."""
    return len(are_set) if are_set.all() else int(np.argmin(are_set))
