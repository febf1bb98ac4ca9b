"""The pocket model's networks, in the classes and block types of DeepFloyd IF.

The outermost level of the U-Net costs most of a step and learns least of what a caption means. So
training begins without it (Karras et al. 2018 grow a GAN the same way): a thin convolution stands
in for what the outer level will hand to level 1, and another turns level 1's output into noise.
When the outer level joins, every inner weight keeps its place and its scale.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from transformers import T5Config, T5EncoderModel

EMBEDDING_WIDTH = 128

RESNET_DOWN, RESNET_UP = "ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D"
TEXT_DOWN, TEXT_UP = "SimpleCrossAttnDownBlock2D", "SimpleCrossAttnUpBlock2D"


def text_encoder(vocabulary: int) -> nn.Module:
    """A T5 1.1 encoder: [batch, 77] token ids to [batch, 77, EMBEDDING_WIDTH]."""
    settings: dict[str, Any] = {
        "vocab_size": vocabulary,
        "d_model": EMBEDDING_WIDTH,
        "d_kv": 32,
        "d_ff": 256,
        "num_layers": 2,
        "num_heads": 4,
        "feed_forward_proj": "gated-gelu",
        "dropout_rate": 0.0,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "decoder_start_token_id": 0,
        "tie_word_embeddings": False,
    }
    return T5EncoderModel(T5Config(**settings))


def stage_one_unet() -> nn.Module:
    """[batch, 3, 64, 64] to [batch, 6, 64, 64]: noise and variance. Text enters at 8 and 4 pixels.

    Attention at 16 pixels and above would cost a quarter of the time for pictures that are
    mostly one object in the middle.
    """
    return _unet(
        sample_size=64,
        in_channels=3,
        out_channels=6,
        block_out_channels=(16, 24, 48, 128, 192),
        down_block_types=(RESNET_DOWN, RESNET_DOWN, RESNET_DOWN, TEXT_DOWN, TEXT_DOWN),
        up_block_types=(TEXT_UP, TEXT_UP, RESNET_UP, RESNET_UP, RESNET_UP),
    )


def stage_two_unet() -> nn.Module:
    """[batch, 6, 128, 128] to [batch, 6, 128, 128], with the noise level as class label.

    Input: x_t, then the upscaled picture of stage I with noise added.
    """
    return _unet(
        sample_size=128,
        in_channels=6,
        out_channels=6,
        block_out_channels=(16, 32, 64, 96),
        down_block_types=(RESNET_DOWN, RESNET_DOWN, RESNET_DOWN, TEXT_DOWN),
        up_block_types=(TEXT_UP, RESNET_UP, RESNET_UP, RESNET_UP),
        class_embed_type="timestep",
    )


def _unet(**settings: Any) -> nn.Module:
    shared = {
        "layers_per_block": 1,
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "cross_attention_dim": EMBEDDING_WIDTH,
        "encoder_hid_dim": EMBEDDING_WIDTH,
        "encoder_hid_dim_type": "text_proj",
        "addition_embed_type": "text",
        "addition_embed_type_num_heads": 4,
        "attention_head_dim": 32,
        "cross_attention_norm": "group_norm",
        "act_fn": "gelu",
        "time_embedding_act_fn": "gelu",
        "resnet_time_scale_shift": "scale_shift",
        "norm_num_groups": 8,
    }
    # diffusers leaves its constructors untyped.
    build: Any = UNet2DConditionModel
    network: nn.Module = build(**shared, **settings)
    return network


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
