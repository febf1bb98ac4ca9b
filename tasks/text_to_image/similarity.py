"""The similarity model: how well pictures fit texts (Radford et al. 2021, CLIP)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.text_to_image.find_part import FoundPart
from tasks.text_to_image.load import load_part, put, told
from tasks.text_to_image.memory import Placement
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.quiet import quiet_libraries

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

BATCH = 64


@dataclass(frozen=True)
class SimilarityModel:
    """A CLIP ready to compare. commit: of the hub, None for a folder."""

    model: Any
    tokenizer: Any
    processor: Any
    device: str
    commit: str | None

    @property
    def logit_scale(self) -> float:
        """1 / tau: what the model was trained to multiply similarities with before a softmax."""
        return float(self.model.logit_scale.exp())

    def similarities(self, pictures: Sequence[Image.Image], texts: Sequence[str]) -> Tensor:
        """Cosines of the embeddings, [pictures, texts] float32 in [-1, 1]. RGB of any size."""
        import torch

        with torch.no_grad():
            seen = torch.cat(
                [
                    self._of_pictures(pictures[first : first + BATCH])
                    for first in range(0, len(pictures), BATCH)
                ]
            )
            read = self._of_texts(texts)
        return (seen @ read.T).float().cpu()

    def _of_pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        with quiet_libraries():
            pixels = self.processor(images=list(pictures), return_tensors="pt").pixel_values
        features = self.model.get_image_features(pixel_values=pixels.to(self.device))
        return _unit(features)

    def _of_texts(self, texts: Sequence[str]) -> Tensor:
        tokens = self.tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=int(self.model.config.text_config.max_position_embeddings),
            return_tensors="pt",
        ).to(self.device)
        features = self.model.get_text_features(
            input_ids=tokens.input_ids, attention_mask=tokens.attention_mask
        )
        return _unit(features)


def _unit(features: Any) -> Tensor:
    """Embeddings of length 1; transformers gives them alone or in an output, by its version."""
    from torch.nn.functional import normalize

    return normalize(getattr(features, "pooler_output", features).float(), dim=-1)


def _read(part: ModelPart, found: FoundPart, device: str, placement: Placement) -> SimilarityModel:
    import torch
    import transformers

    with told(part), quiet_libraries():
        loaded: Any = transformers.CLIPModel.from_pretrained(
            found.folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
        model, notes = loaded
        tokenizer = transformers.CLIPTokenizer.from_pretrained(found.folder, local_files_only=True)
        processor = transformers.CLIPImageProcessor.from_pretrained(
            found.folder, local_files_only=True
        )
        if notes["missing_keys"]:
            raise ValueError(f"{min(notes['missing_keys'])} is not in its files")
    model = put(model, device, placement)
    return SimilarityModel(model, tokenizer, processor, device, found.commit)


load_similarity = functools.partial(load_part, _read)
"""The model that a part names, as load.load_part has it."""
