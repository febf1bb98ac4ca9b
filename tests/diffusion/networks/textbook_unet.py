"""The annotated write-up's network as a textbook has it: every layer as its formula is read.

1x1 convolutions for queries, keys and values, torch's own depthwise convolution, attention head by
head. It takes the weights of ConvNextUNet, and has to give the same output.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tasks.diffusion.networks.convnext_unet import (
    HEAD_WIDTH,
    ConvNextUNet,
    FullAttention,
    LinearAttention,
)
from tasks.diffusion.networks.depthwise import DepthwiseConv2d


class TextbookDepthwise(nn.Conv2d):
    def __init__(self, like: DepthwiseConv2d) -> None:
        channels = like.in_channels
        super().__init__(
            channels, channels, like.kernel_size[0], padding=like.padding[0], groups=channels
        )


class TextbookAttention(nn.Module):
    """Both kinds: linear if it has an output norm."""

    def __init__(self, like: LinearAttention | FullAttention) -> None:
        super().__init__()
        channels, self.heads = like.output.out_features, like.heads
        width = HEAD_WIDTH * self.heads
        self.norm = nn.GroupNorm(1, channels)
        self.project = nn.ModuleList(nn.Conv2d(channels, width, 1, bias=False) for _ in range(3))
        self.output = nn.Conv2d(width, channels, 1)
        self.output_norm = nn.GroupNorm(1, channels) if hasattr(like, "output_norm") else None

    def forward(self, x: Tensor) -> Tensor:
        batch, _, height, width = x.shape
        normalised = self.norm(x)
        q, k, v = (
            project(normalised).reshape(batch * self.heads, HEAD_WIDTH, height * width)
            for project in self.project
        )
        q = q * HEAD_WIDTH**-0.5 if self.output_norm is None else q.softmax(1) * HEAD_WIDTH**-0.5
        if self.output_norm is None:
            weights = torch.einsum("bdi,bdj->bij", q, k).softmax(-1)
            found = torch.einsum("bij,bdj->bdi", weights, v)
        else:
            context = torch.einsum("bdn,ben->bde", k.softmax(-1), v)
            found = torch.einsum("bde,bdn->ben", context, q)
        found = self.output(found.reshape(batch, self.heads * HEAD_WIDTH, height, width))
        return x + (found if self.output_norm is None else self.output_norm(found))


def textbook(network: ConvNextUNet) -> ConvNextUNet:
    """`network` itself with its layers replaced, weights kept."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, DepthwiseConv2d):
                plain: nn.Module = TextbookDepthwise(child)
                plain.to(child.weight.dtype).load_state_dict(child.state_dict())
                setattr(module, name, plain)
            elif isinstance(child, LinearAttention | FullAttention):
                setattr(module, name, _attention(child))
    return network


@torch.no_grad()
def _attention(like: LinearAttention | FullAttention) -> TextbookAttention:
    made = TextbookAttention(like).to(like.output.weight.dtype)
    made.norm.load_state_dict(like.norm.state_dict())
    linears = (like.queries, like.keys, like.values)
    for convolution, linear in zip(made.project, linears, strict=True):
        convolution.weight.copy_(linear.weight[:, :, None, None])
    made.output.weight.copy_(like.output.weight[:, :, None, None])
    made.output.bias.copy_(like.output.bias)
    if isinstance(like, LinearAttention):
        made.output_norm.load_state_dict(like.output_norm.state_dict())
    return made
