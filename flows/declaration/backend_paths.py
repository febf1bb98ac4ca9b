"""Model folders and files given with --set are relative to the working directory, where the user
typed them; those in pipelines.yaml are relative to its folder. What is no path is left as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from flows.declaration.overrides import Override
from tasks.text_to_image.model_part import local_path

FIELDS = ("stage_one", "stage_two", "prompt_embeds")


def with_model_paths(overrides: Iterable[Override], project_root: Path) -> list[Override]:
    """The overrides; those that name something in the working directory with its absolute path,
    unless that is the folder of pipelines.yaml, where the path is good as it stands."""
    here = Path.cwd()
    if here == project_root:
        return list(overrides)
    return [_absolute(override, here) for override in overrides]


def _absolute(override: Override, here: Path) -> Override:
    section, *rest = override.path.split(".")
    is_address = override.path == "similarity.model" or (
        fnmatchcase("backends", section)
        and len(rest) == 2
        and any(fnmatchcase(field, rest[1]) for field in FIELDS)
    )
    if not is_address or not isinstance(override.value, str) or not override.value:
        return override
    path = local_path(override.value, here)
    # What is not there may be an address of the hub.
    return replace(override, value=str(path)) if path.exists() else override
