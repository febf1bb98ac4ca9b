"""The network of the annotated-diffusion write-up: a U-Net of ConvNeXt-style blocks.

Each resolution has two blocks and linear attention; the bottleneck has full attention between two
blocks. Time, and the class where there is one, is added to every block's features.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.diffusion.networks.activation import GELU
from tasks.diffusion.networks.depthwise import DepthwiseConv2d

HEAD_WIDTH = 32

MAX_PERIOD = 10_000.0


class _Attention(nn.Module):
    """heads: of HEAD_WIDTH channels each.

    Both kinds add what they find to their input, which they normalise first. x: [batch, channel,
    height, width]; in channels_last memory it is a list of tokens without a copy.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        width = heads * HEAD_WIDTH
        self.norm = nn.GroupNorm(1, channels)
        self.queries = nn.Linear(channels, width, bias=False)
        self.keys = nn.Linear(channels, width, bias=False)
        self.values = nn.Linear(channels, width, bias=False)
        self.output = nn.Linear(width, channels)


class LinearAttention(_Attention):
    """x + norm(W_o sum_h softmax_d(q_h) softmax_n(k_h)^T v_h / sqrt(d)) (Shen et al. 2021).

    Queries are normalised over the d channels of a head, keys over the n pixels.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__(channels, heads)
        self.output_norm = nn.GroupNorm(1, channels)

    def forward(self, x: Tensor) -> Tensor:
        tokens = _tokens(self.norm(x))
        q = self.queries(tokens).unflatten(-1, (self.heads, HEAD_WIDTH)).softmax(-1).flatten(-2)
        k = self.keys(tokens).softmax(1)
        # k^T v = (k^T x) W_v^T: values of every pixel are never formed, since what the keys gather
        # is far smaller. The same goes for the output: q (context W_o^T) for (q context) W_o^T.
        gathered = (k.transpose(1, 2) @ tokens).unflatten(1, (self.heads, HEAD_WIDTH))
        by_head = (self.heads, HEAD_WIDTH)
        w_v = self.values.weight.unflatten(0, by_head)
        w_o = self.output.weight.unflatten(1, by_head).permute(1, 2, 0)
        context = gathered @ (w_v.transpose(1, 2) @ w_o) * HEAD_WIDTH**-0.5
        found = q @ context.flatten(1, 2).to(q.dtype) + self.output.bias.to(q.dtype)
        return x + self.output_norm(_as_map(found, x))


class FullAttention(_Attention):
    """x + W_o softmax(q k^T / sqrt(d)) v, every pixel with every other."""

    def forward(self, x: Tensor) -> Tensor:
        tokens = _tokens(self.norm(x))
        q, k, v = (
            project(tokens).unflatten(-1, (self.heads, HEAD_WIDTH)).transpose(1, 2)
            for project in (self.queries, self.keys, self.values)
        )
        weights = (q @ k.transpose(-1, -2) * HEAD_WIDTH**-0.5).softmax(-1)
        found = self.output((weights @ v).transpose(1, 2).flatten(-2))  # Vaswani et al. 2017, eq. 1
        return x + _as_map(found, x)


def _tokens(x: Tensor) -> Tensor:
    """A map as tokens: [batch, pixel, channel]."""
    return x.flatten(2).transpose(1, 2)


def _as_map(tokens: Tensor, like: Tensor) -> Tensor:
    """Tokens as a map of the size of `like`."""
    return tokens.transpose(1, 2).unflatten(2, like.shape[2:])


class ConvNextBlock(nn.Module):
    """7x7 depthwise, + time, norm, 3x3 to twice the width, GELU, norm, 3x3; a 1x1 around it."""

    def __init__(self, in_channels: int, out_channels: int, embedding: int | None) -> None:
        super().__init__()
        self.time = None if embedding is None else nn.Linear(embedding, in_channels)
        self.depthwise = DepthwiseConv2d(in_channels, 7)
        self.layers = nn.Sequential(
            nn.GroupNorm(1, in_channels),
            nn.Conv2d(in_channels, 2 * out_channels, kernel_size=3, padding=1),
            GELU(),
            nn.GroupNorm(1, 2 * out_channels),
            nn.Conv2d(2 * out_channels, out_channels, kernel_size=3, padding=1),
        )
        self.around: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.around = nn.Conv2d(in_channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor, embedding: Tensor | None = None) -> Tensor:
        """x: [batch, in_channels, height, width]; embedding: [batch, features]."""
        h = self.depthwise(x)
        if self.time is not None and embedding is not None:
            h = h + self.time(F.gelu(embedding)).to(h.dtype)[:, :, None, None]
        return self.layers(h) + self.around(x)


class Level(nn.Module):
    """Two blocks and linear attention, at one resolution."""

    def __init__(self, in_channels: int, out_channels: int, embedding: int, heads: int) -> None:
        super().__init__()
        self.block1 = ConvNextBlock(in_channels, out_channels, embedding)
        self.block2 = ConvNextBlock(out_channels, out_channels, embedding)
        self.attention = LinearAttention(out_channels, heads)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """x: [batch, in_channels, height, width]; embedding: [batch, features]."""
        return self.attention(self.block2(self.block1(x, embedding), embedding))


class ConvNextUNet(nn.Module):
    """U-Net conditioned on the timestep and, if asked, on a class.

    hidden_width: channels at full resolution (the write-up's dim); even, at least 4.
    multipliers: of hidden_width, one a resolution; 2^(resolutions - 1) divides the picture's sides.
    heads: of 32 channels each, in every attention.

    Parameters at hidden_width 28, multipliers (1, 2, 4), one channel: 2,996,315.
    """

    def __init__(
        self,
        hidden_width: int,
        multipliers: Sequence[int] = (1, 2, 4),
        channels: int = 1,
        heads: int = 4,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        self.hidden_width, self.num_classes = hidden_width, num_classes
        embedding = 4 * hidden_width
        first = 2 * (hidden_width // 3)
        widths = [first, *(hidden_width * multiplier for multiplier in multipliers)]
        pairs = list(itertools.pairwise(widths))

        self.time = nn.Sequential(
            nn.Linear(hidden_width, embedding), GELU(), nn.Linear(embedding, embedding)
        )
        if num_classes:
            self.label = nn.Linear(num_classes, embedding, bias=False)
        self.first = nn.Conv2d(channels, first, kernel_size=7, padding=3)
        self.down = nn.ModuleList(Level(above, below, embedding, heads) for above, below in pairs)
        self.downsample = nn.ModuleList(_downsample(width) for width in widths[1:-1])
        bottom = widths[-1]
        self.middle1 = ConvNextBlock(bottom, bottom, embedding)
        self.middle_attention = FullAttention(bottom, heads)
        self.middle2 = ConvNextBlock(bottom, bottom, embedding)
        self.up = nn.ModuleList(
            Level(2 * below, above, embedding, heads) for above, below in reversed(pairs[1:])
        )
        self.upsample = nn.ModuleList(_upsample(above) for above, _ in reversed(pairs[1:]))
        self.last = ConvNextBlock(widths[1], widths[1], None)
        self.out = nn.Conv2d(widths[1], channels, kernel_size=1)

    def forward(self, x: Tensor, t: Tensor, c: Tensor | None = None) -> Tensor:
        """Predict the noise in x.

        x: [batch, channels, height, width]. t: [batch], timesteps counted from 1, not scaled. c:
        [batch, num_classes], one-hot, an all-zero row meaning "no class", needed with classes.
        Returns the shape of x.
        """
        embedding = self._embed(t, c)
        x = self.first(x)
        skipped: list[Tensor] = []
        for number, level in enumerate(self.down):
            x = level(x if number == 0 else self.downsample[number - 1](x), embedding)
            skipped.append(x)
        x = self.middle1(x, embedding)
        x = self.middle2(self.middle_attention(x), embedding)
        for level, upsample in zip(self.up, self.upsample, strict=True):
            x = upsample(level(torch.cat([x, skipped.pop()], dim=1), embedding))
        return self.out(self.last(x))

    def _embed(self, t: Tensor, c: Tensor | None) -> Tensor:
        """[batch, 4 hidden_width], in the weights' own format whatever is autocast: bfloat16 would
        take neighbouring timesteps for one."""
        number_format = self.out.weight.dtype
        with torch.autocast(t.device.type, enabled=False):
            embedding = self.time(sinusoids(t.float(), self.hidden_width).to(number_format))
            if self.num_classes:
                if c is None:
                    raise ValueError("this network is conditioned on classes; pass one-hot c")
                embedding = embedding + self.label(c.to(number_format))
            return embedding


def sinusoids(t: Tensor, width: int) -> Tensor:
    """sin and cos of t at width / 2 frequencies, 1 down to 1 / 10,000 (Vaswani et al. 2017, 3.5).

    t: [batch], float32. Returns [batch, width].
    """
    half = width // 2
    exponents = torch.arange(half, device=t.device, dtype=torch.float32) / (half - 1)
    angles = t[:, None] * torch.exp(-math.log(MAX_PERIOD) * exponents)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _downsample(channels: int) -> nn.Module:
    return nn.Conv2d(channels, channels, kernel_size=4, stride=2, padding=1)


def _upsample(channels: int) -> nn.Module:
    return nn.ConvTranspose2d(channels, channels, kernel_size=4, stride=2, padding=1)
