"""The ranges that numbers and names of a declaration must lie in.

Upper bounds are generous: they stop typing errors, not experiments.
"""

from __future__ import annotations

import types
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

# Names become parts of node names and file names: no slash, no dot, no blank, no capitals.
NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]*$"
# A file in a folder that is given: no slash, so that it cannot lead anywhere else.
FILE_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

# A file below the folder of pipelines.yaml: no part of it is "..", and it does not begin with "/".
TEXT_FILE_PATTERN = r"^[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*\.(md|markdown|bib)$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=64)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=300)]
FileName = Annotated[str, StringConstraints(pattern=FILE_NAME_PATTERN, max_length=100)]
TextFile = Annotated[str, StringConstraints(pattern=TEXT_FILE_PATTERN, max_length=300)]
Glob = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Repository = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$", max_length=120)
]

# Those that follow from one by counting on are whole in JSON and in a browser too.
Seed = Annotated[int, Field(ge=0, le=2**52)]
Epochs = Annotated[int, Field(ge=1, le=10_000)]
BatchSize = Annotated[int, Field(ge=1, le=100_000)]
StepsPerEpoch = Annotated[int, Field(ge=1, le=1_000_000)]
LearningRate = Annotated[float, Field(gt=0, le=10)]
HiddenWidth = Annotated[int, Field(ge=1, le=2048)]
NumTimesteps = Annotated[int, Field(ge=2, le=10_000)]
Beta = Annotated[float, Field(gt=0, lt=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
EmaDecay = Annotated[float, Field(gt=0, lt=1)]
MaxShift = Annotated[int, Field(ge=0, le=14)]
# Adding zero turns -0.0 into 0.0: two spellings of one level must not be two keys.
Sigma = Annotated[float, Field(ge=0, le=100), AfterValidator(lambda sigma: sigma + 0.0)]
SamplerSteps = Annotated[int, Field(ge=1, le=10_000)]
GuidanceScale = Annotated[float, Field(ge=0, le=100), AfterValidator(lambda scale: scale + 0.0)]
SampleCount = Annotated[int, Field(ge=10, le=1_000_000)]
GridSize = Annotated[int, Field(ge=1, le=40)]
DigitCount = Annotated[int, Field(ge=1, le=100)]
FrameCount = Annotated[int, Field(ge=2, le=300)]
Fraction = Annotated[float, Field(ge=0.01, le=0.99)]
Share = Annotated[float, Field(ge=0, le=1), AfterValidator(lambda share: share + 0.0)]
RowCount = Annotated[int, Field(ge=1, le=100_000_000)]

SigmaList = Annotated[list[Sigma], Field(min_length=1, max_length=100)]
EpochChoice = Annotated[list[Epochs | Literal["last"]], Field(min_length=1, max_length=100)]


class Section(BaseModel):
    """A mapping of the declaration: unknown keys, lossy types, NaN and infinities are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    short_for: ClassVar[str | None] = None
    """The field whose text alone may stand for the whole mapping."""

    @classmethod
    def describes(cls, value: Any) -> bool:
        """Whether this class, and not a sibling in its union, reads the plain mapping `value`."""
        return isinstance(value, dict) and all(
            value.get(name) in get_args(field.annotation)
            for name, field in cls.model_fields.items()
            if get_origin(field.annotation) is Literal and field.is_required()
        )

    @classmethod
    def reader_of(cls, value: Any) -> type[Section] | None:
        """The class that reads the plain mapping `value` where this one is declared; None if none
        does. Classes that stand for others choose among them."""
        return cls


def annotation_of(annotation: Any, value: Any, segment: str) -> Any | None:
    """The type declared for `segment` of `value`, or None where the declaration knows no such key.

    annotation: the type of `value` itself. value: plain, possibly incomplete, and unchecked.
    """
    annotation = _without_metadata(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return arguments[1]
    if origin is list:
        return arguments[0] if segment.isdecimal() else None
    if isinstance(annotation, type) and issubclass(annotation, Section):
        reader = annotation.reader_of(value)
        field = reader.model_fields.get(segment) if reader else None
        return field.annotation if field is not None else None
    for section in _choices(annotation):
        if section.describes(value):
            return annotation_of(section, value, segment)
    return None


def names_in(annotation: Any, value: Any) -> list[str]:
    """The keys a declaration allows in `value`; empty where any name goes."""
    annotation = _without_metadata(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        reader = annotation.reader_of(value)
        return list(reader.model_fields) if reader else []
    described = (section for section in _choices(annotation) if section.describes(value))
    return next((list(section.model_fields) for section in described), [])


def in_full(annotation: Any, value: Any) -> Any:
    """The mapping that the text `value` stands for where `annotation` is declared; else `value`."""
    if isinstance(value, str):
        for section in _choices(annotation):
            if section.short_for is not None:
                return {section.short_for: value}
    return value


def is_choice(annotation: Any) -> bool:
    """Whether one of several sections is read where `annotation` is declared."""
    sections = _choices(annotation)
    # A class that stands for others has a way of its own to find the reader.
    return len(sections) > 1 or any(
        section.reader_of.__func__ is not Section.reader_of.__func__  # type: ignore[attr-defined]
        for section in sections
    )


def _choices(annotation: Any) -> list[type[Section]]:
    """The sections that may be read where `annotation` is declared."""
    annotation = _without_metadata(annotation)
    if _is_union(annotation):
        return [section for member in get_args(annotation) for section in _choices(member)]
    is_section = isinstance(annotation, type) and issubclass(annotation, Section)
    return [annotation] if is_section else []


def _without_metadata(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)
