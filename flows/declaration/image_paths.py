"""Paths of pictures given with --set are relative to the working directory, where the user typed
them and the shell completed them; those in pipelines.yaml are relative to its folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from flows.declaration.overrides import Override
from tasks import BadInput


def with_absolute_paths(overrides: Iterable[Override]) -> list[Override]:
    """The overrides, those that name a picture's file with its absolute path.

    images.tower=photo.jpg, images.tower={file: photo.jpg} and images.tower.file=photo.jpg are
    read so; everything else stays as it is. Raises BadInput for ~name of an unknown user.
    """
    return [_absolute(override) for override in overrides]


def _absolute(override: Override) -> Override:
    section, *rest = override.path.split(".")
    if not fnmatchcase("images", section):
        return override
    value = override.value
    names_file = len(rest) == 1 or (len(rest) == 2 and fnmatchcase("file", rest[1]))
    if names_file and isinstance(value, str) and value:
        return replace(override, value=_path(value, override.origin))
    if len(rest) == 1 and isinstance(value, dict):
        return replace(override, value=_with_file(value, override.origin))
    return override


def _with_file(value: dict[str, Any], origin: str) -> dict[str, Any]:
    file = value.get("file")
    return {**value, "file": _path(file, origin)} if isinstance(file, str) and file else value


def _path(text: str, origin: str) -> str:
    try:
        return str(Path(text).expanduser().absolute())
    except RuntimeError as error:
        raise BadInput(f"{origin}: {error}") from error
