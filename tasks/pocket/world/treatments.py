"""Style words made visible: how subjects look as a photo, an oil painting, a lithograph.

Each treatment takes subjects and a source of chance, and returns RGB in [0, 1], [n, 3, side, side].
They are image filters, not imitations of artists: what matters is that style and subject can be
told apart and combined. Grounds, inks, papers and palettes are drawn anew for each picture. A
texture is kept weaker than its subject's edges, and has no direction or scale of its own: guidance
burns in whatever all pictures of a style share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

Colour: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True)
class Subjects:
    """rgb: [n, 3, side, side] in [0, 1], times alpha. alpha: [n, 1, side, side] in [0, 1]."""

    rgb: Tensor
    alpha: Tensor

    @property
    def side(self) -> int:
        return int(self.rgb.shape[-1])

    def __len__(self) -> int:
        return len(self.rgb)


class Chance:
    """Random numbers from one generator, on its device."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator
        self.device = generator.device

    def uniform(self, n: int, low: float = 0.0, high: float = 1.0, channels: int = 1) -> Tensor:
        """[n, channels, 1, 1]."""
        drawn = torch.rand(n, channels, 1, 1, generator=self.generator, device=self.device)
        return low + (high - low) * drawn

    def one_of(self, n: int, colours: Sequence[Colour], reach: float = 0.1) -> Tensor:
        """One of the colours for each, lighter or darker by up to `reach`, [n, 3, 1, 1]."""
        table = torch.tensor(colours, device=self.device)
        chosen = torch.randint(len(colours), (n,), generator=self.generator, device=self.device)
        level = self.uniform(n, 1 - reach, 1 + reach) * self.uniform(n, 1 - reach, 1 + reach, 3)
        return (table[chosen][..., None, None] * level).clamp(0, 1)

    def cloud(self, n: int, side: int, cells: int, channels: int = 1) -> Tensor:
        """Smooth noise about -1 to 1, `cells` bumps across, [n, channels, side, side]."""
        lattice = torch.rand(
            n, channels, cells, cells, generator=self.generator, device=self.device
        )
        return functional.interpolate(
            2 * lattice - 1, size=(side, side), mode="bicubic", align_corners=False
        )

    def strokes(self, n: int, side: int) -> Tensor:
        """Noise smeared along a direction, of another length and width for each, mean 0, standard
        deviation 1, [n, 1, side, side]."""
        reach = 2 * (side // 16) + 1
        angle, length = self.uniform(n, 0, math.pi), self.uniform(n, 0.5, 1.0) * reach
        width = self.uniform(n, 0.4, 1.1) * side / 64
        line = torch.arange(-reach, reach + 1, device=self.device, dtype=torch.float32)
        y, x = line.view(1, 1, -1, 1), line.view(1, 1, 1, -1)
        along = x * angle.cos() + y * angle.sin()
        across = y * angle.cos() - x * angle.sin()
        kernel = torch.exp(-((across / width) ** 2) - (along / length) ** 2)
        noise = torch.randn(
            1, n, side + 2 * reach, side + 2 * reach, generator=self.generator, device=self.device
        )
        smeared = functional.conv2d(noise, kernel, groups=n).transpose(0, 1)
        return smeared / kernel.square().sum(dim=(2, 3), keepdim=True).sqrt()


Treatment: TypeAlias = Callable[[Subjects, Chance], Tensor]

GROUNDS: dict[str, Colour] = {
    "red": (0.85, 0.27, 0.25),
    "orange": (0.96, 0.62, 0.27),
    "yellow": (0.98, 0.90, 0.46),
    "green": (0.50, 0.80, 0.46),
    "blue": (0.45, 0.66, 0.95),
    "purple": (0.66, 0.47, 0.86),
    "pink": (0.98, 0.72, 0.82),
    "grey": (0.64, 0.64, 0.66),
    "black": (0.07, 0.07, 0.09),
}
"""Grounds a caption can ask for by name."""

_WALLS: Sequence[Colour] = (
    (0.74, 0.76, 0.80), (0.82, 0.78, 0.70), (0.60, 0.66, 0.72), (0.52, 0.50, 0.48),
    (0.66, 0.72, 0.64), (0.80, 0.66, 0.60), (0.34, 0.36, 0.42), (0.90, 0.90, 0.88),
)  # fmt: skip
_FLOORS: Sequence[Colour] = (
    (0.52, 0.46, 0.40), (0.62, 0.48, 0.34), (0.40, 0.30, 0.22), (0.72, 0.70, 0.66),
    (0.44, 0.46, 0.50), (0.58, 0.54, 0.44), (0.30, 0.28, 0.28),
)  # fmt: skip
_SKIES: Sequence[Colour] = (
    (0.36, 0.56, 0.86), (0.46, 0.66, 0.92), (0.56, 0.70, 0.86), (0.66, 0.70, 0.76),
    (0.40, 0.42, 0.66), (0.78, 0.62, 0.58), (0.52, 0.74, 0.84),
)  # fmt: skip
_HORIZONS: Sequence[Colour] = (
    (0.80, 0.88, 0.96), (0.88, 0.90, 0.92), (0.98, 0.86, 0.68), (0.94, 0.74, 0.62),
    (0.74, 0.84, 0.92),
)  # fmt: skip
_LANDS: Sequence[Colour] = (
    (0.30, 0.46, 0.22), (0.38, 0.52, 0.26), (0.46, 0.48, 0.26), (0.74, 0.66, 0.48),
    (0.86, 0.89, 0.93), (0.26, 0.44, 0.54), (0.50, 0.46, 0.42), (0.24, 0.36, 0.20),
)  # fmt: skip
_CANVASES: Sequence[Colour] = (
    (0.47, 0.36, 0.22), (0.30, 0.36, 0.42), (0.36, 0.40, 0.26), (0.54, 0.46, 0.34),
    (0.40, 0.26, 0.24), (0.24, 0.26, 0.32), (0.66, 0.58, 0.44), (0.44, 0.50, 0.56),
    (0.60, 0.44, 0.36), (0.34, 0.44, 0.40),
)  # fmt: skip
_PAPERS: Sequence[Colour] = (
    (0.95, 0.89, 0.77), (0.97, 0.95, 0.90), (0.90, 0.86, 0.78), (0.93, 0.90, 0.86),
    (0.96, 0.84, 0.74), (0.86, 0.88, 0.88),
)  # fmt: skip
_INKS: Sequence[Colour] = (
    (0.14, 0.10, 0.08), (0.08, 0.08, 0.10), (0.22, 0.12, 0.08), (0.10, 0.14, 0.24),
    (0.12, 0.18, 0.14), (0.26, 0.10, 0.12),
)  # fmt: skip
_BOARDS: Sequence[Colour] = (
    (0.10, 0.14, 0.12), (0.12, 0.12, 0.14), (0.08, 0.10, 0.16), (0.16, 0.12, 0.10),
)  # fmt: skip
_PANES: Sequence[Colour] = (
    (0.12, 0.30, 0.72), (0.14, 0.46, 0.80), (0.10, 0.52, 0.58), (0.18, 0.50, 0.26),
    (0.70, 0.20, 0.20), (0.86, 0.62, 0.16), (0.48, 0.22, 0.58), (0.86, 0.40, 0.16),
)  # fmt: skip


def plain(subjects: Subjects, chance: Chance) -> Tensor:
    """On white."""
    return subjects.rgb + (1 - subjects.alpha)


def coloured(name: str) -> Treatment:
    """On one of GROUNDS, flat or fading, paler or not, with a shadow or none."""

    def treatment(subjects: Subjects, chance: Chance) -> Tensor:
        n = len(subjects)
        colour = chance.one_of(n, [GROUNDS[name]], 0.06)
        paler = chance.uniform(n, 0, 0.5) * (name != "black")
        colour = colour + (1 - colour) * paler
        y, _ = _grid(subjects)
        fade = 1 + chance.uniform(n, -0.12, 0.12) * (chance.uniform(n) < 0.4) * (y - 0.5)
        is_shaded = (chance.uniform(n) < 0.3).float()
        ground = colour * fade * (1 - 0.3 * is_shaded * _shadow(subjects, chance))
        return _over(subjects, ground).clamp(0, 1)

    return treatment


def photo(subjects: Subjects, chance: Chance) -> Tensor:
    """In a studio or out of doors, with a soft shadow, directional light and a vignette."""
    n = len(subjects)
    y, x = _grid(subjects)
    is_outside = (chance.uniform(n) < 0.55).float()
    top = torch.lerp(chance.one_of(n, _WALLS), chance.one_of(n, _SKIES), is_outside)
    low = torch.lerp(top, chance.one_of(n, _HORIZONS), is_outside * chance.uniform(n, 0.3, 1.0))
    floor = torch.lerp(chance.one_of(n, _FLOORS), chance.one_of(n, _LANDS), is_outside)
    horizon = chance.uniform(n, 0.45, 0.85)
    ridge = chance.cloud(n, subjects.side, 5)[:, :, :1] * chance.uniform(n, 0, 0.09) * is_outside
    above = torch.lerp(top, low, (y / horizon).clamp(0, 1))
    above = above * (1 + 0.10 * is_outside * chance.cloud(n, subjects.side, 5))
    below = floor * (0.80 + 0.40 * (y - horizon).clamp(min=0))
    below = below * (1 + (0.04 + 0.10 * is_outside) * chance.cloud(n, subjects.side, 18))
    softness = chance.uniform(n, 14, 60)
    ground = torch.lerp(above, below, torch.sigmoid((y - horizon + ridge) * softness))
    ground = ground * (1 - chance.uniform(n, 0.2, 0.6) * _shadow(subjects, chance))
    angle = chance.uniform(n, 0, 2 * math.pi)
    lit = 1 + 0.25 * ((x - 0.5) * angle.cos() + (y - 0.5) * angle.sin())
    picture = subjects.rgb * lit + ground * (1 - subjects.alpha)
    vignette = 1 - chance.uniform(n, 0, 0.45) * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    return (picture * vignette * chance.uniform(n, 0.94, 1.06, 3)).clamp(0, 1)


def oil_painting(subjects: Subjects, chance: Chance) -> Tensor:
    """Strong colour in dabs on a mottled canvas, with brush strokes across."""
    n, side = len(subjects), subjects.side
    mottled = 1 + 0.14 * chance.cloud(n, side, 7) + 0.06 * chance.cloud(n, side, 7, 3)
    ground = chance.one_of(n, _CANVASES) * mottled
    picture = _warped(_over(subjects, ground), chance, 1.3, 14)
    picture = 0.6 * _blurred(picture, side, 3) + 0.4 * picture
    grey = picture.mean(1, keepdim=True)
    picture = grey + chance.uniform(n, 1.1, 1.35) * (picture - grey)
    strokes = chance.uniform(n, 0.01, 0.035) * chance.strokes(n, side)
    return (picture * chance.uniform(n, 0.9, 1.1, 3) * (1 + strokes)).clamp(0, 1)


def watercolor(subjects: Subjects, chance: Chance) -> Tensor:
    """Thin, pale washes that bleed at the edge on paper, darker where they dried."""
    n, side = len(subjects), subjects.side
    paper = torch.lerp(chance.one_of(n, _PAPERS, 0.03), torch.ones((), device=chance.device), 0.5)
    wash = _blurred(_warped(_over(subjects, paper), chance, 1.2, 10), side, 3)
    alpha = _blurred(subjects.alpha, side, 5)
    bleed = (alpha + 0.3 * chance.cloud(n, side, 7)).clamp(0, 1)
    strength = chance.uniform(n, 0.6, 0.85)
    pale = 1 - strength + strength * wash
    pale = pale * (1 + 0.08 * chance.cloud(n, side, 5, 3))
    dried = (4 * alpha * (1 - alpha)).clamp(0, 1).square()
    pale = pale * (1 - chance.uniform(n, 0.08, 0.26) * dried)
    grain = 1 + 0.025 * chance.cloud(n, side, 24)
    return torch.lerp(paper * grain, pale, bleed).clamp(0, 1)


def lithograph(subjects: Subjects, chance: Chance) -> Tensor:
    """Four tones of one ink, lightly hatched, on paper."""
    n, side = len(subjects), subjects.side
    grey = _grey(_over(subjects, torch.ones((), device=chance.device)))
    grey = (0.5 + chance.uniform(n, 1.1, 1.4) * (grey - 0.5)).clamp(0, 1)
    hatch = _hatch(subjects, chance, 9, 17) * chance.uniform(n, 0.01, 0.05) * (grey < 0.92)
    # Tones in three soft steps: hard ones would be stairs at this size.
    steps = 3 * (grey + hatch)
    tone = (steps.floor() + torch.sigmoid(((steps - steps.floor()) - 0.5) * 9)) / 3
    tone = tone.clamp(0, 1) * (1 - chance.uniform(n, 0.45, 0.8) * _edges(grey, side))
    tone = (tone + 0.03 * chance.cloud(n, side, 28)).clamp(0, 1)
    ink, paper = chance.one_of(n, _INKS, 0.3), chance.one_of(n, _PAPERS, 0.05)
    return ink + (paper - ink) * tone


def pencil_drawing(subjects: Subjects, chance: Chance) -> Tensor:
    """Grey outlines with light shading on white paper."""
    n, side = len(subjects), subjects.side
    grey = _grey(_over(subjects, torch.ones((), device=chance.device)))
    lines = 0.5 + 0.5 * _hatch(subjects, chance, 12, 22)
    shade = 1 - (1 - grey) * (chance.uniform(n, 0.12, 0.30) + chance.uniform(n, 0.04, 0.14) * lines)
    drawn = shade * (1 - chance.uniform(n, 0.6, 0.9) * _edges(grey, side))
    return (drawn * chance.uniform(n, 0.95, 1.0)).expand(n, 3, side, side).clamp(0, 1)


def stained_glass(subjects: Subjects, chance: Chance) -> Tensor:
    """Panes of saturated colour held by black leading."""
    n = len(subjects)
    y, x = _grid(subjects)
    cells = 5
    line = (torch.arange(cells, device=chance.device) + 0.5) / cells
    middles = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1).reshape(1, -1, 2)
    moved = torch.rand(n, cells**2, 2, generator=chance.generator, device=chance.device)
    middles = middles + 0.16 * (moved - 0.5)
    to_y = y - middles[:, :, 0, None, None]
    to_x = x - middles[:, :, 1, None, None]
    nearest, pane = (to_y.square() + to_x.square()).sqrt().topk(2, dim=1, largest=False)
    lead = 1 - (nearest[:, 1:] - nearest[:, :1]) * chance.uniform(n, 13, 22)
    palette = torch.stack([chance.one_of(n, _PANES, 0.15)[..., 0, 0] for _ in range(3)], 1)
    colour = palette[torch.arange(n, device=chance.device)[:, None, None], pane[:, 0] % 3]
    ground = colour.permute(0, 3, 1, 2)
    rgb = (subjects.rgb / subjects.alpha.clamp(min=0.05)).clamp(0, 1)
    grey = rgb.mean(1, keepdim=True)
    vivid = ((grey + 1.6 * (rgb - grey)).clamp(0, 1) * 4).round() / 4
    picture = torch.lerp(ground, vivid, subjects.alpha)
    lines = lead.clamp(0, 1) * (1 - 0.6 * subjects.alpha) + _edges(subjects.alpha, subjects.side)
    return picture * (1 - 0.92 * lines.clamp(0, 1))


def marker_drawing(subjects: Subjects, chance: Chance) -> Tensor:
    """Wavering outlines, filled with strokes that leave gaps, on paper; or in chalk on a board."""
    n, side = len(subjects), subjects.side
    paper = torch.lerp(chance.one_of(n, _PAPERS, 0.02), torch.ones((), device=chance.device), 0.6)
    picture = _warped(torch.cat([subjects.rgb, subjects.alpha], 1), chance, 1.6, 9)
    rgb, alpha = picture[:, :3], picture[:, 3:].clamp(0, 1)
    gaps = 1 - chance.uniform(n, 0.1, 0.4) * (_hatch(subjects, chance, 8, 14) > 0.3).float()
    strokes = alpha * _blurred(gaps, side, 3)
    inked = rgb + (1 - alpha) * paper
    outline = _edges(_grey(inked), side) * chance.uniform(n, 0.5, 0.85)
    marked = torch.lerp(paper, inked, strokes) * (1 - outline)
    board = chance.one_of(n, _BOARDS, 0.2)
    chalk = board + strokes * chance.uniform(n, 0.1, 0.4) * rgb + outline * (0.95 - board)
    return torch.where(chance.uniform(n) < 0.2, chalk, marked).clamp(0, 1)


@dataclass(frozen=True)
class Style:
    """captions: what a picture in it is called; {} is the subject's phrase."""

    treatment: Treatment
    captions: tuple[str, ...]


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


STYLES: dict[str, Style] = {
    "plain": Style(plain, ("{}",)),
    "photo": Style(photo, ("a photo of {}", "a high quality photo of {}")),
    "oil painting": Style(oil_painting, ("an oil painting of {}",)),
    "watercolor": Style(watercolor, ("a watercolor of {}", "a watercolor painting of {}")),
    "lithograph": Style(lithograph, ("a lithograph of {}",)),
    "pencil drawing": Style(pencil_drawing, ("a pencil drawing of {}",)),
    "stained glass": Style(stained_glass, ("a stained glass window of {}",)),
    "drawing": Style(marker_drawing, ("a drawing of {}",)),
    **{
        f"on {name}": Style(coloured(name), (f"{{}} on {_article(name)} background", "{}"))
        for name in GROUNDS
    },
}


def _grid(subjects: Subjects) -> tuple[Tensor, Tensor]:
    """y and x of each pixel's centre in fractions of the side, [1, 1, side, side] when joined."""
    line = (torch.arange(subjects.side, device=subjects.rgb.device) + 0.5) / subjects.side
    return line.view(1, 1, -1, 1), line.view(1, 1, 1, -1)


def _over(subjects: Subjects, ground: Tensor) -> Tensor:
    return subjects.rgb + (1 - subjects.alpha) * ground


def _blurred(pictures: Tensor, side: int, width: int) -> Tensor:
    """Averaged over squares of `width` pixels of 64 across (odd)."""
    reach = max(1, round((width - 1) / 2 * side / 64))
    padded = functional.pad(pictures, (reach, reach, reach, reach), mode="replicate")
    return functional.avg_pool2d(padded, 2 * reach + 1, 1)


def _shadow(subjects: Subjects, chance: Chance) -> Tensor:
    """Where a subject's shadow falls behind it, 0 to 1: blurred, and to the right or the left."""
    n, side = len(subjects), subjects.side
    soft = _blurred(_blurred(subjects.alpha, side, 7), side, 5)
    by = max(1, side // 20)
    fallen = functional.pad(soft, (by, by, by, 0))[..., :side, :]
    is_right = chance.uniform(n) < 0.5
    return torch.where(is_right, fallen[..., :side], fallen[..., 2 * by :])


def _warped(pictures: Tensor, chance: Chance, reach: float, cells: int) -> Tensor:
    """Every point moved by up to about `reach` pixels of 64 across."""
    n, side = len(pictures), pictures.shape[-1]
    moved = chance.cloud(n, side, cells, 2).permute(0, 2, 3, 1) * (reach / 32)
    line = (torch.arange(side, device=pictures.device) + 0.5) * (2 / side) - 1
    still = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)
    return functional.grid_sample(
        pictures, still + moved, padding_mode="border", align_corners=False
    )


def _grey(rgb: Tensor) -> Tensor:
    weights = torch.tensor([0.30, 0.59, 0.11], device=rgb.device).view(1, 3, 1, 1)
    return (rgb * weights).sum(1, keepdim=True)


def _edges(plane: Tensor, side: int) -> Tensor:
    """Gradient magnitude, [n, 1, side, side], 0 to 1, a line about side / 40 wide."""
    smooth = _blurred(plane, side, 3)
    reach = max(1, round(side / 64))
    padded = functional.pad(smooth, (reach, reach, reach, reach), mode="replicate")
    dx = padded[..., reach:-reach, 2 * reach :] - padded[..., reach:-reach, : -2 * reach]
    dy = padded[..., 2 * reach :, reach:-reach] - padded[..., : -2 * reach, reach:-reach]
    return (2.2 * (dx.square() + dy.square()).sqrt()).clamp(0, 1)


def _hatch(subjects: Subjects, chance: Chance, fewest: float, most: float) -> Tensor:
    """Lines at any angle, `fewest` to `most` across, -1 to 1."""
    n = len(subjects)
    y, x = _grid(subjects)
    angle, count = chance.uniform(n, 0, math.pi), chance.uniform(n, fewest, most)
    phase = chance.uniform(n, 0, 2 * math.pi)
    return torch.sin(2 * math.pi * count * (x * angle.cos() + y * angle.sin()) + phase)
