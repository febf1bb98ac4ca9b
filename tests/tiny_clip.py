"""A randomly initialised CLIP in the layout in which openai/clip-vit-base-patch32 is published.

config.json, preprocessor_config.json, model.safetensors, vocab.json, merges.txt and their settings.
It means nothing; it loads, and it is small.
"""

from __future__ import annotations

from pathlib import Path

from tasks.text_to_image.quiet import quiet_libraries

TEXTS = ["a photo of a dog", "a lithograph of waterfalls", "an oil painting of an old man"]


def build_tiny_clip(folder: Path) -> Path:
    """Written to `folder`, with 224-pixel pictures in patches of 32 as published."""
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

    from tasks.pocket.similarity.similarity_model import save_clip_tokenizer

    save_clip_tokenizer(TEXTS, folder)
    tokenizer = CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    shared = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    config = CLIPConfig(
        text_config={
            **shared,
            "num_attention_heads": 2,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 77,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
        },
        vision_config={**shared, "num_attention_heads": 2, "image_size": 224, "patch_size": 32},
        projection_dim=16,
    )
    torch.manual_seed(0)
    with quiet_libraries():
        CLIPModel(config).save_pretrained(str(folder))
        CLIPImageProcessor().save_pretrained(str(folder))
    return folder
