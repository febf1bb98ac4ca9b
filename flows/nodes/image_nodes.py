"""Nodes of input images: each known by the content of its file, wherever that lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from flows.declaration import Declaration
from flows.declaration.pictures import FileImage, PackageImage
from flows.nodes.model_nodes import plain
from tasks.data.image_files import image_params
from tasks.store.node import JSON, Node


def image_name(image: str) -> str:
    """Name of the node of a declared image."""
    return f"image/{image}"


def image_nodes(
    declaration: Declaration, names: Iterable[str], project_root: Path
) -> Iterator[Node]:
    """A node for each of `names`, once, in their order.

    project_root: the folder of pipelines.yaml. Each file is read and hashed, so moving or renaming
    it makes nothing again and changing it does. Raises BadInput for a file that cannot be read.
    """
    for name in dict.fromkeys(names):
        image = declaration.images[name]
        location = image_location(name, image)
        params = {
            **image_params(location, project_root),
            "crop": plain(image.crop),
        }
        yield Node(image_name(name), "image", params, location=location)


def image_files(nodes: Iterable[Node]) -> dict[str, JSON]:
    """SHA-256 of each image file among `nodes` to where it lies."""
    return {node.params["sha256"]: node.location for node in nodes if node.location is not None}


def image_location(name: str, image: PackageImage | FileImage) -> dict[str, JSON]:
    """Where the file lies, as tasks.data.image_files reads it."""
    if isinstance(image, PackageImage):
        return {"image": name, "source": image.source, "name": image.name}
    return {"image": name, "file": image.file}
