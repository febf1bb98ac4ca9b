"""Self-attention over the pixels of a feature map: linear in their number, and full.

Both add what they find to their input, which they normalise first. A map [B, C, H, W] in
channels_last memory is a list of tokens [B, H W, C] without a copy.
"""

from __future__ import annotations

from torch import Tensor, nn

HEAD_WIDTH = 32


class LinearAttention(nn.Module):
    """x + norm(W_o sum_h softmax_d(q_h) softmax_n(k_h)^T v_h / sqrt(d)) (Shen et al. 2021).

    Queries are normalised over the d channels of a head, keys over the n pixels.
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
        self.output_norm = nn.GroupNorm(1, channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] to the same."""
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


class FullAttention(nn.Module):
    """x + W_o softmax(q k^T / sqrt(d)) v, every pixel with every other (Vaswani et al. 2017)."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        width = heads * HEAD_WIDTH
        self.norm = nn.GroupNorm(1, channels)
        self.queries = nn.Linear(channels, width, bias=False)
        self.keys = nn.Linear(channels, width, bias=False)
        self.values = nn.Linear(channels, width, bias=False)
        self.output = nn.Linear(width, channels)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] to the same."""
        tokens = _tokens(self.norm(x))
        q, k, v = (
            project(tokens).unflatten(-1, (self.heads, HEAD_WIDTH)).transpose(1, 2)
            for project in (self.queries, self.keys, self.values)
        )
        weights = (q @ k.transpose(-1, -2) * HEAD_WIDTH**-0.5).softmax(-1)
        found = self.output((weights @ v).transpose(1, 2).flatten(-2))
        return x + _as_map(found, x)


def _tokens(x: Tensor) -> Tensor:
    """[B, C, H, W] as [B, H W, C]."""
    return x.flatten(2).transpose(1, 2)


def _as_map(tokens: Tensor, like: Tensor) -> Tensor:
    """[B, H W, C] as [B, C, H, W] of the size of `like`."""
    return tokens.transpose(1, 2).unflatten(2, like.shape[2:])
