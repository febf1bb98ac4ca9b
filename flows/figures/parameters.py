"""Parameters that several plots have, and what is refused of them beside the rest of a declaration.

What pydantic can tell of a value alone it tells first; what takes the whole declaration, or is told
in words of its own, is a Refused in the type of the parameter, wherever in a panel that stands.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import Field

from flows.declaration import Declaration
from flows.declaration.fields import Name, Section, Seed
from flows.declaration.objectives import NoiseSchedule, check_noise
from flows.declaration.problems import Path, Problem, check_distinct, check_name
from flows.declaration.text_to_image import Prompt, Timestep
from flows.figures.sampled_words import timesteps_words

Problems = Iterator[Problem]

MAX_ENTRIES = 20


@dataclass(frozen=True)
class Refused:
    """problems: of a value of the type, which stands at the path of the declaration."""

    problems: Callable[[Declaration, Path, Any], Problems]


def problems_in(declaration: Declaration, path: Path, section: Section) -> Problems:
    """All that is refused of the parameters of the section at `path`."""
    for name, field in type(section).model_fields.items():
        value, annotation = getattr(section, name), field.annotation
        yield from _problems(declaration, (*path, name), value, annotation, field.metadata)


def _problems(
    declaration: Declaration, path: Path, value: Any, annotation: Any, metadata: Sequence[Any] = ()
) -> Problems:
    """Of `value`, declared as Annotated[annotation, *metadata]."""
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = [*metadata, *more]
    for refused in metadata:
        if isinstance(refused, Refused) and value is not None:
            yield from refused.problems(declaration, path, value)
    if get_origin(annotation) in (Union, types.UnionType) and value is not None:
        # Of a parameter that may be left out. Of sections to choose from none has a Refused itself.
        yield from _problems(declaration, path, value, get_args(annotation)[0])
    elif isinstance(value, Section):
        yield from problems_in(declaration, path, value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _problems(declaration, (*path, str(index)), item, get_args(annotation)[0])


def _declared(section: str, what: str) -> Refused:
    """Of names that are not in `section` of the declaration."""

    def problems(declaration: Declaration, path: Path, name: str) -> Problems:
        yield from check_name(path, name, getattr(declaration, section), what)

    return Refused(problems)


def _odd(_: Declaration, path: Path, size: int) -> Problems:
    if size % 2 == 0:
        yield Problem(
            path,
            f"is {size}; expected an odd number, so that the kernel has a middle, such as "
            f"{size + 1}",
        )


def _start(declaration: Declaration, path: Path, i_start: int) -> Problems:
    timesteps = declaration.text_to_image.timesteps
    if i_start >= len(timesteps):
        yield Problem(
            path,
            f"is {i_start}; expected at most {len(timesteps) - 1}, the place of the last of the "
            f"{len(timesteps)} timesteps {timesteps_words(timesteps, 4)} "
            "(text_to_image.first_timestep and text_to_image.stride)",
        )


def _repeated(_: Declaration, path: Path, entries: Sequence[Any]) -> Problems:
    for index, entry in enumerate(entries):
        if entry in entries[:index]:
            yield Problem(
                (*path, str(index)),
                f"is the same as {path[-1]}.{entries.index(entry)}; expected each entry once",
            )


DISTINCT = Refused(lambda _, path, values: check_distinct(path, values))
"""Of a list in which each value stands once."""

ONCE = Refused(_repeated)
"""Of a list of mappings, each of which stands there once."""

DataName = Annotated[Name, _declared("datasets", "data set")]
ModelName = Annotated[Name, _declared("models", "model")]
StudyName = Annotated[Name, _declared("studies", "study")]
GuideName = Annotated[Name, _declared("guides", "guide")]
ImageName = Annotated[Name, _declared("images", "image")]
Noise = Annotated[NoiseSchedule, Refused(lambda _, path, noise: check_noise(path, noise))]

Few = Field(min_length=1, max_length=MAX_ENTRIES)
Prompts = Annotated[list[Prompt], Few, DISTINCT]
Images = Annotated[list[ImageName], Few, DISTINCT]
Seeds = Annotated[list[Seed], Few, DISTINCT]
Timesteps = Annotated[list[Timestep], Few, DISTINCT]
IStart = Annotated[int, Field(ge=0, le=999), Refused(_start)]
IStarts = Annotated[list[IStart], Few, DISTINCT]
KernelSize = Annotated[int, Field(ge=1, le=127), Refused(_odd)]
PassSigma = Annotated[float, Field(gt=0, le=32)]
Count = Annotated[int, Field(ge=1, le=MAX_ENTRIES)]
Tries = Annotated[int, Field(ge=1, le=50)]
