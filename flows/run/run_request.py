"""What a run is asked to do: the options of `darkroom run`, and the form in Prefect's interface."""

from __future__ import annotations

import os
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from flows.runners.choice import DEFAULT, HELP, PATTERN


class RunRequest(BaseModel):
    """One run of one pipeline. Plain JSON values, so it travels to any worker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pipeline: str = Field(default="gallery", description="A pipeline of the declaration.")
    profile: str | None = Field(
        default=None, description="A profile; the declaration's default if empty."
    )
    overrides: list[str] = Field(
        default_factory=list, description="Settings to change, such as models.fm_class.epochs=3."
    )
    only: list[str] = Field(
        default_factory=list, description="Run these nodes only; names may hold *."
    )
    from_: list[str] = Field(
        default_factory=list, title="From", description="Run these nodes and what depends on them."
    )
    until: list[str] = Field(
        default_factory=list, description="Run these nodes and what they depend on."
    )
    force: bool = Field(default=False, description="Compute the chosen nodes again even if cached.")
    keep_going: bool = Field(
        default=False, description="After a failure, go on with what does not depend on it."
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="Where tensors live."
    )
    number_format: Literal["auto", "float32", "bfloat16"] | None = Field(
        default=None, description="Of networks; the profile's if empty, auto for the device's."
    )
    backend: str | None = Field(
        default=None,
        description="A text-to-image model of the declaration; the one it has in use if empty.",
    )
    store: str = Field(default="data/runs", description="Folder or fsspec address of the results.")
    data_root: str | None = Field(default=None, description="Folder of the data sets, in Parquet.")
    runner: str = Field(
        default=DEFAULT,
        description=HELP,
        # The form refuses what does not match; elsewhere the message is that of parse_runner.
        json_schema_extra={"pattern": PATTERN},
    )
    declaration: str = Field(
        default="pipelines.yaml", description="The file that declares the pipelines."
    )
    report_folder: str | None = Field(default=None, description="Where the report goes.")
    run_id: str | None = Field(default=None, description="Set by the run itself; leave empty.")

    @property
    def report_path(self) -> str:
        """The folder of the report: beside a local store's contents, else data/report."""
        if self.report_folder is not None:
            return self.report_folder
        if "://" in self.store:
            return os.path.join("data", "report")
        return os.path.join(self.store, "report")
