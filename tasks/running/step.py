"""What a step is given, what it returns, and how its artifact enters the store.

A step is one function of one Step. It reads inputs, computes, and returns objects and metrics;
it writes nothing itself except resumable state under `workspace`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.store.node import JSON
from tasks.store.row import Row
from tasks.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True)
class Step:
    """One node about to be computed.

    inputs: role to the manifest row of that input.
    device: "cpu", "cuda" or "mps". number_format: "float32" or "bfloat16".
    workspace: a local folder of this key alone, kept until the step succeeds.
    data_root: where data sets of the hub's schema lie, or None.
    project_root: the folder of pipelines.yaml, which addresses of models and image files are
        relative to.
    image_files: SHA-256 of an image file to where it lies (tasks.data.image_files).
    report: called with (done, total, message) as the step goes on; cheap, call it often. Of steps
        that are computed together, any may tell how far all of them are.
    should_stop: true once the user or the scheduler has asked the run to end.
    """

    name: str
    key: str
    params: Mapping[str, JSON]
    inputs: Mapping[str, Row]
    seed: int
    store: Store
    device: str
    number_format: str
    workspace: Path
    data_root: str | None = None
    project_root: Path = Path()
    image_files: Mapping[str, JSON] = field(default_factory=dict)
    report: Callable[[float, float, str], None] = lambda done, total, message: None
    should_stop: Callable[[], bool] = lambda: False

    def read(self, role: str, object_name: str) -> bytes:
        """Bytes of an object of an input, checked against its hash."""
        return self.store.read_object(self.inputs[role].objects[object_name])

    def read_tensors(self, role: str, object_name: str) -> dict[str, Tensor]:
        """Tensors of a safetensors object of an input."""
        from safetensors.torch import load

        return load(self.read(role, object_name))

    def read_arrays(self, role: str, object_name: str) -> dict[str, NDArray[Any]]:
        """The same tensors as NumPy arrays, for steps that do without torch."""
        from safetensors.numpy import load

        return load(self.read(role, object_name))

    def read_table(self, role: str, object_name: str) -> pa.Table:
        """A Parquet object of an input."""
        import pyarrow.parquet as pq

        return pq.read_table(io.BytesIO(self.read(role, object_name)))

    def read_json(self, role: str, object_name: str) -> JSON:
        return json.loads(self.read(role, object_name))


@dataclass(frozen=True)
class StepResult:
    """What a step made.

    objects: name with extension, such as "epoch-005.safetensors" or "image.png", to bytes.
    metrics: flat names to numbers, for the manifest and the table of metrics.
    info: further plain JSON for the report, such as an image's size.
    """

    objects: Mapping[str, bytes]
    metrics: Mapping[str, float] = field(default_factory=dict)
    info: Mapping[str, JSON] = field(default_factory=dict)


def tensors_to_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """A safetensors file holding `tensors`."""
    from safetensors.torch import save

    return save({name: tensor.contiguous() for name, tensor in tensors.items()})


def table_to_bytes(table: pa.Table) -> bytes:
    """A Parquet file holding `table`."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
