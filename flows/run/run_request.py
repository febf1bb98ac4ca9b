"""What a run is asked to do: the options of `darkroom run`, the form in Prefect's interface, the
flows that can be run alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from flows.runners.workforce import DEFAULT, HELP, PATTERN
from tasks import BadInput
from tasks.store.local_files import given_path
from tasks.store.store import local_folder

STAGE_OF_FLOW = {
    "prepare-data": "data",
    "train-models": "train",
    "evaluate-checkpoints": "evaluate",
    "sample-text-to-image": "text_to_image",
    "draw-figures": "figures",
    "render-report": "report",
}
"""By the names that the command line and Prefect show."""


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
    def report_path(self) -> Path:
        """The folder of the report: beside a local store's contents, else data/report."""
        if self.report_folder:
            return given_path(self.report_folder)
        store = local_folder(self.store)
        return Path("data", "report") if store is None else store / "report"


def stage_named(flow_name: str) -> str:
    """The stage a flow runs. BadInput for an unknown name."""
    try:
        return STAGE_OF_FLOW[flow_name]
    except KeyError:
        known = ", ".join(STAGE_OF_FLOW)
        raise BadInput(f"no flow is called {flow_name!r}; expected one of {known}") from None


REPORT_URL = "DARKROOM_REPORT_URL"
"""In the environment of a run: where its report folder is served. Set by `darkroom up`."""


def served_report(pipeline: str) -> str | None:
    """The address of a pipeline's page, if its report is served."""
    return served_file(f"{pipeline}.html")


def served_file(path: str) -> str | None:
    """The address of a file of the report, if it is served."""
    url = os.environ.get(REPORT_URL, "").rstrip("/")
    return f"{url}/{path}" if url else None


def report_address(request: RunRequest) -> str:
    """That address, else the path of the report's first page."""
    return served_report(request.pipeline) or str(request.report_path / "index.html")
