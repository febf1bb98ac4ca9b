"""Where an input image lies, and its bytes: a file of the project or the user, or one that a
library ships.

Read by the plan, so neither Pillow nor any of those libraries is imported here.

A location is one of
    {"image": name, "file": path}                   relative to the project's folder, or absolute
    {"image": name, "source": library, "name": ...} in the library's folder of sample images
where image is the name in the declaration, for messages.
"""

from __future__ import annotations

import hashlib
import importlib.util
import stat
from collections.abc import Mapping
from pathlib import Path

from tasks import BadInput
from tasks.data.metadata import has_other_colours
from tasks.shipped import project_path
from tasks.store.node import JSON

LIBRARY_FOLDERS = {
    "scikit-learn": ("sklearn", "datasets/images"),
    "matplotlib": ("matplotlib", "mpl-data/sample_data"),
    "scikit-image": ("skimage", "data"),
}
"""Distribution to its import name and the folder in it that holds pictures."""

MAX_BYTES = 100_000_000
"""Of one file. A photograph of 80 million pixels takes less than half."""


def image_params(location: Mapping[str, JSON], project_root: Path) -> dict[str, JSON]:
    """What the file itself says of the prepared picture: its SHA-256, 64 hexadecimal digits, and
    the colours that it is converted to, where it has others. Raises BadInput as read_source does.
    """
    data = read_source(location, project_root)
    digest: dict[str, JSON] = {"sha256": hashlib.sha256(data).hexdigest()}
    # A parameter of its own: what was once prepared without a look at the profile is made again,
    # and pictures without one keep their keys.
    return {**digest, "colours": "to sRGB"} if has_other_colours(data) else digest


def describe_source(location: Mapping[str, JSON]) -> str:
    """What messages call the file, such as "images.tower: photos/tower.jpg"."""
    if "file" in location:
        return f"images.{location['image']}: {location['file']}"
    return f"images.{location['image']}: {location['name']} of {location['source']}"


def read_source(location: Mapping[str, JSON], project_root: Path) -> bytes:
    """All bytes of the file.

    Raises BadInput if the file or the library is missing, is no plain file (a folder, a pipe),
    cannot be read, is empty or larger than MAX_BYTES. Pipes and devices are never opened.
    """
    path = _path_of(location, project_root)
    where = describe_source(location)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadInput(f"{where} is a folder; name the picture in it")
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{where} is not a file (a pipe, socket or device); name a picture file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise BadInput(f"{where} does not exist{_where_sought(location, path)}") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(
            f"{where} cannot be read ({reason}); make it readable, or copy it"
        ) from error
    if not data:
        raise BadInput(f"{where} is empty (0 bytes); save or download the picture again")
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"{where} is larger than {MAX_BYTES // 1_000_000} MB; save a smaller copy as JPEG"
        )
    return data


def _path_of(location: Mapping[str, JSON], project_root: Path) -> Path:
    if "file" in location:
        try:
            return project_path(str(location["file"]), project_root)
        except BadInput as error:
            raise BadInput(f"images.{location['image']}: {error}") from error
    module, folder = LIBRARY_FOLDERS[location["source"]]
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise BadInput(
            f"{describe_source(location)} needs {location['source']}, which is not installed; "
            f"pip install {location['source']}, or give a picture of your own with "
            f"--set images.{location['image']}=path.jpg"
        )
    return Path(spec.submodule_search_locations[0]) / folder / str(location["name"])


def _where_sought(location: Mapping[str, JSON], path: Path) -> str:
    if "file" in location:
        if "://" in location["file"]:
            return "; download the picture, and give the path it has then"
        sought = "" if Path(location["file"]).is_absolute() else f" (looked for {path})"
        return f"{sought}; give the path of a picture"
    return f"; the installed version does not ship it (looked in {path.parent})"
