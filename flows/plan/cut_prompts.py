"""Which prompts of a plan are longer than the model reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flows.plan.plan import PlannedNode
from tasks.text_to_image.cut_prompt import cut_off, cut_words
from tasks.text_to_image.model_part import ModelPart


def cut_prompts(nodes: Iterable[PlannedNode], project_root: Path) -> list[str]:
    """A sentence for each prompt that is cut: as the store records it, else as the tokenizer says,
    where that is on this machine."""
    found = []
    for planned in nodes:
        if planned.node.kind != "prompt":
            continue
        prompt = planned.node.params["prompt"]
        if planned.is_hit and planned.row is not None:
            end = planned.row.info.get("cut_off")
        else:
            part = ModelPart.from_params(planned.node.params["model"])
            end = cut_off(part, project_root, prompt)
        if end:
            found.append(cut_words(prompt, end))
    return found
