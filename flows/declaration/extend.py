"""`extends: darkroom`: what a pipelines.yaml takes over from the one that comes with Darkroom.

Mappings are merged name by name, deep; any other value of the file takes the place of Darkroom's,
null removes it, and a mapping that says anew of what kind it is (kind, source, file) takes the
other's place whole. Figures, pipelines and schedules are those of the file alone, and so are the
write-ups that claims are checked on.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from flows.declaration.problems import Path
from flows.declaration.strict_yaml import line_of
from tasks.shipped import shipped_folder

SHIPPED = "darkroom"
"""What `extends:` may name."""

SHIPPED_FILE = "pipelines.yaml"

OWN_SECTIONS = ("figures", "pipelines", "default_pipeline", "schedules")

KINDS = ("kind", "source", "file")
"""Keys on which the others of their mapping depend."""

WITH_PATHS = {"datasets", "images", "backends", "similarity", "pocket"}
"""Sections whose values may name files of Darkroom."""


@dataclass(frozen=True)
class Source:
    """A declaration as it was read. name: as messages give it. data: its plain values."""

    name: str
    text: str
    data: dict[str, Any]

    def place(self, path: Path) -> str:
        """Where the value at `path`, or what should hold it, was written."""
        line = line_of(self.text, path)
        return self.name if line is None else f"{self.name}, line {line}"


@dataclass(frozen=True)
class Written:
    """Values of a declaration, and who wrote them. own: the file. shipped: Darkroom's, if the file
    extends it. replaced: paths from which on all is the file's own."""

    data: dict[str, Any]
    own: Source
    shipped: Source | None = None
    replaced: frozenset[Path] = frozenset()

    def is_shipped(self, path: Path) -> bool:
        """Whether the value there is the one that comes with Darkroom."""
        if self.shipped is None or any(path[:end] in self.replaced for end in range(len(path) + 1)):
            return False
        return _depth(self.shipped.data, path) > _depth(self.own.data, path)

    def place(self, path: Path) -> str:
        """The file and line that messages on the value at `path` name."""
        if self.shipped is not None and self.is_shipped(path):
            return self.shipped.place(path)
        return self.own.place(path)


def extend(own: Source, shipped: Source, project_root: FilePath) -> Written:
    """What `own`, a file in project_root, makes of the declaration that comes with Darkroom."""
    base = {key: value for key, value in shipped.data.items() if key not in OWN_SECTIONS}
    for section in WITH_PATHS & base.keys():
        base[section] = _kept_apart(base[section], project_root)
    replaced: set[Path] = set()
    data = _merged(base, own.data, (), replaced)
    written = Written(data, own, shipped, frozenset(replaced))
    _drop_other_writeups(written)
    return written


def _merged(
    base: dict[str, Any], own: dict[str, Any], path: Path, replaced: set[Path]
) -> dict[str, Any]:
    result = dict(base)
    for name, value in own.items():
        here = (*path, name)
        before = base.get(name)
        if value is None and name in base:
            del result[name]
        elif isinstance(value, dict) and isinstance(before, dict) and not _other(before, value):
            result[name] = _merged(before, value, here, replaced)
        else:
            result[name] = copy.deepcopy(value)
            replaced.add(here)
    return result


def _other(before: dict[str, Any], value: dict[str, Any]) -> bool:
    """Whether `value` is of another kind, so that what was said of `before` means nothing of it."""
    return any(key in value and value[key] != before.get(key) for key in KINDS)


def _kept_apart(value: Any, project_root: FilePath) -> Any:
    """The values, with the whole path of files of Darkroom whose relative one names another there.

    All others stay relative: project_path finds them, and keys are those of a checkout.
    """
    if isinstance(value, dict):
        # What training writes goes into the folder of the file.
        return {
            key: each if key == "output" else _kept_apart(each, project_root)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_kept_apart(each, project_root) for each in value]
    if not isinstance(value, str) or "/" not in value:
        return value
    shipped, there = shipped_folder() / value, project_root / value
    is_hidden = shipped.exists() and there.exists() and not there.samefile(shipped)
    return str(shipped) if is_hidden else value


def _drop_other_writeups(written: Written) -> None:
    """Of the write-ups of Darkroom's claims keep those that the file has. A claim without any is
    checked on all that it has where the file names it, and goes where it does not."""
    pipelines, claims = written.data.get("pipelines"), written.data.get("claims")
    if not isinstance(pipelines, dict) or not isinstance(claims, dict):
        return
    for name in list(claims):
        writeups = ("claims", name, "writeups")
        if written.is_shipped(writeups):
            kept = [each for each in claims[name]["writeups"] if each in pipelines]
            if not kept and _depth(written.own.data, writeups) == 2:
                kept = list(pipelines)
            claims[name] = {**claims[name], "writeups": kept}
            if not kept:
                del claims[name]


def _depth(data: Any, path: Path) -> int:
    """How much of the path there is."""
    return sum(1 for _ in _steps(data, path))


def _steps(value: Any, path: Path) -> Iterator[Any]:
    for name in path:
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return
        yield value
