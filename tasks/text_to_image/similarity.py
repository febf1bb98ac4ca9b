"""The similarity model: how well pictures fit texts (Radford et al. 2021, CLIP)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import BadInput, DarkroomError
from tasks.text_to_image.find_part import FoundPart
from tasks.text_to_image.hub import Report
from tasks.text_to_image.hub_refusal import or_pocket
from tasks.text_to_image.loaded_part import hold
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.place_model import obtain_placed, put
from tasks.text_to_image.quiet import quiet_libraries
from tasks.text_to_image.sizes import weight_bytes

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


def load_similarity(
    part: ModelPart,
    project_root: Path,
    device: str = "cpu",
    *,
    report: Report = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SimilarityModel:
    """The model that `part` names; the one already loaded, if it is the same. The calling thread
    uses it from here on (tasks.text_to_image.loaded_part).

    Raises BadInput if it cannot be had, read or held; StepCancelled once should_stop is true.
    """

    def load() -> SimilarityModel:
        found, placement = obtain_placed(part, project_root, device, report, should_stop)
        with _told(part):
            model, tokenizer, processor = _read(found)
        return SimilarityModel(
            put(model, device, placement), tokenizer, processor, device, found.commit
        )

    key = (part, project_root, device)
    return hold(key, load, lambda similarity: weight_bytes(similarity.model), should_stop)


def _read(found: FoundPart) -> tuple[Any, Any, Any]:
    import torch
    import transformers

    with quiet_libraries():
        loaded: Any = transformers.CLIPModel.from_pretrained(
            found.folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
        model, told = loaded
        tokenizer = transformers.CLIPTokenizer.from_pretrained(found.folder, local_files_only=True)
        processor = transformers.CLIPImageProcessor.from_pretrained(
            found.folder, local_files_only=True
        )
    if told["missing_keys"]:
        raise ValueError(f"{min(told['missing_keys'])} is not in its files")
    return model, tokenizer, processor


@contextlib.contextmanager
def _told(part: ModelPart) -> Iterator[None]:
    try:
        yield
    except (DarkroomError, MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        raise BadInput(
            f"{part.title} cannot be loaded ({type(error).__name__}: {first}); see that it is a "
            f"whole model in CLIP's layout{or_pocket(part)}"
        ) from error
