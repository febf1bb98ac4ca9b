"""The preflight of every kind that uses a model: what the run will need of it, before it begins.

Each part is looked for once, however many nodes use it: its files here or on the hub, the licence
and the token, its configurations, and room for it in memory; room on the disk for all that is to
be fetched together. A run of the pocket model asks no network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import BadInput
from tasks.text_to_image.find_part import (
    FoundPart,
    ListedPart,
    check_space_for,
    find_part,
    list_part,
)
from tasks.text_to_image.hub import cached_folder, fetch
from tasks.text_to_image.memory import (
    bytes_in_memory,
    count_elements,
    estimate_elements,
    free_memory,
    place,
)
from tasks.text_to_image.model_part import COMPONENTS, HubAddress, ModelPart, or_pocket
from tasks.text_to_image.prompt_embeds import (
    check_file,
    missing_prompts,
    read_prompt_embeds,
    without_embedding,
)
from tasks.text_to_image.published_layout import (
    WEIGHTS,
    check_configs,
    check_timesteps,
    embedding_width,
)

if TYPE_CHECKING:
    from tasks.running.kinds import Surroundings


def check_models(params: Sequence[Mapping[str, Any]], surroundings: Surroundings) -> None:
    """params: of all nodes to be made; params["model"], where there is one, names a part of a
    model, and params["prompt"] a prompt for it. Raises BadInput for the first thing in the way."""
    asked: dict[ModelPart, list[Mapping[str, Any]]] = {}
    for one in params:
        if one.get("model") is not None:
            asked.setdefault(ModelPart.from_params(one["model"]), []).append(one)
    root = surroundings.project_root
    parts = sorted(asked, key=lambda part: COMPONENTS.index(part.component))
    places = {part: find_part(part, root) for part in parts if part.prompt_embeds is None}
    if surroundings.is_plan:
        # What the hub would say is asked by a run.
        parts = [part for part in parts if not isinstance(places.get(part), HubAddress)]
    found = {
        part: list_part(part, place) if isinstance(place, HubAddress) else place
        for part, place in places.items()
        if part in parts
    }
    check_space_for({part: each for part, each in found.items() if isinstance(each, ListedPart)})
    widths: dict[ModelPart, int] = {}
    for part in parts:
        if part.prompt_embeds is not None:
            if surroundings.is_plan:
                check_file(part, root)
                continue
            prompts = [one["prompt"] for one in asked[part] if "prompt" in one]
            width = _check_prompt_embeds(part, prompts, root)
        else:
            width = _check_part(part, found[part], asked[part], surroundings)
        if width:
            widths[part] = width
    _check_widths(widths)


def _check_part(
    part: ModelPart,
    found: FoundPart | ListedPart,
    asked: Sequence[Mapping[str, Any]],
    surroundings: Surroundings,
) -> int:
    """Width of its embeddings, 0 for a part that has none."""
    if isinstance(found, ListedPart):
        # Kilobytes, and the proof that the licence and the token are good for the rest.
        small = [name for name in found.to_fetch if name in found.files.small]
        fetch(part, found.hub, small, found.listing.sizes, lambda *_: None, lambda: False)
        elements = estimate_elements(part, found.weight_bytes)
        folder = cached_folder(found.hub)
        if folder is None:
            raise BadInput(f"{part.title}: the hub's cache cannot be read; run again")
    else:
        elements = count_elements(found.folder, found.files.weights)
        folder = found.folder
    check_configs(part, folder)
    check_timesteps(part, folder, asked)
    if part.component not in WEIGHTS:
        return 0
    device = surroundings.device
    if device != "cuda" or not surroundings.is_plan:
        place(part, bytes_in_memory(part, elements), device, free_memory(device))
    return 0 if part.component == "similarity" else embedding_width(part, folder)


def _check_prompt_embeds(part: ModelPart, prompts: Iterable[str], project_root: Path) -> int:
    embeds = read_prompt_embeds(part, project_root)
    if missing := without_embedding(embeds, sorted(set(prompts))):
        raise missing_prompts(part, embeds, missing)
    return int(next(iter(embeds.values())).shape[1])


def _check_widths(widths: Mapping[ModelPart, int]) -> None:
    """All parts of a run have to speak of embeddings of one width."""
    if len(set(widths.values())) > 1:
        first, *others = widths
        other = next(part for part in others if widths[part] != widths[first])
        raise BadInput(
            f"{_named(first)} has prompt embeddings of width {widths[first]}, but {_named(other)} "
            f"of width {widths[other]}; choose parts of one family for "
            f"backends.{other.backend}{or_pocket(other)}"
        )


def _named(part: ModelPart) -> str:
    return part.prompt_embeds or part.title
