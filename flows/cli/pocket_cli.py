"""The command that trains the pocket model, which flows.cli.cli takes in."""

from __future__ import annotations

import typer

from flows.cli.cli_options import (
    DataRoot,
    Debug,
    File,
    Json,
    Set,
    StoreAddress,
    print_json,
    reports_errors,
)

app = typer.Typer()


@app.command("train-pocket")
@reports_errors
def train_pocket(
    overrides: Set = None,
    store: StoreAddress = "data/runs",
    data_root: DataRoot = None,
    file: File = "pipelines.yaml",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train and measure the pocket text-to-image model (hours), and write its folders.

    Stopped or killed, it goes on where it was. What is trained already is only written again.
    """
    from flows.cli.train_pocket import PIPELINE, write_trained
    from flows.run.execute import execute
    from flows.run.progress_display import ProgressDisplay
    from flows.run.run_request import RunRequest

    request = RunRequest(
        pipeline=PIPELINE,
        profile="paper",
        overrides=overrides or [],
        store=store,
        data_root=data_root,
        declaration=file,
    )
    result = execute(request, ProgressDisplay())
    folders = write_trained(request) if result.exit_code == 0 else []
    if json:
        print_json({**result.to_json(), "folders": [str(folder) for folder in folders]})
    else:
        for line in result.lines():
            typer.echo(line, err=line.startswith("failed"))
        for folder in folders:
            typer.echo(f"written: {folder}")
    raise typer.Exit(result.exit_code)
