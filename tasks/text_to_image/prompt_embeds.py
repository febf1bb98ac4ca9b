"""Embeddings computed elsewhere, in place of the encoder: a course's prompt_embeds_dict.pth.

The file holds a dict of prompts to tensors [1, 77, d], as IFPipeline.encode_prompt gives them. Of
a pickle nothing is run: torch reads it with weights_only, which knows tensors and containers.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import BadInput
from tasks.data.stand_ins import refuse_stand_in
from tasks.text_to_image.file_digest import file_digest
from tasks.text_to_image.model_part import ModelPart, local_path, or_pocket

if TYPE_CHECKING:
    from torch import Tensor

MAX_TOKENS = 77


def read_prompt_embeds(part: ModelPart, project_root: Path) -> dict[str, Tensor]:
    """Prompt to embedding [77, d], in the file's own format. Raises BadInput for a file that is
    not a dict of such tensors, all of one width."""
    import torch

    path = check_file(part, project_root)
    try:
        if part.digest is not None and part.digest != file_digest(path):
            raise _refusal(part, path, "has changed since the run was planned; run again")
        values = torch.load(path, map_location="cpu", weights_only=True)
    except BadInput:
        raise
    except OSError as error:
        raise _refusal(part, path, f"cannot be read ({error.strerror or error})") from error
    except Exception as error:  # torch has no one class for what is wrong with a file
        raise _refusal(
            part,
            path,
            f"is not a file of tensors alone ({type(error).__name__}); expected what "
            "torch.save(prompt_embeds_dict, path) writes",
        ) from error
    if not isinstance(values, dict) or not values:
        raise _refusal(part, path, f"holds a {type(values).__name__}; expected {_EXPECTED}")
    embeds = {prompt: _checked(part, path, prompt, value) for prompt, value in values.items()}
    widths = sorted({embedding.shape[1] for embedding in embeds.values()})
    if len(widths) > 1:
        raise _refusal(part, path, f"has embeddings of widths {widths}; expected one width")
    return embeds


def check_file(part: ModelPart, project_root: Path) -> Path:
    """Where the embeddings lie. Raises BadInput for what cannot be a file of them, unread."""
    assert part.prompt_embeds is not None
    path = local_path(part.prompt_embeds, project_root)
    try:
        refuse_stand_in(path, "")
    except BadInput as error:
        raise _refusal(part, path, str(error).strip()) from error
    return path


def embedding_of(part: ModelPart, embeds: Mapping[str, Tensor], prompt: str) -> Tensor:
    """[77, d], float32. Raises BadInput, with the prompts that come near, if there is none."""
    key = _key_of(embeds, prompt)
    if key is None:
        raise missing_prompts(part, embeds, [prompt])
    return embeds[key].float()


def missing_prompts(part: ModelPart, embeds: Mapping[str, Any], prompts: list[str]) -> BadInput:
    """The refusal of prompts that the file has no embedding of."""
    lines = [f"{part.prompt_embeds} has no embedding of"]
    lines += [f"  {_quoted(prompt)}{_near(embeds, prompt)}" for prompt in prompts]
    lines.append(
        f"add them to the file, leave out backends.{part.backend}.prompt_embeds to use the "
        f"encoder{or_pocket(part)}"
    )
    return BadInput("\n".join(lines))


def without_embedding(embeds: Mapping[str, Any], prompts: list[str]) -> list[str]:
    """Those of `prompts` that are missing."""
    return [prompt for prompt in prompts if _key_of(embeds, prompt) is None]


_EXPECTED = "a dict of prompts to tensors [1, 77, d]"


def _key_of(embeds: Mapping[str, Any], prompt: str) -> str | None:
    """The encoder sees prompts in lower case, without blanks around; so are they looked up."""
    if prompt in embeds:
        return prompt
    wanted = prompt.lower().strip()
    return next((key for key in embeds if key.lower().strip() == wanted), None)


def _checked(part: ModelPart, path: Path, prompt: Any, value: Any) -> Tensor:
    import torch

    if not isinstance(prompt, str):
        raise _refusal(part, path, f"has the key {prompt!r}; expected {_EXPECTED}")
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        what = type(value).__name__ if not isinstance(value, torch.Tensor) else str(value.dtype)
        raise _refusal(part, path, f"has a {what} for {_quoted(prompt)}; expected {_EXPECTED}")
    embedding = value[0] if value.ndim == 3 and value.shape[0] == 1 else value
    if embedding.ndim != 2 or embedding.shape[0] != MAX_TOKENS:
        shape = list(value.shape)
        raise _refusal(part, path, f"has {shape} for {_quoted(prompt)}; expected [1, 77, d]")
    if not torch.isfinite(embedding).all():
        raise _refusal(part, path, f"has numbers that are not finite for {_quoted(prompt)}")
    return embedding


def _near(embeds: Mapping[str, Any], prompt: str) -> str:
    found = difflib.get_close_matches(prompt, list(embeds), n=2, cutoff=0.6)
    return f" (nearest: {', '.join(_quoted(key) for key in found)})" if found else ""


def _quoted(prompt: str) -> str:
    return f'"{prompt}"' if len(prompt) <= 100 else f'"{prompt[:97]}..."'


def _refusal(part: ModelPart, path: Path, text: str) -> BadInput:
    return BadInput(f"{path} (backends.{part.backend}.prompt_embeds) {text}{or_pocket(part)}")
