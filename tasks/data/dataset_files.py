"""Where the files of a data set of the hub's schema lie, and whether they can be what they should.

Asked by the plan, so pyarrow is imported only once there is a file to look into.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tasks import BadInput
from tasks.data.stand_ins import refuse_stand_in
from tasks.store.local_files import given_path
from tasks.store.node import JSON

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from tasks.running.kinds import Surroundings

SPLITS = ("train", "test")


def check_sources(params: Sequence[Mapping[str, JSON]], surroundings: Surroundings) -> None:
    """The preflight of kind "data"."""
    for one in params:
        check_source(one, surroundings.data_root)


def check_source(params: Mapping[str, JSON], data_root: str | None) -> None:
    """Raise BadInput if a hub data set in `data_root` is missing or has another schema.

    Reads only the footers. Without data_root nothing is checked: the hub is asked when needed.
    """
    if params["source"] != "hub" or not data_root:
        return
    for split in SPLITS:
        check_schema(local_file(params, data_root, split), params["rows"][split])


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


def local_file(params: Mapping[str, JSON], data_root: str, split: str) -> Path:
    """Of a split in the folder of data sets. Raises BadInput if there is none."""
    folder = given_path(data_root) / params["folder"]
    names = (f"{split}.parquet", f"{split}-00000-of-00001.parquet")
    problem = f"no {names[0]} in {folder}"
    try:
        for name in names:
            if (folder / name).is_file():
                return folder / name
    except OSError as error:
        problem = f"{folder} cannot be read ({error.strerror or error})"
    raise BadInput(
        f"data set {params['dataset']}: {problem}. Point --data-root or "
        "DARKROOM_DATA at a folder that holds it, unset both to download it from the hub, or use "
        "--profile quick, which needs no files"
    )


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
