"""The T5 encoder of a model: prompts to embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.text_to_image.hub import Report
from tasks.text_to_image.loaded_part import hold
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.pipelines import check_complete, load_pipeline
from tasks.text_to_image.place_model import obtain_placed, put
from tasks.text_to_image.sizes import weight_bytes

if TYPE_CHECKING:
    from torch import Tensor

MAX_TOKENS = 77
"""Tokens of a prompt, the end of text among them. T5 takes more; IF was trained on these."""


@dataclass(frozen=True)
class TextEncoder:
    """commit: of the hub, None for a folder. offloaded: its weights stay in RAM."""

    tokenizer: Any
    model: Any
    device: str
    commit: str | None
    offloaded: bool

    @property
    def width(self) -> int:
        """d of the embeddings."""
        return int(self.model.config.d_model)

    def encode(self, prompts: Sequence[str]) -> Tensor:
        """Embeddings [n, 77, d] of `prompts`, float32 on the CPU; "" is the unconditional one.

        Those of IFPipeline.encode_prompt with clean_caption=False. One prompt at a time, so that
        none depends on its neighbours by so much as a rounding.
        """
        import torch

        encoded = []
        for prompt in prompts:
            tokens = self._tokens(prompt, padding="max_length", truncation=True)
            with torch.no_grad():
                hidden = self.model(
                    tokens.input_ids.to(self.device),
                    attention_mask=tokens.attention_mask.to(self.device),
                )[0]
            encoded.append(hidden.float().cpu())
        return torch.cat(encoded)

    def cut_off(self, prompt: str) -> str:
        """The end of the prompt that does not fit into 77 tokens; empty if it fits."""
        tokens = self._tokens(prompt, padding=False, truncation=False).input_ids[0]
        # The last place is that of the end of text.
        beyond = tokens[MAX_TOKENS - 1 : -1] if len(tokens) > MAX_TOKENS else tokens[:0]
        return str(self.tokenizer.decode(beyond))

    def _tokens(self, prompt: str, **options: Any) -> Any:
        return self.tokenizer(
            [prompt.lower().strip()],
            max_length=MAX_TOKENS if options.get("truncation") else None,
            add_special_tokens=True,
            return_tensors="pt",
            # It would warn of a prompt that is too long, where the length is what is asked for.
            verbose=False,
            **options,
        )


def load_text_encoder(
    part: ModelPart,
    project_root: Path,
    device: str = "cpu",
    *,
    report: Report = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TextEncoder:
    """The encoder of `part`; the one already loaded, if it is the same. The calling thread
    uses it from here on (tasks.text_to_image.loaded_part).

    Raises BadInput if it cannot be had, read or held; StepCancelled once should_stop is true.
    """

    def load() -> TextEncoder:
        found, placement = obtain_placed(part, project_root, device, report, should_stop)
        pipeline = load_pipeline("IFPipeline", part, found.folder, without=("unet", "scheduler"))
        check_complete(part, pipeline.text_encoder, found.folder, found.files.weights)
        return TextEncoder(
            tokenizer=pipeline.tokenizer,
            model=put(pipeline.text_encoder, device, placement),
            device=device,
            commit=found.commit,
            offloaded=placement.where == "offload",
        )

    key = (part, project_root, device)
    return hold(key, load, lambda encoder: weight_bytes(encoder.model), should_stop)
