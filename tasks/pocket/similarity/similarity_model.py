"""A small CLIP: how well a picture fits a text, in the classes and layout of transformers.

Radford et al. 2021. Trained on the pocket model's pictures, it stands where
openai/clip-vit-base-patch32 stands with a network: both are loaded in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

from tasks.pocket.similarity.similarity_batches import disturbed, draw_pairs
from tasks.pocket.stage_one import Loss, mixed
from tasks.pocket.world.world import World

IMAGE_SIZE = 48
TEXT_LENGTH = 40
START, END = "<|startoftext|>", "<|endoftext|>"


def similarity_model(vocabulary: int, end_token: int) -> CLIPModel:
    """Pictures [batch, 3, 48, 48] and tokens [batch, at most 40] to embeddings of width 128."""
    text = {
        "vocab_size": vocabulary,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": TEXT_LENGTH,
        "bos_token_id": end_token - 1,
        "eos_token_id": end_token,
        "pad_token_id": end_token,
    }
    vision = {
        "hidden_size": 128,
        "intermediate_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "image_size": IMAGE_SIZE,
        "patch_size": 8,
    }
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=128))


def save_clip_tokenizer(texts: Sequence[str], folder: Path) -> None:
    """Write a CLIP tokenizer whose byte pairs merge every word of `texts` into one token."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>", continuing_subword_prefix=""))
    bpe.normalizer = normalizers.Lowercase()
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=8000,
        min_frequency=1,
        end_of_word_suffix="</w>",
        initial_alphabet=alphabet,
        show_progress=False,
    )
    bpe.train_from_iterator([text for text in texts if text], trainer)
    state = json.loads(bpe.to_str())["model"]
    words = sorted(state["vocab"], key=lambda word: state["vocab"][word])
    # CLIP's own order: plain symbols, symbols that end a word, merged ones, then start and end.
    ordered = dict.fromkeys([*alphabet, *(symbol + "</w>" for symbol in alphabet), *words])
    vocabulary = {word: index for index, word in enumerate([*ordered, START, END])}
    merges: Any = [tuple(merge) for merge in state["merges"]]
    CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=TEXT_LENGTH).save_pretrained(
        str(folder)
    )


def image_processor() -> CLIPImageProcessor:
    """Pictures of any size to 48 pixels in [-1, 1]."""
    return CLIPImageProcessor(
        size={"shortest_edge": IMAGE_SIZE},
        crop_size={"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )


def clip_tokens(tokenizer: Any, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """input_ids and attention_mask, int64 [n, length of the longest, at most 40]."""
    batch = tokenizer(
        list(texts), padding=True, truncation=True, max_length=TEXT_LENGTH, return_tensors="pt"
    )
    return batch.input_ids, batch.attention_mask


def contrastive_loss(
    model: CLIPModel,
    tokens: Tensor,
    mask: Tensor,
    world: World,
    number_format: torch.dtype,
) -> Loss:
    """Symmetric cross-entropy over a batch's pictures and captions (Radford et al. 2021, fig. 3).

    tokens, mask: of every caption of the world. Several captions may be right for one picture and
    several pictures for one caption: the target is spread over them evenly.
    """
    lengths = mask.sum(1)

    def loss(generator: torch.Generator, batch_size: int) -> Tensor:
        batch = draw_pairs(world, IMAGE_SIZE, batch_size, generator)
        pictures = disturbed(batch.pictures, generator)
        # Padding to the longest of all would double the cost of the text.
        caption, longest = batch.caption, int(lengths[batch.caption].max())
        with mixed(pictures.device, number_format):
            output = model(
                input_ids=tokens[caption, :longest],
                attention_mask=mask[caption, :longest],
                pixel_values=pictures,
            )
        logits = output.logits_per_image.float()
        fits = batch.fits.float()
        by_picture = functional.cross_entropy(logits, fits / fits.sum(1, keepdim=True))
        by_text = functional.cross_entropy(logits.T, fits.T / fits.T.sum(1, keepdim=True))
        return (by_picture + by_text) / 2

    return loss
