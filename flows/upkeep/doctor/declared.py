"""What is declared: data sets, the hub that others come from, and text-to-image models, whether
they are on this machine, whole, and fit into it."""

from __future__ import annotations

import os
from pathlib import Path

from flows.declaration import Declaration
from flows.declaration.read_declaration import read_declaration
from flows.declaration.text_to_image import Backend
from flows.nodes.model_identity import model_identity, model_number_format
from flows.plan.environment import resolve_device, resolve_number_format
from flows.upkeep.doctor.finding import Finding
from tasks import BadInput
from tasks.store.local_files import given_path
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

HUB_TIMEOUT_SECONDS = 3.0
TOKEN_NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def check_declaration(file: str) -> tuple[Finding, Declaration | None]:
    try:
        declaration = read_declaration(file).declaration
    except BadInput as error:
        return Finding("declaration", "problem", str(error)), None
    count = len(declaration.pipelines)
    return Finding("declaration", "ok", f"{file}: {count} pipelines"), declaration


def check_data(declaration: Declaration | None, data_root: str | None) -> list[Finding]:
    """One finding for each data set of the hub, or one that says where they come from."""
    if not data_root:
        text = "not set; data sets of the hub are downloaded, the quick profile needs none"
        return [Finding("DARKROOM_DATA", "note", text)]
    try:
        folder = given_path(data_root)
        os.listdir(folder)
    except (BadInput, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        text = f"{data_root} cannot be read ({reason}); set it to a folder of data sets"
        return [Finding("DARKROOM_DATA", "problem", text)]
    from tasks.data.dataset_files import check_folder

    findings = [Finding("DARKROOM_DATA", "ok", str(folder))]
    for name, dataset in (declaration.datasets if declaration else {}).items():
        params = {"dataset": name, **dataset.model_dump(mode="json")}
        if params["source"] != "hub":
            continue
        try:
            check_folder(params, folder / params["folder"])
        except BadInput as error:
            findings.append(Finding(f"data set {name}", "problem", str(error)))
            continue
        rows = sum(params["rows"].values())
        text = f"recognised in {folder / params['folder']}, {rows:,} images"
        findings.append(Finding(f"data set {name}", "ok", text))
    return findings


def check_token() -> Finding:
    """Whether there is a token for the hub, and where. The token itself is never shown."""
    for name in TOKEN_NAMES:
        if os.environ.get(name, "").strip():
            return Finding("hub token", "ok", f"present in {name}")
    home = os.environ.get("HF_HOME", "~/.cache/huggingface")
    path = Path(os.environ.get("HF_TOKEN_PATH", os.path.join(home, "token"))).expanduser()
    try:
        is_there = path.stat().st_size > 0
    except OSError:
        is_there = False
    if is_there:
        return Finding("hub token", "ok", f"present in {path}")
    return Finding("hub token", "note", "none; only models that need a licence ask for one")


def check_hub(timeout: float = HUB_TIMEOUT_SECONDS) -> Finding:
    """Whether the hub answers, without a token."""
    import urllib.error
    import urllib.request

    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return Finding("hub", "note", "not asked, since HF_HUB_OFFLINE is set")
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        request = urllib.request.Request(address, method="HEAD")
        with urllib.request.urlopen(request, timeout=timeout):
            pass
    except urllib.error.HTTPError:
        pass  # it answers
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        text = f"{address} cannot be reached ({reason}); what is on this machine still works"
        return Finding("hub", "note", text)
    return Finding("hub", "ok", f"{address} answers")


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
