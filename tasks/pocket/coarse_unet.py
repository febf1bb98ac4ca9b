"""The inner part of the stage I U-Net, trained first, on pictures of half the size.

The outermost level of the U-Net costs most of a step and learns least of what a caption means.
So training begins without it (Karras et al. 2018 grow a GAN the same way): a thin convolution
stands in for what the outer level will hand to level 1, and another turns level 1's output into
noise. When the outer level joins, every inner weight keeps its place and its scale.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class CoarseUNet(nn.Module):
    """Levels 1 and below of `unet`, on [batch, 3, side / 2, side / 2]; predicts noise alone.

    The inner modules are those of `unet` itself: training this trains them.
    """

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet
        config: Any = unet.config
        outer, inner = config["block_out_channels"][:2]
        self.conv_in = nn.Conv2d(3, outer, 3, padding=1)
        self.norm_out = nn.GroupNorm(config["norm_num_groups"], inner)
        self.conv_out = nn.Conv2d(inner, 3, 3, padding=1)

    def forward(self, x_t: Tensor, t: Tensor, prompt_embeds: Tensor) -> Tensor:
        """x_t: [batch, 3, side / 2, side / 2]; t: [batch]; prompt_embeds: [batch, 77, width]."""
        unet: Any = self.unet
        temb = unet.time_embedding(unet.get_time_embed(sample=x_t, timestep=t))
        temb = temb + unet.add_embedding(prompt_embeds)
        if unet.time_embed_act is not None:
            temb = unet.time_embed_act(temb)
        text = unet.encoder_hid_proj(prompt_embeds)
        x = self.conv_in(x_t)
        skips = [x]
        for block in unet.down_blocks[1:]:
            x, block_skips = block(hidden_states=x, temb=temb, **_text(block, text))
            skips.extend(block_skips)
        x = unet.mid_block(x, temb, **_text(unet.mid_block, text))
        for block in unet.up_blocks[:-1]:
            count = len(block.resnets)
            block_skips, skips = tuple(skips[-count:]), skips[:-count]
            if block is unet.up_blocks[-2]:
                # Level 1 without its upsampler: that one leads to the outer level.
                for resnet in block.resnets:
                    x = torch.cat([x, block_skips[-1]], dim=1)
                    block_skips = block_skips[:-1]
                    x = resnet(x, temb)
            else:
                x = block(
                    hidden_states=x,
                    temb=temb,
                    res_hidden_states_tuple=block_skips,
                    **_text(block, text),
                )
        out: Tensor = self.conv_out(nn.functional.gelu(self.norm_out(x)))
        return out


def _text(block: nn.Module, text: Tensor) -> dict[str, Tensor]:
    return {"encoder_hidden_states": text} if getattr(block, "has_cross_attention", False) else {}
