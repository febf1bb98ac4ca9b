"""Put a network where it computes: on the device, or in RAM, its layers sent over one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasks.text_to_image.check_configs import check_configs
from tasks.text_to_image.find_part import FoundPart, obtain_part
from tasks.text_to_image.hub import Report
from tasks.text_to_image.memory import (
    Placement,
    bytes_in_memory,
    count_elements,
    free_memory,
    place,
)
from tasks.text_to_image.model_part import ModelPart


def obtain_placed(
    part: ModelPart,
    project_root: Path,
    device: str,
    report: Report,
    should_stop: Callable[[], bool],
) -> tuple[FoundPart, Placement]:
    """The part's files, their settings checked, and where it goes; nothing of it is read yet.

    Raises BadInput if it cannot be had or fits nowhere; StepCancelled once should_stop is true.
    """
    found = obtain_part(part, project_root, report, should_stop)
    check_configs(part, found.folder)
    return found, choose_place(part, found, device, report)


def choose_place(part: ModelPart, found: FoundPart, device: str, report: Report) -> Placement:
    """Where the part goes, decided before it is read. Raises BadInput if it fits nowhere."""
    weights = bytes_in_memory(part, count_elements(found.folder, found.files.weights))
    placement = place(part, weights, device, free_memory(device))
    if placement.note:
        report(0.0, 1.0, placement.note)
    return placement


def put(model: Any, device: str, placement: Placement) -> Any:
    """The network, ready to compute on `device`."""
    model.eval().requires_grad_(False)
    if placement.where == "device":
        return model.to(device)
    import torch
    from accelerate import cpu_offload

    return cpu_offload(model, torch.device(device), offload_buffers=True)
