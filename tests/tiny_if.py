"""A randomly initialised text-to-image model in exactly the layout in which DeepFloyd is published.

Two folders, as two repositories of the hub: stage I and stage II. Each has model_index.json, a
tokenizer as spiece.model without tokenizer.json, a sharded T5 encoder with its index, a U-Net of
the IF block types, a DDPM scheduler, a safety checker with its feature extractor, and a watermarker
that has no fp16 files. It means nothing; it loads, and it is small.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.text_to_image.quiet import quiet_libraries

EMBEDDING_WIDTH = 32
"""d of the prompt embeddings [77, d]; 4096 in DeepFloyd."""

PUBLISHED = {None: "float32", "fp16": "float16"}
"""Variants of the weights, as DeepFloyd has them, and the format of each."""

PLAIN = {None: "float16"}
"""As the pocket model has them."""

TEXT = (
    "an oil painting of people around a campfire a lithograph of a skull waterfalls a man wearing "
    "a hat high quality photo the amalfi coast dog old snowy mountain village barista hipster "
    "pencil rocket ship forest red panda"
)
"""The tokenizer learns its pieces from this."""


@dataclass(frozen=True)
class TinyIF:
    """Folders of the two stages."""

    stage_one: Path
    stage_two: Path


def build_tiny_if(
    folder: Path,
    *,
    variants: Mapping[str | None, str] = PUBLISHED,
    sample_size: int = 64,
    upscaled_size: int = 128,
    seed: int = 0,
) -> TinyIF:
    """Write both stages below `folder`, in about a second.

    variants: variant to number format of its files; None is the plain one.
    sample_size, upscaled_size: pixels, as the two configurations name them; the networks take any
    multiple of 4.
    """
    import torch

    stages = TinyIF(folder / "tiny-if-i", folder / "tiny-if-ii")
    with quiet_diffusers() as diffusers, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = _shared_parts(folder / "tokenizer")
        first = diffusers.IFPipeline(
            **parts, unet=_unet(3, sample_size), scheduler=_scheduler(sample_max_value=1.5)
        )
        second = diffusers.IFSuperResolutionPipeline(
            **parts,
            unet=_unet(6, upscaled_size, class_embed_type="timestep"),
            scheduler=_scheduler(sample_max_value=1.0),
            image_noising_scheduler=_scheduler(),
        )
        # A format once taken is not given back: the widest first.
        for variant, number_format in sorted(variants.items(), key=lambda item: "16" in item[1]):
            for pipeline, place in ((first, stages.stage_one), (second, stages.stage_two)):
                _save(pipeline, place, variant, getattr(torch, number_format))
    return stages


@contextlib.contextmanager
def quiet_diffusers() -> Iterator[Any]:
    """diffusers, which neither warns nor draws progress bars meanwhile."""
    import transformers

    del transformers
    with quiet_libraries():
        import diffusers.pipelines.deepfloyd_if
    with quiet_libraries():
        yield diffusers


def _save(pipeline: Any, place: Path, variant: str | None, number_format: Any) -> None:
    pipeline.to(dtype=number_format)
    pipeline.save_pretrained(place, variant=variant)
    middle = f".{variant}" if variant else ""
    encoder = place / "text_encoder"
    (encoder / f"model{middle}.safetensors").unlink(missing_ok=True)
    pipeline.text_encoder.save_pretrained(
        encoder, variant=variant, max_shard_size=_half_of(pipeline.text_encoder)
    )
    if variant is not None:
        (place / "watermarker" / f"diffusion_pytorch_model{middle}.safetensors").unlink()
    _write_tokenizer(place / "tokenizer")
    # DeepFloyd's names a setting that DDPMScheduler does not take.
    _change(place / "scheduler" / "scheduler_config.json", lambda_min_clipped=-5.1)
    # Without torchvision it has another name, which would be written.
    _change(place / "model_index.json", feature_extractor=["transformers", "CLIPImageProcessor"])


def _half_of(model: Any) -> int:
    """Bytes a file may have, so that the model takes two."""
    return sum(p.numel() * p.element_size() for p in model.parameters()) * 3 // 5


def _shared_parts(tokenizer_folder: Path) -> dict[str, Any]:
    import torch
    from diffusers.pipelines.deepfloyd_if import IFSafetyChecker, IFWatermarker
    from transformers import CLIPConfig, CLIPImageProcessor, T5Config, T5EncoderModel, T5Tokenizer

    _write_tokenizer(tokenizer_folder)
    tower = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    clip = CLIPConfig(
        text_config={
            **tower,
            "num_attention_heads": 1,
            "vocab_size": 16,
            "bos_token_id": 0,
            "eos_token_id": 1,
        },
        vision_config={**tower, "num_attention_heads": 1, "image_size": 32, "patch_size": 16},
        projection_dim=8,
    )
    encoder = T5EncoderModel(
        T5Config(
            vocab_size=256,
            d_model=EMBEDDING_WIDTH,
            d_kv=8,
            d_ff=48,
            num_layers=2,
            num_heads=4,
            feed_forward_proj="gated-gelu",
            dropout_rate=0.1,
        )
    ).eval()
    # As transformers draws them, the layers of so narrow an encoder hardly tell prompts apart.
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.mul_(2)
    return {
        "tokenizer": T5Tokenizer.from_pretrained(tokenizer_folder),
        "text_encoder": encoder,
        "safety_checker": IFSafetyChecker(clip).eval(),
        "feature_extractor": CLIPImageProcessor(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        ),
        "watermarker": IFWatermarker(),
    }


def _unet(in_channels: int, sample_size: int, **options: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=sample_size,
        in_channels=in_channels,
        out_channels=6,
        layers_per_block=1,
        block_out_channels=(16, 32),
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        cross_attention_dim=32,
        encoder_hid_dim=EMBEDDING_WIDTH,
        attention_head_dim=8,
        norm_num_groups=8,
        addition_embed_type="text",
        addition_embed_type_num_heads=2,
        cross_attention_norm="group_norm",
        resnet_time_scale_shift="scale_shift",
        resnet_skip_time_act=True,
        time_embedding_act_fn="gelu",
        act_fn="gelu",
        mid_block_only_cross_attention=True,
        **options,
    ).eval()


def _scheduler(**options: Any) -> Any:
    from diffusers import DDPMScheduler

    return DDPMScheduler(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="epsilon",
        variance_type="learned_range",
        clip_sample=True,
        thresholding=True,
        dynamic_thresholding_ratio=0.95,
        **options,
    )


def _change(config: Path, **values: Any) -> None:
    config.write_text(json.dumps({**json.loads(config.read_text()), **values}, indent=2))


def _write_tokenizer(folder: Path) -> None:
    """spiece.model and the configurations beside it, in the form of transformers 4."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").unlink(missing_ok=True)
    (folder / "spiece.model").write_bytes(_sentence_pieces())
    extra = [f"<extra_id_{index}>" for index in range(100)]
    special = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    config = {
        "tokenizer_class": "T5Tokenizer",
        "extra_ids": 100,
        "model_max_length": 77,
        "sp_model_kwargs": {},
        "special_tokens_map_file": None,
        "clean_up_tokenization_spaces": True,
        "additional_special_tokens": extra,
        **special,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "special_tokens_map.json").write_text(
        json.dumps({"additional_special_tokens": extra, **special})
    )


_PIECES: list[bytes] = []


def _sentence_pieces() -> bytes:
    """A trained unigram model with T5's special tokens, in sentencepiece's own format."""
    if not _PIECES:
        import sentencepiece

        model, words = io.BytesIO(), TEXT.split()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([" ".join(words[i:] + words[:i]) for i in range(len(words))]),
            model_writer=model,
            vocab_size=100,
            model_type="unigram",
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            hard_vocab_limit=False,
            minloglevel=2,
        )
        _PIECES.append(model.getvalue())
    return _PIECES[0]
