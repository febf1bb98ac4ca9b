"""The pocket model's networks, in the classes and block types of DeepFloyd IF."""

from __future__ import annotations

from typing import Any

from diffusers import UNet2DConditionModel
from torch import nn
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
        block_out_channels=(16, 24, 40, 96, 192),
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
