"""What made the images of a block, a row or a column of a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Origin:
    """role: the input that the images were read from; "epoch_001/data" is the input "data" of the
    input "epoch_001". params: of the images themselves, plain JSON values, such as their class."""

    role: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"role": self.role, "params": dict(self.params)}


UNKNOWN = Origin()
