"""Load a part of a model and put it where it computes: on the device, or in RAM, its layers sent
over one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tasks import BadInput, DarkroomError
from tasks.text_to_image.find_part import FoundPart, obtain_part
from tasks.text_to_image.hub import Report
from tasks.text_to_image.loaded_part import hold
from tasks.text_to_image.memory import (
    Placement,
    bytes_in_memory,
    count_elements,
    free_memory,
    place,
    weight_bytes,
)
from tasks.text_to_image.model_part import LAYOUTS, ModelPart, or_pocket
from tasks.text_to_image.published_layout import check_configs

if TYPE_CHECKING:
    from tasks.running.step import Step

T = TypeVar("T")
Model = TypeVar("Model", bound="HasModel")


class HasModel(Protocol):
    """What is loaded of a part: a network, and what belongs to it."""

    @property
    def model(self) -> Any: ...


def for_step(step: Step, load: Callable[..., T]) -> T:
    """What `load` makes of the part of a model that a step asks for in params["model"]."""
    return load(
        ModelPart.from_params(step.params["model"]),
        step.project_root,
        step.device,
        report=step.report,
        should_stop=step.should_stop,
    )


def load_part(
    read: Callable[[ModelPart, FoundPart, str, Placement], Model],
    part: ModelPart,
    project_root: Path,
    device: str = "cpu",
    *,
    report: Report = lambda done, total, message: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Model:
    """What `read` makes of the part and its files for a device and a place on it; what it made
    before, if that is still loaded. The calling thread uses it from here on (loaded_part.py).

    Raises BadInput if it cannot be had, read or held; StepCancelled once should_stop is true.
    """

    def load() -> Model:
        found = obtain_part(part, project_root, report, should_stop)
        check_configs(part, found.folder)
        # Decided before anything is read.
        weights = bytes_in_memory(part, count_elements(found.folder, found.files.weights))
        placement = place(part, weights, device, free_memory(device))
        if placement.note:
            report(0.0, 1.0, placement.note)
        return read(part, found, device, placement)

    key = (part, project_root, device)
    return hold(key, load, lambda loaded: weight_bytes(loaded.model), should_stop)


def put(model: Any, device: str, placement: Placement) -> Any:
    """The network, ready to compute on `device`."""
    model.eval().requires_grad_(False)
    if placement.where == "device":
        return model.to(device)
    import torch
    from accelerate import cpu_offload

    return cpu_offload(model, torch.device(device), offload_buffers=True)


@contextlib.contextmanager
def told(part: ModelPart) -> Iterator[None]:
    """Whatever a library raises while it reads the part, as a BadInput."""
    try:
        yield
    except (DarkroomError, MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        raise BadInput(
            f"{part.title} cannot be loaded ({type(error).__name__}: {first}); see that it is a "
            f"whole model in {LAYOUTS[part.component]} layout{or_pocket(part)}"
        ) from error
