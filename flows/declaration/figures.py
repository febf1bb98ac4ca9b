"""Figures: panels, each of a plot.

A plot is a module of flows.figures, which has the class of its panel: what it is asked, what is
refused, how it is drawn. The modules are looked up there, as plugins are, when the first panel is
read, so that nothing here knows any plot.
"""

from __future__ import annotations

import functools
import importlib
import operator
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Annotated, Any

from pydantic import Field, PlainValidator, TypeAdapter

from flows.declaration.fields import Name, Section, Seed, Title
from flows.declaration.problems import Path, Problem

PLOTS = "flows.figures"
"""The package of the plots."""


class AnyPanel(Section):
    """What every panel has. id: unique in the figure, `plot` by default. caption: replaces the one
    that is written from the parameters."""

    id: Name | None = None
    title: Title | None = None
    caption: Title | None = None
    plot: str

    @property
    def name(self) -> str:
        """What tells it from the others of its figure."""
        return self.id or self.plot

    def drawn_ids(self) -> list[str]:
        """The pictures it is drawn as, in the order in which they are shown; the first is it."""
        return [self.name]

    def problems(self, declaration: Any, path: Path) -> Iterable[Problem]:
        """Of the panel, which stands at `path` of the Declaration."""
        return ()

    @classmethod
    def reader_of(cls, value: Any) -> type[Section] | None:
        return next((kind for kind in panel_kinds() if kind.describes(value)), None)


@functools.cache
def panel_kinds() -> tuple[type[AnyPanel], ...]:
    """The class of every plot, by its name."""
    package = importlib.import_module(PLOTS)
    modules = [each.name for each in pkgutil.walk_packages(package.__path__, f"{PLOTS}.")]
    found = (kind for name in modules for kind in _kinds_in(importlib.import_module(name)))
    return tuple(sorted(found, key=lambda kind: str(kind.model_fields["plot"].annotation)))


def _kinds_in(module: ModuleType) -> Iterator[type[AnyPanel]]:
    """The classes of a plot that a module defines; not those that several plots share."""
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, AnyPanel):
            is_shared = value.model_fields["plot"].annotation is str
            if not is_shared and value.__module__ == module.__name__:
                yield value


@functools.cache
def _panels() -> TypeAdapter[AnyPanel]:
    union: Any = functools.reduce(operator.or_, panel_kinds())
    return TypeAdapter(Annotated[union, Field(discriminator="plot")])


def _read_panel(value: Any) -> AnyPanel:
    return _panels().validate_python(value)


class Figure(Section):
    """One deliverable of a write-up. section: as the write-up numbers it."""

    section: Title
    title: Title
    seed: Seed
    panels: Annotated[
        list[Annotated[AnyPanel, PlainValidator(_read_panel)]], Field(min_length=1, max_length=50)
    ]
