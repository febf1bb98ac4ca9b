"""Input images: files of the project or the user, and pictures that ship with a library."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from flows.declaration.fields import FileName, Section, Share, Title, in_full

FilePath = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Point = Annotated[list[Share], Field(min_length=2, max_length=2)]


class Crop(Section):
    """The square that is used. center: x and y in fractions of width and height, y downwards.
    side: of the shorter side. The square is moved to lie inside the picture."""

    center: Point = Field(default_factory=lambda: [0.5, 0.5])
    side: Annotated[float, Field(ge=0.01, le=1)] = 1.0


class ImageBase(Section):
    """title: what the picture shows. licence, credit: under which terms, and whose work it is."""

    title: Title | None = None
    licence: Title | None = None
    credit: Title | None = None
    crop: Crop = Crop()


class PackageImage(ImageBase):
    """A picture in the folder of sample images of an installed library. name: of its file."""

    source: Literal["scikit-learn", "matplotlib", "scikit-image"]
    name: FileName


class FileImage(ImageBase):
    """file: relative to the folder of pipelines.yaml, or absolute; given with --set, relative to
    the working directory. The path alone may stand for the whole mapping."""

    short_for = "file"

    file: FilePath

    @model_validator(mode="before")
    @classmethod
    def _of_path(cls, value: Any) -> Any:
        return in_full(cls, value)


# Not names that a mapping could hold: pydantic puts them into the paths that messages are made of.
_PACKAGE, _FILE = "a picture of a library", "a picture file"


def _shape_of(value: Any) -> str:
    has_source = "source" in value if isinstance(value, dict) else isinstance(value, PackageImage)
    return _PACKAGE if has_source else _FILE


Image = Annotated[
    Annotated[PackageImage, Tag(_PACKAGE)] | Annotated[FileImage, Tag(_FILE)],
    Discriminator(_shape_of),
]


def credit_line(image: PackageImage | FileImage) -> str:
    """Whose work the picture is and under which terms, such as "danielbuechele, CC BY 2.0"; empty
    where nobody is to be credited."""
    if image.credit is None:
        return ""
    return image.credit if image.licence is None else f"{image.credit}, {image.licence}"
