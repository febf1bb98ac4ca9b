"""Steps of kind "prompt": the embedding of one prompt, by the model's encoder or from a file.

Given together, so that they hold the device once; each is encoded by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tasks import DarkroomError, StepCancelled, StepFailed
from tasks.running.step import Step, StepResult, tensors_to_bytes
from tasks.store.node import JSON
from tasks.text_to_image.deepfloyd import load_text_encoder
from tasks.text_to_image.load import for_step
from tasks.text_to_image.loaded_part import hold
from tasks.text_to_image.memory import bytes_of
from tasks.text_to_image.model_part import ModelPart
from tasks.text_to_image.prompt_embeds import embedding_of, read_prompt_embeds

if TYPE_CHECKING:
    from torch import Tensor

Source = Callable[[str], tuple["Tensor", dict[str, JSON]]]


def encode_prompts(steps: Sequence[Step]) -> list[StepResult | DarkroomError]:
    """For each step, params {"prompt", "model"}, the result of `encode_prompt` or why there is
    none. Raises StepCancelled once the steps are asked to stop."""
    results: list[StepResult | DarkroomError] = []
    for place, step in enumerate(steps, 1):
        try:
            results.append(encode_prompt(step))
        except StepCancelled:
            raise
        except DarkroomError as error:
            results.append(error)
        step.report(place, len(steps), step.params["prompt"])
    return results


def encode_prompt(step: Step) -> StepResult:
    """Objects: embedding.safetensors with prompt_embeds [77, d] float32; "" is the unconditional
    prompt. Info: number_format of the encoder or file; prompt; commit of the model, null for a
    folder; cut_off, the end of the prompt that 77 tokens do not hold, empty if all fits.
    """
    import torch

    if step.should_stop():
        raise StepCancelled(f"{step.name}: stopped before it began")
    prompt = step.params["prompt"]
    embedding, info = _source(step)(prompt)
    if not torch.isfinite(embedding).all():
        raise StepFailed(
            f"{step.name}: the embedding has numbers that are not finite; the encoder's weights or "
            "its number format are wrong, try --number-format float32"
        )
    return StepResult(
        {"embedding.safetensors": tensors_to_bytes({"prompt_embeds": embedding})},
        info={"prompt": prompt, **info},
    )


def _source(step: Step) -> Source:
    part = ModelPart.from_params(step.params["model"])
    if part.prompt_embeds is not None:
        embeds = hold(
            (part, step.project_root),
            lambda: read_prompt_embeds(part, step.project_root),
            lambda read: bytes_of(read.values()),
            step.should_stop,
        )

        def from_file(prompt: str) -> tuple[Tensor, dict[str, JSON]]:
            number_format = str(next(iter(embeds.values())).dtype).removeprefix("torch.")
            info = {"number_format": number_format, "commit": None, "cut_off": ""}
            return embedding_of(part, embeds, prompt), info

        return from_file
    encoder = for_step(step, load_text_encoder)

    def by_encoder(prompt: str) -> tuple[Tensor, dict[str, JSON]]:
        info = {
            "number_format": part.number_format,
            "commit": encoder.commit,
            "cut_off": encoder.cut_off(prompt),
        }
        return encoder.encode([prompt])[0], info

    return by_encoder
