"""Changing a declaration from outside: `--set models.fm_class.epochs=3`, and profiles.

A path names a value the way messages do: models.fm_class.epochs, figures.w1-time.panels.0.rows.
`*` and `?` in a name match any name there, so models.*.batch_size means every model's. A whole is
set before its parts, in whatever order they were asked for.

Files and folders in pipelines.yaml are relative to its folder; those given with --set are relative
to the working directory, where the user typed them and the shell completed them.
"""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path as FilePath
from typing import Any

from flows.declaration import Declaration
from flows.declaration.fields import annotation_of, in_full, names_in
from flows.declaration.problems import Path, nearest
from flows.declaration.strict_yaml import parse_value
from tasks import BadInput
from tasks.store.local_files import given_path
from tasks.text_to_image.model_part import local_path

# Overriding these would change what the override is read from, or nothing at all.
FIXED_SECTIONS = (
    "version",
    "extends",
    "profiles",
    "default_profile",
    "default_pipeline",
    "schedules",
)

MODEL_FIELDS = ("stage_one", "stage_two", "prompt_embeds")
"""Of a backend: folders and files, or addresses of the hub."""


@dataclass(frozen=True)
class Override:
    """One value to change. origin: where it was asked for, as messages name it. may_miss: it counts
    for nothing where there is no such value."""

    path: str
    value: Any
    origin: str
    may_miss: bool = False


def parse_override(text: str) -> Override:
    """An override from `path=value`; the value is read as YAML, all of it or not at all.

    Raises BadInput, among others for text of which YAML would take a part for something else: what
    follows # for a comment, what stands before a colon for a key.
    """
    path, equals, value = text.partition("=")
    origin = f"--set {text}"
    if not equals or not path.strip():
        raise BadInput(f"{origin}: expected path=value, such as --set models.fm_class.epochs=3")
    try:
        return Override(path.strip(), parse_value(value, origin), origin)
    except BadInput as error:
        quoted = shlex.quote(f"{path.strip()}={json.dumps(value.strip(), ensure_ascii=False)}")
        raise BadInput(f"{error}; if it is meant as text, quote it: --set {quoted}") from error


def with_paths_from_here(overrides: Iterable[Override], project_root: FilePath) -> list[Override]:
    """The overrides, those that name a file or folder with its absolute path.

    Of a picture: images.tower=photo.jpg, images.tower={file: photo.jpg} and
    images.tower.file=photo.jpg. Of a model: what is in the working directory, unless that is
    project_root, where the path is good as it stands. Everything else stays as it is.
    Raises BadInput for ~name of an unknown user.
    """
    here = FilePath.cwd()
    found = [_with_image_path(override) for override in overrides]
    return found if here == project_root else [_with_model_path(each, here) for each in found]


def _with_image_path(override: Override) -> Override:
    section, *rest = override.path.split(".")
    if not fnmatchcase("images", section):
        return override
    value = override.value
    names_file = len(rest) == 1 or (len(rest) == 2 and fnmatchcase("file", rest[1]))
    file = value.get("file") if len(rest) == 1 and isinstance(value, dict) else value
    if not names_file or not isinstance(file, str) or not file:
        return override
    try:
        path = str(given_path(file).absolute())
    except BadInput as error:
        raise BadInput(f"{override.origin}: {error}") from error
    return replace(override, value={**value, "file": path} if isinstance(value, dict) else path)


def _with_model_path(override: Override, here: FilePath) -> Override:
    section, *rest = override.path.split(".")
    is_address = override.path == "similarity.model" or (
        fnmatchcase("backends", section)
        and len(rest) == 2
        and any(fnmatchcase(field, rest[1]) for field in MODEL_FIELDS)
    )
    if not is_address or not isinstance(override.value, str) or not override.value:
        return override
    try:
        path = local_path(override.value, here)
    except BadInput as error:
        raise BadInput(f"{override.origin}: {error}") from error
    # What is not there may be an address of the hub.
    return replace(override, value=str(path)) if path.exists() else override


@dataclass
class Overridden:
    """A declaration's plain values after overrides, and where each changed value came from."""

    data: dict[str, Any]
    origins: dict[Path, str]


def apply_overrides(data: dict[str, Any], layers: Sequence[Iterable[Override]]) -> Overridden:
    """A changed copy of `data`. Later layers win, in a layer later overrides of as many names.

    In each layer, a model whose epochs change and whose checkpoints do not keeps the checkpoints
    that still fit, and its new last epoch: `--set models.fm_class.epochs=3` is enough.

    Raises BadInput for an override that matches nothing, with the nearest names.
    """
    result = Overridden(copy.deepcopy(data), {})
    for layer in layers:
        changed: dict[Path, str] = {}
        for override in sorted(layer, key=lambda each: each.path.count(".")):
            for path in _apply(result.data, override):
                changed[path] = override.origin
        result.origins.update(changed)
        for path, origin in changed.items():
            checkpoints = _checkpoints_beside(path)
            if checkpoints and not any(_overlap(checkpoints, other) for other in changed):
                _fit_checkpoints(result, checkpoints, origin)
    return result


def _apply(data: dict[str, Any], override: Override) -> list[Path]:
    """Set the value wherever the path matches; returns the full paths that were set."""
    segments = override.path.split(".")
    if not all(segments):
        raise BadInput(f"{override.origin}: {override.path!r} has an empty name between dots")
    if segments[0] in FIXED_SECTIONS:
        raise BadInput(f"{override.origin}: {segments[0]} cannot be overridden; edit the file")
    places: list[tuple[Path, Any, Any]] = [((), data, Declaration)]
    for depth, segment in enumerate(segments):
        is_last = depth == len(segments) - 1
        found: list[tuple[Path, Any, Any]] = []
        for path, value, annotation in places:
            for name in _matching(value, annotation, segment):
                below = annotation_of(annotation, value, name)
                child = _child(value, name)
                if not is_last and child != (full := in_full(below, child)):
                    _set(data, (*path, name), child := full)
                # A mapping that may be left out, such as `measure`, is looked into as if empty.
                found.append(((*path, name), {} if child is None and not is_last else child, below))
        if not found and override.may_miss:
            return []
        if not found:
            raise BadInput(_no_match(override, segments, depth, places))
        places = found
    for path, _, _ in places:
        _set(data, path, copy.deepcopy(override.value))
    return [path for path, _, _ in places]


def _matching(value: Any, annotation: Any, segment: str) -> list[str]:
    """Names in `value`, present or allowed, that `segment` matches."""
    if isinstance(value, list):
        present = [str(index) for index in range(len(value))]
    elif isinstance(value, dict):
        present = list(value)
    else:
        return []
    allowed = [name for name in names_in(annotation, value) if name not in present]
    return [name for name in (*present, *allowed) if fnmatchcase(name, segment)]


def _child(value: Any, name: str) -> Any:
    return value[int(name)] if isinstance(value, list) else value.get(name)


def _set(data: Any, path: Path, value: Any) -> None:
    """Put `value` at `path`, beginning the mappings that were left out on the way."""
    for name in path[:-1]:
        if isinstance(data, dict) and data.get(name) is None:
            data[name] = {}
        data = _child(data, name)
    data[int(path[-1]) if isinstance(data, list) else path[-1]] = value


def _no_match(
    override: Override, segments: list[str], depth: int, places: list[tuple[Path, Any, Any]]
) -> str:
    names: dict[str, None] = {}
    for _, value, annotation in places:
        names.update(dict.fromkeys(_matching(value, annotation, "*")))
    parent = ".".join(segments[:depth]) or "the declaration"
    near = nearest(segments[depth], names)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    if not near and names:
        hint = f"; expected one of: {', '.join(list(names)[:12])}"
    return f"{override.origin}: {parent} has no {segments[depth]!r}{hint}"


def _checkpoints_beside(path: Path) -> Path | None:
    if len(path) == 3 and path[0] == "models" and path[2] == "epochs":
        return (*path[:2], "checkpoints")
    return None


def _overlap(path: Path, other: Path) -> bool:
    """Whether one holds the other."""
    shared = min(len(path), len(other))
    return path[:shared] == other[:shared]


def _fit_checkpoints(result: Overridden, path: Path, origin: str) -> None:
    model = result.data["models"][path[1]]
    epochs, checkpoints = model["epochs"], model.get("checkpoints")
    if type(epochs) is not int or epochs < 1 or not isinstance(checkpoints, list):
        return  # Left for the checks, which say what is wrong.
    if all(type(epoch) is int for epoch in checkpoints):
        kept = {epoch for epoch in checkpoints if epoch < epochs}
        model["checkpoints"] = [*sorted(kept), epochs]
        result.origins[path] = origin
