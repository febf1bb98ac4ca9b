"""The course U-Net for 28x28 digits, with optional time and class conditioning.

Every denoiser, DDPM and flow-matching model of the four course write-ups is this network at some
hidden width D. Conditioning enters twice, before each of the two concatenations of the decoder:

    u = unflatten(flatten(c))   then  u <- f_c1(class) * u  (+ or *)  f_t1(t)
    d = up1(u | c)              then  d <- f_c2(class) * d  (+ or *)  f_t2(t)
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from tasks.diffusion.networks.activation import GELU

TimeConditioning = Literal["none", "add", "multiply"]


def conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """3x3 convolution that keeps the resolution."""
    return _normed(nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=1, padding=1))


def down_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """3x3 convolution that halves the resolution."""
    return _normed(nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=2, padding=1))


def up_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """4x4 transposed convolution that doubles the resolution."""
    return _normed(
        nn.ConvTranspose2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1)
    )


def flatten() -> nn.Sequential:
    """7x7 pixels to one."""
    return nn.Sequential(nn.AvgPool2d(7), GELU())


def unflatten(channels: int) -> nn.Sequential:
    """One pixel to 7x7."""
    return _normed(FromOnePixel(channels, channels, kernel_size=7))


def conv_block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(conv(in_channels, out_channels), conv(out_channels, out_channels))


def down_block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        down_conv(in_channels, out_channels), conv_block(out_channels, out_channels)
    )


def up_block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(up_conv(in_channels, out_channels), conv_block(out_channels, out_channels))


def fc_block(in_features: int, out_features: int) -> nn.Sequential:
    """Embeds a conditioning signal; neither norm nor final activation."""
    return nn.Sequential(
        nn.Linear(in_features, out_features), GELU(), nn.Linear(out_features, out_features)
    )


def _normed(convolution: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), GELU())


class FromOnePixel(nn.ConvTranspose2d):
    """Of a picture of one pixel it is one product of matrices: a tenth of the time that the CPU
    takes for it as a convolution."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """x: [batch, in_channels, 1, 1]. Returns [batch, out_channels, *kernel_size]."""
        found = (x.flatten(1) @ self.weight.flatten(1)).view(len(x), *self.weight.shape[1:])
        if self.bias is not None:
            found = found + self.bias.to(found.dtype)[:, None, None]
        return found.contiguous(memory_format=torch.channels_last)


class CourseUNet(nn.Module):
    """U-Net over pictures of 28x28 pixels, conditioned as its constructor says.

    hidden_width: D, the channels of the first level; the bottleneck has 2D.
    time_conditioning: "add" (DDPM write-ups), "multiply" (flow matching) or "none" (denoisers).
        With classes, time is always added: u <- f_c(class) * u + f_t(t).
    num_classes: width of the one-hot class vector; 0 for an unconditional network.

    Trainable parameters at D=64: 1,975,361 plain, 1,996,417 with time, 2,019,201 with both.
    """

    def __init__(
        self,
        hidden_width: int,
        time_conditioning: TimeConditioning = "none",
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        if num_classes and time_conditioning == "none":
            raise ValueError("a class-conditioned network also needs time conditioning")
        width = hidden_width
        self.time_conditioning = time_conditioning
        self.num_classes = num_classes

        self.encode1 = conv_block(1, width)
        self.down1 = down_block(width, width)
        self.down2 = down_block(width, 2 * width)
        self.flatten = flatten()
        self.unflatten = unflatten(2 * width)
        self.up1 = up_block(4 * width, width)
        self.up2 = up_block(2 * width, width)
        self.decode1 = conv_block(2 * width, width)
        # No norm and no activation here: the output is a signed estimate of any scale.
        self.out = nn.Conv2d(width, 1, kernel_size=3, stride=1, padding=1)

        if time_conditioning != "none":
            self.time1 = fc_block(1, 2 * width)
            self.time2 = fc_block(1, width)
        if num_classes:
            self.class1 = fc_block(num_classes, 2 * width)
            self.class2 = fc_block(num_classes, width)

    def forward(self, x: Tensor, t: Tensor | None = None, c: Tensor | None = None) -> Tensor:
        """Predict from x.

        x: [batch, 1, 28, 28]. t: [batch] in [0, 1], needed with time conditioning. c: [batch,
        num_classes], one-hot, an all-zero row meaning "no class", needed with classes. Returns the
        shape of x.
        """
        a = self.encode1(x)
        b = self.down1(a)
        bottleneck = self.down2(b)
        u = self._condition(self.unflatten(self.flatten(bottleneck)), t, c, level=1)
        d = self._condition(self.up1(torch.cat([u, bottleneck], dim=1)), t, c, level=2)
        e = self.up2(torch.cat([d, b], dim=1))
        return self.out(self.decode1(torch.cat([e, a], dim=1)))

    def _condition(self, h: Tensor, t: Tensor | None, c: Tensor | None, level: int) -> Tensor:
        if self.time_conditioning == "none":
            return h
        if t is None:
            raise ValueError("this network is conditioned on time; pass t of shape [batch]")
        time = _embed(getattr(self, f"time{level}"), t[:, None], h)
        if self.num_classes:
            if c is None:
                raise ValueError("this network is conditioned on classes; pass one-hot c")
            return _embed(getattr(self, f"class{level}"), c, h) * h + time
        return h * time if self.time_conditioning == "multiply" else h + time


def _embed(block: nn.Module, signal: Tensor, h: Tensor) -> Tensor:
    """block(signal) as [batch, channel, 1, 1], in the format of h.

    Computed in float32 whatever h is: bfloat16 keeps eight bits, too few to tell t / 300 apart.
    """
    with torch.autocast(h.device.type, enabled=False):
        return block(signal.float())[:, :, None, None].to(h.dtype)


def count_parameters(network: nn.Module) -> int:
    """Number of trainable scalars."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
