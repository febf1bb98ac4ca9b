"""The declared text-to-image models: whether they are on this machine, whole, and fit into it."""

from __future__ import annotations

from pathlib import Path

from flows.declaration import Declaration
from flows.declaration.backends import Backend
from flows.nodes.model_identity import model_identity, model_number_format
from flows.plan.environment import resolve_device, resolve_number_format
from flows.upkeep.doctor.finding import Finding
from tasks import BadInput
from tasks.text_to_image.find_part import FoundPart, find_part
from tasks.text_to_image.memory import (
    bytes_in_memory,
    count_elements,
    free_memory,
    place,
    show_size,
)
from tasks.text_to_image.model_part import Component, ModelPart
from tasks.text_to_image.prompt_embeds import read_prompt_embeds
from tasks.text_to_image.published_layout import check_configs


def check_models(
    declaration: Declaration | None, project_root: Path, device: str | None = None
) -> list[Finding]:
    """One finding a backend. Only the one in use can be a problem: the others have to be asked for.

    Asks no network: a model of the hub that is not here is a note. device: this machine's if None.
    """
    if declaration is None:
        return []
    device = device or resolve_device()
    return [
        _check(declaration, name, backend, project_root, device)
        for name, backend in declaration.backends.items()
    ]


def _check(
    declaration: Declaration, name: str, backend: Backend, project_root: Path, device: str
) -> Finding:
    chosen = declaration.model_copy(update={"backend": name})
    number_format = model_number_format(chosen, device, "auto", resolve_number_format(device))
    title = f"model {name}"
    here, absent, notes = [], [], []
    try:
        for component in _components(backend):
            identity = model_identity(name, backend, component, project_root, number_format)
            part = ModelPart.from_params(identity)
            if part.prompt_embeds is not None:
                count = len(read_prompt_embeds(part, project_root))
                here.append(f"{part.prompt_embeds} ({count} prompts)")
                continue
            found = find_part(part, project_root)
            if not isinstance(found, FoundPart):
                absent.append(part.title)
                continue
            check_configs(part, found.folder)
            elements = count_elements(found.folder, found.files.weights)
            size = bytes_in_memory(part, elements)
            notes.append(place(part, size, device, free_memory(device)).note)
            here.append(f"{part.title}, {show_size(size)} in memory")
    except BadInput as error:
        return Finding(title, "problem" if name == declaration.backend else "note", str(error))
    if absent:
        text = (
            f"not on this machine: {', '.join(absent)}; the first run with --backend {name} "
            "downloads it, and may need HF_TOKEN of an account that has accepted its licence"
        )
        return Finding(title, "note", text)
    if any(notes):
        return Finding(title, "warning", "; ".join(note for note in notes if note))
    return Finding(title, "ok", "; ".join(here))


def _components(backend: Backend) -> list[Component]:
    """Those that have weights."""
    parts: list[Component] = ["text_encoder", "stage_one"]
    return parts if backend.stage_two is None else [*parts, "stage_two"]
