"""The commands that have pipelines run by themselves.

Their logic is in flows.serve; what needs Prefect is imported by the command that is called.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import (
    DataRoot,
    Debug,
    File,
    Runner,
    RunOptions,
    StoreAddress,
    reports_errors,
    request_of,
    takes,
)
from flows.cli.shell import output_is_told_besides
from flows.runners.workforce import DEFAULT as RUNNER

if TYPE_CHECKING:
    from flows.serve.declared import DeclaredDeployment

app = typer.Typer()

Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Of Prefect's server.")]
ReportPort = Annotated[int, typer.Option("--report-port", min=1, max=65535, help="Of the report.")]
Pipelines = Annotated[
    list[str] | None,
    typer.Option("--pipeline", metavar="NAME", help="This pipeline alone; may be repeated."),
]


@app.command()
@reports_errors
def up(
    host: Annotated[
        str, typer.Option("--host", help="Where Prefect's server listens; the report is local.")
    ] = "127.0.0.1",
    port: Port = 4200,
    report_port: ReportPort = 4201,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Runs at once.")] = 2,
    store: StoreAddress = "data/runs",
    data_root: DataRoot = None,
    runner: Runner = RUNNER,
    file: File = "pipelines.yaml",
    debug: Debug = False,
) -> None:
    """Start Prefect with its interface, serve every pipeline with its schedules, and the report."""
    from flows.run.run_request import RunRequest
    from flows.serve.up import Place, up

    output_is_told_besides()
    deployments = _declared(None, store, data_root, runner, file)
    report = RunRequest(store=store).report_path
    up(deployments, report, Place(host, port, report_port, limit), typer.echo)


@app.command()
@reports_errors
@takes(
    RunOptions, "only", "from_", "until", "force", "keep_going", "runner", "report_folder", "json"
)
def preview(
    options: RunOptions,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Of the page; 0 for any free one.")
    ] = 4202,
) -> None:
    """Serve a pipeline's page while it is written, to this machine alone."""
    import threading

    from flows.serve.preview import preview
    from flows.serve.up import stops_on_signals

    output_is_told_besides()
    is_over = threading.Event()
    with stops_on_signals():
        preview(request_of(options), port, typer.echo, is_over)


@app.command()
@reports_errors
def deploy(
    pool: Annotated[str, typer.Option("--pool", help="A work pool of the server.")],
    pipeline: Pipelines = None,
    folder: Annotated[
        str | None,
        typer.Option("--folder", help="Where workers begin runs; by default this folder."),
    ] = None,
    store: StoreAddress = "data/runs",
    data_root: DataRoot = None,
    runner: Runner = RUNNER,
    file: File = "pipelines.yaml",
    debug: Debug = False,
) -> None:
    """Register every pipeline with its schedules at the server of PREFECT_API_URL, for workers."""
    from flows.serve.deploy import deploy
    from tasks.store.local_files import given_path

    deployments = _declared(pipeline, store, data_root, runner, file)
    begins_in = str(given_path(folder).absolute()) if folder else os.getcwd()
    for name in deploy(deployments, pool, begins_in):
        typer.echo(name)
    typer.echo(f"Now on each worker: prefect worker start --pool {pool}", err=True)


def _declared(
    pipelines: list[str] | None, store: str, data_root: str | None, runner: str, file: str
) -> list[DeclaredDeployment]:
    from flows.declaration.read_declaration import read_declaration
    from flows.run.run_request import RunRequest
    from flows.runners.workforce import parse_runner
    from flows.serve.declared import declared_deployments

    parse_runner(runner)
    base = RunRequest(store=store, data_root=data_root, runner=runner, declaration=file)
    return declared_deployments(read_declaration(file), base, pipelines or ())
