"""A part of a text-to-image model, as params["model"] of a node names it, where it lies, and what
it says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from tasks import BadInput
from tasks.shipped import project_path

Component = Literal["text_encoder", "scheduler", "stage_one", "stage_two", "similarity"]
COMPONENTS: tuple[Component, ...] = get_args(Component)

NumberFormat = Literal["float32", "bfloat16", "float16"]

TITLES: dict[Component, str] = {
    "text_encoder": "text encoder",
    "scheduler": "noise schedule",
    "stage_one": "stage I",
    "stage_two": "stage II",
    "similarity": "similarity",
}

LAYOUTS: dict[Component, str] = {
    **dict.fromkeys(COMPONENTS, "DeepFloyd's"),
    "similarity": "CLIP's",
}
"""Whose files the folder of a component has to be like."""

POCKET_SIMILARITY = "data/models/pocket-clip"
"""Address of the similarity model that comes with Darkroom."""

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class HubAddress:
    """A repository of the hub. revision: a branch, a tag or a commit."""

    repository: str
    revision: str

    def __str__(self) -> str:
        return self.repository


@dataclass(frozen=True)
class ModelPart:
    """What a step needs of a model.

    address: a folder, relative to that of pipelines.yaml or absolute, or owner/name of the hub.
    backend: the name under which the declaration has it, for messages; "" for the similarity model.
    revision: of a hub address, else None. digest: SHA-256 of the files of a folder, else None.
    variant: such as "fp16", for the weights in model.fp16.safetensors; None for the plain ones.
    number_format: of the weights in memory and of what is computed with them.
    prompt_embeds: a file of embeddings that takes the encoder's place, or None.
    """

    backend: str
    component: Component
    address: str
    revision: str | None = None
    digest: str | None = None
    variant: str | None = None
    number_format: NumberFormat = "float32"
    prompt_embeds: str | None = None

    @classmethod
    def from_params(cls, model: Mapping[str, Any]) -> ModelPart:
        return cls(**model)

    def to_params(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def title(self) -> str:
        """As messages name it."""
        return f"{self.address} ({TITLES[self.component]})"

    @property
    def declared_at(self) -> str:
        """Where pipelines.yaml has its address, as messages name it."""
        return "similarity" if self.component == "similarity" else f"backends.{self.backend}"


def locate(address: str, revision: str | None, project_root: Path) -> Path | HubAddress:
    """The folder that `address` names, or the repository if there is no such folder.

    A folder that is there goes first, so that a clone of a repository can stand in for it.
    """
    folder = local_path(address, project_root)
    if not folder.exists() and _REPOSITORY.fullmatch(address):
        return HubAddress(address, revision or "main")
    return folder


def local_path(address: str, project_root: Path) -> Path:
    """`address` as a path of this machine. Raises BadInput for one that cannot be."""
    return project_path(address, project_root)


POCKET = "pocket"
"""The backend whose weights come with Darkroom."""


def or_pocket(part: ModelPart, needs: str = "none of this") -> str:
    """The way out that is always open; nothing for the pocket model itself."""
    if part.component == "similarity":
        return "; or leave out similarity.model, and the one that comes with Darkroom is used"
    return "" if part.backend == POCKET else f"; or use --backend pocket, which needs {needs}"


CARD = "README.md"
MOST_BYTES = 32_768
"""More than a card takes: of a longer file the beginning is read."""


def read_own_card(address: str, project_root: Path) -> str:
    """The text of its card; empty for a model of the hub, which shows it itself, and for a folder
    without one."""
    try:
        with (local_path(address, project_root) / CARD).open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8", errors="replace").strip()
    except (BadInput, OSError):
        return ""
