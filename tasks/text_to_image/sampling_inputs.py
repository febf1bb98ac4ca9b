"""What sampling reads of the inputs of steps: prompts and pictures, each once for a whole batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tasks import StepFailed
from tasks.data.images import model_image
from tasks.running.step import Step
from tasks.text_to_image.stages import LoadedStage


class SamplingInputs:
    """Prompts that steps share are one tensor, so that the engine can tell that they are the same.

    stage: the one they are sampled with.
    """

    def __init__(self, stage: LoadedStage) -> None:
        self._stage = stage
        self._read: dict[tuple[str, str], Tensor] = {}

    def prompts(self, step: Step) -> tuple[Tensor, ...]:
        """Embeddings [77, d] of the inputs prompt_0, prompt_1, ..."""
        roles = [role for role in step.inputs if role.startswith("prompt_")]
        if not roles:
            raise StepFailed(f"{step.name}: it has no prompt among its inputs; plan it again")
        ordered = sorted(roles, key=lambda role: int(role.removeprefix("prompt_")))
        return tuple(self._embeds(step, role) for role in ordered)

    def unconditional(self, step: Step) -> Tensor | None:
        """Embedding [77, d] of the empty prompt, None for a step that is not guided."""
        return self._embeds(step, "unconditional") if "unconditional" in step.inputs else None

    def picture(self, step: Step, role: str) -> Tensor | None:
        """An input image [3, S, S] in [-1, 1], as the stage takes it; None if there is none."""
        if role not in step.inputs:
            return None
        size = self._stage.sample_size

        def read() -> Tensor:
            return torch.from_numpy(model_image(step.read(role, "image.png"), size))

        return self._once(step.inputs[role].key, "image.png", read)

    def _embeds(self, step: Step, role: str) -> Tensor:
        name = "embedding.safetensors"
        embeds = self._once(
            step.inputs[role].key, name, lambda: step.read_tensors(role, name)["prompt_embeds"]
        )
        width = self._stage.embedding_width
        if embeds.shape[-1] != width:
            raise StepFailed(
                f"{step.name}: {step.inputs[role].name} is {embeds.shape[-1]} wide, and the U-Net "
                f"takes {width}; encode prompts with the text encoder of the same model"
            )
        return embeds

    def _once(self, key: str, name: str, read: Callable[[], Tensor]) -> Tensor:
        if (key, name) not in self._read:
            self._read[key, name] = read()
        return self._read[key, name]
