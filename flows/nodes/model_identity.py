"""What stands for a part of the text-to-image model in the keys of nodes: params["model"].

For a folder that is the hash of the files the part is made of, for the hub a revision. A folder
that is not there has no hash; the plan goes on, and a run is refused by the preflight.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flows.declaration import Declaration
from flows.declaration.text_to_image import Backend
from tasks import BadInput
from tasks.text_to_image.file_digest import file_digest
from tasks.text_to_image.find_part import digest_of, find_part
from tasks.text_to_image.model_part import (
    Component,
    HubAddress,
    ModelPart,
    NumberFormat,
    local_path,
    locate,
)

_WITH_REVISION = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)@([^@]+)")


class ModelIdentities:
    """params["model"] of every part of the chosen backend and of the similarity model, each found
    out once.

    project_root: the folder of pipelines.yaml. number_format: of the backend's networks, from
    `model_number_format`.
    """

    def __init__(
        self, declaration: Declaration, project_root: Path, number_format: NumberFormat
    ) -> None:
        self._declaration = declaration
        self._project_root = project_root
        self._number_format = number_format
        self._known: dict[Component, dict[str, Any]] = {}

    def of(self, component: Component) -> dict[str, Any]:
        """Raises BadInput if no backend is declared, or the chosen one lacks the part."""
        if component == "similarity" and component not in self._known:
            similarity = self._declaration.similarity
            if similarity is None:
                raise BadInput("similarity: is not declared, and a claim asks for it")
            self._known[component] = _of_address(
                "",
                component,
                similarity.model,
                similarity.revision,
                self._project_root,
                # As small as it is, rounding would only blur what it tells apart.
                number_format="float32",
            )
        elif component not in self._known:
            name, backend = chosen_backend(self._declaration)
            self._known[component] = model_identity(
                name, backend, component, self._project_root, self._number_format
            )
        return dict(self._known[component])


def chosen_backend(declaration: Declaration) -> tuple[str, Backend]:
    """The backend in use and its name. BadInput if none is declared."""
    if declaration.backend is None:
        raise BadInput(
            "figures of the text-to-image model need one; declare it under backends: and name it "
            "in backend:"
        )
    return declaration.backend, declaration.backends[declaration.backend]


def model_identity(
    name: str,
    backend: Backend,
    component: Component,
    project_root: Path,
    number_format: NumberFormat,
) -> dict[str, Any]:
    """params["model"] of steps that use `component` of the backend called `name`."""
    if component == "text_encoder" and backend.prompt_embeds is not None:
        return _of_prompt_embeds(name, backend.prompt_embeds, project_root).to_params()
    address = backend.stage_two if component == "stage_two" else backend.stage_one
    if address is None:
        raise BadInput(
            f"backends.{name}.stage_two is missing, and some figure enlarges with it; set it to "
            "the address of a stage II model"
        )
    # Settings of a schedule are the same whatever form the weights have.
    is_schedule = component == "scheduler"
    return _of_address(
        name,
        component,
        address,
        backend.revision,
        project_root,
        variant=None if is_schedule else backend.variant,
        number_format="float32" if is_schedule else number_format,
    )


def _of_address(
    name: str,
    component: Component,
    address: str,
    revision: str,
    project_root: Path,
    *,
    number_format: NumberFormat,
    variant: str | None = None,
) -> dict[str, Any]:
    """A hub address by its revision, a folder by the hash of its files."""
    address, revision = split_revision(address, revision, project_root)
    part = ModelPart(name, component, address, variant=variant, number_format=number_format)
    if isinstance(locate(address, revision, project_root), HubAddress):
        part = ModelPart(**{**part.to_params(), "revision": revision})
    else:
        part = ModelPart(**{**part.to_params(), "digest": _digest(part, project_root)})
    return part.to_params()


def model_number_format(
    declaration: Declaration, device: str, asked: str, resolved: str
) -> NumberFormat:
    """Of the networks of the chosen backend.

    asked: for the run, perhaps "auto". resolved: what that is on `device`.
    """
    backend = declaration.backends.get(declaration.backend or "")
    if backend is not None and backend.number_format != "auto":
        return backend.number_format
    if backend is not None and asked == "auto" and backend.variant == "fp16" and device == "cuda":
        # The form in which the weights were made to be used; bfloat16 would round them once more.
        return "float16"
    return "bfloat16" if resolved == "bfloat16" else "float32"


def split_revision(address: str, revision: str, project_root: Path) -> tuple[str, str]:
    """Address and revision of owner/name@revision; other addresses as they are."""
    match = _WITH_REVISION.fullmatch(address)
    if match is None or local_path(address, project_root).exists():
        return address, revision
    return match[1], match[2]


def _of_prompt_embeds(name: str, path: str, project_root: Path) -> ModelPart:
    try:
        digest = file_digest(local_path(path, project_root))
    except OSError:
        digest = None
    return ModelPart(name, "text_encoder", path, digest=digest, prompt_embeds=path)


def _digest(part: ModelPart, project_root: Path) -> str | None:
    try:
        found = find_part(part, project_root)
        return None if isinstance(found, HubAddress) else digest_of(found)
    except (BadInput, OSError):
        return None
